// Reads one manifest file by itself: bytes to text, text to YAML, each document checked and converted. References to
// other manifests are the business of `resolve.ts`, files and symlinks that of the revision loader.

import type { Document } from 'yaml';
import type { Problem } from '../model/problem.ts';
import { FILE_BYTES_MAX, PROBLEMS_MAX } from './limits.ts';
import {
  buildProblem,
  foreignFile,
  type ParsedDocument,
  type ParsedFile,
  refuseFile,
} from './parsed.ts';
import { parseDocument } from './parse-document.ts';
import { claimsManifests, mayHoldManifests } from './recognise.ts';
import { readYaml, type YamlText } from './read-yaml.ts';

const decoder = new TextDecoder('utf-8', { fatal: true });

/**
 * Reads a file's documents and everything that is wrong with them. Never throws; the same path and bytes give the same
 * result. A file without an `apiVersion` of ours comes back empty, whatever else it is.
 */
export function parseManifestFile(path: string, bytes: Uint8Array): ParsedFile {
  if (bytes.length > FILE_BYTES_MAX) {
    return claimsManifests(new TextDecoder().decode(bytes))
      ? refuseLargeFile(path)
      : foreignFile(path);
  }
  const decoded = decodeText(path, bytes);
  if (typeof decoded !== 'string') return decoded;
  const lines = decoded.split(/\r?\n/);
  if (decoded.trim() === '') {
    return foreignFile(path, [
      buildProblem({ path, lines }, START, {
        reason: 'InvalidManifest',
        message: 'The file is empty, but it held manifests before.',
        remedy: 'Restore its content; to remove the manifests on purpose, delete the file.',
        product: null,
      }),
    ]);
  }
  if (!mayHoldManifests(decoded)) return foreignFile(path);
  return readDocuments(path, decoded, lines);
}

const START = { line: 1, column: 1 };

/** What a manifest file above the limit comes to; the loader uses it without reading the file whole. */
export function refuseLargeFile(path: string): ParsedFile {
  return refuseFile(
    path,
    `The file is larger than ${FILE_BYTES_MAX / 1024 / 1024} MiB, the most that is read of a manifest file.`,
    'Split it into several files.',
  );
}

/** The text, or what a file comes to whose bytes are no text. */
function decodeText(path: string, bytes: Uint8Array): string | ParsedFile {
  const isWide =
    (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  const refuse = (text: string, offset: number, message: string, remedy: string): ParsedFile => {
    const lines = text.split(/\r?\n/);
    const before = text.slice(0, offset);
    const line = before.split('\n').length;
    const column = offset - before.lastIndexOf('\n');
    const problem = buildProblem(
      { path, lines },
      { line, column },
      {
        reason: 'InvalidManifest',
        message,
        remedy,
        product: null,
      },
    );
    return claimsManifests(text)
      ? unreadableFile(path, lines, [problem])
      : foreignFile(path, [problem]);
  };
  if (isWide) {
    const text = new TextDecoder(bytes[0] === 0xff ? 'utf-16le' : 'utf-16be').decode(bytes);
    return refuse(text, 0, 'The file is encoded as UTF-16.', 'Save it as UTF-8.');
  }
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    const lossy = new TextDecoder().decode(bytes);
    const offset = Math.max(lossy.indexOf('\ufffd'), 0);
    return refuse(lossy, offset, 'The file is not encoded as UTF-8.', 'Save it as UTF-8.');
  }
  const nul = text.indexOf('\0');
  if (nul < 0) return text;
  return refuse(
    text,
    nul,
    'The file contains a NUL character.',
    'Restore the file; it may be damaged.',
  );
}

/** A file that is ours and cannot be read at all. */
function unreadableFile(
  path: string,
  lines: readonly string[],
  problems: readonly Problem[],
): ParsedFile {
  return { ...refuseFile(path, '', ''), lines, problems };
}

function readDocuments(path: string, text: string, lines: readonly string[]): ParsedFile {
  const yaml = readYaml(text);
  const isOurs = claimsManifests(text);
  const report = (offset: number, message: string, remedy: string) =>
    buildProblem({ path, lines }, yaml.locate(offset), {
      reason: 'InvalidManifest',
      message,
      remedy,
      product: null,
    });
  if (yaml.stopped !== null) {
    const problem = report(yaml.stopped.offset, yaml.stopped.message, yaml.stopped.remedy);
    return isOurs ? unreadableFile(path, lines, [problem]) : foreignFile(path, [problem]);
  }
  const documents: ParsedDocument[] = [];
  const products = new Set<string>();
  const problems: Problem[] = [];
  const defects: Problem[] = [];
  let unattributed = false;
  let obscured = false;
  for (const document of yaml.documents) {
    const error = document.errors[0];
    if (error !== undefined) {
      const at = findTextBefore(text, error.pos[0]);
      defects.push(report(at, ...describeYamlError(document, error.code, error.message)));
      continue;
    }
    const read = parseDocument(path, lines, document, yaml.locate);
    if (read === null) continue;
    problems.push(...read.problems);
    if (read.document !== null) documents.push(read.document);
    if (read.product !== null) products.add(read.product);
    unattributed ||= read.product === null;
    obscured ||= read.document === null;
  }
  // Somebody else's broken document beside manifests of ours may be one of ours: its first line may be what is broken.
  const isBroken = defects.length > 0 && (isOurs || documents.length > 0);
  if (!isBroken && documents.length === 0 && problems.length === 0)
    return foreignFile(path, defects);
  if (isBroken) problems.push(...defects);
  return {
    path,
    documents,
    products: [...products].sort(),
    problems: capProblems(path, problems),
    suspects: [],
    unattributed: unattributed || isBroken,
    obscured: obscured || isBroken,
    lines,
  };
}

/** The offset itself, or the end of the text before it where nothing but white space is left of its line. */
function findTextBefore(text: string, offset: number): number {
  const lineEnd = text.indexOf('\n', offset);
  if (text.slice(offset, lineEnd < 0 ? undefined : lineEnd).trim() !== '') return offset;
  return Math.max(0, text.slice(0, offset).trimEnd().length - 1);
}

/** What is wrong with YAML that cannot be read, and what would mend it. */
function describeYamlError(
  document: Document.Parsed,
  code: YamlErrorCode,
  message: string,
): readonly [message: string, remedy: string] {
  if (code === 'TAB_AS_INDENT' || document.errors.some((error) => error.code === 'TAB_AS_INDENT')) {
    return ['A tab indents this line, but YAML allows only spaces.', 'Replace the tab by spaces.'];
  }
  const reason = message.split('\n')[0]?.slice(0, 200) ?? '';
  return [
    `The YAML cannot be read: ${reason.replace(/[.:]$/, '')}.`,
    'Mend the marked line; look at the indentation, quotes and brackets in it and just before it.',
  ];
}

type YamlErrorCode = Document.Parsed['errors'][number]['code'];

function capProblems(path: string, unsorted: readonly Problem[]): readonly Problem[] {
  const problems = [...unsorted].sort(
    ({ place: a }, { place: b }) =>
      (a?.line ?? 0) - (b?.line ?? 0) || (a?.column ?? 0) - (b?.column ?? 0),
  );
  const beyond = problems[PROBLEMS_MAX];
  if (beyond === undefined) return problems;
  const rest: Problem = {
    ...beyond,
    message: `${path} has ${problems.length - PROBLEMS_MAX} more problems that are not listed.`,
    remedy: 'Mend those that are listed first.',
  };
  return [...problems.slice(0, PROBLEMS_MAX), rest];
}

/** Where positions of a file come from. */
export type Locate = YamlText['locate'];

// The text of a tree's manifest files, for proposals, which change it. A file that is ours and no text that can be
// edited fails the reading: what it holds would be missed.

import { type Failure, failure } from '../base/failure.ts';
import { fail, ok, type Result } from '../base/result.ts';
import { FILE_BYTES_MAX } from '../manifests/limits.ts';
import {
  claimsManifests,
  createClaimScanner,
  isManifestPath,
  mayHoldManifests,
} from '../manifests/recognise.ts';
import type { Tree, TreeEntry } from '../sources/source.ts';
import { drain } from './drain.ts';

/** Files that are read at the same time. */
const PARALLEL_READS = 16;

/** Text by path, byte order marks included, of all files that can hold manifests. */
export async function readManifestTexts(
  tree: Tree,
): Promise<Result<ReadonlyMap<string, string>, Failure>> {
  const entries = tree.entries.filter(
    ({ path, kind }) => kind !== 'submodule' && isManifestPath(path),
  );
  const texts = new Map<string, string>();
  for (let start = 0; start < entries.length; start += PARALLEL_READS) {
    const batch = entries.slice(start, start + PARALLEL_READS);
    const results = await Promise.all(batch.map((entry) => readText(tree, entry)));
    for (const [index, result] of results.entries()) {
      if (!result.ok) return result;
      const path = batch[index]?.path;
      if (path !== undefined && result.value !== null) texts.set(path, result.value);
    }
  }
  return ok(texts);
}

/** Null: the file is somebody else's. */
async function readText(
  tree: Tree,
  { path, kind, size }: TreeEntry,
): Promise<Result<string | null, Failure>> {
  if (kind === 'symlink') return refuse(path, 'is a symlink', 'Replace it by the file itself');
  if (size > FILE_BYTES_MAX) return scanLargeFile(tree, path);
  const bytes = await tree.read(path, FILE_BYTES_MAX);
  if (!bytes.ok) return bytes;
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.value);
    return ok(mayHoldManifests(text) ? text : null);
  } catch {
    const lossy = new TextDecoder().decode(bytes.value);
    return claimsManifests(lossy)
      ? refuse(path, 'is not encoded as UTF-8', 'Save it as UTF-8')
      : ok(null);
  }
}

async function scanLargeFile(tree: Tree, path: string): Promise<Result<null, Failure>> {
  const scanner = createClaimScanner();
  const content = await tree.open(path);
  if (!content.ok) return content;
  const read = await drain(path, content.value, (chunk) => {
    scanner.push(chunk);
    return !scanner.found();
  });
  if (!read.ok) return read;
  return scanner.found()
    ? refuse(path, 'is larger than 1 MiB', 'Split it into several files')
    : ok(null);
}

function refuse(
  path: string,
  what: string,
  remedy: string,
): { readonly ok: false; readonly error: Failure } {
  const message = `${path} ${what}, and may hold manifests. ${remedy}, and try again.`;
  return fail(failure('ManifestUnreadable', message, 'stall'));
}

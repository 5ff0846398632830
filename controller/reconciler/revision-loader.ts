// Reads one revision: its manifest files and binaries through the tree, then everything else in `manifests/`. The only
// thing decided here is what need not be read again. A failed read fails the whole load; it never looks like an
// empty file.

import type { Failure } from '../base/failure.ts';
import { ok, type Result } from '../base/result.ts';
import type { BinaryLookup } from '../manifests/check-binaries.ts';
import type { ProductsByFile } from '../manifests/freeze.ts';
import { FILE_BYTES_MAX } from '../manifests/limits.ts';
import { parseManifestFile, refuseLargeFile } from '../manifests/parse-file.ts';
import { foreignFile, type ParsedFile, refuseFile } from '../manifests/parsed.ts';
import { createClaimScanner, isManifestPath } from '../manifests/recognise.ts';
import { resolveSnapshot } from '../manifests/resolve.ts';
import type { ProductSpec } from '../model/desired.ts';
import type { Snapshot } from '../model/revision.ts';
import type { Tree, TreeEntry } from '../sources/source.ts';
import { type BinaryPorts, createBinaryReader } from './binary-reader.ts';
import { drain } from './drain.ts';

export interface RevisionLoader {
  /**
   * Reads and resolves a tree. `previous` is the snapshot before (or null), for what a broken file concerns. A failure
   * means that the tree could not be read now: the caller tries again and keeps what is in force.
   */
  load(
    tree: Tree,
    previous: { readonly productsByFile: ProductsByFile } | null,
  ): Promise<Result<Snapshot, Failure>>;
  /** Reads the guardrails of a tree's products alone; no binary is read, and nothing of it is remembered. */
  loadGuardrails(
    tree: Tree,
  ): Promise<Result<Readonly<Record<string, ProductSpec['guardrails']>>, Failure>>;
}

/** Files that are read at the same time. */
const PARALLEL_READS = 16;

/** Creates a loader. It remembers what it read in the last load, by path and identity. */
export function createRevisionLoader(options: BinaryPorts = {}): RevisionLoader {
  let parsed: ReadonlyMap<string, ParsedFile> = new Map();
  const binaries = createBinaryReader(options);

  const readFiles = async (
    tree: Tree,
  ): Promise<Result<ReadonlyMap<string, ParsedFile>, Failure>> => {
    const candidates = tree.entries.filter(
      ({ path, kind }) => kind !== 'submodule' && isManifestPath(path),
    );
    const files = new Map<string, ParsedFile>();
    for (let start = 0; start < candidates.length; start += PARALLEL_READS) {
      const batch = candidates.slice(start, start + PARALLEL_READS);
      const results = await Promise.all(
        batch.map(async (entry) => {
          const known = parsed.get(keyOf(entry));
          return known === undefined ? readManifestFile(tree, entry) : ok(known);
        }),
      );
      for (const [index, result] of results.entries()) {
        if (!result.ok) return result;
        const entry = batch[index];
        if (entry !== undefined) files.set(keyOf(entry), result.value);
      }
    }
    return ok(files);
  };

  return {
    async load(tree, previous) {
      const read = await readFiles(tree);
      if (!read.ok) return read;
      parsed = read.value;
      const files = [...read.value.values()];
      const found = await binaries.read(tree, files);
      if (!found.ok) return found;
      const lookUp: BinaryLookup = (firmware) => found.value(firmware.spec.binary);
      return ok(
        resolveSnapshot({
          revision: tree.revision,
          files,
          previousProductsByFile: previous?.productsByFile ?? null,
          binaries: lookUp,
        }),
      );
    },
    async loadGuardrails(tree) {
      const read = await readFiles(tree);
      if (!read.ok) return read;
      const { products } = resolveSnapshot({
        revision: tree.revision,
        files: [...read.value.values()],
        previousProductsByFile: null,
        binaries: () => ({ state: 'unchecked' }),
      });
      return ok(
        Object.fromEntries(
          Object.entries(products).flatMap(([product, { config }]) =>
            config === null ? [] : [[product, config.spec.guardrails] as const],
          ),
        ),
      );
    },
  };
}

function keyOf({ path, kind, identity }: TreeEntry): string {
  return `${path}\0${kind}\0${identity}`;
}

async function readManifestFile(
  tree: Tree,
  { path, kind, size }: TreeEntry,
): Promise<Result<ParsedFile, Failure>> {
  if (kind === 'symlink') {
    return ok(
      refuseFile(
        path,
        'The file is a symlink; manifests are not read through symlinks.',
        'Replace the symlink by the file itself, or remove it.',
      ),
    );
  }
  if (size > FILE_BYTES_MAX) return scanLargeFile(tree, path);
  const bytes = await tree.read(path, FILE_BYTES_MAX);
  return bytes.ok ? ok(parseManifestFile(path, bytes.value)) : bytes;
}

/** A large file is not parsed, only scanned for a claim to be ours: repos hold large lock files and API descriptions. */
async function scanLargeFile(tree: Tree, path: string): Promise<Result<ParsedFile, Failure>> {
  const scanner = createClaimScanner();
  const content = await tree.open(path);
  if (!content.ok) return content;
  const read = await drain(path, content.value, (chunk) => {
    scanner.push(chunk);
    return !scanner.found();
  });
  if (!read.ok) return read;
  const refused = refuseLargeFile(path);
  return ok(scanner.found() ? refused : foreignFile(path, refused.problems));
}

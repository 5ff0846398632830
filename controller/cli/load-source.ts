// Reads a SOURCE argument once, for the commands that look at manifests without a controller. Nothing is left behind:
// what git needs is kept in a temporary folder.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type Failure, failure } from '../base/failure.ts';
import { fail, type Result } from '../base/result.ts';
import type { Snapshot } from '../model/revision.ts';
import { createRevisionLoader } from '../reconciler/revision-loader.ts';
import { openSource, parseSource, type SourceSpec } from '../sources/open-source.ts';
import type { SourceMistake } from '../sources/source-failure.ts';
import type { Source, Tree } from '../sources/source.ts';
import type { Shell } from './shell.ts';

/** A directory that changes under the reader is read again this often before that is a failure. */
const READS_MAX = 5;

/** What SOURCE names; without one, the folder that the command runs in. */
export function readSourceArgument(
  shell: Shell,
  argument: string | undefined,
): Result<SourceSpec, Failure> {
  const spec = parseSource(argument ?? '', shell.cwd);
  return spec.ok ? spec : fail(describeMistake(spec.error));
}

/**
 * Reads the source at `revision`, or at its newest one, and resolves its manifests. Binaries by URL stay unchecked.
 */
export function loadSource(
  spec: SourceSpec,
  revision: string | null,
): Promise<Result<Snapshot, Failure>> {
  const loader = createRevisionLoader();
  return readSource(spec, revision, (tree) => loader.load(tree, null));
}

/** Reads something from the tree of the source at `revision`, or at its newest one. */
export async function readSource<T>(
  spec: SourceSpec,
  revision: string | null,
  read: (tree: Tree) => Promise<Result<T, Failure>>,
): Promise<Result<T, Failure>> {
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-source-'));
  try {
    const source = openSource(spec, { cacheDir: folder });
    if (!source.ok) return fail(describeMistake(source.error));
    try {
      return await readFrom(source.value, revision, read);
    } finally {
      await source.value.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function readFrom<T>(
  source: Source,
  revision: string | null,
  read: (tree: Tree) => Promise<Result<T, Failure>>,
): Promise<Result<T, Failure>> {
  for (let count = 1; ; count += 1) {
    const tree: Result<Tree, Failure> =
      revision === null ? await source.fetch() : await source.fetchRevision(revision);
    const result = tree.ok ? await read(tree.value) : tree;
    const isWorthAgain = source.kind === 'directory' && count < READS_MAX;
    if (result.ok || result.error.disposition !== 'retry' || !isWorthAgain) return result;
  }
}

function describeMistake({ message, remedy }: SourceMistake): Failure {
  return failure('SourceInvalid', `${message} ${remedy}`, 'stall');
}

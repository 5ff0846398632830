// Merges two commits inside a mirror, as a forge would: no work tree, no merge driver, no program, and the same two
// commits always give the same third one.

import { type Failure, failure } from '../../base/failure.ts';
import { fail, ok, type Result } from '../../base/result.ts';
import { sourceUnavailable } from '../source-failure.ts';
import type { GitMirror } from './git-mirror.ts';

export type MergeOutcome =
  | { readonly kind: 'merged'; readonly commit: string }
  /** Paths from the root of the repository, sorted; at most 50. */
  | { readonly kind: 'conflict'; readonly files: readonly string[] };

/** Conflicts that are named. */
const FILES_MAX = 50;

/**
 * Renamed files are looked for as git does it by default, but with a bound on the pairs that are compared. Attributes
 * from outside the repository could name drivers; a bare repository has none of its own.
 */
const SETTINGS: readonly string[] = [
  'core.attributesFile=/dev/null',
  'merge.renames=true',
  'merge.renameLimit=1000',
  'merge.directoryRenames=conflict',
];

/** A commit says who made it and when; here neither may make a difference. */
const AUTHOR: Readonly<Record<string, string>> = {
  GIT_AUTHOR_NAME: 'Lockstep',
  GIT_AUTHOR_EMAIL: 'lockstep@localhost',
  GIT_AUTHOR_DATE: '@0 +0000',
  GIT_COMMITTER_NAME: 'Lockstep',
  GIT_COMMITTER_EMAIL: 'lockstep@localhost',
  GIT_COMMITTER_DATE: '@0 +0000',
};

/** Exit code of a command whose arguments git does not know. */
const USAGE = 129;

/**
 * Merges `head` into `base`; both are full ids that are here. A head that the base contains gives the base itself.
 * Histories without a common commit, and a git that cannot merge without a work tree, are failures (`stall`).
 */
export async function mergeCommits(
  mirror: GitMirror,
  description: string,
  base: string,
  head: string,
): Promise<Result<MergeOutcome, Failure>> {
  const contained = await mirror.isAncestor(head, base);
  if (!contained.ok) return contained;
  if (contained.value) return ok({ kind: 'merged', commit: base });
  const args = ['merge-tree', '--write-tree', '-z', '--name-only', '--no-messages', base, head];
  const merged = await mirror.runIsolated(args, { settings: SETTINGS });
  if (merged.exitCode === USAGE) {
    const text = `${description} cannot be merged: this needs git 2.38 or newer. Install it.`;
    return fail(sourceUnavailable(text, 'stall'));
  }
  if (/refusing to merge unrelated histories/.test(merged.stderr)) {
    const text = `${description} cannot be merged with ${head}: they have no commit in common. Make the change on a branch of this repository.`;
    return fail(failure('HistoriesUnrelated', text, 'stall'));
  }
  if (merged.exitCode !== 0 && merged.exitCode !== 1) return fail(await mirror.explain(merged));
  const [tree = '', ...conflicts] = merged.stdout.split('\0');
  if (!/^[0-9a-f]{40,64}$/.test(tree)) return fail(await mirror.explain(merged));
  if (merged.exitCode === 1) {
    const files = [...new Set(conflicts)].filter((path) => path !== '').sort();
    return ok({ kind: 'conflict', files: files.slice(0, FILES_MAX) });
  }
  const message = `Merge ${head} into ${base}`;
  const made = await mirror.runIsolated(
    ['commit-tree', '-p', base, '-p', head, '-m', message, tree],
    { environment: AUTHOR },
  );
  return made.exitCode === 0
    ? ok({ kind: 'merged', commit: made.stdout.trim() })
    : fail(await mirror.explain(made));
}

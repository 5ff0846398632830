// Reads commits of a mirror: what a commit says of itself, and the tree of its folder.

import type { Failure } from '../../base/failure.ts';
import { fail, ok, type Result } from '../../base/result.ts';
import type { Tree } from '../source.ts';
import { sourceUnavailable } from '../source-failure.ts';
import { type CommitFacts, parseCommit } from './commit-object.ts';
import type { GitMirror } from './git-mirror.ts';
import type { GitPlace } from './git-place.ts';
import { createGitTree, parseTreeListing } from './git-tree.ts';

export interface CommitReader {
  readFacts(commit: string): Promise<Result<CommitFacts, Failure>>;
  /** The tree of a commit that the mirror holds. A commit never changes, so one that was read lately is not listed again. */
  readTree(commit: string): Promise<Result<Tree, Failure>>;
}

/** Creates a reader; it remembers the last `treesMax` trees. */
export function createCommitReader(
  mirror: GitMirror,
  { subfolder, description }: Pick<GitPlace, 'subfolder' | 'description'>,
  treesMax: number,
): CommitReader {
  /** Oldest first; good as long as the copy stands. */
  const known = new Map<string, { readonly tree: Tree; readonly generation: number }>();

  const readFacts = async (commit: string): Promise<Result<CommitFacts, Failure>> => {
    const content = await mirror.objects.read(commit);
    if (!content.ok) return fail(mirror.reportDamage());
    return ok(parseCommit(content.value));
  };

  const listCommit = async (commit: string): Promise<Result<Tree, Failure>> => {
    const facts = await readFacts(commit);
    if (!facts.ok) return facts;
    const listing = await mirror.listTree(commit, subfolder);
    if (!listing.ok) return listing;
    if (listing.value === null) {
      const why = `has no folder ${JSON.stringify(subfolder)}`;
      const remedy = 'Restore the folder, or correct the path after `#BRANCH:`.';
      return fail(sourceUnavailable(`${description}: commit ${commit} ${why}. ${remedy}`, 'stall'));
    }
    const entries = parseTreeListing(listing.value);
    if (entries === null) return fail(mirror.reportDamage());
    return ok(
      createGitTree({
        revision: commit,
        subject: facts.value.subject,
        entries,
        objects: mirror.objects,
        onDamage: () => void mirror.reportDamage(),
      }),
    );
  };

  return {
    readFacts,
    async readTree(commit) {
      const before = known.get(commit);
      if (before?.generation === mirror.generation) return ok(before.tree);
      const tree = await listCommit(commit);
      if (!tree.ok) return tree;
      known.delete(commit);
      known.set(commit, { tree: tree.value, generation: mirror.generation });
      for (const oldest of known.keys()) {
        if (known.size <= treesMax) break;
        known.delete(oldest);
      }
      return tree;
    },
  };
}

// Reads a proposed change: the branch as it is and as it would be, both as checked manifests. What was read of the same
// head and base is not read again.

import type { Failure } from '../base/failure.ts';
import { failure } from '../base/failure.ts';
import type { Result } from '../base/result.ts';
import { ok } from '../base/result.ts';
import { isManifestPath } from '../manifests/recognise.ts';
import type { PullRequest } from '../model/pull-request.ts';
import type { Snapshot } from '../model/revision.ts';
import type { Tree } from '../sources/source.ts';
import type { ReviewPorts } from './ports.ts';

/** Files that may be manifests, which a change may add or alter; more are not read. */
export const CHANGED_FILES_MAX = 10_000;

/** Bytes of them. */
export const CHANGED_BYTES_MAX = 64 * 1024 * 1024;

/** Binaries in pull requests are anybody's: a larger one is refused unread. */
export const REVIEWED_BINARY_BYTES_MAX = 1024 ** 3;

export interface ChangeRead {
  /** The newest commit of the change, and the tip of the branch, that were read. */
  readonly head: string;
  readonly base: string;
  readonly content:
    | {
        readonly kind: 'merged';
        readonly merged: Snapshot;
        readonly baseSnapshot: Snapshot;
      }
    /** Paths from the root of the repository. */
    | { readonly kind: 'conflict'; readonly files: readonly string[] }
    /** It can't be read, and will not be until somebody changes something. */
    | { readonly kind: 'unreadable'; readonly failure: Failure };
}

export interface ChangeReader {
  /** Reads a change as it is now; from memory where `pullRequest.head` and `base` are those that were read last. */
  read(pullRequest: PullRequest, base: string | null): Promise<Result<ChangeRead, Failure>>;
  /** Forgets changes that are no longer open. */
  keepOnly(numbers: ReadonlySet<number>): void;
}

/** Creates a reader. A failure that passes is returned; one that lasts is a part of what was read. */
export function createChangeReader(
  ports: Pick<ReviewPorts, 'forge' | 'changes' | 'loader'>,
): ChangeReader {
  const { forge, changes, loader } = ports;
  const known = new Map<number, ChangeRead>();
  let base: { readonly revision: string; readonly snapshot: Snapshot } | null = null;

  const loadBase = async (tree: Tree): Promise<Result<Snapshot, Failure>> => {
    if (base?.revision === tree.revision) return ok(base.snapshot);
    const loaded = await loader.load(tree, null);
    if (loaded.ok) base = { revision: tree.revision, snapshot: loaded.value };
    return loaded;
  };

  const readContent = async (head: string): Promise<Result<ChangeRead, Failure>> => {
    const reading = await changes.merge(head);
    if (!reading.ok) return reading;
    const read = { head: reading.value.head, base: reading.value.base.revision };
    if (reading.value.kind === 'conflict') {
      return ok({ ...read, content: { kind: 'conflict', files: reading.value.files } });
    }
    const tooLarge = findTooLarge(reading.value.base, reading.value.merged);
    if (tooLarge !== null) {
      return ok({ ...read, content: { kind: 'unreadable', failure: tooLarge } });
    }
    const baseSnapshot = await loadBase(reading.value.base);
    if (!baseSnapshot.ok) return baseSnapshot;
    const merged = await loader.load(reading.value.merged, baseSnapshot.value);
    if (!merged.ok) return merged;
    return ok({
      ...read,
      content: { kind: 'merged', merged: merged.value, baseSnapshot: baseSnapshot.value },
    });
  };

  return {
    async read({ number, head }, tip) {
      const last = known.get(number);
      if (last?.head === head.commit && last.base === tip) return ok(last);
      const read = await readContent(forge.headRef(number));
      if (read.ok) {
        known.set(number, read.value);
        return read;
      }
      if (read.error.disposition !== 'stall' || tip === null) return read;
      const content = { kind: 'unreadable', failure: read.error } as const;
      return ok({ head: head.commit, base: tip, content });
    },
    keepOnly(numbers) {
      for (const number of known.keys()) if (!numbers.has(number)) known.delete(number);
    },
  };
}

/** A change of absurd size is refused before anything of it is read. */
function findTooLarge(base: Tree, merged: Tree): Failure | null {
  const before = new Map(base.entries.map(({ path, identity }) => [path, identity]));
  const changed = merged.entries.filter(
    ({ path, kind, identity }) =>
      kind !== 'submodule' && isManifestPath(path) && before.get(path) !== identity,
  );
  const bytes = changed.reduce((sum, { size }) => sum + size, 0);
  if (changed.length <= CHANGED_FILES_MAX && bytes <= CHANGED_BYTES_MAX) return null;
  return failure(
    'ChangeTooLarge',
    `The change touches ${changed.length} YAML files with ${bytes} bytes together; at most ${CHANGED_FILES_MAX} files and ${CHANGED_BYTES_MAX} bytes are reviewed. Split it.`,
    'stall',
  );
}

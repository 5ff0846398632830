// Reads a proposed change: the branch as it is and as it would be, both as checked manifests. What was read of the same
// head and base is not read again.

import type { Failure } from '../base/failure.ts';
import { failure } from '../base/failure.ts';
import type { Result } from '../base/result.ts';
import { ok } from '../base/result.ts';
import { FILE_BYTES_MAX } from '../manifests/limits.ts';
import { isManifestPath } from '../manifests/recognise.ts';
import type { PullRequest } from '../model/pull-request.ts';
import type { Snapshot } from '../model/revision.ts';
import type { Tree, TreeEntry } from '../sources/source.ts';
import type { ReviewPorts } from './ports.ts';

/** Files that may be manifests, which a change may add or alter; more are not read. */
export const CHANGED_FILES_MAX = 10_000;

/** Bytes of them together. */
export const CHANGED_BYTES_MAX = 64 * 1024 * 1024;

/** Binaries in pull requests are anybody's: a larger one is refused unread. */
export const REVIEWED_BINARY_BYTES_MAX = 1024 ** 3;

/** Bytes of those that are parsed: of a larger file is only looked whether it claims to be ours. */
export const PARSED_BYTES_MAX = 8 * 1024 * 1024;

/**
 * Bytes of changed manifests that are remembered of all pull requests together: in memory each is some ten bytes. The
 * largest changes go first, and are read again whenever they are looked at.
 */
export const REMEMBERED_BYTES_MAX = 4 * PARSED_BYTES_MAX;

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
  /** False: a change so large that it is read again whenever it is looked at. */
  remembers(number: number): boolean;
  /** Forgets changes that are no longer open. */
  keepOnly(numbers: ReadonlySet<number>): void;
}

/** Creates a reader. A failure that passes is returned; one that lasts is a part of what was read. */
export function createChangeReader(ports: {
  readonly forge: Pick<ReviewPorts['forge'], 'headRef'>;
  readonly changes: Pick<ReviewPorts['changes'], 'merge'>;
  readonly loader: Pick<ReviewPorts['loader'], 'load'>;
}): ChangeReader {
  const { forge, changes, loader } = ports;
  const known = new Map<number, { readonly read: ChangeRead; readonly bytes: number }>();
  const dropped = new Set<number>();
  let base: { readonly revision: string; readonly snapshot: Snapshot } | null = null;

  const loadBase = async (tree: Tree): Promise<Result<Snapshot, Failure>> => {
    if (base?.revision === tree.revision) return ok(base.snapshot);
    const loaded = await loader.load(tree, null);
    if (loaded.ok) base = { revision: tree.revision, snapshot: loaded.value };
    return loaded;
  };

  const remember = (number: number, read: ChangeRead, bytes: number): void => {
    dropped.delete(number);
    known.set(number, { read, bytes });
    for (;;) {
      const entries = [...known].sort(([, one], [, other]) => other.bytes - one.bytes);
      const sum = entries.reduce((total, [, entry]) => total + entry.bytes, 0);
      const [largest] = entries;
      if (sum <= REMEMBERED_BYTES_MAX || largest === undefined) return;
      known.delete(largest[0]);
      dropped.add(largest[0]);
    }
  };

  const readContent = async (head: string): Promise<Result<Sized, Failure>> => {
    const reading = await changes.merge(head);
    if (!reading.ok) return reading;
    const at = { head: reading.value.head, base: reading.value.base.revision };
    const sized = (content: ChangeRead['content'], bytes: number): Result<Sized, Failure> =>
      ok({ read: { ...at, content }, bytes });
    if (reading.value.kind === 'conflict') {
      return sized({ kind: 'conflict', files: reading.value.files }, 0);
    }
    const { base: baseTree, merged: mergedTree } = reading.value;
    const changed = changedFiles(baseTree, mergedTree);
    const tooLarge = findTooLarge(changed);
    if (tooLarge !== null) return sized({ kind: 'unreadable', failure: tooLarge }, 0);
    const baseSnapshot = await loadBase(baseTree);
    if (!baseSnapshot.ok) return baseSnapshot;
    const merged = await loader.load(mergedTree, baseSnapshot.value);
    if (!merged.ok) return merged;
    return sized(
      { kind: 'merged', merged: merged.value, baseSnapshot: baseSnapshot.value },
      parsedBytes(changed),
    );
  };

  return {
    async read({ number, head }, tip) {
      const last = known.get(number)?.read;
      if (last?.head === head.commit && last.base === tip) return ok(last);
      const found = await readContent(forge.headRef(number));
      if (found.ok) {
        const { read, bytes } = found.value;
        remember(number, read, bytes);
        return ok(read);
      }
      if (found.error.disposition !== 'stall' || tip === null) return found;
      const content = { kind: 'unreadable', failure: found.error } as const;
      return ok({ head: head.commit, base: tip, content });
    },
    remembers: (number) => !dropped.has(number),
    keepOnly(numbers) {
      for (const number of known.keys()) if (!numbers.has(number)) known.delete(number);
      for (const number of dropped) if (!numbers.has(number)) dropped.delete(number);
    },
  };
}

interface Sized {
  readonly read: ChangeRead;
  /** Of the changed manifests. */
  readonly bytes: number;
}

/** Files that may be manifests, and that a change adds or alters. */
function changedFiles(base: Tree, merged: Tree): readonly TreeEntry[] {
  const before = new Map(base.entries.map(({ path, identity }) => [path, identity]));
  return merged.entries.filter(
    ({ path, kind, identity }) =>
      kind !== 'submodule' && isManifestPath(path) && before.get(path) !== identity,
  );
}

/** A change of absurd size is refused before anything of it is read. */
function findTooLarge(changed: readonly TreeEntry[]): Failure | null {
  const bytes = sumSizes(changed);
  const parsed = parsedBytes(changed);
  const isSmall = bytes <= CHANGED_BYTES_MAX && parsed <= PARSED_BYTES_MAX;
  if (isSmall && changed.length <= CHANGED_FILES_MAX) return null;
  const most = parsed > PARSED_BYTES_MAX ? PARSED_BYTES_MAX : CHANGED_BYTES_MAX;
  return failure(
    'ChangeTooLarge',
    `The change touches ${changed.length} YAML files with ${bytes} bytes together; at most ${CHANGED_FILES_MAX} files and ${most} bytes are reviewed. Split it.`,
    'stall',
  );
}

function parsedBytes(changed: readonly TreeEntry[]): number {
  return sumSizes(changed.filter(({ size }) => size <= FILE_BYTES_MAX));
}

function sumSizes(entries: readonly TreeEntry[]): number {
  return entries.reduce((sum, { size }) => sum + size, 0);
}

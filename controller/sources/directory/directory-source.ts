// A plain directory as a source: it has no commits, so a revision is a digest of all that it holds, and counts once
// two looks a moment apart agree. That a directory lies in a git work tree makes no difference.

import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Failure } from '../../base/failure.ts';
import { fail, ok, type Result } from '../../base/result.ts';
import { createSerial } from '../serial.ts';
import type { Source, Tree } from '../source.ts';
import { readRefused, revisionUnknown, sourceUnavailable } from '../source-failure.ts';
import { findFile } from '../tree-path.ts';
import { type ListedEntry, type Listing, listDirectory } from './list-directory.ts';
import { digestMoment, type MomentFile, openMoment, readMoment } from './moment-file.ts';
import { watchDirectory } from './watch-directory.ts';

export interface DirectorySourceOptions {
  /** Absolute. May be a symlink to the directory. */
  readonly directory: string;
  /** Time between the two looks. */
  readonly settleMs: number;
  /**
   * Absolute paths that are no part of the source, such as the controller's own state file: they, what is in them,
   * and files beside them whose name adds `-` and more (SQLite's journals).
   */
  readonly exclude: readonly string[];
}

/** Within this time of its last change a file may change again without its times showing it (FAT counts in 2 s). */
const RACY_MS = 2_500;

/** Files that are digested at the same time. */
const PARALLEL_DIGESTS = 4;

interface Digest {
  readonly identity: string;
  readonly digest: string;
  /** The file had rested for long enough that its identity vouches for its content. */
  readonly isSettled: boolean;
}

/**
 * Creates the source. Its trees stay readable as long as their files stay as they were; a file that changed is a
 * failure (`retry`). Calls wait for one another. Unchanged files are digested once and not read again.
 */
export function createDirectorySource(options: DirectorySourceOptions): Source {
  const { directory, settleMs } = options;
  const isExcluded = (path: string) =>
    options.exclude.some(
      (own) => path === own || path.startsWith(`${own}/`) || path.startsWith(`${own}-`),
    );
  const serially = createSerial();
  const closing = new AbortController();
  const endings = new Set<() => void>();
  let known = new Map<string, Digest>();

  const digestEntry = async (
    listing: Listing,
    entry: ListedEntry,
  ): Promise<Result<readonly [path: string, digest: Digest], Failure>> => {
    const { path, identity, changedAtMs } = entry;
    const before = known.get(path);
    if (before?.identity === identity && before.isSettled) return ok([path, before]);
    const isSettled = Date.now() - changedAtMs > RACY_MS;
    const digest = await digestMoment(fileOf(listing, entry, null));
    return digest.ok ? ok([path, { identity, digest: digest.value, isSettled }]) : digest;
  };

  const digestAll = async (listing: Listing): Promise<Result<void, Failure>> => {
    const files = listing.entries.filter(({ kind }) => kind === 'file');
    const next = new Map<string, Digest>();
    for (let start = 0; start < files.length; start += PARALLEL_DIGESTS) {
      const batch = files.slice(start, start + PARALLEL_DIGESTS);
      for (const result of await Promise.all(batch.map((entry) => digestEntry(listing, entry)))) {
        if (!result.ok) return result;
        next.set(...result.value);
      }
    }
    known = next;
    return ok(undefined);
  };

  /** One look: the listing, the digests by path, and the revision that they amount to. */
  const look = async () => {
    const listing = await listDirectory(directory, isExcluded);
    if (!listing.ok) return listing;
    const digested = await digestAll(listing.value);
    if (!digested.ok) return fail(unsettled(digested.error.message));
    const digests = new Map([...known].map(([path, { digest }]) => [path, digest]));
    return ok({ listing: listing.value, digests, revision: digestLook(listing.value, digests) });
  };

  const unsettled = (why: string) =>
    sourceUnavailable(`${directory} is being changed; it is read once it rests. ${why}`, 'retry');

  const fetch = async (): Promise<Result<Tree, Failure>> => {
    if (closing.signal.aborted) {
      return fail(sourceUnavailable(`${directory} was closed.`, 'stall'));
    }
    const first = await look();
    if (!first.ok) return first;
    await sleep(settleMs, undefined, { signal: closing.signal }).catch(() => undefined);
    const second = await look();
    if (!second.ok) return second;
    const changed = findChange(first.value, second.value);
    if (changed !== null) return fail(unsettled(`${JSON.stringify(changed)} changed just now.`));
    return ok(createTree(second.value, closing.signal));
  };

  return {
    description: directory,
    kind: 'directory',
    fetch: () => serially(fetch),
    fetchRevision: async (revision) => {
      const tree = await serially(fetch);
      if (!tree.ok || tree.value.revision === revision) return tree;
      const remedy = 'A directory has no history: only what it holds now can be read.';
      return fail(revisionUnknown(directory, revision, remedy));
    },
    descends: async () => ok(true),
    parentOf: async () => ok(null),
    judge: async () => ok({ isTrusted: true }),
    watch: (changed) => {
      const end = watchDirectory({ directory, isExcluded, changed });
      const once = () => {
        endings.delete(once);
        end();
      };
      endings.add(once);
      return once;
    },
    async close() {
      closing.abort();
      for (const end of endings) end();
      await serially(async () => undefined);
    },
  };
}

interface Look {
  readonly listing: Listing;
  readonly digests: ReadonlyMap<string, string>;
  readonly revision: string;
}

/** Everything counts, by path, kind and content: which files are binaries is only known once manifests are read. */
function digestLook({ entries }: Listing, digests: ReadonlyMap<string, string>): string {
  const hash = createHash('sha256');
  for (const { path, kind } of entries) {
    hash.update(`${kind}\0${path}\0${digests.get(path) ?? ''}\0`);
  }
  return `dir-${hash.digest('hex').slice(0, 40)}`;
}

/** A path that differs between two looks, or null where they agree. */
function findChange(first: Look, second: Look): string | null {
  if (first.listing.root !== second.listing.root) return '.';
  const before = new Map(first.listing.entries.map((entry) => [entry.path, entry]));
  for (const { path, identity } of second.listing.entries) {
    const isSame =
      before.get(path)?.identity === identity &&
      first.digests.get(path) === second.digests.get(path);
    if (!isSame) return path;
    before.delete(path);
  }
  return [...before.keys()][0] ?? null;
}

function createTree({ listing, digests, revision }: Look, closed: AbortSignal): Tree {
  const byPath = new Map(listing.entries.map((entry) => [entry.path, entry]));
  const find = (path: string): Result<ListedEntry, Failure> =>
    closed.aborted ? fail(readRefused(path, 'the source was closed')) : findFile(byPath, path);
  return {
    revision,
    subject: null,
    entries: listing.entries.map(({ path, kind, size, identity }) => ({
      path,
      kind,
      size,
      identity,
    })),
    async read(path, maxBytes) {
      const entry = find(path);
      if (!entry.ok) return entry;
      const { size } = entry.value;
      if (size > maxBytes) {
        return fail(readRefused(path, `it has ${size} bytes, and ${maxBytes} are the limit`));
      }
      return readMoment(fileOf(listing, entry.value, digests.get(path) ?? null));
    },
    async open(path) {
      const entry = find(path);
      if (!entry.ok) return entry;
      return openMoment(fileOf(listing, entry.value, digests.get(path) ?? null));
    },
  };
}

function fileOf(
  { root }: Listing,
  { path, identity, size }: ListedEntry,
  digest: string | null,
): MomentFile {
  return { absolute: join(root, path), path, identity, size, digest };
}

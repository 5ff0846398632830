// Lists a plain directory at one moment: what is there, and identities by which a later look sees that it changed.
// Contents are not read here. Nothing is followed out of the directory: symlinks are listed as what they are.

import type { BigIntStats } from 'node:fs';
import { lstat, readdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { type Failure, messageOf } from '../../base/failure.ts';
import { fail, ok, type Result } from '../../base/result.ts';
import type { TreeEntry } from '../source.ts';
import { sourceUnavailable } from '../source-failure.ts';
import { compareEntries, isLeftOutName } from '../tree-path.ts';

/** An entry and when it last changed, by the file system's clock. */
export interface ListedEntry extends TreeEntry {
  readonly kind: 'file' | 'symlink';
  /** Epoch milliseconds of the later of content and inode change. */
  readonly changedAtMs: number;
}

/** A listing and the folder that it was made of. */
export interface Listing {
  /** Absolute, without symlinks; the entries belong to it also when the directory's own link moves on. */
  readonly root: string;
  /** Sorted by path. Sockets, pipes and devices are left out. */
  readonly entries: readonly ListedEntry[];
}

/** More entries than this are no fleet repo but a mistaken path, such as `/`. */
const ENTRIES_MAX = 200_000;

/** Entries that are looked at together: one after the other, each would wait for the thread of the one before. */
const PARALLEL_LOOKS = 64;

/**
 * Lists `directory` (which may itself be a symlink). `isExcluded` is asked for absolute paths. A missing or unreadable
 * directory is a failure, never an empty listing; one that changes under the listing is tried again by the caller.
 */
export async function listDirectory(
  directory: string,
  isExcluded: (path: string) => boolean,
): Promise<Result<Listing, Failure>> {
  let root: string;
  try {
    root = await realpath(directory);
    if (!(await lstat(root)).isDirectory()) {
      return fail(sourceUnavailable(`${directory} is not a directory.`, 'stall'));
    }
  } catch (thrown) {
    return fail(explainMissing(directory, thrown));
  }
  const entries: ListedEntry[] = [];
  const folders = [''];
  try {
    for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
      const names = (await readdir(join(root, folder))).filter((name) => !isLeftOutName(name));
      const prefix = folder === '' ? '' : `${folder}/`;
      const paths = names
        .map((name) => `${prefix}${name}`)
        .filter((path) => !isExcluded(join(root, path)));
      for (let start = 0; start < paths.length; start += PARALLEL_LOOKS) {
        const batch = paths.slice(start, start + PARALLEL_LOOKS);
        const looks = batch.map((path) => lstat(join(root, path), { bigint: true }));
        for (const [index, stats] of (await Promise.all(looks)).entries()) {
          const path = batch[index] ?? '';
          if (stats.isDirectory()) folders.push(path);
          const kind = stats.isFile() ? 'file' : stats.isSymbolicLink() ? 'symlink' : null;
          if (kind !== null) entries.push(describeEntry(path, kind, stats));
        }
        if (entries.length + folders.length > ENTRIES_MAX) {
          const remedy = 'Name the folder that holds the manifests.';
          const message = `${directory} holds more than ${ENTRIES_MAX} files. ${remedy}`;
          return fail(sourceUnavailable(message, 'stall'));
        }
      }
    }
  } catch (thrown) {
    return fail(explainListing(directory, thrown));
  }
  return ok({ root, entries: entries.sort(compareEntries) });
}

/** What changes whenever the content may have: a write, a rename over it, and restoring the times afterwards. */
export function identifyFile({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].map((part) => part.toString(36)).join('-');
}

function describeEntry(path: string, kind: ListedEntry['kind'], stats: BigIntStats): ListedEntry {
  const changedNs = stats.mtimeNs > stats.ctimeNs ? stats.mtimeNs : stats.ctimeNs;
  return {
    path,
    kind,
    size: kind === 'file' ? Number(stats.size) : 0,
    identity: identifyFile(stats),
    changedAtMs: Number(changedNs / 1_000_000n),
  };
}

function explainMissing(directory: string, thrown: unknown): Failure {
  const code = errorCode(thrown);
  const text =
    code === 'ENOENT' || code === 'ENOTDIR'
      ? `The directory ${directory} does not exist. Restore it, or correct the path.`
      : `The directory ${directory} cannot be read: ${messageOf(thrown)}.`;
  return sourceUnavailable(text, 'stall');
}

function explainListing(directory: string, thrown: unknown): Failure {
  const code = errorCode(thrown);
  if (code === 'EACCES' || code === 'EPERM') {
    const text = `Part of ${directory} may not be read: ${messageOf(thrown)}. Give the right to.`;
    return sourceUnavailable(text, 'stall');
  }
  const text = `${directory} changed or failed while it was listed: ${messageOf(thrown)}.`;
  return sourceUnavailable(text, 'retry');
}

function errorCode(thrown: unknown): unknown {
  return thrown instanceof Error && 'code' in thrown ? thrown.code : null;
}

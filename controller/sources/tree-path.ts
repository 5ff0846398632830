// Which paths a tree may hold, and their order. Pure text; the same rules for every source, so that a directory and
// the commit of its content give the same plan.

import { fail, ok, type Result } from '../base/result.ts';
import type { Failure } from '../base/failure.ts';
import { readRefused } from './source-failure.ts';
import type { TreeEntry } from './source.ts';

const LEFT_OUT: ReadonlySet<string> = new Set(['.git', 'node_modules', '.lockstep']);

/** Whether a file or folder of this name is left out of every tree, with all that is in it. */
export function isLeftOutName(name: string): boolean {
  return LEFT_OUT.has(name);
}

/** Whether a path can be an entry: relative, forward slashes, no empty, `.` or `..` part, no part that is left out. */
export function isTreePath(path: string): boolean {
  return path
    .split('/')
    .every((part) => part !== '' && part !== '.' && part !== '..' && !isLeftOutName(part));
}

/** Order of entries: by UTF-16 units, the same on every machine. */
export function compareEntries(left: TreeEntry, right: TreeEntry): number {
  return left.path < right.path ? -1 : left.path > right.path ? 1 : 0;
}

/** The entry of a regular file, or why there is none to read. */
export function findFile<E extends TreeEntry>(
  entries: ReadonlyMap<string, E>,
  path: string,
): Result<E, Failure> {
  const entry = entries.get(path);
  if (entry === undefined) return fail(readRefused(path, 'the tree has no such file'));
  if (entry.kind === 'file') return ok(entry);
  return fail(readRefused(path, `it is a ${entry.kind}, and those are not followed`));
}

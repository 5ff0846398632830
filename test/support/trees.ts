// A tree in memory, for tests of what reads trees. It behaves as the contract in `sources/source.ts` says; real
// directories and repositories are tested with the sources.

import { createHash } from 'node:crypto';
import { failure } from '../../controller/base/failure.ts';
import { fail, ok } from '../../controller/base/result.ts';
import type { Tree, TreeEntry } from '../../controller/sources/source.ts';

/** Content of a file, or another kind of entry. */
export type TreeContent = string | Uint8Array | { readonly kind: 'symlink' | 'submodule' };

export interface MemoryTree extends Tree {
  /** Paths in the order in which they were read or opened. */
  readonly reads: readonly string[];
  /** Makes every later read of a path fail, or break off after its first byte. */
  breakPath(path: string, how: 'unreadable' | 'cut'): void;
}

/** Builds a tree. The identity of a file is a digest of its content, as in git. */
export function memoryTree(
  files: Readonly<Record<string, TreeContent>>,
  revision = 'r1',
): MemoryTree {
  const contents = new Map<string, Uint8Array>();
  const reads: string[] = [];
  const broken = new Map<string, 'unreadable' | 'cut'>();
  const entries = Object.entries(files).map(([path, content]): TreeEntry => {
    if (typeof content === 'object' && 'kind' in content) {
      return { path, kind: content.kind, size: 0, identity: `${content.kind}-${path}` };
    }
    const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
    contents.set(path, bytes);
    const identity = createHash('sha1').update(bytes).digest('hex');
    return { path, kind: 'file', size: bytes.length, identity };
  });
  const find = (path: string) => {
    reads.push(path);
    const bytes = contents.get(path);
    if (bytes !== undefined && broken.get(path) !== 'unreadable') return ok(bytes);
    return fail(failure('ReadFailed', `${path} cannot be read.`, 'retry'));
  };
  return {
    revision,
    subject: null,
    entries: entries.sort((a, b) => (a.path < b.path ? -1 : 1)),
    reads,
    breakPath: (path, how) => void broken.set(path, how),
    async read(path, maxBytes) {
      const found = find(path);
      if (!found.ok) return found;
      if (found.value.length <= maxBytes && !broken.has(path)) return found;
      return fail(failure('ReadFailed', `${path} cannot be read whole.`, 'retry'));
    },
    async open(path) {
      const found = find(path);
      return found.ok ? ok(streamBytes(found.value, broken.has(path))) : found;
    },
  };
}

/** The bytes in small chunks, so that readers cannot rely on getting all at once. */
async function* streamBytes(bytes: Uint8Array, isCut: boolean): AsyncGenerator<Uint8Array> {
  const size = Math.max(1, Math.ceil(bytes.length / 7));
  for (let start = 0; start < bytes.length; start += size) {
    yield bytes.subarray(start, start + size);
    if (isCut) throw new Error('the disk went away');
  }
}

// The files of one commit, read straight from the object database. Symlinks and submodules are listed and never
// followed; a hook, filter or attribute of the repository has no say in what a file holds.

import { fail, ok, type Result } from '../../base/result.ts';
import type { Failure } from '../../base/failure.ts';
import type { Tree, TreeEntry } from '../source.ts';
import { readBroken, readRefused, StreamBroken } from '../source-failure.ts';
import { compareEntries, findFile, isTreePath } from '../tree-path.ts';
import type { ObjectDefect, ObjectReader } from './object-reader.ts';

/** Up to this size a blob is read at once, through the process that is running already. */
const SMALL_BYTES_MAX = 1024 * 1024;

/**
 * Reads a listing as `ls-tree -r -z -l` writes it: sorted, without what trees leave out and without paths that no
 * work tree could hold. Null where the repository lacks one of the objects.
 */
export function parseTreeListing(text: string): readonly TreeEntry[] | null {
  const entries: TreeEntry[] = [];
  for (const record of text.split('\0')) {
    const [, mode = '', id = '', size = '', path = ''] =
      /^(\d{6}) \w+ ([0-9a-f]+) +(\S+)\t([^]*)$/.exec(record) ?? [];
    if (mode === '' || !isTreePath(path)) continue;
    if (size === 'BAD') return null;
    const kind = mode === '120000' ? 'symlink' : mode === '160000' ? 'submodule' : 'file';
    entries.push({ path, kind, size: kind === 'file' ? Number(size) : 0, identity: id });
  }
  return entries.sort(compareEntries);
}

export interface GitTreeOptions {
  readonly revision: string;
  readonly subject: string | null;
  readonly entries: readonly TreeEntry[];
  readonly objects: ObjectReader;
  /** Told when an object turns out missing or damaged. */
  readonly onDamage: () => void;
}

/** Creates the tree of a commit. */
export function createGitTree({
  revision,
  subject,
  entries,
  objects,
  onDamage,
}: GitTreeOptions): Tree {
  const byPath = new Map(entries.map((entry) => [entry.path, entry]));
  const explain = (path: string, defect: ObjectDefect): Failure => {
    if (defect === 'closed') return readRefused(path, 'the source was closed');
    onDamage();
    return readBroken(path, `its object in the local copy is ${defect}; it is fetched again`);
  };
  const readObject = async (entry: TreeEntry): Promise<Result<Uint8Array, Failure>> => {
    const content = await objects.read(entry.identity);
    return content.ok ? content : fail(explain(entry.path, content.error));
  };
  return {
    revision,
    subject,
    entries,
    async read(path, maxBytes) {
      const entry = findFile(byPath, path);
      if (!entry.ok) return entry;
      const { size } = entry.value;
      if (size > maxBytes) {
        return fail(readRefused(path, `it has ${size} bytes, and ${maxBytes} are the limit`));
      }
      return readObject(entry.value);
    },
    async open(path) {
      const entry = findFile(byPath, path);
      if (!entry.ok) return entry;
      const { size, identity } = entry.value;
      if (size > SMALL_BYTES_MAX) {
        return ok(
          objects.stream(identity, size, (defect) => new StreamBroken(explain(path, defect))),
        );
      }
      const content = await readObject(entry.value);
      return content.ok ? ok(yieldOnce(content.value)) : content;
    },
  };
}

async function* yieldOnce(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

// A tree with some of its files replaced, added or taken away: what the source would be with a proposal carried out.

import { hash } from 'node:crypto';

import { ok } from '../base/result.ts';
import type { Proposal } from '../proposals/proposal.ts';
import type { Tree, TreeEntry } from '../sources/source.ts';

/** The revision of a tree that no source has. */
const PROPOSED_REVISION = 'proposal';

/** Lays a proposal's files over a tree; everything else is read from there. */
export function changeTree(tree: Tree, files: Proposal['files']): Tree {
  const changed = new Map<string, Uint8Array>();
  for (const [path, content] of Object.entries(files)) {
    if (content === null) continue;
    changed.set(path, typeof content === 'string' ? new TextEncoder().encode(content) : content);
  }
  const entries: readonly TreeEntry[] = [
    ...tree.entries.filter(({ path }) => !Object.hasOwn(files, path)),
    ...[...changed].map(([path, bytes]) => ({
      path,
      kind: 'file' as const,
      size: bytes.length,
      identity: `proposal-${hash('sha256', bytes)}`,
    })),
  ];
  return {
    revision: PROPOSED_REVISION,
    subject: null,
    entries: entries.toSorted((a, b) => (a.path < b.path ? -1 : 1)),
    async read(path, maxBytes) {
      const bytes = changed.get(path);
      return bytes === undefined ? tree.read(path, maxBytes) : ok(bytes);
    },
    async open(path) {
      const bytes = changed.get(path);
      return bytes === undefined ? tree.open(path) : ok(streamOf(bytes));
    },
  };
}

async function* streamOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

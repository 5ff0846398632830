// What is remembered of proposed changes, and which are too large to be read: over trees in memory.

import { describe, expect, it } from 'vitest';

import { ok } from '../../../controller/base/result.ts';
import type { PullRequest } from '../../../controller/model/pull-request.ts';
import { createRevisionLoader } from '../../../controller/reconciler/revision-loader.ts';
import {
  CHANGED_FILES_MAX,
  createChangeReader,
  PARSED_BYTES_MAX,
  REMEMBERED_BYTES_MAX,
} from '../../../controller/reviewer/read-change.ts';
import { memoryTree, type TreeContent } from '../../support/trees.ts';

const MIB = 1024 * 1024;
const base = memoryTree({ 'a.yaml': 'a: 1\n' }, 'base');

type Files = Readonly<Record<string, TreeContent>>;

/** A reader of pull requests with these files; each is asked for by its number. */
function createReader(changes: ReadonlyMap<number, Files>) {
  const merges: number[] = [];
  const reader = createChangeReader({
    forge: { headRef: (number) => String(number) },
    changes: {
      async merge(head) {
        merges.push(Number(head));
        const merged = memoryTree({ 'a.yaml': 'a: 1\n', ...changes.get(Number(head)) }, head);
        return ok({ kind: 'merged', head, base, merged });
      },
    },
    loader: createRevisionLoader(),
  });
  const read = async (number: number) => {
    const result = await reader.read(pullRequest(number), 'base');
    if (!result.ok) throw new Error(result.error.message);
    return result.value.content;
  };
  return { reader, read, merges };
}

function pullRequest(number: number): PullRequest {
  return {
    number,
    title: '',
    author: 'rosa',
    url: '',
    state: 'open',
    head: { commit: String(number), branch: 'topic', isFork: true },
    base: 'main',
    mergeCommit: null,
  };
}

/** No manifests, but they might be. */
function sized(mib: number): Files {
  return Object.fromEntries(
    Array.from({ length: mib }, (_, at) => [`${at}.yaml`, new Uint8Array(MIB).fill(35)]),
  );
}

describe('a change', () => {
  it('is read once as long as nothing of it moves', async () => {
    const { read, merges } = createReader(new Map([[1, sized(1)]]));
    await read(1);
    await read(1);
    expect(merges).toEqual([1]);
  });

  it('is remembered within bounds: the largest are read again, the small ones never', async () => {
    const most = PARSED_BYTES_MAX / MIB;
    const count = REMEMBERED_BYTES_MAX / PARSED_BYTES_MAX + 3;
    const large = Array.from({ length: count }, (_, at) => [at + 10, sized(most)] as const);
    const { reader, read, merges } = createReader(new Map([[1, sized(1)], ...large]));
    await read(1);
    for (const [number] of large) await read(number);
    expect(reader.remembers(1)).toBe(true);
    const remembered = large.filter(([number]) => reader.remembers(number));
    expect(remembered.length * PARSED_BYTES_MAX + MIB).toBeLessThanOrEqual(REMEMBERED_BYTES_MAX);
    expect(remembered).not.toEqual([]);
    merges.splice(0);
    await read(1);
    for (const [number] of remembered) await read(number);
    expect(merges).toEqual([]);
    // Those that are closed make room.
    reader.keepOnly(new Set([1, 10]));
    await read(10);
    expect(reader.remembers(10)).toBe(true);
  });

  it.each([
    ['too many files', manyFiles(CHANGED_FILES_MAX + 1)],
    ['too many bytes to be parsed', { ...sized(PARSED_BYTES_MAX / MIB), 'b.yaml': '#' }],
    ['too many bytes in all', { 'b.yaml': new Uint8Array(65 * MIB).fill(35) }],
  ])('with %s is refused unread', async (_, files) => {
    const { read } = createReader(new Map([[1, files]]));
    expect(await read(1)).toMatchObject({
      kind: 'unreadable',
      failure: { code: 'ChangeTooLarge' },
    });
  });

  it('with a large file that is only looked through is read', async () => {
    const files = { 'b.yaml': new Uint8Array(PARSED_BYTES_MAX + MIB).fill(35) };
    const { read } = createReader(new Map([[1, files]]));
    expect((await read(1)).kind).toBe('merged');
  });
});

function manyFiles(count: number): Files {
  return Object.fromEntries(Array.from({ length: count }, (_, at) => [`${at}.yaml`, '#']));
}

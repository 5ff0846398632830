// Reading a proposed change: what is remembered, what is too large, and which failure is whose.

import { beforeEach, describe, expect, it } from 'vitest';

import { failure } from '../../../controller/base/failure.ts';
import { fail, ok } from '../../../controller/base/result.ts';
import type { PullRequest } from '../../../controller/model/pull-request.ts';
import type { Snapshot } from '../../../controller/model/revision.ts';
import type { RevisionLoader } from '../../../controller/reconciler/revision-loader.ts';
import {
  CHANGED_BYTES_MAX,
  CHANGED_FILES_MAX,
  type ChangeReader,
  createChangeReader,
} from '../../../controller/reviewer/read-change.ts';
import type { Tree, TreeEntry } from '../../../controller/sources/source.ts';
import { desired, snapshot } from '../../support/plan-input.ts';
import {
  createNotingChanges,
  createNotingForge,
  type NotingChanges,
  openPullRequest,
} from '../../support/reviewer-parts.ts';

const GONE = failure('RevisionUnknown', 'Its branch was deleted.', 'stall');
const DOWN = failure('SourceUnavailable', 'No answer.', 'retry');

let source: NotingChanges;
/** Revisions that were loaded, each with the one before it. */
let loaded: string[];
let loading: Awaited<ReturnType<RevisionLoader['load']>> | null;
let reader: ChangeReader;
beforeEach(() => {
  source = createNotingChanges();
  loaded = [];
  loading = null;
  const snapshots = new Map<object, string>();
  reader = createChangeReader({
    forge: createNotingForge().forge,
    changes: source.changes,
    loader: {
      async load({ revision }, previous) {
        loaded.push(previous === null ? revision : `${revision} after ${snapshots.get(previous)}`);
        if (loading !== null) return loading;
        const made: Snapshot = snapshot(desired(), { revision });
        snapshots.set(made, revision);
        return ok(made);
      },
    },
  });
});

async function read(pullRequest: PullRequest, tip: string | null = 'base-1') {
  const result = await reader.read(pullRequest, tip);
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
}

/** Trees as large as it takes, of which nothing can be read. */
function listing(revision: string, entries: readonly Partial<TreeEntry>[]): Tree {
  const unread = async () => {
    throw new Error('nothing of it is to be read');
  };
  return {
    revision,
    subject: null,
    entries: entries.map((entry, index) => ({
      path: `many/${index}.yaml`,
      kind: 'file',
      size: 1,
      identity: 'new',
      ...entry,
    })),
    read: unread,
    open: unread,
  };
}

function proposeTrees(base: Tree, merged: Tree): void {
  source.readings.set('refs/pull/7/head', ok({ kind: 'merged', head: 'head-7', base, merged }));
}

describe('a change', () => {
  it('is read with the base before it, and not again while head and base are the same', async () => {
    const first = await read(openPullRequest(7));
    expect(first).toMatchObject({ head: 'head-7', base: 'base-1', content: { kind: 'merged' } });
    expect(loaded).toEqual(['base-1', 'base-1+head-7 after base-1']);
    expect(await read(openPullRequest(7))).toBe(first);
    expect(source.takeCalls()).toEqual(['merge refs/pull/7/head']);
    // The base that pull requests share is loaded once.
    await read(openPullRequest(8));
    expect(loaded.slice(2)).toEqual(['base-1+head-8 after base-1']);
  });

  it('is read again once its head or the base moves, or it was forgotten', async () => {
    await read(openPullRequest(7));
    await read(openPullRequest(7, { head: { commit: 'newer', branch: 'b', isFork: false } }));
    source.base = { ...source.base, revision: 'base-2' };
    await read(openPullRequest(7), 'base-2');
    await read(openPullRequest(7), 'base-2');
    reader.keepOnly(new Set([7]));
    await read(openPullRequest(7), 'base-2');
    expect(source.takeCalls()).toHaveLength(3);
    reader.keepOnly(new Set([8]));
    await read(openPullRequest(7), 'base-2');
    expect(source.takeCalls()).toHaveLength(1);
  });

  it('in conflict is known by its files, and loads nothing', async () => {
    const { base } = source;
    const reading = { kind: 'conflict', head: 'head-7', base, files: ['a.yaml'] } as const;
    source.readings.set('refs/pull/7/head', ok(reading));
    const { content } = await read(openPullRequest(7));
    expect(content).toEqual({ kind: 'conflict', files: ['a.yaml'] });
    expect(loaded).toEqual([]);
  });
});

describe('a change of absurd size', () => {
  const BASE = listing('base-1', []);

  it.each([
    ['by its files', Array.from({ length: CHANGED_FILES_MAX + 1 }, () => ({}))],
    ['by its bytes', [{ size: CHANGED_BYTES_MAX }, { size: 1 }]],
    [
      'by its symlinks',
      Array.from({ length: CHANGED_FILES_MAX + 1 }, () => ({ kind: 'symlink' as const })),
    ],
  ])('%s is refused before anything of it is read', async (_how, entries) => {
    proposeTrees(BASE, listing('merged', entries));
    const { content } = await read(openPullRequest(7));
    expect(content).toMatchObject({
      kind: 'unreadable',
      failure: { code: 'ChangeTooLarge', disposition: 'stall' },
    });
    expect(loaded).toEqual([]);
    // And it is remembered.
    await read(openPullRequest(7));
    expect(source.takeCalls()).toHaveLength(1);
  });

  it('is none for what the base holds already, what cannot be a manifest, and submodules', async () => {
    const many = Array.from({ length: CHANGED_FILES_MAX + 1 }, () => ({}));
    const others = Array.from({ length: CHANGED_FILES_MAX }, (_, index) => ({
      path: `firmware/${index}.bin`,
      size: CHANGED_BYTES_MAX,
    }));
    const links = [{ path: 'sub.yaml', kind: 'submodule' as const, size: CHANGED_BYTES_MAX + 1 }];
    proposeTrees(listing('base-1', many), listing('merged', [...many, ...others, ...links]));
    expect((await read(openPullRequest(7))).content.kind).toBe('merged');
    // Just as many as may be.
    proposeTrees(BASE, listing('merged', many.slice(1)));
    const moved = openPullRequest(7, { head: { commit: 'newer', branch: 'b', isFork: false } });
    expect((await read(moved)).content.kind).toBe('merged');
  });
});

describe('a failure', () => {
  it('that lasts is what is known of the change, and is looked at again each time', async () => {
    source.readings.set('refs/pull/7/head', fail(GONE));
    for (let time = 0; time < 2; time += 1) {
      expect(await read(openPullRequest(7))).toEqual({
        head: 'head-7',
        base: 'base-1',
        content: { kind: 'unreadable', failure: GONE },
      });
    }
    expect(source.takeCalls()).toHaveLength(2);
    source.readings.clear();
    expect((await read(openPullRequest(7))).content.kind).toBe('merged');
  });

  it('that passes is returned, and so is any while the base is not known', async () => {
    source.readings.set('refs/pull/7/head', fail(DOWN));
    expect(await reader.read(openPullRequest(7), 'base-1')).toEqual(fail(DOWN));
    source.readings.set('refs/pull/7/head', fail(GONE));
    expect(await reader.read(openPullRequest(7), null)).toEqual(fail(GONE));
  });

  it('of the manifests is told apart in the same way, and nothing of it is remembered', async () => {
    loading = fail(DOWN);
    expect(await reader.read(openPullRequest(7), 'base-1')).toEqual(fail(DOWN));
    loading = fail(failure('ReadFailed', 'It leaves the tree.', 'stall'));
    expect((await read(openPullRequest(7))).content.kind).toBe('unreadable');
    loading = null;
    expect((await read(openPullRequest(7))).content.kind).toBe('merged');
  });
});

import {
  appendFileSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createDirectorySource } from '../../controller/sources/directory/directory-source.ts';
import type { Source } from '../../controller/sources/source.ts';
import { createGitRepo, makeTempDir } from '../support/git-repo.ts';
import { collect, describeSourceContract, expectFailure, expectOk } from './source-contract.ts';

function put(root: string, files: Readonly<Record<string, string | Uint8Array | null>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    if (content === null) rmSync(join(root, path));
    else writeFileSync(join(root, path), content);
  }
}

describeSourceContract('directory', async () => {
  const root = makeTempDir('directory');
  const directory = join(root, 'fleet');
  put(directory, { 'README.md': 'fleet' });
  const source = createDirectorySource({ directory, settleMs: 5, exclude: [] });
  return {
    source,
    publish: async (files) => put(directory, files),
    publishLink: async (path, target) => symlinkSync(target, join(directory, path)),
    vanish: async () => renameSync(directory, `${directory}.away`),
    reappear: async () => renameSync(`${directory}.away`, directory),
    async dispose() {
      await source.close();
      rmSync(root, { recursive: true });
    },
  };
});

describe('directory source', () => {
  let root: string;
  let directory: string;
  let source: Source;
  const sources: Source[] = [];
  const open = (options: Partial<Parameters<typeof createDirectorySource>[0]> = {}) => {
    source = createDirectorySource({ directory, settleMs: 5, exclude: [], ...options });
    sources.push(source);
    return source;
  };

  beforeEach(() => {
    root = makeTempDir('directory');
    directory = join(root, 'fleet');
    put(directory, { 'a.yaml': 'a' });
    open();
  });
  afterEach(async () => {
    for (const each of sources.splice(0)) await each.close();
    rmSync(root, { recursive: true });
  });

  it('names the revision after the content alone: a copy elsewhere has the same', async () => {
    const here = expectOk(await source.fetch());
    expect(here.revision).toMatch(/^dir-[0-9a-f]{40}$/);
    expect(here.subject).toBeNull();
    put(join(root, 'copy'), { 'a.yaml': 'a' });
    const there = expectOk(await open({ directory: join(root, 'copy') }).fetch());
    expect(there.revision).toBe(here.revision);
  });

  it('has no parent revisions', async () => {
    expect(await source.parentOf('dir-0')).toEqual({ ok: true, value: null });
  });

  it('tries again later while a writer keeps changing a file, and names the file', async () => {
    open({ settleMs: 100 });
    const writing = setInterval(() => appendFileSync(join(directory, 'half.yaml'), 'x'), 2);
    try {
      const error = expectFailure(await source.fetch());
      expect(error).toMatchObject({ code: 'SourceUnavailable', disposition: 'retry' });
      expect(error.message).toContain('half.yaml');
    } finally {
      clearInterval(writing);
    }
    expect(expectOk(await source.fetch()).entries.map(({ path }) => path)).toContain('half.yaml');
  });

  it('tries again later while a copy of the directory is still being filled', async () => {
    open({ settleMs: 100 });
    let count = 0;
    const filling = setInterval(() => put(directory, { [`${(count += 1)}.yaml`]: 'x' }), 5);
    const result = await source.fetch();
    clearInterval(filling);
    expect(expectFailure(result).disposition).toBe('retry');
  });

  it('sees a change that keeps size and modification time', async () => {
    const file = join(directory, 'a.yaml');
    const past = new Date('2024-01-01');
    utimesSync(file, past, past);
    const before = expectOk(await source.fetch());
    writeFileSync(file, 'b');
    utimesSync(file, past, past);
    const after = expectOk(await source.fetch());
    expect(after.revision).not.toBe(before.revision);
    expect(expectFailure(await before.read('a.yaml', 10)).disposition).toBe('retry');
  });

  it('breaks a stream off when its file changes before the end', async () => {
    const path = join(directory, '1.bin');
    writeFileSync(path, Buffer.alloc(2 * 1024 * 1024));
    const tree = expectOk(await source.fetch());
    const stream = expectOk(await tree.open('1.bin'));
    const reading = (async () => {
      for await (const _ of stream) appendFileSync(path, 'more');
    })();
    await expect(reading).rejects.toMatchObject({ failure: { disposition: 'retry' } });
  });

  it('fails when a symlink has come into the place of a file or folder', async () => {
    put(directory, { 'folder/b.yaml': 'b' });
    put(root, { 'outside/b.yaml': 'b', 'outside/a.yaml': 'a' });
    const tree = expectOk(await source.fetch());
    rmSync(join(directory, 'a.yaml'));
    symlinkSync(join(root, 'outside/a.yaml'), join(directory, 'a.yaml'));
    rmSync(join(directory, 'folder'), { recursive: true });
    symlinkSync(join(root, 'outside'), join(directory, 'folder'));
    expect(expectFailure(await tree.read('a.yaml', 10)).disposition).toBe('retry');
    expect(expectFailure(await tree.read('folder/b.yaml', 10)).disposition).toBe('retry');
  });

  it('stalls for a directory that is missing or is a file', async () => {
    const missing = join(root, 'missing');
    expect(expectFailure(await open({ directory: missing }).fetch())).toMatchObject({
      disposition: 'stall',
      message: expect.stringContaining('does not exist') as string,
    });
    const file = join(directory, 'a.yaml');
    expect(expectFailure(await open({ directory: file }).fetch()).disposition).toBe('stall');
  });

  it('reads an empty directory as a tree without entries', async () => {
    rmSync(join(directory, 'a.yaml'));
    expect(expectOk(await source.fetch()).entries).toEqual([]);
  });

  it('leaves out the paths that are excluded, with the journals beside them', async () => {
    open({ exclude: [join(directory, 'state.db'), join(directory, 'cache')] });
    const before = expectOk(await source.fetch());
    put(directory, {
      'state.db': '1',
      'state.db-wal': '2',
      'cache/x.yaml': '3',
      'cached.yaml': '',
    });
    const after = expectOk(await source.fetch());
    expect(before.entries.map(({ path }) => path)).toEqual(['a.yaml']);
    expect(after.entries.map(({ path }) => path)).toEqual(['a.yaml', 'cached.yaml']);
  });

  it('reads the work tree of a git repository as it lies there, without its .git', async () => {
    const repo = createGitRepo(join(root, 'repo'));
    repo.write('committed.yaml', 'c');
    repo.commit('first');
    repo.write('committed.yaml', 'changed');
    repo.write('new.yaml', 'n');
    const tree = expectOk(await open({ directory: repo.dir }).fetch());
    expect(tree.revision).toMatch(/^dir-/);
    expect(tree.entries.map(({ path }) => path)).toEqual(['committed.yaml', 'new.yaml']);
    const content = await collect(expectOk(await tree.open('committed.yaml')));
    expect(content.toString()).toBe('changed');
  });

  it('follows the directory itself when it is a symlink, and a tree stays with the old one', async () => {
    put(root, { 'v1/a.yaml': 'one', 'v2/a.yaml': 'two' });
    const current = join(root, 'current');
    symlinkSync('v1', current);
    const tree = expectOk(await open({ directory: current }).fetch());
    rmSync(current);
    symlinkSync('v2', current);
    expect(Buffer.from(expectOk(await tree.read('a.yaml', 10))).toString()).toBe('one');
    const next = expectOk(await source.fetch());
    expect(Buffer.from(expectOk(await next.read('a.yaml', 10))).toString()).toBe('two');
  });

  describe('watching', () => {
    const waitMs = { timeout: 15_000, interval: 20 };

    /** Touches a file until the first hint: a watcher needs a moment before it sees anything. */
    const startWatching = async (watched: Source) => {
      const hints: number[] = [];
      const end = watched.watch(() => hints.push(performance.now()));
      await vi.waitFor(() => {
        put(directory, { 'touched.yaml': String(hints.length) });
        expect(hints.length).toBeGreaterThan(0);
      }, waitMs);
      return { hints, end };
    };

    it('tells of a change, no more than once a second', async () => {
      const { hints, end } = await startWatching(source);
      await vi.waitFor(() => {
        put(directory, { 'deep/down/b.yaml': String(hints.length) });
        expect(hints.length).toBeGreaterThanOrEqual(3);
      }, waitMs);
      end();
      const gaps = hints.slice(1).map((at, index) => at - (hints[index] ?? 0));
      expect(Math.min(...gaps)).toBeGreaterThan(950);
    });

    it('survives that the directory is deleted and made again', async () => {
      const { hints } = await startWatching(source);
      rmSync(directory, { recursive: true });
      const before = hints.length;
      await vi.waitFor(() => expect(hints.length).toBeGreaterThan(before), waitMs);
      put(directory, { 'a.yaml': 'back' });
      const missing = hints.length;
      await vi.waitFor(() => expect(hints.length).toBeGreaterThan(missing), waitMs);
      const again = hints.length;
      await vi.waitFor(() => {
        put(directory, { 'later.yaml': String(hints.length) });
        expect(hints.length).toBeGreaterThan(again + 1);
      }, waitMs);
    });

    it('watches for a directory that is not there yet', async () => {
      rmSync(directory, { recursive: true });
      const { hints } = await startWatching(source);
      expect(hints.length).toBeGreaterThan(0);
    });

    it('tells nothing any more once it was ended', async () => {
      const { hints, end } = await startWatching(source);
      const others = await startWatching(open());
      end();
      const [ended, before] = [hints.length, others.hints.length];
      await vi.waitFor(() => {
        put(directory, { 'more.yaml': String(others.hints.length) });
        expect(others.hints.length).toBeGreaterThan(before + 1);
      }, waitMs);
      expect(hints.length).toBe(ended);
    });
  });
});

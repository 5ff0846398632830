// What every source must do, written once and run for each kind. What only one kind has (branches, links that move) is
// tested beside the call to this suite.

import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Failure } from '../../controller/base/failure.ts';
import type { Result } from '../../controller/base/result.ts';
import type { Source } from '../../controller/sources/source.ts';

/** A source with the means to change what it reads. */
export interface SourceHarness {
  readonly source: Source;
  /** Writes files, removes those whose content is null, and publishes the result. */
  publish(files: Readonly<Record<string, string | Uint8Array | null>>): Promise<void>;
  /** Puts a symlink in place and publishes it. */
  publishLink(path: string, target: string): Promise<void>;
  /** Takes the whole source away, as a lost disk or server would. */
  vanish(): Promise<void>;
  /** Brings it back as it was. */
  reappear(): Promise<void>;
  /** Closes the source and removes everything. */
  dispose(): Promise<void>;
}

/** The value of a result, or a test failure that shows the error. */
export function expectOk<T>(result: Result<T, unknown>): T {
  if (!result.ok) throw new Error(`not ok: ${JSON.stringify(result.error)}`);
  return result.value;
}

/** The error of a result, or a test failure. */
export function expectFailure<E>(result: Result<unknown, E>): E {
  if (result.ok) throw new Error('a failure was expected');
  return result.error;
}

/** All of a stream. */
export async function collect(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(stream));
}

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('utf8');

/** Runs the suite. `make` gives a source that holds nothing but `README.md`. */
export function describeSourceContract(name: string, make: () => Promise<SourceHarness>): void {
  describe(`source contract: ${name}`, () => {
    let harness: SourceHarness;
    let source: Source;

    beforeEach(async () => {
      harness = await make();
      source = harness.source;
    });
    afterEach(() => harness.dispose());

    const fetchTree = async () => expectOk(await source.fetch());
    const paths = async () => (await fetchTree()).entries.map(({ path }) => path);

    it('lists files sorted by path, with kind and size', async () => {
      await harness.publish({ 'z.yaml': 'last', 'a/b.yaml': '', 'a.yaml': 'ä' });
      const { entries } = await fetchTree();
      expect(entries.map(({ path, kind, size }) => [path, kind, size])).toEqual([
        ['README.md', 'file', 5],
        ['a.yaml', 'file', 2],
        ['a/b.yaml', 'file', 0],
        ['z.yaml', 'file', 4],
      ]);
    });

    it('leaves out node_modules and the folder of its own state, at any depth', async () => {
      await harness.publish({
        'node_modules/x/product.yaml': 'x',
        'deep/node_modules/y.yaml': 'y',
        '.lockstep/state.db': 's',
        'node_modules.yaml': 'kept',
      });
      expect(await paths()).toEqual(['README.md', 'node_modules.yaml']);
    });

    it.each([
      'with space.yaml',
      'ünïcode-固件.yaml',
      'new\nline.yaml',
      '-dash.yaml',
      'tab\t".yaml',
    ])('lists and reads a file named %j', async (path) => {
      await harness.publish({ [path]: 'content' });
      const tree = await fetchTree();
      expect(tree.entries.map((entry) => entry.path)).toContain(path);
      expect(text(expectOk(await tree.read(path, 100)))).toBe('content');
      expect(text(await collect(expectOk(await tree.open(path))))).toBe('content');
    });

    it('reads bytes exactly, also line ends and bytes that are no text', async () => {
      const bytes = Buffer.from([0, 255, 13, 10, 10, 0, 128]);
      await harness.publish({ 'a.bin': bytes, 'crlf.yaml': 'a: 1\r\n' });
      const tree = await fetchTree();
      expect(Buffer.from(expectOk(await tree.read('a.bin', 7)))).toEqual(bytes);
      expect(text(expectOk(await tree.read('crlf.yaml', 100)))).toBe('a: 1\r\n');
    });

    it('reads many files at the same time', async () => {
      const files = Object.fromEntries(
        Array.from({ length: 60 }, (_, index) => [`f${index}.yaml`, `content ${index}`]),
      );
      await harness.publish(files);
      const tree = await fetchTree();
      const contents = await Promise.all(
        Object.keys(files).map(async (path) => text(expectOk(await tree.read(path, 100)))),
      );
      expect(contents).toEqual(Object.values(files));
    });

    it('refuses to read a file larger than the limit, and reads one as large as it', async () => {
      await harness.publish({ 'a.yaml': '12345' });
      const tree = await fetchTree();
      expect(expectFailure(await tree.read('a.yaml', 4)).code).toBe('ReadFailed');
      expect(text(expectOk(await tree.read('a.yaml', 5)))).toBe('12345');
    });

    it.each([
      'missing.yaml',
      'folder',
      '',
      '.',
      '../README.md',
      '/etc/hostname',
      'folder/../a.yaml',
    ])('fails to read and to open %j, which is no file of the tree', async (path) => {
      await harness.publish({ 'a.yaml': 'a', 'folder/b.yaml': 'b' });
      const tree = await fetchTree();
      for (const result of [await tree.read(path, 100), await tree.open(path)]) {
        expect(expectFailure(result)).toMatchObject({ code: 'ReadFailed', disposition: 'stall' });
      }
    });

    it.each([
      ['inside', 'README.md'],
      ['climbing out', '../../../../../../etc/hostname'],
      ['absolute', '/etc/hostname'],
      ['to a folder', 'folder'],
    ])('lists a symlink (%s) and never follows it', async (_, target) => {
      await harness.publish({ 'folder/a.yaml': 'a' });
      await harness.publishLink('link.yaml', target);
      const tree = await fetchTree();
      expect(tree.entries).toContainEqual(
        expect.objectContaining({ path: 'link.yaml', kind: 'symlink', size: 0 }),
      );
      expect(tree.entries.map(({ path }) => path)).not.toContain('link.yaml/a.yaml');
      for (const path of ['link.yaml', 'link.yaml/a.yaml']) {
        expect(expectFailure(await tree.read(path, 100)).disposition).toBe('stall');
        expect(expectFailure(await tree.open(path)).disposition).toBe('stall');
      }
    });

    it('streams a file of several megabytes whole', async () => {
      const bytes = randomBytes(3 * 1024 * 1024 + 7);
      await harness.publish({ 'firmware/1.bin': bytes });
      const tree = await fetchTree();
      const streamed = await collect(expectOk(await tree.open('firmware/1.bin')));
      expect(streamed.equals(bytes)).toBe(true);
    });

    it('lets a reader leave a stream early, and reads on afterwards', async () => {
      const bytes = randomBytes(3 * 1024 * 1024);
      await harness.publish({ '1.bin': bytes, 'a.yaml': 'a' });
      const tree = await fetchTree();
      for await (const chunk of expectOk(await tree.open('1.bin'))) {
        expect(bytes.subarray(0, chunk.length).equals(chunk)).toBe(true);
        break;
      }
      expect(text(expectOk(await tree.read('a.yaml', 10)))).toBe('a');
    });

    it('gives the same revision and identities while nothing changes', async () => {
      await harness.publish({ 'a.yaml': 'a' });
      const [first, second] = [await fetchTree(), await fetchTree()];
      expect(second.revision).toBe(first.revision);
      expect(second.entries).toEqual(first.entries);
    });

    it.each([
      ['a manifest changes', { 'a.yaml': 'A' }],
      ['a binary changes without changing its size', { '1.bin': 'two' }],
      ['a file appears', { 'new.yaml': '' }],
      ['a file goes', { '1.bin': null }],
    ])('gives another revision when %s', async (_, change) => {
      await harness.publish({ 'a.yaml': 'a', '1.bin': 'one' });
      const before = await fetchTree();
      await harness.publish(change);
      const after = await fetchTree();
      expect(after.revision).not.toBe(before.revision);
      const [path = ''] = Object.keys(change);
      const identityIn = (tree: typeof before) =>
        tree.entries.find((entry) => entry.path === path)?.identity;
      expect(identityIn(after)).not.toBe(identityIn(before));
      const kept = before.entries.find((entry) => entry.path === 'README.md');
      expect(after.entries).toContainEqual(kept);
    });

    it('never gives other content for a tree than it had when it was read', async () => {
      await harness.publish({ 'a.yaml': 'first', '1.bin': 'first' });
      const tree = await fetchTree();
      await harness.publish({ 'a.yaml': 'other', '1.bin': 'other' });
      const read = await tree.read('a.yaml', 100);
      const opened = await tree.open('1.bin');
      expect(read.ok ? text(read.value) : read.error.disposition).toMatch(/^(first|retry)$/);
      expect(opened.ok ? text(await collect(opened.value)) : opened.error.disposition).toMatch(
        /^(first|retry)$/,
      );
    });

    it('reads the current revision by its name, and fails for one that it does not have', async () => {
      const tree = await fetchTree();
      const again = expectOk(await source.fetchRevision(tree.revision));
      expect(again.revision).toBe(tree.revision);
      expect(again.entries).toEqual(tree.entries);
      for (const unknown of ['dir-00', 'f'.repeat(40), 'nothing', '--upload-pack=x', '']) {
        const error = expectFailure(await source.fetchRevision(unknown));
        expect(error).toMatchObject({ code: 'RevisionUnknown', disposition: 'stall' });
      }
    });

    it('says that a revision descends from itself and from the one before', async () => {
      const before = await fetchTree();
      await harness.publish({ 'a.yaml': 'a' });
      const after = await fetchTree();
      expect(await source.descends(before.revision, after.revision)).toEqual({
        ok: true,
        value: true,
      });
      expect(await source.descends(after.revision, after.revision)).toEqual({
        ok: true,
        value: true,
      });
    });

    it('fails when the source vanishes, never an empty tree, and reads it again when it is back', async () => {
      await harness.publish({ 'a.yaml': 'a' });
      const before = await fetchTree();
      await harness.vanish();
      const error: Failure = expectFailure(await source.fetch());
      expect(error.code).toBe('SourceUnavailable');
      expect(error.message).toContain(source.description);
      await harness.reappear();
      expect((await fetchTree()).revision).toBe(before.revision);
    });

    it('answers calls made at the same time one after the other', async () => {
      await harness.publish({ 'a.yaml': 'a' });
      const trees = (await Promise.all([source.fetch(), source.fetch(), source.fetch()])).map(
        (result) => expectOk(result).revision,
      );
      expect(new Set(trees).size).toBe(1);
    });

    it('returns failures after it was closed, also when closed twice', async () => {
      const tree = await fetchTree();
      await source.close();
      await source.close();
      expect(expectFailure(await source.fetch()).disposition).toBe('stall');
      expect(expectFailure(await tree.read('README.md', 100)).disposition).toBe('stall');
    });

    it('ends a fetch that is under way when it is closed', async () => {
      const fetching = source.fetch();
      await source.close();
      const result = await fetching;
      expect(result.ok ? 'done' : result.error.code).toMatch(/^(done|SourceUnavailable)$/);
    });
  });
}

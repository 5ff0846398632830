// Changed files in a directory: all of them or none, and nowhere else.

import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeFiles } from '../../../controller/cli/write-files.ts';
import { makeFolder } from '../../support/cli.ts';

let folder: ReturnType<typeof makeFolder>;
let path: string;

beforeEach(() => {
  folder = makeFolder();
  path = join(folder.path, 'fleet');
  mkdirSync(path);
  writeFileSync(join(path, 'a.yaml'), 'a: 1\n');
  writeFileSync(join(path, 'b.yaml'), 'b: 1\n');
});

afterEach(() => folder.remove());

const expected = new Map([
  ['a.yaml', 'a: 1\n'],
  ['b.yaml', 'b: 1\n'],
]);

function read(name: string): string {
  return readFileSync(join(path, name), 'utf8');
}

describe('writing changed files', () => {
  it('changes, adds and removes, and leaves nothing else behind', async () => {
    chmodSync(join(path, 'a.yaml'), 0o640);
    const changes = { 'a.yaml': 'a: 2\n', 'b.yaml': null, 'new/c/1.bin': Uint8Array.of(1, 2) };
    expect(await writeFiles(path, changes, expected)).toMatchObject({ ok: true });
    expect(read('a.yaml')).toBe('a: 2\n');
    expect(statSync(join(path, 'a.yaml')).mode & 0o777).toBe(0o640);
    expect(readFileSync(join(path, 'new/c/1.bin'))).toEqual(Buffer.from([1, 2]));
    expect(readdirSync(path).sort()).toEqual(['a.yaml', 'new']);
    expect(readdirSync(join(path, 'new/c'))).toEqual(['1.bin']);
  });

  it('writes nothing where one of the files was changed meanwhile', async () => {
    writeFileSync(join(path, 'b.yaml'), 'b: 7\n');
    const result = await writeFiles(path, { 'a.yaml': 'a: 2\n', 'b.yaml': 'b: 2\n' }, expected);
    expect(result).toMatchObject({ error: { code: 'FileChanged', disposition: 'retry' } });
    expect(read('a.yaml')).toBe('a: 1\n');
    expect(readdirSync(path).sort()).toEqual(['a.yaml', 'b.yaml']);
  });

  it('writes nothing where a new file is in the way, unless it is the same', async () => {
    writeFileSync(join(path, '1.bin'), 'x');
    const same = { 'a.yaml': 'a: 2\n', '1.bin': Buffer.from('x') };
    expect(await writeFiles(path, same, expected)).toMatchObject({ ok: true });
    const other = { 'b.yaml': 'b: 2\n', '1.bin': Buffer.from('y') };
    const result = await writeFiles(path, other, expected);
    expect(result).toMatchObject({ error: { code: 'FileInTheWay' } });
    expect(read('b.yaml')).toBe('b: 1\n');
  });

  it('never writes outside, through a symlink', async () => {
    const outside = join(folder.path, 'outside');
    mkdirSync(outside);
    symlinkSync(outside, join(path, 'firmware'));
    for (const target of ['firmware/1.bin', 'firmware/deep/1.bin']) {
      const result = await writeFiles(
        path,
        { 'a.yaml': 'a: 2\n', [target]: Buffer.from('x') },
        expected,
      );
      expect(result).toMatchObject({ error: { code: 'PathOutside' } });
    }
    expect(readdirSync(outside)).toEqual([]);
    expect(read('a.yaml')).toBe('a: 1\n');
  });

  it('puts back what it changed where a later change fails', async () => {
    const changes = { 'a.yaml': 'a: 2\n', 'b.yaml': null, 'gone.yaml': null };
    const result = await writeFiles(path, changes, expected);
    expect(result).toMatchObject({ error: { code: 'FolderUnwritable' } });
    expect(JSON.stringify(result)).not.toContain(path);
    expect([read('a.yaml'), read('b.yaml')]).toEqual(['a: 1\n', 'b: 1\n']);
    expect(readdirSync(path).sort()).toEqual(['a.yaml', 'b.yaml']);
  });
});

// The contract of binary stores, for the one that keeps files in a folder.

import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { openBinaryFolder } from '../../controller/stores/files/binary-store.ts';
import type { BinaryStore } from '../../controller/stores/binaries.ts';

const CONTENT = Buffer.from('the firmware of a thermostat, version 42'.repeat(5_000));
const SHA256 = createHash('sha256').update(CONTENT).digest('hex');

let parent: string;
let folder: string;
let binaries: BinaryStore;
beforeEach(async () => {
  parent = mkdtempSync(join(tmpdir(), 'lockstep-binaries-'));
  folder = join(parent, 'binaries');
  binaries = await openBinaryFolder(folder);
});
afterEach(() => rmSync(parent, { recursive: true }));

async function* stream(content: Uint8Array, failAt = Infinity): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < content.length; start += 7_777) {
    if (start > failAt) throw new Error('the connection was reset');
    yield content.subarray(start, start + 7_777);
  }
}

// Reading it would be a bug, so it fails.
async function* unreadable(): AsyncGenerator<Uint8Array> {
  yield CONTENT.subarray(0, 1);
  throw new Error('read although it is stored');
}

async function locate(): Promise<string> {
  const located = await binaries.locate(SHA256);
  return located.ok ? located.value.file : located.error.code;
}

describe('a folder of binaries', () => {
  it('knows nothing, and makes nothing, before a binary is stored', async () => {
    expect(await binaries.facts(SHA256)).toBeNull();
    expect(await locate()).toBe('BinaryMissing');
    await binaries.remove(SHA256);
    expect(existsSync(folder)).toBe(false);
  });

  it('stores a binary, with its facts, for the next process as well', async () => {
    const stored = await binaries.put(SHA256, stream(CONTENT));
    const facts = {
      size: CONTENT.length,
      sha256: SHA256,
      sha1: createHash('sha1').update(CONTENT).digest('hex'),
      md5: createHash('md5').update(CONTENT).digest('hex'),
      lfsPointer: false,
    };
    expect(stored).toMatchObject({ ok: true, value: facts });
    binaries = await openBinaryFolder(folder);
    expect(await binaries.facts(SHA256)).toMatchObject(facts);
    const located = await binaries.locate(SHA256);
    expect(located).toMatchObject({ ok: true, value: { size: CONTENT.length } });
    expect(readFileSync(await locate())).toEqual(CONTENT);
  });

  it('stores an empty binary', async () => {
    const sha256 = createHash('sha256').digest('hex');
    const stored = await binaries.put(sha256, stream(Buffer.alloc(0)));
    expect(stored).toMatchObject({ ok: true, value: { size: 0 } });
    expect(await binaries.locate(sha256)).toMatchObject({ ok: true, value: { size: 0 } });
  });

  it('reads nothing when the binary is stored already', async () => {
    await binaries.put(SHA256, stream(CONTENT));
    expect(await binaries.put(SHA256, unreadable())).toMatchObject({ ok: true });
  });

  it('refuses other content and leaves nothing behind', async () => {
    const other = await binaries.put('ab'.repeat(32), stream(CONTENT));
    expect(other).toMatchObject({
      error: {
        code: 'DigestMismatch',
        disposition: 'stall',
        message: expect.stringContaining(SHA256),
      },
    });
    expect(readdirSync(folder)).toEqual([]);
    expect(await binaries.facts('ab'.repeat(32))).toBeNull();
  });

  it('leaves nothing behind when the content breaks off', async () => {
    const broken = await binaries.put(SHA256, stream(CONTENT, 50_000));
    expect(broken).toMatchObject({
      error: { disposition: 'retry', message: expect.stringContaining('connection was reset') },
    });
    expect(readdirSync(folder)).toEqual([]);
    expect(await binaries.put(SHA256, stream(CONTENT))).toMatchObject({ ok: true });
  });

  it('stores one binary from several callers at once', async () => {
    const puts = [1, 2, 3].map(() => binaries.put(SHA256, stream(CONTENT)));
    expect((await Promise.all(puts)).every((put) => put.ok)).toBe(true);
    expect(readdirSync(folder).sort()).toEqual([SHA256, `${SHA256}.json`]);
  });

  it('removes what a crash left half-written, and only that', async () => {
    await binaries.put(SHA256, stream(CONTENT));
    writeFileSync(join(folder, '4711-1.part'), 'half');
    binaries = await openBinaryFolder(folder);
    expect(readdirSync(folder).sort()).toEqual([SHA256, `${SHA256}.json`]);
  });

  it('never serves a damaged file, and takes the binary again', async () => {
    await binaries.put(SHA256, stream(CONTENT));
    const file = await locate();
    const damaged = Buffer.from(CONTENT);
    damaged[1_000] = 0;
    writeFileSync(file, damaged);
    const located = await Promise.all([binaries.locate(SHA256), binaries.locate(SHA256)]);
    const failed = { ok: false, error: { code: 'BinaryDamaged', disposition: 'stall' } };
    expect(located).toMatchObject([failed, failed]);
    expect(await binaries.facts(SHA256)).toBeNull();
    expect(await binaries.put(SHA256, stream(CONTENT))).toMatchObject({ ok: true });
    expect(readFileSync(await locate())).toEqual(CONTENT);
  });

  it('finds a file that was damaged while no process had it open', async () => {
    await binaries.put(SHA256, stream(CONTENT));
    const file = join(folder, SHA256);
    const { atime, mtime } = statSync(file);
    const damaged = Buffer.from(CONTENT);
    damaged[0] = 0;
    writeFileSync(file, damaged);
    utimesSync(file, atime, mtime);
    binaries = await openBinaryFolder(folder);
    expect(await locate()).toBe('BinaryDamaged');
  });

  it('counts a binary whose size is wrong, or whose facts are lost, as not stored', async () => {
    await binaries.put(SHA256, stream(CONTENT));
    writeFileSync(join(folder, SHA256), CONTENT.subarray(1));
    expect(await binaries.facts(SHA256)).toBeNull();
    expect(await locate()).toBe('BinaryDamaged');
    await binaries.put(SHA256, stream(CONTENT));
    rmSync(join(folder, `${SHA256}.json`));
    expect(await binaries.facts(SHA256)).toBeNull();
    await binaries.put(SHA256, stream(CONTENT));
    expect(await binaries.facts(SHA256)).not.toBeNull();
  });

  it('removes a binary', async () => {
    await binaries.put(SHA256, stream(CONTENT));
    await locate();
    await binaries.remove(SHA256);
    expect(readdirSync(folder)).toEqual([]);
    expect(await locate()).toBe('BinaryMissing');
  });

  it('does not take a path for a digest', async () => {
    await expect(binaries.locate('../state.db')).rejects.toThrow('Internal error');
    await expect(binaries.facts('..')).rejects.toThrow('Internal error');
  });
});

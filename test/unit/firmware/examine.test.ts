// Examining a binary as a stream: digests, Git LFS pointers, sizes, and files without a known header.

import { createHash } from 'node:crypto';

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  createExaminer,
  examineBytes,
  READ_SIZE_MAX,
} from '../../../controller/firmware/examine.ts';
import { opaqueFacts, readCompiled } from '../../../controller/firmware/read.ts';
import { buildParticleModule } from '../../support/firmware-images.ts';

const OID = 'a'.repeat(64);
const POINTER = `version https://git-lfs.github.com/spec/v1\noid sha256:${OID}\nsize 12345\n`;

describe('examining a binary', () => {
  it('computes size and the three digests of all bytes', () => {
    const bytes = Buffer.from('abc');
    expect(examineBytes(bytes)).toMatchObject({
      size: 3,
      sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
      sha1: 'a9993e364706816aba3e25717850c26c9cd0d89d',
      md5: '900150983cd24fb0d6963f7d28e17f72',
    });
  });

  it('finds the same whatever the chunks', () => {
    const module = buildParticleModule({ productId: 94, version: 42, platformId: 12 });
    const whole = examineBytes(module);
    expect(whole.compiled?.version).toBe(42);
    fc.assert(
      fc.property(fc.array(fc.nat(module.length), { maxLength: 20 }), (cuts) => {
        const examiner = createExaminer();
        const bounds = [0, ...cuts.toSorted((one, other) => one - other), module.length];
        for (const [at, end] of bounds.slice(1).entries()) {
          examiner.push(module.subarray(bounds[at], end));
        }
        expect(examiner.finish()).toEqual(whole);
      }),
    );
  });

  it('lets the caller use a chunk again', () => {
    const module = buildParticleModule({ productId: 94, version: 42, platformId: 12 });
    const examiner = createExaminer();
    const chunk = new Uint8Array(1024);
    for (let at = 0; at < module.length; at += chunk.length) {
      chunk.set(module.subarray(at, at + chunk.length));
      examiner.push(chunk);
    }
    expect(examiner.finish().compiled?.version).toBe(42);
  });

  it('names a Git LFS pointer as such', () => {
    const facts = examineBytes(Buffer.from(POINTER));
    expect(facts).toMatchObject({ lfsPointer: true, compiled: null });
    expect(facts.defect?.message).toContain('Git LFS pointer');
  });

  it('takes no larger file and no later mention for a pointer', () => {
    expect(examineBytes(Buffer.from(POINTER.padEnd(1024, '\n'))).lfsPointer).toBe(false);
    expect(examineBytes(Buffer.from(` ${POINTER}`)).lfsPointer).toBe(false);
    expect(examineBytes(Buffer.from(POINTER).subarray(0, 20)).lfsPointer).toBe(false);
  });

  it('reads no header of a file above 64 MiB, but its digests', () => {
    const module = buildParticleModule({ productId: 94, version: 42, platformId: 12, size: 4096 });
    const examiner = createExaminer();
    const chunk = new Uint8Array(8 * 1024 * 1024);
    const hash = createHash('sha256').update(module);
    examiner.push(module);
    for (let sent = 0; sent < READ_SIZE_MAX; sent += chunk.length) {
      examiner.push(chunk);
      hash.update(chunk);
    }
    const facts = examiner.finish();
    expect(facts).toMatchObject({ size: READ_SIZE_MAX + 4096, sha256: hash.digest('hex') });
    expect(facts).toMatchObject({ compiled: null, lfsPointer: false });
    expect(facts.defect?.message).toContain('larger than 64 MiB');
  });

  it('treats a second end as a bug', () => {
    const examiner = createExaminer();
    examiner.finish();
    expect(() => examiner.finish()).toThrow('Internal error');
    expect(() => examiner.push(new Uint8Array(1))).toThrow('Internal error');
  });
});

describe('files without a known header', () => {
  it('says that an empty file is empty', () => {
    expect(readCompiled(new Uint8Array())).toEqual({
      compiled: null,
      defect: { format: null, message: 'The file is empty.' },
    });
  });

  it.each([
    ['\u007fELF\u0001\u0001', 'ELF'],
    ['PK\u0003\u0004rest', 'ZIP'],
    [':020000040800F2\r\n', 'Intel HEX'],
    [':10000000', 'Intel HEX'],
    ['UF2\n', 'UF2'],
    ['\u001f\u008b\u0008', 'gzip'],
  ])('recognises %j as a file that is no binary (%s)', (start, name) => {
    const { defect } = readCompiled(Buffer.from(start, 'latin1'));
    expect(defect?.format).toBeNull();
    expect(defect?.message).toContain(name);
  });

  it('knows nothing of an opaque binary', () => {
    expect(opaqueFacts()).toEqual({
      format: 'opaque',
      productId: null,
      version: null,
      versionText: null,
      platform: null,
      appHash: null,
      details: [],
    });
  });
});

// No input makes the readers throw, hang or lie: random bytes, cut, flipped and spliced images of every format.

import assert from 'node:assert/strict';

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { FORMATS } from '../../../controller/firmware/formats.ts';
import { readCompiled } from '../../../controller/firmware/read.ts';
import {
  assetExtension,
  buildEspImage,
  buildMcubootImage,
  buildParticleModule,
  particleExtension,
  productFields,
  shapeParticleModule,
} from '../../support/firmware-images.ts';

const HASH = new Uint8Array(32).fill(0xab);

/** Valid images, all of whose bytes are covered by the checks of their format. */
const IMAGES: readonly (readonly [name: string, bytes: Buffer])[] = [
  ['a Particle module (suffix 40)', buildUserPart(12)],
  ['a Particle module (suffix 62)', buildUserPart(32)],
  ['an old Particle module (suffix 36)', shapeParticleModule({ platformId: 6, index: 1 })],
  [
    'a Particle module with assets in its suffix',
    shapeParticleModule({
      suffixHead: Buffer.concat([
        assetExtension('cat.txt', HASH),
        particleExtension(0, new Uint8Array(3)),
        productFields(94, 42),
      ]),
    }),
  ],
  [
    'a Particle module with assets in its prefix',
    shapeParticleModule({
      flags: 0x10,
      prefixExtensions: Buffer.concat([
        assetExtension('cat.txt', HASH),
        particleExtension(0, new Uint8Array(1)),
      ]),
      suffixHead: productFields(94, 42),
    }),
  ],
  [
    'the firmware of a Core',
    shapeParticleModule({
      platformId: 0,
      function: 3,
      index: 0,
      prefixOffset: 0x10c,
      startAddress: 0x8005000,
      suffixHead: productFields(94, 42),
    }),
  ],
  ['an ESP-IDF image', buildEspImage({ version: '42', segments: [64, 32] })],
  ['an MCUboot image', buildMcubootImage({ version: [1, 4, 2, 7], payloadSize: 200 })],
  [
    'an MCUboot image with protected records',
    buildMcubootImage({
      payloadSize: 200,
      digest: 'sha512',
      protectedTlvs: [[0x50, Uint8Array.from([9, 0, 0, 0])]],
    }),
  ],
];

function buildUserPart(platformId: number): Buffer {
  return Buffer.from(buildParticleModule({ productId: 94, version: 42, platformId, size: 700 }));
}

/**
 * What is said of the identity of a binary, as text; null where it is refused. Details are left out: they may tell of
 * bytes after the image. Checks on the way what holds for every input.
 */
function identify(bytes: Uint8Array): string | null {
  const { compiled, defect } = readCompiled(bytes);
  assert.notEqual(compiled === null, defect === null, 'neither or both of facts and defect');
  assert.match(defect?.message ?? 'There is no defect.', /^.{10,}\.$/s);
  for (const format of FORMATS) {
    assert.equal(format.read(bytes).ok && !format.recognise(bytes), false, 'read, not recognised');
  }
  if (compiled === null) return null;
  const { details: _, ...identity } = compiled;
  return JSON.stringify(identity);
}

describe.each(IMAGES)('damage to %s', (_name, image) => {
  const identity = identify(image);

  it('is not there to begin with', () => {
    expect(identity).not.toBeNull();
  });

  it('is found for every single bit', () => {
    const changed = Buffer.from(image);
    const missed: string[] = [];
    for (let at = 0; at < image.length; at += 1) {
      for (let bit = 0; bit < 8; bit += 1) {
        changed[at] = (image[at] ?? 0) ^ (1 << bit);
        if (identify(changed) !== null) missed.push(`byte ${at}, bit ${bit}`);
      }
      changed[at] = image[at] ?? 0;
    }
    expect(missed).toEqual([]);
  });

  it('is found wherever the image is cut short', () => {
    const lengths = Array.from({ length: image.length }, (_, length) => length);
    expect(lengths.filter((length) => identify(image.subarray(0, length)) !== null)).toEqual([]);
  });

  it('never changes the facts: bytes changed, regions cut, doubled, filled or appended', () => {
    const damage = fc.tuple(
      fc.constantFrom(...DAMAGES),
      fc.nat(image.length),
      fc.integer({ min: 1, max: 64 }),
    );
    fc.assert(
      fc.property(fc.array(damage, { minLength: 1, maxLength: 4 }), (steps) => {
        const bytes = steps.reduce(
          (before, [apply, at, amount]) => apply(before, at, amount),
          image,
        );
        expect(identify(bytes)).toBeOneOf([null, identity]);
      }),
      { numRuns: 500 },
    );
  });

  it('never makes up facts: a region spliced in from another image', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...IMAGES.map(([, bytes]) => bytes)),
        fc.nat(image.length),
        fc.nat(image.length),
        (other, from, length) => {
          const bytes = Buffer.from(image);
          bytes.set(other.subarray(from, Math.min(from + length, bytes.length)), from);
          // An ESP-IDF header says itself whether a digest covers it; told that none does, nothing covers its chip id.
          fc.pre(!isEspImage(image) || bytes[ESP_DIGEST_FLAG] === image[ESP_DIGEST_FLAG]);
          expect(identify(bytes)).toBeOneOf([null, identity, identify(other)]);
        },
      ),
      { numRuns: 300 },
    );
  });
});

const ESP_MAGIC = 0xe9;
const ESP_DIGEST_FLAG = 23;

function isEspImage(bytes: Buffer): boolean {
  return bytes[0] === ESP_MAGIC;
}

type Damage = (bytes: Buffer, at: number, amount: number) => Buffer;

const changeByte: Damage = (bytes, at, mask) => {
  const changed = Buffer.from(bytes);
  if (at < changed.length) changed[at] = (changed[at] ?? 0) ^ mask;
  return changed;
};
const cutRegion: Damage = (bytes, at, length) =>
  Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
const doubleRegion: Damage = (bytes, at, length) =>
  Buffer.concat([bytes.subarray(0, at + length), bytes.subarray(at)]);
const fillRegion: Damage = (bytes, at, length) =>
  Buffer.from(bytes).fill(length, Math.min(at, bytes.length), Math.min(at + length, bytes.length));
const appendBytes: Damage = (bytes, value, length) =>
  Buffer.concat([bytes, Buffer.alloc(length, value)]);
const DAMAGES = [changeByte, cutRegion, doubleRegion, fillRegion, appendBytes];

describe('arbitrary files', () => {
  it('give a defect without a format', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 4096 }), (bytes) => {
        expect(identify(bytes)).toBeNull();
        expect(readCompiled(bytes).defect?.format).toBeNull();
      }),
      { numRuns: 1000 },
    );
  });

  it.each([1, 24, 64, 600, 5000])('give a defect when all %i bytes are the same', (length) => {
    const values = Array.from({ length: 256 }, (_, value) => value);
    const files = values.map((value) => Buffer.alloc(length, value));
    expect(files.filter((file) => identify(file) !== null)).toEqual([]);
  });

  it('are not taken for a module because they begin with their own length', () => {
    for (const length of [64, 600, 5000]) {
      const counted = Buffer.alloc(length);
      counted.writeUInt32LE(length - 4, 4);
      expect(readCompiled(counted).defect?.format).toBeNull();
    }
  });

  it('give a defect when they are text', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 2000 }), (text) => {
        expect(identify(Buffer.from(text))).toBeNull();
      }),
    );
  });

  it('make up no facts when they begin like an image', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...IMAGES.map(([, bytes]) => bytes)),
        fc.nat(400),
        fc.uint8Array({ minLength: 1, maxLength: 1500 }),
        (image, kept, rest) => {
          const bytes = Buffer.concat([image.subarray(0, kept), rest]);
          expect(identify(bytes)).toBeOneOf([null, identify(image)]);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('are read in linear time, also when made of the smallest records', () => {
    const suffixHead = Buffer.alloc(60_000);
    for (let at = 0; at < suffixHead.length; at += 4) suffixHead.set([5, 0, 4, 0], at);
    const records = Array.from({ length: 16_000 }, () => [0x99, new Uint8Array()] as const);
    const startedAt = performance.now();
    identify(shapeParticleModule({ suffixHead, platformId: 32, contentSize: 1_400_000 }));
    identify(buildMcubootImage({ payloadSize: 8_000_000, furtherTlvs: records }));
    identify(buildEspImage({ segments: [8_000_000] }));
    // Far above what they take, and far below what anything quadratic would.
    expect(performance.now() - startedAt).toBeLessThan(10_000);
  });
});

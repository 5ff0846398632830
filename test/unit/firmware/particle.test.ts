// Particle modules: every shape that real builds have, and every defect by its name.

import { crc32 } from 'node:zlib';

import { describe, expect, it } from 'vitest';

import { readCompiled } from '../../../controller/firmware/read.ts';
import type { CompiledFacts } from '../../../controller/model/firmware.ts';
import {
  assetExtension,
  buildParticleModule,
  particleExtension,
  type ParticleShape,
  productFields,
  shapeParticleModule,
} from '../../support/firmware-images.ts';

const HASH = new Uint8Array(32).fill(0xab);

function readFacts(bytes: Uint8Array): CompiledFacts {
  const { compiled, defect } = readCompiled(bytes);
  expect(defect).toBeNull();
  expect(compiled).not.toBeNull();
  return compiled as CompiledFacts;
}

function readDefect(bytes: Uint8Array): string {
  const { compiled, defect } = readCompiled(bytes);
  expect(compiled).toBeNull();
  expect(defect?.format).toBe('particle');
  return defect?.message ?? '';
}

function detailOf(facts: CompiledFacts, name: string): string[] {
  return facts.details.filter(([key]) => key === name).map(([, value]) => value);
}

describe('facts of a Particle module', () => {
  it('reads product id, version, platform and app hash of a Gen 3 module (index 2, suffix 40)', () => {
    const facts = readFacts(buildParticleModule({ productId: 94, version: 15, platformId: 12 }));
    expect(facts).toMatchObject({
      format: 'particle',
      productId: 94,
      version: 15,
      versionText: null,
      platform: { id: 12, name: 'argon' },
    });
    expect(facts.appHash).toMatch(/^[0-9a-f]{64}$/);
    expect(detailOf(facts, 'module')).toEqual(['user part 2']);
  });

  it('reads product data out of the extensions of an RTL872x module (index 1, suffix 62)', () => {
    const image = buildParticleModule({
      productId: 32,
      version: 48_879,
      platformId: 32,
      size: 8192,
    });
    const facts = readFacts(image);
    expect(facts).toMatchObject({
      productId: 32,
      version: 48_879,
      platform: { id: 32, name: 'p2' },
    });
    expect(detailOf(facts, 'module')).toEqual(['user part 1']);
  });

  it('reads plain product fields behind asset extensions and their end record (suffix 190)', () => {
    const suffixHead = Buffer.concat([
      assetExtension('cat.txt', HASH),
      assetExtension('house.txt', HASH),
      assetExtension('water.txt', HASH),
      particleExtension(0, new Uint8Array(7)),
      productFields(26, 3),
    ]);
    expect(suffixHead.length + 36).toBe(190);
    const facts = readFacts(shapeParticleModule({ platformId: 26, suffixHead }));
    expect(facts).toMatchObject({ productId: 26, version: 3, platform: { name: 'tracker' } });
    expect(detailOf(facts, 'asset')).toEqual([
      `cat.txt (sha256 ${'ab'.repeat(32)})`,
      `house.txt (sha256 ${'ab'.repeat(32)})`,
      `water.txt (sha256 ${'ab'.repeat(32)})`,
    ]);
    expect(detailOf(facts, 'bundle')).toHaveLength(1);
  });

  it('reads assets out of prefix extensions (flag 0x10)', () => {
    const prefixExtensions = Buffer.concat([
      assetExtension('logo.bin', HASH),
      particleExtension(0, new Uint8Array(12)),
    ]);
    const facts = readFacts(
      shapeParticleModule({ flags: 0x10, prefixExtensions, suffixHead: productFields(12, 4) }),
    );
    expect(facts).toMatchObject({ productId: 12, version: 4 });
    expect(detailOf(facts, 'asset')).toHaveLength(1);
  });

  it('knows no product in a module whose suffix is too old to carry one (suffix 36)', () => {
    const facts = readFacts(
      shapeParticleModule({ platformId: 6, index: 1, startAddress: 0x80a0000 }),
    );
    expect(facts).toMatchObject({ productId: null, version: null, platform: { name: 'photon' } });
    expect(facts.appHash).not.toBeNull();
  });

  it('knows no product where extensions fill the suffix and none carries one', () => {
    const suffixHead = particleExtension(0x11, Buffer.from('\u0005\u0000\u002a\u0000'));
    const facts = readFacts(shapeParticleModule({ suffixHead }));
    expect(facts).toMatchObject({ productId: null, version: null });
    expect(detailOf(facts, 'product')[0]).toContain('carries no product id');
  });

  it('takes the product data record, also where another record follows it', () => {
    const suffixHead = Buffer.concat([
      particleExtension(1, Uint8Array.from([0xff, 0xff, 94, 0, 42, 0])),
      particleExtension(0x11, Buffer.from('\u0005\u0000\u0006\u0000')),
    ]);
    const facts = readFacts(shapeParticleModule({ suffixHead }));
    expect(facts).toMatchObject({ productId: 94, version: 42 });
  });

  it('knows no product in a module built without one (65535)', () => {
    const facts = readFacts(
      buildParticleModule({ productId: 65_535, version: 65_535, platformId: 14 }),
    );
    expect(facts).toMatchObject({ productId: null, version: null, platform: { name: 'xenon' } });
  });

  it('knows no version where 0 is compiled in, and says so', () => {
    const facts = readFacts(buildParticleModule({ productId: 0, version: 0, platformId: 26 }));
    expect(facts).toMatchObject({ productId: 0, version: null });
    expect(detailOf(facts, 'product version')[0]).toContain('0, which is no version');
  });

  it('reads the monolithic firmware of the Core, whose prefix follows a vector table', () => {
    const shape: ParticleShape = {
      platformId: 0,
      function: 3,
      index: 0,
      prefixOffset: 0x10c,
      startAddress: 0x8005000,
      dependencies: [],
      suffixHead: productFields(5, 10),
    };
    expect(readFacts(shapeParticleModule(shape))).toMatchObject({
      productId: 5,
      version: 10,
      platform: { id: 0, name: 'core' },
    });
  });

  it('lists the dependencies, with the release of Device OS where its number tells', () => {
    const facts = readFacts(
      shapeParticleModule({
        dependencies: [
          [4, 1, 4006],
          [7, 0, 5],
        ],
      }),
    );
    expect(detailOf(facts, 'needs')).toEqual([
      'system part 1, module version 4006 or newer (Device OS 4.0)',
      'network processor firmware 0, module version 5 or newer',
    ]);
  });

  it('reads a module for a platform without a known name by its exact length', () => {
    const facts = readFacts(
      shapeParticleModule({ platformId: 999, suffixHead: productFields(7, 8) }),
    );
    expect(facts).toMatchObject({ productId: 7, version: 8, platform: { id: 999, name: null } });
  });

  it('takes an empty SHA-256 field as none, not as damage', () => {
    const image = shapeParticleModule({ suffixHead: productFields(1, 2) });
    image.fill(0xff, image.length - 38, image.length - 6);
    image.writeUInt32BE(crc32(image.subarray(0, -4)), image.length - 4);
    expect(readFacts(image)).toMatchObject({ version: 2, appHash: null });
  });
});

describe('defects of a Particle module', () => {
  const whole = buildParticleModule({ productId: 94, version: 42, platformId: 12, size: 4096 });

  it('says how much of a module that was cut short is missing', () => {
    expect(readDefect(whole.subarray(0, 3000))).toContain('4096 bytes expected, 3000 present');
    expect(readDefect(whole.subarray(0, 30))).toContain('4096 bytes expected, 30 present');
  });

  it('says how much padding follows a module', () => {
    const padded = Buffer.concat([whole, Buffer.alloc(100, 0xff)]);
    expect(readDefect(padded)).toContain('4096 bytes with 100 bytes after its end');
  });

  it('names both CRCs of a module whose content changed', () => {
    const damaged = Buffer.from(whole);
    damaged[2000] = (damaged[2000] ?? 0) ^ 1;
    const stored = whole.slice(-4);
    expect(readDefect(damaged)).toContain(`its CRC-32 is ${Buffer.from(stored).toString('hex')}`);
  });

  it('names the SHA-256 where only the CRC was mended', () => {
    const damaged = Buffer.from(whole);
    damaged[2000] = (damaged[2000] ?? 0) ^ 1;
    damaged.writeUInt32BE(crc32(damaged.subarray(0, -4)), damaged.length - 4);
    expect(readDefect(damaged)).toContain('the SHA-256 in it');
  });

  it.each([
    [1, 'resource'],
    [2, 'bootloader'],
    [3, 'monolithic firmware'],
    [4, 'system part'],
    [7, 'network processor firmware'],
    [8, 'radio stack'],
    [9, 'asset'],
  ])('refuses a module of function %i as a %s', (fn, name) => {
    expect(readDefect(shapeParticleModule({ function: fn }))).toContain(`is a ${name}, not`);
  });

  it.each([0x184, 0x200, 0x20])('knows a bootloader by its prefix at offset %i', (prefixOffset) => {
    const image = shapeParticleModule({ function: 2, platformId: 12, prefixOffset });
    expect(readDefect(image)).toContain('bootloader');
  });

  it.each([
    [0x08, 'encrypted'],
    [0x02, 'compressed'],
    [0x04, 'combined'],
  ])('refuses a module with flag %i, because it is %s', (flags, word) => {
    expect(readDefect(shapeParticleModule({ flags }))).toContain(word);
  });

  it('says that a padded module without suffix carries no product data', () => {
    expect(readDefect(shapeParticleModule({ suffixSize: 0xffff }))).toContain('has no suffix');
  });

  it.each([0, 12, 38, 700])('refuses a suffix of %i bytes', (suffixSize) => {
    expect(readDefect(shapeParticleModule({ suffixSize }))).toContain('impossible size');
  });

  it.each([
    ['of length 0', [5, 0, 0, 0, 0, 0, 0, 0]],
    ['longer than the suffix', [5, 0, 99, 0, 0, 0, 0, 0]],
    ['of invalid type', [255, 255, 8, 0, 0, 0, 0, 0]],
    ['cut off', [5, 0, 6, 0, 0, 0, 1, 0]],
    ['with too little product data', [1, 0, 8, 0, 0, 0, 1, 0]],
    ['with an asset hash beyond its end', [0x12, 0, 8, 0, 0, 32, 1, 0]],
  ])('refuses a suffix extension %s', (_case, record) => {
    const suffixHead = Uint8Array.from(record);
    expect(readDefect(shapeParticleModule({ suffixHead }))).toContain('suffix extension');
  });

  it('refuses prefix extensions without an end', () => {
    expect(readDefect(shapeParticleModule({ flags: 0x10, contentSize: 0 }))).toContain(
      'prefix extension',
    );
  });

  it.each([
    [6, 1, 131_072],
    [12, 1, 131_072],
    [12, 2, 262_144],
    [32, 1, 1_572_864],
  ])(
    'limits the size on platform %i, module index %i, to %i bytes',
    (platformId, index, sizeMax) => {
      const contentSize = sizeMax - 24 - 4 - 40;
      const shape = { platformId, index, suffixHead: productFields(1, 1), startAddress: 0x8000000 };
      readFacts(shapeParticleModule({ ...shape, contentSize }));
      expect(readDefect(shapeParticleModule({ ...shape, contentSize: contentSize + 1 }))).toContain(
        `at most ${sizeMax} fit`,
      );
    },
  );
});

describe('built Particle modules', () => {
  const options = { productId: 94, version: 42, platformId: 12, systemDependency: 4006 } as const;

  it('are the same for the same options, and differ by their seed alone', () => {
    expect(buildParticleModule(options)).toEqual(buildParticleModule(options));
    const other = buildParticleModule({ ...options, seed: 7 });
    expect(other).not.toEqual(buildParticleModule(options));
    expect(readFacts(other)).toMatchObject({ productId: 94, version: 42 });
  });

  it.each([40, 62] as const)('can be read with a suffix of %i bytes on any platform', (suffix) => {
    for (const platformId of [0x0c, 0x20, 6, 14]) {
      const facts = readFacts(buildParticleModule({ ...options, platformId, suffix, size: 3957 }));
      expect(facts).toMatchObject({ productId: 94, version: 42, platform: { id: platformId } });
      expect(detailOf(facts, 'needs')[0]).toContain('4006');
    }
  });
});

// The comparison of a binary with its manifest, and the product id rule.

import { describe, expect, it } from 'vitest';

import { type BinaryClaim, checkBinary } from '../../../controller/firmware/check.ts';
import { examineBytes } from '../../../controller/firmware/examine.ts';
import { productIdMatches } from '../../../controller/firmware/product-id.ts';
import { opaqueFacts } from '../../../controller/firmware/read.ts';
import {
  buildEspImage,
  buildMcubootImage,
  buildParticleModule,
  shapeParticleModule,
} from '../../support/firmware-images.ts';

/** A claim that agrees with a Particle module for product 94, version 42, Photon; `change` is laid over it. */
function claim(bytes: Uint8Array, change: Partial<BinaryClaim> = {}): BinaryClaim {
  const facts = examineBytes(bytes);
  return {
    facts,
    sha256: facts.sha256,
    version: 42,
    format: null,
    productId: 94,
    platform: 'photon',
    reportedAs: null,
    ...change,
  };
}

function reasonsOf(one: BinaryClaim): string[] {
  return checkBinary(one).map(({ reason }) => reason);
}

const MODULE = buildParticleModule({ productId: 94, version: 42, platformId: 6 });
const BARE = { productId: null, platform: null } as const;

describe('a Particle module and its manifest', () => {
  it('agree', () => {
    expect(checkBinary(claim(MODULE))).toEqual([]);
    expect(checkBinary(claim(MODULE, { ...BARE, reportedAs: '42' }))).toEqual([]);
  });

  it('disagree in everything at once, in a fixed order and with both values', () => {
    const found = checkBinary(
      claim(MODULE, { sha256: 'f'.repeat(64), version: 43, productId: 95, platform: 'argon' }),
    );
    expect(found.map(({ reason, field }) => [reason, field])).toEqual([
      ['DigestMismatch', 'binary.sha256'],
      ['VersionMismatch', 'version'],
      ['ProductMismatch', 'product'],
      ['PlatformMismatch', 'product'],
    ]);
    const [digest, version, product, platform] = found.map(({ message }) => message);
    expect(digest).toContain('f'.repeat(64));
    expect(digest).toContain(claim(MODULE).facts.sha256);
    expect(version).toBe('The manifest says version 43; “42” is compiled into the binary.');
    expect(product).toBe(
      'The product has id 95; the binary was built for 94 (nor the platform’s, 6).',
    );
    expect(platform).toBe('The product is for “argon”; the binary was built for “photon” (6).');
  });

  it('compare by number alone, whatever devices report', () => {
    expect(reasonsOf(claim(MODULE, { version: 43, reportedAs: '42' }))).toEqual([
      'VersionMismatch',
    ]);
  });

  it('disagree where the module was built without a version', () => {
    const unset = buildParticleModule({ productId: 65_535, version: 65_535, platformId: 6 });
    expect(checkBinary(claim(unset))).toMatchObject([
      { reason: 'VersionMismatch', message: expect.stringContaining('carries no version') },
    ]);
  });

  it('agree where the module carries the platform’s id for any product', () => {
    const wildcard = buildParticleModule({ productId: 6, version: 42, platformId: 6 });
    expect(checkBinary(claim(wildcard))).toEqual([]);
  });

  it('compare platforms without regard to case, and know second names', () => {
    const p2 = buildParticleModule({ productId: 32, version: 42, platformId: 32 });
    for (const platform of ['p2', 'P2', 'photon2', 'Photon 2']) {
      expect(checkBinary(claim(p2, { platform }))).toEqual([]);
    }
    expect(reasonsOf(claim(p2, { platform: 'photon' }))).toEqual(['PlatformMismatch']);
  });

  it('compare a platform without a known name by its number', () => {
    const module = shapeParticleModule({
      platformId: 999,
      suffixHead: Uint8Array.from([94, 0, 42, 0]),
    });
    expect(checkBinary(claim(module, { platform: '999' }))).toEqual([]);
    expect(reasonsOf(claim(module, { platform: 'photon' }))).toEqual(['PlatformMismatch']);
  });
});

describe('a binary that cannot be read', () => {
  it('is refused with what is wrong, beside a wrong digest', () => {
    const found = checkBinary(claim(MODULE.subarray(0, 2000), { sha256: '0'.repeat(64) }));
    expect(found.map(({ reason }) => reason)).toEqual(['DigestMismatch', 'BinaryUnreadable']);
    expect(found[1]?.message).toContain('4096 bytes expected, 2000 present');
    expect(found[1]?.remedy).toMatch(/^Build or copy the binary again/);
  });

  it('is told to be opaque where it has no known header', () => {
    const [found] = checkBinary(claim(Buffer.from('plain data')));
    expect(found).toMatchObject({ reason: 'BinaryUnreadable', field: 'binary' });
    expect(found?.remedy).toContain('format: opaque');
  });

  it('is named as a Git LFS pointer, and nothing else, also where it is opaque', () => {
    const pointer = Buffer.from('version https://git-lfs.github.com/spec/v1\noid sha256:00\n');
    for (const format of [null, 'opaque'] as const) {
      const found = checkBinary(claim(pointer, { sha256: '0'.repeat(64), format }));
      expect(found).toMatchObject([{ reason: 'BinaryMissing', field: 'binary' }]);
      expect(found[0]?.remedy).toContain('git lfs pull');
    }
  });
});

describe('an opaque binary', () => {
  it('is checked by its digest alone', () => {
    expect(reasonsOf(claim(Buffer.from('plain data'), { format: 'opaque' }))).toEqual([]);
    expect(reasonsOf(claim(MODULE, { format: 'opaque', version: 7, productId: 1 }))).toEqual([]);
    expect(reasonsOf(claim(MODULE, { format: 'opaque', sha256: '0'.repeat(64) }))).toEqual([
      'DigestMismatch',
    ]);
  });
});

describe('a version that is a text', () => {
  it.each([
    ['1.4.2', '1.4.2', true],
    ['1.4.2+7', '1.4.2+7', true],
    ['1.4.2+7', '1.4.2', true],
    ['1.4.2', '1.4.2+7', true],
    ['1.4.2+7', '1.4.2+8', false],
    ['1.4.2', '1.4.3', false],
    ['1.4.2', '1.4', false],
    ['42', null, true],
    ['42', 'anything', true],
    ['43', '43', true],
    ['43', null, false],
    ['1.4.2', null, false],
    ['', '1.4.2', false],
    ['', null, false],
  ])('%s against version 42 reported as %s: %s', (version, reportedAs, agrees) => {
    const image = claim(buildEspImage({ version }), { ...BARE, reportedAs });
    expect(reasonsOf(image)).toEqual(agrees ? [] : ['VersionMismatch']);
  });

  it('is what the remedy proposes to report', () => {
    const [found] = checkBinary(claim(buildMcubootImage({ version: [1, 4, 2, 7] }), BARE));
    expect(found?.message).toContain('“1.4.2+7” is compiled into the binary');
    expect(found?.remedy).toContain('`reportedAs: "1.4.2+7"`');
  });

  it('comes with no product id or platform to disagree with in an MCUboot image', () => {
    expect(reasonsOf(claim(buildMcubootImage(), { reportedAs: '1.4.2' }))).toEqual([]);
  });

  it('comes with a chip in an ESP-IDF image', () => {
    const image = claim(buildEspImage({ chipId: 9 }), {
      reportedAs: '1.4.2',
      platform: 'ESP32-S3',
    });
    expect(reasonsOf(image)).toEqual([]);
    expect(reasonsOf({ ...image, platform: 'esp32c3' })).toEqual(['PlatformMismatch']);
  });
});

describe('the product id rule', () => {
  const facts = {
    ...opaqueFacts(),
    format: 'particle',
    platform: { id: 12, name: 'argon' },
  } as const;

  it.each([
    [94, 94, 'product'],
    [12, 94, 'platform'],
    [12, 12, 'product'],
    [95, 94, 'none'],
    [null, 94, 'none'],
    [0, 94, 'none'],
  ] as const)('%s compiled in, product %i: %s', (productId, wanted, rule) => {
    expect(productIdMatches({ ...facts, productId }, wanted)).toEqual({
      matches: rule !== 'none',
      rule,
    });
  });

  it('takes a platform’s id for any product in Particle modules only', () => {
    const other = { ...facts, format: 'esp-idf', productId: 12 } as const;
    expect(productIdMatches(other, 94).matches).toBe(false);
  });
});

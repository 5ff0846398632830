// The circle of devices: even, the same for good, and turned by each version.

import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { BUCKETS } from '../../../controller/model/rollout.ts';
import { bucketOf, offsetOf, positionOf } from '../../../controller/releases/circle.ts';

const DEVICES = 100_000;

/** Ids as they occur: numbered, with a prefix, and hexadecimal without any order. */
const ID_FORMS: Readonly<Record<string, (number: number) => string>> = {
  numbered: (number) => `${number}`,
  prefixed: (number) => `thermostat-${String(number).padStart(8, '0')}`,
  hexadecimal: (number) => createHash('md5').update(`${number}`).digest('hex').slice(0, 24),
};

describe('buckets', () => {
  it.each(Object.entries(ID_FORMS))('are even over %s ids', (_, idOf) => {
    const counts = new Uint32Array(BUCKETS);
    for (let number = 0; number < DEVICES; number++) {
      const bucket = bucketOf(idOf(number));
      counts[bucket] = (counts[bucket] ?? 0) + 1;
    }
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(DEVICES);
    // Chi-square with that many degrees of freedom is all but normal; both sides, as too even is no chance either.
    const expected = DEVICES / BUCKETS;
    const chiSquare = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    const deviation = Math.sqrt(2 * (BUCKETS - 1));
    expect(Math.abs(chiSquare - (BUCKETS - 1))).toBeLessThan(4 * deviation);
  });

  it('stay what they are, since devices and exposures in force rest on them', () => {
    expect(bucketOf('e00fce681234567890abcdef')).toBe(6340);
    expect(bucketOf('sensor-1')).toBe(2149);
    expect(bucketOf('gerät/7')).toBe(6489);
  });
});

describe('the offset of a version', () => {
  it('stays what it is', () => {
    expect(offsetOf('thermostat', 42)).toBe(4517);
    expect(offsetOf('thermostat', 43)).toBe(7564);
    expect(offsetOf('lamp', 42)).toBe(2155);
  });

  it('differs from version to version, and goes all around the circle', () => {
    const offsets = Array.from({ length: 100 }, (_, version) => offsetOf('thermostat', version));
    expect(new Set(offsets).size).toBeGreaterThan(95);
    const quarters = new Set(offsets.map((offset) => Math.floor(offset / (BUCKETS / 4))));
    expect(quarters.size).toBe(4);
    const steps = offsets.slice(1).map((offset, index) => offset - (offsets[index] ?? 0));
    expect(new Set(steps).size).toBeGreaterThan(90);
  });
});

describe('positions', () => {
  const bucket = fc.integer({ min: 0, max: BUCKETS - 1 });

  it('are a turn of the circle: each from 0 to 9999 once', () => {
    fc.assert(
      fc.property(bucket, (offset) => {
        const seen = new Uint8Array(BUCKETS);
        for (let at = 0; at < BUCKETS; at++) seen[positionOf(at, offset)] = 1;
        expect(seen.every((mark) => mark === 1)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  it('begin at the offset', () => {
    fc.assert(
      fc.property(bucket, (offset) => {
        expect(positionOf(offset, offset)).toBe(0);
        expect(positionOf((offset + 1) % BUCKETS, offset)).toBe(1);
        expect(positionOf((offset + BUCKETS - 1) % BUCKETS, offset)).toBe(BUCKETS - 1);
      }),
    );
  });

  it('expose to a larger exposure all devices of a smaller one, and as many as it says', () => {
    const exposed = (offset: number, limit: number): ReadonlySet<number> =>
      new Set(
        Array.from({ length: BUCKETS }, (_, at) => at).filter(
          (at) => positionOf(at, offset) < limit,
        ),
      );
    fc.assert(
      fc.property(bucket, bucket, bucket, (offset, one, other) => {
        const small = exposed(offset, Math.min(one, other));
        const large = exposed(offset, Math.max(one, other));
        expect(small.size).toBe(Math.min(one, other));
        expect(large.size).toBe(Math.max(one, other));
        expect([...small].every((at) => large.has(at))).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  it('put different devices first for different versions', () => {
    const first = (version: number): ReadonlySet<number> =>
      new Set(
        Array.from({ length: DEVICES / 10 }, (_, number) => number).filter(
          (number) =>
            positionOf(bucketOf(`device-${number}`), offsetOf('thermostat', version)) < 100,
        ),
      );
    const before = first(42);
    const after = first(43);
    expect(before.size).toBeGreaterThan(50);
    expect([...after].filter((number) => before.has(number))).toEqual([]);
  });
});

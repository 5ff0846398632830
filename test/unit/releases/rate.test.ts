// Token buckets: however flashes are asked for, a rate is never exceeded, and a steady stream uses nearly all of it.

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { RateSpec } from '../../../controller/model/desired.ts';
import { takeToken } from '../../../controller/releases/rate.ts';

const MINUTE_MS = 60_000;

/** A meter that asks for itself. */
class Meter {
  readonly rate: RateSpec;
  /** When tokens were given. */
  readonly given: number[] = [];
  fullAt: number | null = null;

  constructor(rate: RateSpec) {
    this.rate = rate;
  }

  /** Null where a token was given, else when there will be one. */
  ask(now: number): number | null {
    const result = takeToken(this.rate, this.fullAt, now);
    if (!result.ok) return result.freeAt;
    this.fullAt = result.fullAt;
    this.given.push(now);
    return null;
  }
}

/** The most tokens in any half-open span of the rate. `times` never fall. */
function findBusiestSpan(times: readonly number[], perMs: number): number {
  let first = 0;
  let most = 0;
  for (const [last, time] of times.entries()) {
    while ((times[first] ?? 0) + perMs <= time) first += 1;
    most = Math.max(most, last - first + 1);
  }
  return most;
}

const rate = fc.record({
  flashes: fc.oneof(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 5_000 })),
  perMs: fc.constantFrom(1_000, MINUTE_MS, 3_600_000, 86_400_000),
});
// As a clock counts from its process's start or from 1970, to parts of a millisecond.
const start = fc.oneof(
  fc.double({ min: 0, max: 1_000_000_000, noNaN: true }),
  fc.double({ min: 1_700_000_000_000, max: 4_000_000_000_000, noNaN: true }),
);
// Pauses between askers, in parts of the span, and how many ask at once after each.
const askers = fc.array(
  fc.record({ pause: fc.constantFrom(0, 0.0001, 0.01, 0.3, 0.999, 1, 1.5), crowd: fc.nat(200) }),
  { maxLength: 60 },
);

describe('a rate', () => {
  it('is never exceeded in any span, whenever flashes are asked for', () => {
    fc.assert(
      fc.property(rate, start, askers, (spec, origin, turns) => {
        const meter = new Meter(spec);
        let now = origin;
        for (const { pause, crowd } of turns) {
          now += pause * spec.perMs;
          for (let i = 0; i < crowd; i++) meter.ask(now);
        }
        expect(findBusiestSpan(meter.given, spec.perMs)).toBeLessThanOrEqual(spec.flashes);
      }),
    );
  });

  it('gives a token at the time it names, and none before', () => {
    fc.assert(
      fc.property(rate, start, (spec, now) => {
        const meter = new Meter(spec);
        let freeAt: number | null = null;
        while (freeAt === null) freeAt = meter.ask(now);
        expect(freeAt).toBeGreaterThan(now);
        expect(freeAt - now).toBeLessThanOrEqual(spec.perMs + 1);
        expect(meter.ask(now + (freeAt - now) / 2)).toBe(freeAt);
        expect(meter.ask(freeAt)).toBeNull();
      }),
    );
  });

  it('is not exceeded by one who always asks at the time that is named', () => {
    fc.assert(
      fc.property(rate, start, (spec, origin) => {
        const meter = new Meter(spec);
        for (let now = origin; meter.given.length <= 2 * spec.flashes;) now = meter.ask(now) ?? now;
        expect(findBusiestSpan(meter.given, spec.perMs)).toBeLessThanOrEqual(spec.flashes);
      }),
      { numRuns: 50 },
    );
  });

  it.each([1, 7, 100, 100_000])(
    'of %d a minute is nearly all used by a steady stream',
    (flashes) => {
      const meter = new Meter({ flashes, perMs: MINUTE_MS });
      const spans = 4;
      for (let now = 0; now < spans * MINUTE_MS; now += 1) {
        while (meter.ask(now) === null);
      }
      expect(findBusiestSpan(meter.given, MINUTE_MS)).toBeLessThanOrEqual(flashes);
      // Without the first span, in which a full bucket adds to what flows in.
      const steady = meter.given.filter((time) => time >= MINUTE_MS);
      expect(steady.length).toBeGreaterThanOrEqual(0.95 * flashes * (spans - 1));
    },
  );

  it('wastes little of itself on polls that come in bursts', () => {
    const meter = new Meter({ flashes: 6_000, perMs: MINUTE_MS });
    for (let now = 0; now < 4 * MINUTE_MS; now += 900) {
      for (let i = 0; i < 500; i++) meter.ask(now);
    }
    expect(meter.given.length).toBeGreaterThanOrEqual(0.95 * 4 * 6_000);
  });

  it('gives one token after a clock was set back between two runs, and goes on from an empty bucket', () => {
    fc.assert(
      fc.property(rate, fc.integer({ min: 1, max: 1e11 }), (spec, backMs) => {
        const meter = new Meter(spec);
        const before = 1e12;
        while (meter.ask(before) === null);
        const used = meter.given.splice(0);
        const now = before - backMs;
        let freeAt: number | null = null;
        for (const _ of used) freeAt = meter.ask(now) ?? freeAt;
        expect(meter.given.length).toBeLessThanOrEqual(1);
        // Nobody waits for the clock to reach its old time.
        expect(meter.ask(now + spec.perMs + 1)).toBeNull();
        expect(freeAt ?? now).toBeLessThanOrEqual(now + spec.perMs + 1);
      }),
    );
  });

  it('gives no burst to a clock that was set back by little', () => {
    const spec = { flashes: 600, perMs: MINUTE_MS };
    const meter = new Meter(spec);
    while (meter.ask(100_000) === null);
    const first = meter.given.length;
    for (let now = 90_000; now < 100_000 + MINUTE_MS; now += 10) meter.ask(now);
    // Ten seconds more have passed than the clock says: what flows in is all that there is.
    const flowedIn = ((MINUTE_MS + 10_000) / MINUTE_MS) * spec.flashes;
    expect(meter.given.length - first).toBeLessThanOrEqual(flowedIn);
  });

  it('has a full bucket after a pause, and no more', () => {
    const meter = new Meter({ flashes: 600, perMs: MINUTE_MS });
    while (meter.ask(0) === null);
    const full = meter.given.length;
    expect(full).toBeGreaterThan(1);
    while (meter.ask(10 * MINUTE_MS) === null);
    expect(meter.given).toHaveLength(2 * full);
  });
});

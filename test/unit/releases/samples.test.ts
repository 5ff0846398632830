// Which moments of a release are kept: those at which something changed, evenly, and never more than a chart can show.

import { describe, expect, it } from 'vitest';

import type { ReleaseSample } from '../../../controller/model/release-sample.ts';
import { addSample, SAMPLES_MAX } from '../../../controller/releases/samples.ts';

const HOUR_MS = 3_600_000;

function sample(at: number, change: Partial<ReleaseSample> = {}): ReleaseSample {
  return { round: 1, at, exposure: 100, inFlight: 0, succeeded: 0, failed: 0, ...change };
}

/** All that was kept of what came, one after the other. */
function keep(coming: readonly ReleaseSample[]): readonly ReleaseSample[] {
  return coming.reduce<readonly ReleaseSample[]>((kept, each) => addSample(kept, each) ?? kept, []);
}

describe('a sample', () => {
  it('is kept at the start, and when a count has changed', () => {
    expect(addSample([], sample(5))).toEqual([sample(5)]);
    expect(addSample([sample(5)], sample(HOUR_MS))).toBeNull();
    for (const change of [{ inFlight: 1 }, { succeeded: 1 }, { failed: 1 }]) {
      const next = sample(HOUR_MS, change);
      expect(addSample([sample(5)], next)).toEqual([sample(5), next]);
    }
  });

  it('of counts is kept once a second, and of an exposure at once', () => {
    const begun = [sample(0), sample(1, { inFlight: 1 })];
    expect(addSample(begun, sample(1_001, { failed: 1 }))).toHaveLength(3);
    expect(addSample([sample(0)], sample(1, { inFlight: 1 }))).toEqual(begun);
    const step = sample(1, { exposure: 200 });
    expect(addSample([sample(0)], step)).toEqual([sample(0), step]);
  });

  it('of counts that comes sooner is told by the one before, which is not the first', () => {
    const begun = [sample(0), sample(1, { inFlight: 1 })];
    expect(addSample(begun, sample(1_000, { failed: 1 }))).toEqual([
      sample(0),
      sample(1, { failed: 1 }),
    ]);
    expect(addSample(begun, sample(1_000, { inFlight: 1 }))).toBeNull();
  });

  it('of counts is kept less often the longer the release takes', () => {
    const long = [sample(0), sample(300 * HOUR_MS, { succeeded: 1 })];
    const soon = sample(301 * HOUR_MS - 1, { succeeded: 2 });
    expect(addSample(long, soon)).toBeNull();
    expect(addSample(long, { ...soon, at: 301 * HOUR_MS })).toHaveLength(3);
  });

  it('comes last also when the clock was put back', () => {
    const step = sample(5, { exposure: 200 });
    expect(addSample([sample(9_000)], step)).toEqual([sample(9_000), { ...step, at: 9_001 }]);
    expect(addSample([sample(9_000)], sample(5, { failed: 1 }))).toEqual([
      sample(9_000),
      sample(9_001, { failed: 1 }),
    ]);
  });
});

describe('the samples of a round', () => {
  it('are as many as there is room for, with the first, the newest and every exposure', () => {
    const coming = Array.from({ length: 5_000 }, (_, index) =>
      sample(index * 60_000, { succeeded: index, exposure: index < 2_001 ? 100 : 5_000 }),
    );
    const kept = keep(coming);
    expect(kept).toHaveLength(SAMPLES_MAX);
    expect(kept[0]).toBe(coming[0]);
    expect(kept.at(-1)?.at).toBeGreaterThan(4_950 * 60_000);
    expect(kept).toContainEqual(coming[2_001]);
  });

  it('stand as evenly at the end of a long release as at its beginning', () => {
    const kept = keep(
      Array.from({ length: 5_000 }, (_, index) => sample(index * 60_000, { succeeded: index })),
    );
    const gaps = kept.slice(1).map(({ at }, index) => at - (kept[index]?.at ?? 0));
    expect(Math.max(...gaps)).toBeLessThan(40 * 60_000);
    const firstHalf = kept.filter(({ at }) => at < 2_500 * 60_000).length;
    expect(firstHalf).toBeGreaterThan(SAMPLES_MAX / 3);
    expect(firstHalf).toBeLessThan((SAMPLES_MAX * 2) / 3);
  });

  it('stay bounded where every one has a new exposure', () => {
    const kept = keep(
      Array.from({ length: 400 }, (_, index) => sample(index, { exposure: index + 1 })),
    );
    expect(kept).toHaveLength(SAMPLES_MAX);
    expect([kept[0]?.exposure, kept.at(-1)?.exposure]).toEqual([1, 400]);
  });
});

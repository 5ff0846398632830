// The lines of the chart of a release, before they are drawn.

import { describe, expect, it } from 'vitest';

import {
  pointAt,
  roundUp,
  seriesOf,
  stairs,
  surface,
  timeMarks,
} from '../../../controller/dashboard/parts/chart-scale.js';
import type { RolloutJson } from '../../../controller/reports/watch-answers.ts';

const START = Date.UTC(2026, 0, 5, 12);
const MINUTE_MS = 60_000;

const progress = { exposure: 50, inFlight: 1, succeeded: 3, failed: 1 };

function rollout(
  change: Partial<Pick<RolloutJson, 'samples' | 'startedAt' | 'finishedAt' | 'halt'>> & {
    readonly progress?: typeof progress | null;
  } = {},
) {
  const sample = (minutes: number, exposure: number, succeeded: number, failed: number) => ({
    at: new Date(START + minutes * MINUTE_MS).toISOString(),
    exposure,
    inFlight: 0,
    succeeded,
    failed,
  });
  return {
    samples: [sample(0, 10, 0, 0), sample(5, 10, 1, 1)],
    startedAt: new Date(START).toISOString(),
    finishedAt: null,
    halt: null,
    ...change,
    progress: (change.progress === undefined ? progress : change.progress) as
      RolloutJson['progress'] | null,
  };
}

describe('the points of a release', () => {
  it('are its samples, and how it stands now', () => {
    const now = START + 10 * MINUTE_MS;
    expect(seriesOf(rollout(), now)).toEqual({
      from: START,
      to: now,
      points: [
        { at: START, exposure: 10, inFlight: 0, succeeded: 0, failed: 0, failureRate: null },
        {
          at: START + 5 * MINUTE_MS,
          exposure: 10,
          inFlight: 0,
          succeeded: 1,
          failed: 1,
          failureRate: 50,
        },
        { at: now, exposure: 50, inFlight: 1, succeeded: 3, failed: 1, failureRate: 25 },
      ],
    });
  });

  it('end when it was done', () => {
    const finishedAt = new Date(START + 6 * MINUTE_MS).toISOString();
    const series = seriesOf(rollout({ finishedAt }), START + 90 * MINUTE_MS);
    expect([series?.to, series?.points.length]).toEqual([START + 6 * MINUTE_MS, 2]);
  });

  it('hold the halt, where no sample was taken of it', () => {
    const halt = (minutes: number) => ({
      action: 'hold' as const,
      at: new Date(START + minutes * MINUTE_MS).toISOString(),
      failed: 3,
      succeeded: 1,
      message: '',
    });
    const points = (minutes: number) =>
      seriesOf(rollout({ halt: halt(minutes) }), START + 90 * MINUTE_MS)?.points ?? [];
    expect(points(7)[2]).toEqual({
      at: START + 7 * MINUTE_MS,
      exposure: 10,
      inFlight: 0,
      succeeded: 1,
      failed: 3,
      failureRate: 75,
    });
    expect(points(3).map(({ at, failed }) => [(at - START) / MINUTE_MS, failed])).toEqual([
      [0, 0],
      [3, 3],
      [5, 1],
      [90, 1],
    ]);
    expect(points(5).length).toBe(3);
  });

  it('are none before it begins', () => {
    expect(seriesOf(rollout({ samples: [], startedAt: null }), START)).toBeNull();
    expect(seriesOf(rollout({ samples: [], progress: null }), START)).toBeNull();
  });

  it('span some time from the first moment on', () => {
    const series = seriesOf(rollout({ samples: [] }), START + 1);
    expect((series?.to ?? 0) - (series?.from ?? 0)).toBe(10_000);
  });

  it('hold until the next', () => {
    const series = seriesOf(rollout(), START + 10 * MINUTE_MS);
    if (series === null) throw new Error('there are points');
    const at = (minutes: number) => pointAt(series, START + minutes * MINUTE_MS)?.succeeded;
    expect([at(-1), at(0), at(4.9), at(5), at(9.9), at(10)]).toEqual([0, 0, 0, 1, 1, 3]);
  });
});

describe('a line', () => {
  const now = START + 10 * MINUTE_MS;
  const series = seriesOf(rollout(), now);
  if (series === null) throw new Error('there are points');
  const scale = {
    x: (at: number) => (at - START) / MINUTE_MS,
    y: (value: number) => 100 - value,
  };

  it('goes up in stairs', () => {
    expect(stairs(series, ({ exposure }) => exposure, scale)).toBe('M0 90H5V90H10V50H10');
  });

  it('has a gap where there is no value', () => {
    expect(stairs(series, ({ failureRate }) => failureRate, scale)).toBe('M5 50H10V75H10');
  });

  it('bounds a surface', () => {
    expect(surface(series, ({ exposure }) => exposure, scale)).toBe('M0 90H5V90H10V50H10V100H0Z');
  });
});

describe('scales', () => {
  it('end at round numbers', () => {
    expect([0, 1, 3, 5, 7, 60, 101, 999_999].map(roundUp)).toEqual([
      1, 1, 4, 6, 8, 60, 200, 1_000_000,
    ]);
  });

  it('mark round times, as many as there is room for', () => {
    const { at, stepMs } = timeMarks(START + 1, START + 10 * MINUTE_MS, 5);
    expect(stepMs).toBe(2 * MINUTE_MS);
    expect(at.map((each) => (each - START) / MINUTE_MS)).toEqual([2, 4, 6, 8, 10]);
    expect(timeMarks(0, 10 * 365 * 86_400_000, 2).stepMs).toBe(365 * 86_400_000);
  });
});

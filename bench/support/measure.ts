// Medians over rounds. A round measures the baseline and ours in turn, so that whatever else the machine does falls on
// both; the ratio is taken round by round.

import { assert } from '../../controller/base/assert.ts';

/** What a number came to over the rounds. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** A comparison over all rounds. */
export interface Comparison {
  readonly ours: Spread;
  readonly baseline: Spread;
  readonly ratio: Spread;
}

/** The spread of at least one value. */
export function summarise(values: readonly number[]): Spread {
  assert(values.length > 0, 'a spread of nothing');
  const sorted = [...values].sort((one, other) => one - other);
  const low = sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
  const high = sorted[Math.ceil((sorted.length - 1) / 2)] ?? 0;
  return { median: (low + high) / 2, min: sorted[0] ?? 0, max: sorted.at(-1) ?? 0 };
}

/** Compares two series, round by round. */
export function compare(ours: readonly number[], baseline: readonly number[]): Comparison {
  assert(ours.length === baseline.length, 'two series of different lengths are compared');
  return {
    ours: summarise(ours),
    baseline: summarise(baseline),
    ratio: summarise(ours.map((value, round) => value / (baseline[round] ?? Number.NaN))),
  };
}

/** Runs each measurement once per round, in the order given; the first round warms up and does not count. */
export async function measureInTurn(
  rounds: number,
  measurements: readonly (() => Promise<number>)[],
): Promise<readonly (readonly number[])[]> {
  const series: number[][] = measurements.map(() => []);
  for (let round = 0; round <= rounds; round += 1) {
    for (const [index, measure] of measurements.entries()) {
      const value = await measure();
      if (round > 0) series[index]?.push(value);
    }
  }
  return series;
}

/** Milliseconds that work takes. */
export async function timeMs(work: () => unknown): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

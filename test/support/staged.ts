// Staged releases for tests of the plan: a fleet in which every hundredth of the circle has a device, and a release of
// version 42 through three steps.

import type { HaltSpec, StepSpec, StrategySpec } from '../../controller/model/desired.ts';
import { DIRECT_STRATEGY } from '../../controller/model/desired.ts';
import type { LiveState } from '../../controller/model/live.ts';
import { offsetOf } from '../../controller/releases/circle.ts';
import { buildCensus } from './census.ts';
import { HOUR_MS, live, PRODUCT, remembered } from './plan-input.ts';

/** The first step. */
export const CANARY: StepSpec = {
  name: 'canary',
  exposure: 1_000,
  minDevices: 1,
  soakMs: HOUR_MS,
  successes: 2,
  approval: false,
};

/** 10 % with a soak of an hour and two successes, then a half, then all. */
export const STAGED: StrategySpec = {
  ...DIRECT_STRATEGY,
  steps: [
    CANARY,
    { ...CANARY, name: 'half', exposure: 5_000, soakMs: 0, successes: 1 },
    { ...CANARY, name: 'all', exposure: 10_000, soakMs: 0, successes: 1 },
  ],
};

/** The same with another halt. */
export const halting = (halt: Partial<HaltSpec>): StrategySpec => ({
  ...STAGED,
  halt: { ...STAGED.halt, ...halt },
});

/** Manifests of three versions, and a release of 42 through the steps. */
export const WORDS = {
  firmware: [{ version: 41 }, { version: 42 }, { version: 43 }],
  release: 42,
  rollout: { strategy: STAGED },
} as const;

/** The release of 42 in its first step, after 41. */
export const IN_CANARY = {
  base: 41,
  baseBefore: 41,
  step: 'canary',
  limit: 1_000,
  finishedAt: null,
  soakSince: null,
  round: 5,
};

export interface FleetWords extends Partial<LiveState> {
  /** How many devices run 42, from the beginning of its turn on; the others run `others`. */
  readonly running?: number;
  readonly others?: number;
  readonly failed?: number;
  /** Round of the failed ones. */
  readonly round?: number;
}

/** A hundred devices, one at the beginning of each hundredth of the turn of version 42. */
export function hundred(words: FleetWords = {}): LiveState {
  const { running = 0, others = 41, failed = 0, round = 5, ...more } = words;
  const entries = Array.from({ length: 100 }, (_, index) => ({
    version: index < running ? 42 : others,
    bucket: (index * 100 + offsetOf(PRODUCT, 42)) % 10_000,
    traits: {},
    dormant: false,
  }));
  return live({
    devices: 100,
    unlocked: [
      { version: others, devices: 100 - running },
      { version: 42, devices: running },
    ],
    census: buildCensus(entries),
    rounds: failed === 0 ? [] : [{ round, inFlight: 0, failed }],
    firmware: WORDS.firmware.map(({ version }) =>
      remembered(version, { verifiedAt: 1, ...(version === 41 && { finishedAt: 2 }) }),
    ),
    listened: 100 * HOUR_MS,
    ...more,
  });
}

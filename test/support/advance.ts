// A release of version 42 on the move, for tests of `advanceRelease`: devices are given by their positions on the circle.

import type { ReleaseSpec, StepSpec } from '../../controller/model/desired.ts';
import { DIRECT_STRATEGY } from '../../controller/model/desired.ts';
import type { ReleaseState, Track } from '../../controller/model/rollout.ts';
import type { Advance, AdvanceInput } from '../../controller/releases/advance.ts';
import type { ReleaseCounts } from '../../controller/releases/release-counts.ts';
import { advanceRelease, startRelease } from '../../controller/releases/advance.ts';
import { HOUR_MS } from './plan-input.ts';

export const CANARY: StepSpec = {
  name: 'canary',
  exposure: 1_000,
  minDevices: 1,
  soakMs: HOUR_MS,
  successes: 2,
  approval: false,
};
export const HALF: StepSpec = { ...CANARY, name: 'half', exposure: 5_000, soakMs: 0, successes: 1 };
export const ALL: StepSpec = { ...HALF, name: 'all', exposure: 10_000 };
export const STEPS = [CANARY, HALF, ALL];
export const MOMENT = { at: 900_000, listened: 50 * HOUR_MS };

/** The devices of a release. */
export interface Fleet {
  /** Positions of the devices. */
  readonly at?: readonly number[];
  /** How many of them, from the lowest position on, run the version. */
  readonly running?: number;
  /** Positions of dormant ones. */
  readonly dormant?: readonly number[];
  /** Positions of ones to which no path leads. */
  readonly stuck?: readonly number[];
  readonly failed?: number;
}

/** The counts of a fleet. */
export function counts({
  at = [],
  running = 0,
  dormant = [],
  stuck = [],
  failed = 0,
}: Fleet): ReleaseCounts {
  const sorted = [...at].sort((a, b) => a - b);
  const runs = new Set(sorted.slice(0, running));
  return {
    failed,
    inFlight: 0,
    within: (limit) => {
      const inside = sorted.filter((position) => position < limit);
      return {
        devices: inside.length,
        awake: inside.filter((position) => !dormant.includes(position)).length,
        running: inside.filter((position) => runs.has(position)).length,
        flashable: inside.filter(
          (position) =>
            !runs.has(position) && !dormant.includes(position) && !stuck.includes(position),
        ).length,
      };
    },
    limitFor: (devices) => {
      const last = sorted[Math.min(devices, sorted.length) - 1];
      return last === undefined ? 0 : last + 1;
    },
  };
}

/** A hundred devices, evenly on the circle. */
export const HUNDRED = Array.from({ length: 100 }, (_, index) => index * 100);

/** A release of version 42 through three steps. */
export function spec(
  more: Partial<ReleaseSpec> = {},
  strategy: Partial<ReleaseSpec['strategy']> = {},
) {
  return {
    product: 'thermostat',
    version: 42,
    group: null,
    strategy: { ...DIRECT_STRATEGY, steps: STEPS, ...strategy },
    approved: [],
    attempt: 1,
    paused: false,
    ...more,
  } satisfies ReleaseSpec;
}

/** Version 41 is the base. */
export const TRACK: Track = { group: null, base: 41, rolledBack: [], release: null };

/** A release that has just started. */
export function started(more: Partial<ReleaseState> = {}): ReleaseState {
  const { release } = startRelease(TRACK, spec(), { rollback: false, round: 7, at: 100 });
  if (release === null) throw new Error('a start has a state');
  return { ...release, ...more };
}

/** In the first step, without a success yet. */
export const IN_CANARY = { step: 'canary', limit: 1_000, stepAt: 200 };

/** Moves a release once. */
export function advance(
  state: Partial<ReleaseState>,
  fleet: Fleet,
  more: Partial<Omit<AdvanceInput, 'state' | 'counts'>> = {},
): Advance & { readonly state: ReleaseState } {
  const result = advanceRelease({
    track: TRACK,
    state: started(state),
    spec: spec(),
    counts: counts(fleet),
    freshRound: 8,
    isGrowing: false,
    leeway: 'advance',
    moment: MOMENT,
    ...more,
  });
  const after = result.track.release;
  if (after === null) throw new Error('a release in force has a state');
  return { ...result, state: after };
}

/** What a release waits for. */
export const kinds = ({ waits }: Advance) => waits.map(({ kind }) => kind);
/** What moved. */
export const causes = ({ moves }: Advance) => moves.map(({ cause }) => cause);

// What halts a release: too many of its devices failed, or far more devices came than its step was meant for.

import type { StrategySpec } from '../model/desired.ts';
import type { Halt, ReleaseState, Track } from '../model/rollout.ts';
import type { ReleaseCounts } from './release-counts.ts';

const FEW = 5;

/** A halt that the failures bring about now. Distinct devices count: those that failed, and those that run the version. */
export function findHalt(
  state: ReleaseState,
  counts: ReleaseCounts,
  { halt, steps }: StrategySpec,
  at: number,
): Halt | null {
  if (state.halt !== null || state.limit === 0) return null;
  const { failed } = counts;
  const { running: succeeded, awake } = counts.within(state.limit);
  const attempts = failed + succeeded;
  const least = Math.max(1, Math.min(halt.minAttempts, awake));
  if (failed === 0 || attempts < least) return null;
  if (isRateInside(failed, succeeded, halt.failureRate)) return null;
  const percent = Math.round((failed * 1_000) / attempts) / 10;
  // What has gone through its steps is not taken back from everybody for the sake of a few that came late.
  const isFew = failed < FEW && state.finishedAt !== null && steps.length > 1;
  return {
    action: isFew ? 'hold' : halt.action,
    at,
    failed,
    succeeded,
    message: `${failed} of ${attempts} devices failed with version ${state.version} (${percent}%, and ${halt.failureRate}% is the limit).`,
  };
}

/** A step may reach this many times the devices that it was meant for before the release halts. */
const OUTGROWN = 4;

/**
 * `minDevices` of a small fleet is a large share of the circle. When many devices join it later, on a gateway that a
 * bench was connected to first, that share is a risk nobody has taken.
 */
export function findOutgrown(state: ReleaseState, counts: ReleaseCounts, at: number): Halt | null {
  if (state.halt !== null || state.meantFor === undefined) return null;
  const { devices, running } = counts.within(state.limit);
  if (devices <= OUTGROWN * state.meantFor) return null;
  return {
    action: 'hold',
    at,
    failed: counts.failed,
    succeeded: running,
    outgrown: true,
    message: `Step ${state.step ?? ''} of version ${state.version} was meant for ${state.meantFor} devices; the fleet has grown since, and it would reach ${devices}.`,
  };
}

/** Whether a failure rate is inside a limit in percent. */
export function isRateInside(failed: number, succeeded: number, percent: number): boolean {
  return failed * 100 <= percent * (failed + succeeded);
}

/** The track and the state after a halt: a rollback returns to the base from before the release. */
export function applyHalt(
  track: Track,
  state: ReleaseState,
  halt: Halt,
): { readonly track: Track; readonly state: ReleaseState } {
  if (halt.action === 'hold') return { track, state: { ...state, halt } };
  const rolledBack = new Set([...track.rolledBack, state.version]);
  return {
    track: {
      ...track,
      base: state.baseBefore,
      rolledBack: [...rolledBack].sort((a, b) => a - b),
    },
    state: { ...state, halt, limit: 0, finishedAt: null },
  };
}

// A release in force, compiled for the hot path from its manifest and from how far it is.

import type { Placed, ReleaseSpec, StrategySpec } from '../model/desired.ts';
import { DIRECT_STRATEGY } from '../model/desired.ts';
import type { PolicyRelease } from '../model/policy.ts';
import type { ReleaseState, Rollout } from '../model/rollout.ts';
import { trackOf } from '../model/rollout.ts';
import { offsetOf } from './circle.ts';

/** Compiles a release. One whose state is not there yet reaches nobody. */
export function compileRelease(
  { spec, origin }: Placed<ReleaseSpec>,
  rollout: Rollout,
): PolicyRelease {
  const track = trackOf(rollout, spec.group);
  const state = track.release?.version === spec.version ? track.release : null;
  const strategy = strategyInEffect(spec, state?.rollback ?? false);
  return {
    version: spec.version,
    group: spec.group,
    manifest: `Release/${origin.name}`,
    revision: origin.revision,
    round: state?.round ?? 0,
    offset: offsetOf(spec.product, spec.version),
    limit: state?.limit ?? 0,
    hold: holdOf(spec, state),
    base: track.base,
    rolledBack: new Set(track.rolledBack),
    windows: strategy.windows,
    rate: strategy.rate,
    askEveryMs: askEveryMs(strategy, state),
  };
}

const HOUR_MS = 3_600_000;

/** Often enough to see a fall-back before the soak is over, and no more than once an hour in a long one. */
function askEveryMs({ steps }: StrategySpec, state: ReleaseState | null): number | null {
  if (state === null || state.finishedAt !== null) return null;
  const soakMs = steps.find(({ name }) => name === state.step)?.soakMs ?? 0;
  return soakMs === 0 ? null : Math.min(HOUR_MS, soakMs / 4);
}

/** The strategy as it counts: a rollback goes to everyone at once, without steps, soaks, approvals and windows. */
export function strategyInEffect(
  { strategy }: Pick<ReleaseSpec, 'strategy'>,
  rollback: boolean,
): StrategySpec {
  if (!rollback) return strategy;
  const { steps, windows } = DIRECT_STRATEGY;
  // A rollback of a rollback would bring back what was rolled back.
  return { ...strategy, steps, windows, halt: { ...strategy.halt, action: 'hold' } };
}

function holdOf(spec: ReleaseSpec, state: ReleaseState | null): PolicyRelease['hold'] {
  const name = `Version ${spec.version}`;
  if (state?.halt?.action === 'hold') {
    return {
      reason: 'ReleaseHalted',
      message: `${name} is offered to nobody any more: ${state.halt.message}`,
    };
  }
  if (spec.paused && state?.halt?.action !== 'rollback') {
    return {
      reason: 'ReleasePaused',
      message: `${name} is offered to nobody while its release is paused.`,
    };
  }
  return null;
}

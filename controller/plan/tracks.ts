// The tracks of a plan: each release in force is moved as far as its devices, the time and its manifest allow, and what
// moves becomes an action.

import type { Placed, ReleaseSpec } from '../model/desired.ts';
import type { Action } from '../model/plan.ts';
import type { ReleaseWait } from '../model/plan.ts';
import type { ProductPolicy } from '../model/policy.ts';
import type { Rollout, Track } from '../model/rollout.ts';
import { trackOf } from '../model/rollout.ts';
import type { Advance, Leeway } from '../releases/advance.ts';
import { advanceRelease, startRelease } from '../releases/advance.ts';
import { isGrowing } from '../releases/growth.ts';
import { countsOf, coverageOf } from './coverage.ts';
import { groupMatch } from './groups.ts';
import { plannedPolicy } from './planned-policy.ts';
import type { Population } from './population.ts';
import type { Scope } from './scope.ts';
import { traceOf } from './scope.ts';
import { compareText } from './sort-desired.ts';

/** A rollout in which one track is another one; tracks without anything to remember are left out. */
export function withTrack(rollout: Rollout, track: Track, rounds = rollout.rounds): Rollout {
  const isEmpty = track.release === null && track.base === null && track.rolledBack.length === 0;
  const others = rollout.tracks.filter(({ group }) => group !== track.group);
  return {
    ...rollout,
    rounds,
    tracks: [...others, ...(isEmpty ? [] : [track])].sort((a, b) =>
      compareText(a.group ?? '', b.group ?? ''),
    ),
  };
}

/** A release as it would be in force: started, and in its first step where nothing stands before that. */
export interface StartedRelease {
  readonly rollout: Rollout;
  /** What devices would be answered by with it, were its gate passed. */
  readonly policy: ProductPolicy;
  readonly waits: readonly ReleaseWait[];
}

/** Starts a release among the others; `releases` are those in force with it. */
export function startAmong(
  scope: Scope,
  population: Population,
  release: Placed<ReleaseSpec>,
  releases: readonly Placed<ReleaseSpec>[],
  rollback: boolean,
): StartedRelease {
  const { spec } = release;
  const before = scope.nextRollout;
  const round = before.rounds + 1;
  const started = startRelease(trackOf(before, spec.group), spec, {
    rollback,
    round,
    at: scope.context.now,
  });
  const rollout = withTrack(before, started, round);
  const leeway = scope.live.stopped ? 'halt' : 'advance';
  const advance = advanceAmong(scope, population, release, releases, rollout, leeway);
  const next = withTrack(rollout, advance.track);
  const policy = plannedPolicy(scope, releases, next, spec.version);
  return { rollout: next, policy, waits: advance.waits };
}

/** Moves a release that is in force, and adds what moves to the plan's actions. Returns what it waits for. */
export function advanceInForce(
  scope: Scope,
  population: Population,
  release: Placed<ReleaseSpec>,
  leeway: Leeway,
): readonly ReleaseWait[] {
  const advance = advanceAmong(
    scope,
    population,
    release,
    scope.nextReleases,
    scope.nextRollout,
    leeway,
  );
  const rounds = scope.nextRollout.rounds + (advance.usedRound ? 1 : 0);
  scope.nextRollout = withTrack(scope.nextRollout, advance.track, rounds);
  for (const move of advance.moves) {
    if (move.cause === 'finished') scope.newlyFinished.push(release.spec.version);
    else {
      const { cause, from, limit, step, message } = move;
      scope.actions.push(exposureAction(release, { cause, from, exposure: limit, step, message }));
    }
  }
  return advance.waits;
}

/** The action of a release whose exposure, hold or strategy changes. */
export function exposureAction(
  { spec, origin }: Placed<ReleaseSpec>,
  change: Pick<
    Extract<Action, { type: 'SetExposure' }>,
    'cause' | 'from' | 'exposure' | 'step' | 'message'
  >,
): Action {
  const { step, from, exposure, cause, message } = change;
  return {
    type: 'SetExposure',
    version: spec.version,
    group: spec.group,
    step,
    from,
    exposure,
    cause,
    message,
    trace: traceOf(origin),
  };
}

function advanceAmong(
  scope: Scope,
  population: Population,
  release: Placed<ReleaseSpec>,
  releases: readonly Placed<ReleaseSpec>[],
  rollout: Rollout,
  leeway: Leeway,
): Advance {
  const { spec } = release;
  const track = trackOf(rollout, spec.group);
  const state = track.release;
  const policy = plannedPolicy(scope, releases, rollout, spec.version);
  const coverage = coverageOf(spec.group, population, policy);
  if (state === null || coverage === null) throw new Error('a release in force has a state');
  const { live, context } = scope;
  return advanceRelease({
    track,
    state,
    spec,
    counts: countsOf(coverage, state.round, live.rounds),
    freshRound: rollout.rounds + 1,
    isGrowing:
      isGrowing(rollout.growth, live.listened, scope.nextConfig.spec.fleet.pollIntervalMs) ||
      hasUncountedTraits(scope, spec.group),
    leeway,
    moment: { at: context.now, listened: live.listened },
  });
}

/** Whether devices that may belong to a group by attributes have not been heard since these are counted. */
function hasUncountedTraits(scope: Scope, group: string | null): boolean {
  if (group === null || groupMatch(scope, group) === null) return false;
  const { groupBy } = scope.nextConfig.spec.fleet;
  return scope.live.census.some(
    ({ traits, dormant }) => !dormant && !groupBy.every((name) => Object.hasOwn(traits, name)),
  );
}

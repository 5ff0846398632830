// How the releases of a plan go on: per step how many devices of which versions, when it ends at the earliest, and what
// the release waits for. An estimate from the soaks, the rate, the windows and the rhythm in which devices poll.

import type { Placed, ReleaseSpec, StepSpec, StrategySpec } from '../model/desired.ts';
import type { ReleasePlan, ReleaseWait, StepPlan } from '../model/plan.ts';
import type { ProductPolicy } from '../model/policy.ts';
import type { ReleaseState } from '../model/rollout.ts';
import { trackOf } from '../model/rollout.ts';
import { currentStep, limitOf, successesNeeded } from '../releases/advance.ts';
import type { ReleaseCounts } from '../releases/release-counts.ts';
import { strategyInEffect } from '../releases/release-policy.ts';
import { addOpenTime } from '../releases/window.ts';
import type { Coverage } from './coverage.ts';
import { countsOf, countVersions, coverageOf } from './coverage.ts';
import type { Population } from './population.ts';
import type { Scope } from './scope.ts';

/** Describes every release in force after the plan. */
export function forecastReleases(
  scope: Scope,
  population: Population,
  policy: ProductPolicy,
  waits: ReadonlyMap<Placed<ReleaseSpec>, readonly ReleaseWait[]>,
): readonly ReleasePlan[] {
  return [...scope.nextReleases]
    .sort((a, b) => ((a.spec.group ?? '') < (b.spec.group ?? '') ? -1 : 1))
    .flatMap((release) => {
      const track = trackOf(scope.nextRollout, release.spec.group);
      const coverage = coverageOf(release.spec.group, population, policy);
      if (track.release === null || coverage === null) return [];
      return forecast(
        scope,
        release,
        track.base,
        track.release,
        coverage,
        waits.get(release) ?? [],
      );
    });
}

function forecast(
  scope: Scope,
  { spec, origin }: Placed<ReleaseSpec>,
  base: number | null,
  state: ReleaseState,
  coverage: Coverage,
  waits: readonly ReleaseWait[],
): ReleasePlan {
  const counts = countsOf(coverage, state.round, scope.live.rounds);
  const strategy = strategyInEffect(spec, state.rollback);
  const within = counts.within(state.limit);
  const shapes = shapeSteps(spec, strategy, state, coverage, counts);
  const isHeld = waits.some(({ kind }) => HOLDS.has(kind));
  const ends = isHeld || state.finishedAt !== null ? [] : timeSteps(scope, strategy, state, shapes);
  const steps = shapes.map(({ plan }, index): StepPlan => ({
    ...plan,
    endsAt: ends[index] ?? null,
  }));
  return {
    version: spec.version,
    group: spec.group,
    manifest: `Release/${origin.name}`,
    base,
    rollback: state.rollback,
    attempt: state.attempt,
    step: state.step,
    exposure: state.limit,
    finishedAt: state.finishedAt,
    devices: within.devices,
    succeeded: within.running,
    failed: counts.failed,
    inFlight: counts.inFlight,
    steps,
    waits,
    expectedAt: ends[steps.length - 1] ?? null,
    firstDevices: null,
  };
}

/** What only a person, or a change of the fleet's state, ends. */
const HOLDS: ReadonlySet<ReleaseWait['kind']> = new Set([
  'halted',
  'paused',
  'stopped',
  'frozen',
  'firmware',
]);

interface StepShape {
  readonly spec: StepSpec;
  readonly plan: Omit<StepPlan, 'endsAt'>;
  /** Successes that are still missing before it can end. */
  readonly missing: number;
}

function shapeSteps(
  spec: ReleaseSpec,
  strategy: StrategySpec,
  state: ReleaseState,
  coverage: Coverage,
  counts: ReleaseCounts,
): readonly StepShape[] {
  const current = currentStep(state, { all: strategy.steps, approved: spec.approved });
  const currentIndex = current === null ? -1 : strategy.steps.indexOf(current);
  const shapes: StepShape[] = [];
  let reached = 0;
  for (const [index, step] of strategy.steps.entries()) {
    const isAhead = index > currentIndex && state.finishedAt === null;
    const isCurrent = index === currentIndex && state.finishedAt === null;
    const limit = isCurrent
      ? state.limit
      : isAhead
        ? limitOf(step, Math.max(reached, state.limit), counts)
        : Math.min(state.limit, limitOf(step, reached, counts));
    const within = counts.within(limit);
    shapes.push({
      spec: step,
      missing: Math.max(0, successesNeeded(step, within, counts.failed) - within.running),
      plan: {
        name: step.name,
        state: isAhead ? 'ahead' : isCurrent ? 'current' : 'done',
        exposure: step.exposure,
        limit,
        devices: within.devices,
        flashes: flashesBetween(coverage, reached, limit),
        approval: approvalOf(step, spec),
      },
    });
    reached = Math.max(reached, limit);
  }
  return shapes;
}

function approvalOf(step: StepSpec, { approved }: ReleaseSpec): StepPlan['approval'] {
  if (!step.approval) return 'none';
  return approved.includes(step.name) ? 'given' : 'needed';
}

function flashesBetween(coverage: Coverage, least: number, limit: number): StepPlan['flashes'] {
  if (limit <= least) return [];
  return [...countVersions(coverage, least, limit)]
    .filter(([version]) => version !== coverage.release.version)
    .map(([version, { devices }]) => ({ version, devices }))
    .sort((a, b) => (a.version ?? 0) - (b.version ?? 0));
}

/** When each step ends at the earliest; null from the first on that waits for a person. */
function timeSteps(
  { live, nextConfig, context }: Scope,
  strategy: StrategySpec,
  state: ReleaseState,
  shapes: readonly StepShape[],
): readonly (number | null)[] {
  const { pollIntervalMs } = nextConfig.spec.fleet;
  const soakedMs = state.soakSince === null ? null : Math.max(0, live.listened - state.soakSince);
  let at: number | null = context.now;
  return shapes.map(({ spec, plan, missing }) => {
    if (plan.state === 'done') return null;
    if (plan.state === 'ahead' && plan.approval === 'needed') at = null;
    if (at === null) return null;
    const begins = plan.state === 'current' && soakedMs !== null ? at - soakedMs : null;
    // A device hears of it at its next poll, within one interval.
    const firstAt = begins ?? flashedAt(strategy, at, missing === 0 ? 0 : 1, pollIntervalMs);
    const enoughAt = flashedAt(strategy, at, missing, pollIntervalMs);
    at =
      firstAt === null || enoughAt === null ? null : Math.max(at, firstAt + spec.soakMs, enoughAt);
    return at;
  });
}

/** When `devices` devices can have been flashed from `at` on; `at` itself for none. */
function flashedAt(
  { rate, windows }: StrategySpec,
  at: number,
  devices: number,
  pollIntervalMs: number,
): number | null {
  if (devices === 0) return at;
  const rateMs = rate === null ? 0 : ((devices - 1) * rate.perMs) / rate.flashes;
  const started = addOpenTime(windows, at, rateMs);
  return started === null ? null : started + pollIntervalMs;
}

// Plans one product: what its manifests ask for, against what is in force and what the fleet reports. Also yields the
// desired state that is in force once the actions are carried out.

import type { Desired, Placed, ProductSpec } from '../model/desired.ts';
import { emptyDesired } from '../model/desired.ts';
import type { LiveState } from '../model/live.ts';
import type { ProductPlan } from '../model/plan.ts';
import type { Snapshot } from '../model/revision.ts';
import { parentGuardrailsOf } from '../model/revision.ts';
import type { Rollout } from '../model/rollout.ts';
import { NO_ROLLOUT } from '../model/rollout.ts';
import { planFirmware, retireFirmware } from './firmware.ts';
import { endGroups, planGroups } from './groups.ts';
import { addFleetWarnings, warnOfDowngrades } from './fleet-warnings.ts';
import { countImpact } from './impact.ts';
import { planConfig } from './config.ts';
import { holdCarriedLocks, planLocks } from './locks.ts';
import { forecastReleases } from './forecast.ts';
import { plannedPolicy } from './planned-policy.ts';
import { populationOf } from './population.ts';
import { refuseHalted, warnOfMissingStones, warnOfWaits } from './release-warnings.ts';
import { haltFrozen, planReleases } from './releases.ts';
import { planVerification } from './verification.ts';
import type { PlanContext, Scope } from './scope.ts';
import { guardrailsOf, placeOf, refusalOf, refuse } from './scope.ts';
import { compareText, sortDesired } from './sort-desired.ts';

/** Order of execution: what takes away first, what starts something last. */
const ORDER = [
  'WithdrawFirmware',
  'ConfigureProduct',
  'UploadFirmware',
  'ChangeGroup',
  'LockDevice',
  'UnlockDevice',
  'EndRelease',
  'SetExposure',
  'ReleaseFirmware',
  'RetireFirmware',
];

export interface PlannedProduct {
  readonly plan: ProductPlan;
  /** In force once all actions are done; equal to what is in force now where nothing is accepted. */
  readonly next: Desired;
}

/** Plans a product that is frozen: nothing of it changes, except that failing devices halt a release. */
export function planFrozen(
  snapshot: Snapshot,
  inForce: Desired,
  live: LiveState,
  context: PlanContext,
): PlannedProduct {
  const empty = emptyPlan(inForce.product, live);
  if (inForce.config === null) return { plan: { ...empty, frozen: true }, next: inForce };
  const scope = openScope(
    inForce.product,
    snapshot,
    inForce,
    inForce,
    live,
    context,
    new Set(),
    inForce.config,
  );
  scope.nextFirmware.push(...inForce.firmware);
  scope.nextGroups.push(...inForce.groups);
  holdCarriedLocks(scope);
  scope.nextReleases.push(...inForce.releases);
  const population = populationOf(scope);
  const waits = haltFrozen(scope, population);
  const policy = plannedPolicy(scope, scope.nextReleases, scope.nextRollout);
  refuseHalted(scope);
  const rollout = scope.nextRollout;
  return {
    plan: {
      ...empty,
      frozen: true,
      actions: scope.actions,
      refusals: scope.refusals,
      releases: forecastReleases(scope, population, policy, waits),
    },
    next: scope.actions.length === 0 ? inForce : { ...inForce, rollout },
  };
}

/** Plans a product. `desired` is null where the revision has no manifest of it. */
export function planProduct(
  product: string,
  snapshot: Snapshot,
  desired: Desired | null,
  inForce: Desired,
  live: LiveState,
  context: PlanContext,
): PlannedProduct {
  const config = desired?.config ?? inForce.config;
  const refusedKeys = new Set(snapshot.refused);
  if (config === null) return planUnconfigured(product, snapshot, inForce, live);
  const gone = desired === null && ![...refusedKeys].some((key) => key.split('/')[1] === product);
  const scope = openScope(product, snapshot, desired, inForce, live, context, refusedKeys, config);
  if (gone && inForce.config !== null && !guardrailsOf(scope).allowEmpty) {
    refuse(
      scope,
      inForce.config.origin,
      '',
      'EmptySource',
      `Revision ${snapshot.revision} holds no manifest of ${product}; what is in force stays.`,
    );
    return { plan: { ...emptyPlan(product, live), refusals: scope.refusals }, next: inForce };
  }
  addKnownProblems(scope, snapshot);
  planFirmware(scope);
  planGroups(scope);
  planConfig(scope);
  planLocks(scope);
  const population = populationOf(scope);
  const waits = planReleases(scope, population);
  endGroups(scope);
  retireFirmware(scope, gone);
  planVerification(scope);
  const policy = plannedPolicy(scope, scope.nextReleases, scope.nextRollout);
  addFleetWarnings(scope, population, policy);
  refuseHalted(scope);
  warnOfWaits(scope, waits);
  warnOfMissingStones(scope, population, policy);
  const impact = countImpact(scope, population, policy);
  warnOfDowngrades(scope, impact);
  const sorted = sortScope(scope);
  return {
    plan: {
      product,
      ...readingOf(live),
      frozen: false,
      ...sorted,
      impact,
      gates: scope.gates,
      newlyVerified: scope.newlyVerified,
      newlyFinished: scope.newlyFinished,
      releases: forecastReleases(scope, population, policy, waits),
    },
    // Whatever is refused of a removal stays, and with it the product.
    next: gone && scope.refusals.length === 0 ? emptyDesired(product) : nextDesired(scope),
  };
}

function openScope(
  product: string,
  snapshot: Snapshot,
  desired: Desired | null,
  inForce: Desired,
  live: LiveState,
  context: PlanContext,
  refusedKeys: ReadonlySet<string>,
  config: Placed<ProductSpec>,
): Scope {
  return {
    product,
    revision: snapshot.revision,
    desired: sortDesired(desired ?? emptyDesired(product)),
    inForce: sortDesired(inForce),
    live,
    context,
    parentGuardrails: parentGuardrailsOf(snapshot, product),
    refusedKeys,
    actions: [],
    refusals: [],
    warnings: [],
    gates: [],
    newlyVerified: [],
    newlyFinished: [],
    nextConfig: config,
    nextFirmware: [],
    nextGroups: [],
    nextLocks: [],
    nextReleases: [],
    holding: new Map(),
    nextRollout: inForce.rollout ?? NO_ROLLOUT,
  };
}

/**
 * Manifests that were refused when the revision was read: their problems are the plan's refusals. Unknown versions and
 * groups of locks and releases are left to the planner, since what outlives its manifest in force may still be named.
 */
function addKnownProblems(scope: Scope, snapshot: Snapshot): void {
  const { locks, releases } = scope.desired;
  const references = new Set(
    [...locks, ...releases].flatMap(({ origin }) =>
      ['spec.version', 'spec.group'].map((path) => placeKey(placeOf(origin, path))),
    ),
  );
  for (const problem of snapshot.problems) {
    if (problem.product !== scope.product) continue;
    const { reason, message, remedy, place } = problem;
    if (problem.severity === 'warning') {
      scope.warnings.push({ reason, message, remedy, place });
      continue;
    }
    const isReference = reason === 'UnknownVersion' || reason === 'UnknownGroup';
    if (isReference && place !== null && references.has(placeKey(place))) continue;
    const refusal = refusalOf(problem);
    if (refusal !== null) scope.refusals.push(refusal);
  }
}

function placeKey(place: {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}): string {
  return `${place.file}:${place.line}:${place.column}`;
}

function planUnconfigured(
  product: string,
  snapshot: Snapshot,
  inForce: Desired,
  live: LiveState,
): PlannedProduct {
  const refusals = snapshot.problems.flatMap((problem) => {
    if (problem.product !== product || problem.severity === 'warning') return [];
    const refusal = refusalOf(problem);
    return refusal === null ? [] : [refusal];
  });
  const first = refusals[0];
  const waiting =
    first === undefined
      ? []
      : [
          {
            ...first,
            reason: 'ProductNotAccepted' as const,
            message: `Nothing of ${product} is carried out until its Product manifest is accepted.`,
            remedy: 'Mend the Product manifest first.',
          },
        ];
  return {
    plan: { ...emptyPlan(product, live), refusals: [...refusals, ...waiting] },
    next: inForce,
  };
}

function emptyPlan(product: string, live: LiveState): ProductPlan {
  const locked = [...live.named.values()].filter(
    (device) => device.lock !== null && device.standing === 'active',
  ).length;
  const impact = {
    devices: live.devices,
    flashes: [],
    locked,
    offline: live.offline,
    quarantined: live.quarantined,
  };
  return {
    product,
    ...readingOf(live),
    frozen: false,
    actions: [],
    refusals: [],
    warnings: [],
    impact,
    gates: [],
    newlyVerified: [],
    newlyFinished: [],
    releases: [],
  };
}

function readingOf({ reading }: LiveState): Pick<ProductPlan, 'readAt'> {
  return reading === undefined ? {} : { readAt: reading.readAt };
}

function sortScope(scope: Scope): Pick<ProductPlan, 'actions' | 'refusals' | 'warnings'> {
  const byPlace = (
    a: { place: Placeable; reason: string },
    b: { place: Placeable; reason: string },
  ): number =>
    compareText(a.place?.file ?? '', b.place?.file ?? '') ||
    (a.place?.line ?? 0) - (b.place?.line ?? 0) ||
    (a.place?.column ?? 0) - (b.place?.column ?? 0) ||
    compareText(a.reason, b.reason);
  return {
    // The sort is stable: inside a type the order is the one in which the parts of the plan found them.
    actions: [...scope.actions].sort((a, b) => ORDER.indexOf(a.type) - ORDER.indexOf(b.type)),
    refusals: [...scope.refusals].sort(byPlace),
    warnings: [...scope.warnings].sort(byPlace),
  };
}

type Placeable = { readonly file: string; readonly line: number; readonly column: number } | null;

function nextDesired(scope: Scope): Desired {
  return sortDesired({
    product: scope.product,
    config: scope.nextConfig,
    firmware: scope.nextFirmware,
    groups: scope.nextGroups,
    locks: scope.nextLocks,
    releases: scope.nextReleases,
    parentGuardrails: { revision: scope.revision, guardrails: guardrailsOf(scope) },
    ...(isWorthKeeping(scope.nextRollout) && { rollout: scope.nextRollout }),
  });
}

function isWorthKeeping({ rounds, growth }: Rollout): boolean {
  return rounds > 0 || growth !== undefined;
}

// Plans one product: what its manifests ask for, against what is in force and what the fleet reports. Also yields the
// desired state that is in force once the actions are carried out.

import type { Desired, Placed, ProductSpec } from '../model/desired.ts';
import { emptyDesired } from '../model/desired.ts';
import type { LiveState } from '../model/live.ts';
import type { Impact, ProductPlan } from '../model/plan.ts';
import type { Snapshot } from '../model/revision.ts';
import { parentGuardrailsOf } from '../model/revision.ts';
import { planFirmware, retireFirmware } from './firmware.ts';
import { endGroups, planGroups } from './groups.ts';
import { conflictingDevices, countImpact } from './impact.ts';
import { planLocks } from './locks.ts';
import { planReleases, planVerification } from './releases.ts';
import type { PlanContext, Scope } from './scope.ts';
import { guardrailsOf, placeOf, refusalOf, refuse, traceOf, warn } from './scope.ts';
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
  'ReleaseFirmware',
  'RetireFirmware',
];

export interface PlannedProduct {
  readonly plan: ProductPlan;
  /** In force once all actions are done; equal to what is in force now where nothing is accepted. */
  readonly next: Desired;
}

/** Plans a product that is frozen: nothing of it changes. */
export function planFrozen(inForce: Desired, live: LiveState): PlannedProduct {
  return { plan: { ...emptyPlan(inForce.product, live), frozen: true }, next: inForce };
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
  planConfig(scope);
  planFirmware(scope);
  planGroups(scope);
  planLocks(scope);
  planReleases(scope);
  endGroups(scope);
  retireFirmware(scope);
  planVerification(scope);
  addFleetWarnings(scope);
  const impact = countImpact(scope);
  warnOfDowngrades(scope, impact);
  const sorted = sortScope(scope);
  return {
    plan: {
      product,
      frozen: false,
      ...sorted,
      impact,
      gates: scope.gates,
      newlyVerified: scope.newlyVerified,
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
    nextConfig: config,
    nextFirmware: [],
    nextGroups: [],
    nextLocks: [],
    nextReleases: [],
    holding: new Map(),
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

function planConfig(scope: Scope): void {
  const { desired, inForce } = scope;
  if (desired.config === null) return;
  const before = inForce.config;
  const changes = before === null ? ['new'] : changedFields(before.spec, desired.config.spec);
  if (changes.length > 0) {
    scope.actions.push({
      type: 'ConfigureProduct',
      changes,
      trace: traceOf(desired.config.origin),
    });
  }
}

function changedFields(before: ProductSpec, after: ProductSpec): readonly string[] {
  const keys = ['productId', 'platform', 'fleet', 'verification', 'guardrails'] as const;
  return keys.filter((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]));
}

function addFleetWarnings(scope: Scope): void {
  const { live } = scope;
  if (live.stopped)
    warn(scope, null, '', 'EmergencyStop', `${scope.product} is stopped: nothing more is offered.`);
  const unknown = [...live.unlocked, ...live.locked]
    .filter((count) => count.version === null)
    .reduce((sum, count) => sum + count.devices, 0);
  if (unknown > 0)
    warn(
      scope,
      null,
      '',
      'VersionUnknown',
      `${unknown} device(s) have not named a version that a manifest knows.`,
    );
  const failed = live.outcomes.reduce((sum, outcome) => sum + outcome.failed, 0);
  if (failed > 0)
    warn(scope, null, '', 'DevicesFailing', `${failed} device(s) have failed with their version.`);
  const conflicts = conflictingDevices(scope);
  if (conflicts.length > 0) {
    warn(
      scope,
      scope.nextConfig.origin,
      '',
      'ReleaseConflict',
      `Groups give these devices different versions, so they are offered nothing: ${conflicts.slice(0, 10).join(', ')}${conflicts.length > 10 ? ` and ${conflicts.length - 10} more` : ''}.`,
    );
  }
}

function warnOfDowngrades(scope: Scope, impact: Impact): void {
  for (const flash of impact.flashes) {
    if (flash.from === null || flash.from <= flash.to) continue;
    const release = scope.nextReleases.find(({ spec }) => spec.version === flash.to);
    const lock = scope.nextLocks.find(({ spec }) => spec.version === flash.to);
    warn(
      scope,
      (release ?? lock)?.origin ?? null,
      'spec.version',
      'Downgrade',
      `${flash.devices} device(s) go down from version ${flash.from} to ${flash.to}.`,
    );
  }
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
    frozen: false,
    actions: [],
    refusals: [],
    warnings: [],
    impact,
    gates: [],
    newlyVerified: [],
  };
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
  });
}

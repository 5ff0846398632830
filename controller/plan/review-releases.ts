// The releases of a change, each judged for how it stands with the gate before it is merged; also those that cannot be
// judged, since a check that could not run is never a pass.

import type { Desired, Placed, ReleaseSpec } from '../model/desired.ts';
import { emptyDesired } from '../model/desired.ts';
import type { LiveState } from '../model/live.ts';
import type { Plan, ProductPlan, Refusal, ReleasePlan } from '../model/plan.ts';
import type { Problem } from '../model/problem.ts';
import { REASONS } from '../model/reasons.ts';
import type { ReleaseGateReport } from '../model/review.ts';
import type { Snapshot } from '../model/revision.ts';
import { desiredOf, manifestKey } from '../model/revision.ts';
import type { PlanContext, PlanResult } from './build-plan.ts';
import { buildPlan } from './build-plan.ts';
import { actionKey, troubleKey, withoutPartner } from './plan-keys.ts';
import type { GateJudgement } from './review-gate.ts';
import { assumeVerified, firmwareIn, judgeRelease } from './review-gate.ts';
import { placeOf } from './scope.ts';

export interface ReviewInput {
  /** The base with the change merged in; read with the base as the revision before it, so that it knows what files held. */
  readonly merged: Snapshot;
  /** The tip of the branch that the change is proposed to. */
  readonly base: Snapshot;
  /** What is in force, by product. */
  readonly inForce: ReadonlyMap<string, Desired>;
  /**
   * What the fleet reports, by product, with all devices that either revision names. A product that is not in here could
   * not be read; one that is new has a fleet without devices.
   */
  readonly live: ReadonlyMap<string, LiveState>;
  readonly context: PlanContext;
  /** Problems of the source as a whole, such as a rewritten history; they concern the base as well. */
  readonly sourceProblems: readonly Problem[];
}

/** A change, and what planning says of it with and without it. */
export interface Sides {
  readonly input: ReviewInput;
  readonly after: PlanResult;
  readonly before: PlanResult;
  readonly standing: ReadonlySet<string>;
}

/** Sorted by product; in a product, those that cannot be read first, then as the manifests are. */
export function judgeReleases(sides: Sides): readonly ReleaseGateReport[] {
  const { merged, base } = sides.input;
  const names = new Set([
    ...Object.keys(merged.products),
    ...Object.keys(base.products),
    ...merged.refused.flatMap((key) => key.split('/')[1] ?? []),
    ...(merged.frozen === 'all' ? [] : merged.frozen),
  ]);
  return [...names].sort().flatMap((product) => {
    const changed = changedReleases(product, merged, base);
    const plan = planOf(sides.after.plan, product);
    if (plan === null || plan.frozen) return judgeUnplanned(product, changed, sides);
    return [...judgeRefused(product, plan, sides), ...judgePlanned(product, plan, changed, sides)];
  });
}

function changedReleases(
  product: string,
  merged: Snapshot,
  base: Snapshot,
): ReadonlySet<Placed<ReleaseSpec>> {
  const before = desiredOf(base, product)?.releases ?? [];
  const releases = desiredOf(merged, product)?.releases ?? [];
  return new Set(
    releases.filter(
      ({ spec }) =>
        !before.some(
          (each) => each.spec.group === spec.group && each.spec.version === spec.version,
        ),
    ),
  );
}

/** Releases of a product of which nothing is planned: it is frozen, or its fleet could not be read. */
function judgeUnplanned(
  product: string,
  changed: ReadonlySet<Placed<ReleaseSpec>>,
  { after, before }: Sides,
): readonly ReleaseGateReport[] {
  const isFrozen = planOf(after.plan, product) !== null;
  const judgement: GateJudgement = isFrozen
    ? {
        state: 'failure',
        message: `Nothing of ${product} can be judged: it is frozen, since a file with manifests of it cannot be read or resolved.`,
        remedy: 'Mend the errors of the plan first.',
      }
    : {
        state: 'failure',
        message: `Nothing of ${product} can be judged: its fleet could not be read.`,
        remedy: 'Look at the Ready condition of the product; the check is made again by itself.',
      };
  const reports = [...changed].map((release) => reportOf(product, release, judgement, null));
  const wasFrozen = planOf(before.plan, product)?.frozen === true;
  // What the unreadable file says of releases is not known.
  if (reports.length > 0 || !isFrozen || wasFrozen) return reports;
  return [unreadable(product, `Product/${product}`, judgement, null)];
}

/** Release manifests that the change brings, or alters, and that were refused when they were read. */
function judgeRefused(
  product: string,
  plan: ProductPlan,
  { input: { merged, base } }: Sides,
): readonly ReleaseGateReport[] {
  const prefix = manifestKey('Release', product, '');
  const was = desiredOf(base, product)?.releases ?? [];
  return merged.refused
    .filter((key) => key.startsWith(prefix) && !base.refused.includes(key))
    .map((key) => {
      const name = key.slice(prefix.length);
      const old = was.find(({ origin }) => origin.name === name) ?? null;
      const refusal = plan.refusals.find(
        ({ manifest, place }) => manifest === '' && place.file === old?.origin.file,
      );
      const judgement: GateJudgement = {
        state: 'failure',
        message: `Release/${name} of ${product} cannot be judged: its manifest is refused.`,
        remedy: refusal?.remedy ?? 'Mend what the plan refuses of it first.',
      };
      return unreadable(product, `Release/${name}`, judgement, refusal?.place ?? null);
    });
}

function judgePlanned(
  product: string,
  plan: ProductPlan,
  changed: ReadonlySet<Placed<ReleaseSpec>>,
  sides: Sides,
): readonly ReleaseGateReport[] {
  const { merged } = sides.input;
  const started = startedOnly(plan, planOf(sides.before.plan, product));
  const assumed = once(() => planAssumed(product, sides));
  return (desiredOf(merged, product)?.releases ?? []).flatMap((release) => {
    const refusal = refusalOf(plan, release);
    const isWaiting = refusal?.reason === 'ReleaseUnverified';
    const isStarted = started.has(`Release/${release.origin.name}`);
    if (!changed.has(release) && !isWaiting && !isStarted) return [];
    const judgement = judgeOne(product, release, plan, sides);
    if (!changed.has(release) && !isStarted) {
      const isFresh = refusal !== null && !isStanding(product, refusal, sides);
      if (!isFresh && !(judgement.state === 'failure' && wasLifted(product, release, sides))) {
        return [];
      }
    }
    if (judgement.state === 'success') {
      return reportOf(product, release, judgement, forecastOf(plan, release));
    }
    const then = assumed();
    const forecast = forecastOf(then, release);
    const obstacle = refusalOf(then, release);
    if (judgement.state === 'failure' || obstacle === null || forecast !== null) {
      return reportOf(product, release, judgement, forecast);
    }
    // Once verified it would be refused for something else, so what is on the way leads nowhere.
    const { message, remedy } = obstacle;
    const stuck: GateJudgement = {
      state: 'failure',
      message: `${judgement.message} Once it is verified: ${message}`,
      remedy,
    };
    return reportOf(product, release, stuck, null);
  });
}

/** Whether devices would have lifted the refusal of a release without the change. */
function wasLifted(product: string, release: Placed<ReleaseSpec>, { before }: Sides): boolean {
  const refusal = refusalOf(planOf(before.plan, product), release);
  return refusal?.lifts === 'devices' && isJudgeable(before.next.get(product), release);
}

/** Manifests of releases that the merge result starts, and the base alone does not. */
function startedOnly(plan: ProductPlan, base: ProductPlan | null): ReadonlySet<string> {
  const starts = ({ actions }: ProductPlan) =>
    actions.filter(({ type }) => type === 'ReleaseFirmware');
  const fresh = withoutPartner(starts(plan), base === null ? [] : starts(base), actionKey);
  return new Set(fresh.map(({ trace }) => trace.manifest));
}

function judgeOne(
  product: string,
  release: Placed<ReleaseSpec>,
  plan: ProductPlan,
  { input, after, before }: Sides,
): GateJudgement {
  const merged = after.next.get(product) ?? emptyDesired(product);
  const live = input.live.get(product);
  const refusal =
    firmwareRefusal(product, release.spec.version, plan, input) ??
    plan.refusals.find(
      ({ manifest, reason }) =>
        manifest === `Release/${release.origin.name}` && !JUDGED_BY_GATES.has(reason),
    );
  if (refusal === undefined && live !== undefined && isJudgeable(merged, release)) {
    const base = before.next.get(product) ?? emptyDesired(product);
    return judgeRelease(release, { merged, base, live });
  }
  const { version } = release.spec;
  // Without a configuration every refusal stands in the way; else the firmware in force is about to be retired.
  const cause = refusal ?? (merged.config === null ? plan.refusals[0] : undefined);
  const why = cause?.message ?? `no Firmware manifest of ${product} has it.`;
  const fresh =
    cause === undefined || cause.reason === 'UnknownVersion' ? freshlyRefused(product, input) : [];
  const also = fresh.length === 0 ? '' : ` Refused here: ${fresh.join(', ')}.`;
  const remedy = cause?.remedy ?? REASONS.UnknownVersion.remedy;
  return {
    state: 'failure',
    message: `Version ${version} cannot be judged: ${why}${also}`,
    remedy: fresh.length === 0 ? remedy : 'Mend what the plan refuses of the firmware first.',
  };
}

/** Firmware manifests that the change brings, or alters, and that were refused when they were read. */
function freshlyRefused(product: string, { merged, base }: ReviewInput): readonly string[] {
  const prefix = manifestKey('Firmware', product, '');
  return merged.refused
    .filter((key) => key.startsWith(prefix) && !base.refused.includes(key))
    .map((key) => `Firmware/${key.slice(prefix.length)}`);
}

function isJudgeable(desired: Desired | undefined, { spec }: Placed<ReleaseSpec>): boolean {
  return (
    desired !== undefined && desired.config !== null && firmwareIn(desired, spec.version) !== null
  );
}

/** Refusals of a release that leave the question open whether its version is verified, or that are its answer. */
const JUDGED_BY_GATES: ReadonlySet<Refusal['reason']> = new Set<Refusal['reason']>([
  'ReleaseUnverified',
  'FirmwareWithdrawn',
  'TooManyAffected',
  'ReleaseHalted',
]);

/** Why the change's manifest of a version is not accepted; also where an older one of it stays in force. */
function firmwareRefusal(
  product: string,
  version: number,
  plan: ProductPlan,
  { merged, base, inForce }: ReviewInput,
): Pick<Refusal, 'reason' | 'message' | 'remedy'> | undefined {
  const now = desiredOf(merged, product)?.firmware ?? [];
  const earlier = [desiredOf(base, product), inForce.get(product) ?? null];
  const all = [...now, ...earlier.flatMap((desired) => desired?.firmware ?? [])];
  const names = new Set(
    all.filter(({ spec }) => spec.version === version).map(({ origin }) => origin.name),
  );
  const refusal = plan.refusals.find(({ manifest }) =>
    [...names].some((name) => manifest === `Firmware/${name}`),
  );
  if (refusal !== undefined) return refusal;
  for (const name of names) {
    if (!merged.refused.includes(manifestKey('Firmware', product, name))) continue;
    return {
      reason: 'Refused',
      message: `Firmware/${name} is refused.`,
      remedy: 'Mend what the plan refuses of it first.',
    };
  }
  return undefined;
}

/** The product's plan in a fleet where all versions that the merge result releases are verified. */
function planAssumed(product: string, { input, after }: Sides): ProductPlan | null {
  const { merged, inForce, context, sourceProblems } = input;
  const next = after.next.get(product);
  const seen = input.live.get(product);
  if (next === undefined || seen === undefined) return null;
  const releases = desiredOf(merged, product)?.releases ?? [];
  const versions = new Set(releases.map(({ spec }) => spec.version));
  const live = new Map([[product, assumeVerified(seen, next, versions, merged.revision)]]);
  const { plan } = buildPlan({
    snapshot: merged,
    inForce,
    live,
    context: { ...context, adopt: true },
    sourceProblems,
  });
  return planOf(plan, product);
}

function forecastOf(plan: ProductPlan | null, { spec }: Placed<ReleaseSpec>): ReleasePlan | null {
  return (
    plan?.releases.find(({ group, version }) => group === spec.group && version === spec.version) ??
    null
  );
}

function refusalOf(plan: ProductPlan | null, { origin }: Placed<ReleaseSpec>): Refusal | null {
  const manifest = `Release/${origin.name}`;
  return plan?.refusals.find((each) => each.manifest === manifest) ?? null;
}

function isStanding(product: string, problem: Refusal, { standing }: Sides): boolean {
  const { manifest, lifts } = problem;
  return standing.has(troubleKey({ product, manifest, lifts, problem }));
}

function reportOf(
  product: string,
  { spec, origin }: Placed<ReleaseSpec>,
  judgement: GateJudgement,
  forecast: ReleasePlan | null,
): ReleaseGateReport {
  return {
    product,
    group: spec.group,
    version: spec.version,
    manifest: `Release/${origin.name}`,
    place: placeOf(origin, 'spec.version'),
    ...judgement,
    forecast,
  };
}

function unreadable(
  product: string,
  manifest: string,
  judgement: GateJudgement,
  place: Refusal['place'] | null,
): ReleaseGateReport {
  return { product, group: null, version: null, manifest, place, ...judgement, forecast: null };
}

function planOf({ products }: Plan, product: string): ProductPlan | null {
  return products.find((each) => each.product === product) ?? null;
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null;
  return () => (made ??= { value: make() }).value;
}

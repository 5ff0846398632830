// The plan: what one revision would do to the live fleet. A pure function of what the manifests ask for, what is in
// force and what the fleet reports; the same input gives the same plan, byte for byte.

import type { Desired } from '../model/desired.ts';
import { emptyDesired } from '../model/desired.ts';
import type { LiveState } from '../model/live.ts';
import type { Plan } from '../model/plan.ts';
import type { Problem } from '../model/problem.ts';
import { REASONS } from '../model/reasons.ts';
import type { Snapshot } from '../model/revision.ts';
import { desiredOf, parentGuardrailsOf } from '../model/revision.ts';
import { fingerprintOf } from './fingerprint.ts';
import type { PlannedProduct } from './plan-product.ts';
import { planFrozen, planProduct } from './plan-product.ts';
import type { PlanContext } from './scope.ts';

export type { PlanContext } from './scope.ts';

export interface PlanInput {
  readonly snapshot: Snapshot;
  /** What is in force, by product. */
  readonly inForce: ReadonlyMap<string, Desired>;
  /** What the fleet reports, by product; a product that is not in here (unreachable) is left out of the plan. */
  readonly live: ReadonlyMap<string, LiveState>;
  readonly context: PlanContext;
  /** Further problems of the source as a whole, such as a rewritten history: nothing is carried out. */
  readonly sourceProblems?: readonly Problem[];
}

export interface PlanResult {
  readonly plan: Plan;
  /** By product: what is in force once the plan is carried out. */
  readonly next: ReadonlyMap<string, Desired>;
}

/** Reasons that concern a file or the source as a whole. */
const FILE_REASONS: ReadonlySet<string> = new Set([
  'InvalidManifest',
  'UnknownProduct',
  'DuplicateName',
  'EmptySource',
  'HistoryRewritten',
  'CommitNotTrusted',
]);

/** Builds the plan of a revision. */
export function buildPlan(input: PlanInput): PlanResult {
  const { snapshot, inForce, live, context } = input;
  const sourceProblems = [...(input.sourceProblems ?? []), ...findEmptySource(snapshot, inForce)];
  const frozenAll = sourceProblems.length > 0 || snapshot.frozen === 'all';
  const frozen = new Set(snapshot.frozen === 'all' ? [] : snapshot.frozen);
  const planned = new Map<string, PlannedProduct>();
  for (const product of productNames(snapshot, inForce)) {
    const seen = live.get(product);
    if (seen === undefined) continue;
    const current = inForce.get(product) ?? emptyDesired(product);
    const desired = desiredOf(snapshot, product);
    planned.set(
      product,
      frozenAll || frozen.has(product)
        ? planFrozen(snapshot, current, seen, context)
        : planProduct(product, snapshot, desired, current, seen, context),
    );
  }
  const products = [...planned.values()].map(({ plan }) => plan);
  const fileProblems = snapshot.problems.filter(
    (problem) =>
      problem.severity === 'error' &&
      (FILE_REASONS.has(problem.reason) || problem.product === null),
  );
  return {
    plan: {
      revision: snapshot.revision,
      fingerprint: fingerprintOf(snapshot.revision, products),
      products,
      errors: [...sourceProblems, ...fileProblems],
    },
    next: new Map([...planned].map(([product, { next }]) => [product, next])),
  };
}

/** Products that the revision speaks of or that are in force, sorted. */
function productNames(
  snapshot: Snapshot,
  inForce: ReadonlyMap<string, Desired>,
): readonly string[] {
  const refused = snapshot.refused.flatMap((key) => key.split('/')[1] ?? []);
  const active = [...inForce].flatMap(([name, desired]) => (desired.config === null ? [] : [name]));
  return [...new Set([...Object.keys(snapshot.products), ...refused, ...active])].sort();
}

/** A source without any manifest, while something is in force, is never read as a deletion of everything. */
export function findEmptySource(
  snapshot: Snapshot,
  inForce: ReadonlyMap<string, Desired>,
): readonly Problem[] {
  const empty =
    Object.keys(snapshot.products).length === 0 &&
    snapshot.refused.length === 0 &&
    snapshot.problems.length === 0;
  const something = [...inForce.values()].some((desired) => desired.config !== null);
  const allowed = [...inForce].every(
    ([product, { config }]) =>
      config === null ||
      (parentGuardrailsOf(snapshot, product) ?? config.spec.guardrails).allowEmpty,
  );
  if (!empty || (something && allowed)) return [];
  return [
    {
      severity: 'error',
      reason: 'EmptySource',
      message: `Revision ${snapshot.revision} holds no manifest at all${something ? '; what is in force stays' : ''}.`,
      remedy: something
        ? REASONS.EmptySource.remedy
        : 'Write manifests, or start from `lockstep init`.',
      place: null,
      excerpt: null,
      product: null,
    },
  ];
}

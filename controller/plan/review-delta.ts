// What a change itself does to a product, apart from what goes on without it: the merge result against the base alone.

import type { Action, FlashCount, ProductPlan, Refusal, Warning } from '../model/plan.ts';
import type { Problem } from '../model/problem.ts';
import type { ChangeReview, ReleaseGateReport } from '../model/review.ts';
import { actionKey, troubleKey, troublesOf, warningKey, withoutPartner } from './plan-keys.ts';

/** One product of a review. What the base has too is apart, under `standing`. */
export interface ProductDelta {
  readonly product: string;
  /** Of the merge result. */
  readonly plan: ProductPlan;
  readonly actions: readonly Action[];
  readonly refusals: readonly Refusal[];
  readonly warnings: readonly Warning[];
  /** Devices that would be flashed with the change and not without it, or more of them; sorted as in the impact. */
  readonly flashes: readonly FlashCount[];
  /** Devices that would be flashed without the change and not with it. */
  readonly spared: readonly FlashCount[];
  /** What the gate looked at. */
  readonly releases: readonly ReleaseGateReport[];
  readonly standing: {
    readonly actions: readonly Action[];
    readonly refusals: readonly Refusal[];
    readonly warnings: readonly Warning[];
    readonly flashes: readonly FlashCount[];
  };
}

/** The errors of a review, those that the change brings apart from those that stand without it. */
export interface ErrorDelta {
  readonly brought: readonly Problem[];
  readonly standing: readonly Problem[];
}

/** A review, taken apart into what is the change's own and what stands without it. */
export interface ReviewDelta {
  readonly review: ChangeReview;
  readonly errors: ErrorDelta;
  /** All products of the merge result's plan, in its order. */
  readonly products: readonly ProductDelta[];
}

/** Takes a review apart. */
export function takeApart(review: ChangeReview): ReviewDelta {
  const { plan, base } = review;
  const known = new Set(review.standing);
  const baseOf = new Map(base.products.map((each) => [each.product, each]));
  const isStanding = (problem: Problem): boolean =>
    troublesOf({ ...plan, errors: [problem], products: [] }).some((trouble) =>
      known.has(troubleKey(trouble)),
    );
  return {
    review,
    errors: {
      brought: plan.errors.filter((problem) => !isStanding(problem)),
      standing: plan.errors.filter(isStanding),
    },
    products: plan.products.map((each) =>
      deltaOf(each, baseOf.get(each.product) ?? null, review, known),
    ),
  };
}

/** Whether the change does anything to the product that a reviewer should see. */
export function isTouched(delta: ProductDelta): boolean {
  const { actions, refusals, warnings, flashes, spared, releases } = delta;
  return [actions, refusals, warnings, flashes, spared, releases].some(({ length }) => length > 0);
}

function deltaOf(
  plan: ProductPlan,
  base: ProductPlan | null,
  review: ChangeReview,
  known: ReadonlySet<string>,
): ProductDelta {
  const { product } = plan;
  const isStanding = (problem: Refusal): boolean =>
    known.has(troubleKey({ product, manifest: problem.manifest, lifts: problem.lifts, problem }));
  const actions = withoutPartner(plan.actions, base?.actions ?? [], actionKey);
  const warnings = withoutPartner(plan.warnings, base?.warnings ?? [], (warning, isOther) =>
    warningKey(warning, (isOther ? review.base : review.plan).revision),
  );
  // Of a product that is held as it is no impact is counted: what is under way goes on.
  const before = base?.impact.flashes ?? [];
  const after = isHeld(plan) ? before : plan.impact.flashes;
  const flashes = moreFlashes(after, before);
  return {
    product,
    plan,
    actions,
    refusals: plan.refusals.filter((refusal) => !isStanding(refusal)),
    warnings,
    flashes,
    spared: moreFlashes(before, after),
    releases: review.releases.filter((release) => release.product === product),
    standing: {
      actions: rest(plan.actions, actions),
      refusals: plan.refusals.filter(isStanding),
      warnings: rest(plan.warnings, warnings),
      flashes: moreFlashes(after, flashes),
    },
  };
}

function rest<T>(items: readonly T[], some: readonly T[]): readonly T[] {
  const without = new Set(some);
  return items.filter((item) => !without.has(item));
}

function isHeld({ frozen, refusals }: ProductPlan): boolean {
  return (
    frozen ||
    refusals.some(({ reason }) => reason === 'EmptySource' || reason === 'ProductNotAccepted')
  );
}

/** The flashes of the first list that the second has not. */
function moreFlashes(
  some: readonly FlashCount[],
  others: readonly FlashCount[],
): readonly FlashCount[] {
  return some.flatMap(({ from, to, devices }) => {
    const other = others.find((each) => each.from === from && each.to === to);
    const more = devices - (other?.devices ?? 0);
    return more > 0 ? [{ from, to, devices: more }] : [];
  });
}

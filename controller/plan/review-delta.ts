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

/** All products of the merge result's plan, in its order. */
export function productDeltas(review: ChangeReview): readonly ProductDelta[] {
  return review.plan.products.map((plan) => {
    const base = review.base.products.find(({ product }) => product === plan.product) ?? null;
    return deltaOf(plan, base, review);
  });
}

/** Splits the errors of the merge result's plan. */
export function errorDelta({ plan, standing }: ChangeReview): ErrorDelta {
  const known = new Set(standing);
  const isStanding = (problem: Problem): boolean =>
    troublesOf({ ...plan, errors: [problem], products: [] }).some((trouble) =>
      known.has(troubleKey(trouble)),
    );
  return {
    brought: plan.errors.filter((problem) => !isStanding(problem)),
    standing: plan.errors.filter(isStanding),
  };
}

/** Whether the change does anything to the product that a reviewer should see. */
export function isTouched(delta: ProductDelta): boolean {
  const { actions, refusals, warnings, flashes, spared, releases } = delta;
  return [actions, refusals, warnings, flashes, spared, releases].some(({ length }) => length > 0);
}

function deltaOf(plan: ProductPlan, base: ProductPlan | null, review: ChangeReview): ProductDelta {
  const { product } = plan;
  const known = new Set(review.standing);
  const isStanding = (problem: Refusal): boolean =>
    known.has(troubleKey({ product, manifest: problem.manifest, lifts: problem.lifts, problem }));
  const actions = withoutPartner(plan.actions, base?.actions ?? [], actionKey);
  const warnings = withoutPartner(plan.warnings, base?.warnings ?? [], (warning, isOther) =>
    warningKey(warning, (isOther ? review.base : review.plan).revision),
  );
  const flashes = moreFlashes(plan.impact.flashes, base?.impact.flashes ?? []);
  return {
    product,
    plan,
    actions,
    refusals: plan.refusals.filter((refusal) => !isStanding(refusal)),
    warnings,
    flashes,
    spared: moreFlashes(base?.impact.flashes ?? [], plan.impact.flashes),
    releases: review.releases.filter((release) => release.product === product),
    standing: {
      actions: plan.actions.filter((action) => !actions.includes(action)),
      refusals: plan.refusals.filter(isStanding),
      warnings: plan.warnings.filter((warning) => !warnings.includes(warning)),
      flashes: moreFlashes(plan.impact.flashes, flashes),
    },
  };
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

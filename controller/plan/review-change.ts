// The review of a change before it is merged: what the merge result would do to the live fleet, what of that is so without
// the change too, and how its releases stand with the gate. A pure function; reviewing changes nothing.

import type { ProductSpec } from '../model/desired.ts';
import type { ChangeReview } from '../model/review.ts';
import type { Snapshot } from '../model/revision.ts';
import type { PlanResult } from './build-plan.ts';
import { buildPlan } from './build-plan.ts';
import { findNewFirmware } from './new-firmware.ts';
import { describePolicyChanges } from './policy-changes.ts';
import { worstState } from './review-gate.ts';
import type { ReviewInput } from './review-releases.ts';
import { judgeReleases } from './review-releases.ts';
import { isSameContent } from './same-manifests.ts';
import { findStanding } from './standing.ts';

export type { ReviewInput } from './review-releases.ts';

export interface ReviewResult {
  readonly review: ChangeReview;
  /** By product: what would be in force once the merge result is carried out. */
  readonly next: PlanResult['next'];
}

/**
 * Reviews a change. Guardrails are read from the base, never from the change: a change that raises a limit is still bound
 * by it.
 *
 * The gate looks at the releases that the change adds or moves to another version; at those that merging it would start
 * for another reason; and at those that wait for their gate and would wait in vain after it, because of what it does to
 * locks, groups or the rule. A release under way that the change leaves alone is not its matter. What cannot be judged
 * (the manifest, its firmware or its file is refused, its product frozen, its fleet not read) is a `failure`: a check
 * that could not run is never a pass.
 */
export function reviewChange(input: ReviewInput): ReviewResult {
  const { base, inForce, live, context, sourceProblems } = input;
  const merged = { ...input.merged, parentGuardrails: guardrailsOf(base) };
  const planOf = (snapshot: Snapshot): PlanResult =>
    buildPlan({ snapshot, inForce, live, context, sourceProblems });
  const after = planOf(merged);
  const before = planOf(base);
  const standing = findStanding(
    { snapshot: merged, plan: after.plan },
    { snapshot: base, plan: before.plan },
  );
  const releases = judgeReleases({
    input: { ...input, merged },
    after,
    before,
    standing: new Set(standing),
  });
  return {
    review: {
      plan: after.plan,
      base: before.plan,
      unread: Object.keys(merged.products)
        .filter((product) => !live.has(product))
        .sort(),
      touchesManifests: !isSameContent(merged, base),
      standing,
      gate: worstState(releases.map(({ state }) => state)),
      releases,
      newFirmware: findNewFirmware(merged, base),
      policyChanges: describePolicyChanges(merged, base),
    },
    next: after.next,
  };
}

function guardrailsOf({ products }: Snapshot): Readonly<Record<string, ProductSpec['guardrails']>> {
  return Object.fromEntries(
    Object.values(products).flatMap(({ product, config }) =>
      config === null ? [] : [[product, config.spec.guardrails] as const],
    ),
  );
}

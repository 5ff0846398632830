// Reviews of random changes, in random lives of a small fleet: what must hold of each, whatever the manifests say.

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { verificationOf } from '../../controller/gates/verified.ts';
import { emptyDesired } from '../../controller/model/desired.ts';
import type { Plan } from '../../controller/model/plan.ts';
import type { Snapshot } from '../../controller/model/revision.ts';
import { desiredOf } from '../../controller/model/revision.ts';
import { buildPlan } from '../../controller/plan/build-plan.ts';
import { changeKey, describeMoves } from '../../controller/plan/compare-plans.ts';
import { isSamePlan } from '../../controller/plan/fingerprint.ts';
import { actionKey, troubleKey, troublesOf } from '../../controller/plan/plan-keys.ts';
import type { ReviewInput } from '../../controller/plan/review-change.ts';
import { reviewChange } from '../../controller/plan/review-change.ts';
import { parseReviewJson, reviewJson } from '../../controller/reports/review-json.ts';
import type { Step } from '../support/core-steps.ts';
import { lives, snapshotOf } from '../support/core-steps.ts';
import type { World } from '../support/core-world.ts';
import { createWorld } from '../support/core-world.ts';
import { PRODUCT } from '../support/plan-input.ts';

/** Lives through the steps, and reviews each commit against the fleet that it meets before it is merged. */
function reviewLife(steps: readonly Step[], look: (input: ReviewInput) => void): number {
  const world = createWorld();
  let tip: Snapshot | null = null;
  let count = 0;
  for (const [index, step] of steps.entries()) {
    if (step.type === 'commit') {
      const merged = snapshotOf(step, `r${index}`, tip);
      if (tip !== null) {
        look(inputOf(world, merged, tip));
        count += 1;
      }
      world.commit(merged, step.adopt);
      tip = merged;
    } else if (step.type === 'after') world.after(step.ms);
    else if (step.type === 'poll') world.poll(step.device);
    else if (step.type === 'download') world.download(step.device);
    else if (step.type === 'report') world.report(step.device, { fw_version: step.version });
    else if (step.type === 'pass') world.pass();
  }
  return count;
}

function inputOf(world: World, merged: Snapshot, base: Snapshot): ReviewInput {
  const { input } = world.pass();
  return { ...input, merged, base, sourceProblems: [] };
}

describe('whatever a change says', () => {
  it('its review is a pure function that keeps its word', () => {
    let reviews = 0;
    fc.assert(
      fc.property(lives, (steps) => {
        reviews += reviewLife(steps, checkReview);
      }),
      { numRuns: 120 },
    );
    expect(reviews).toBeGreaterThan(300);
  });
});

function checkReview(input: ReviewInput): void {
  const before = JSON.stringify([input.merged, input.base, [...input.inForce]]);
  const { review } = reviewChange(input);
  expect(JSON.stringify([input.merged, input.base, [...input.inForce]])).toBe(before);
  expect(JSON.stringify(reviewChange(input).review)).toBe(JSON.stringify(review));
  expect(JSON.stringify(parseReviewJson(JSON.parse(JSON.stringify(reviewJson(review)))))).toBe(
    JSON.stringify(review),
  );

  checkGate(input, review);

  const all = new Set(troublesOf(review.plan).map(troubleKey));
  expect(review.standing.filter((key) => !all.has(key))).toEqual([]);

  const same = { ...input.base, revision: 'r-same' };
  const unchanged = reviewChange({ ...input, merged: same });
  expect(unchanged.review.touchesManifests).toBe(false);
  const freed = isBoundAlike(input) ? unchanged.review.releases : [];
  expect(freed).toEqual([]);
  expect(unchanged.review.policyChanges).toEqual([]);
  expect(unchanged.review.newFirmware).toEqual([]);
  // An empty commit after the base is bound by the base's guardrails, and the base itself by those before it.
  const config = desiredOf(input.base, PRODUCT)?.config ?? null;
  const later = config === null ? {} : { [PRODUCT]: config.spec.guardrails };
  const base = buildPlan({ ...input, snapshot: { ...input.base, parentGuardrails: later } }).plan;
  const known = new Set(base.products.flatMap(({ actions }) => actions.map(actionKey)));
  const added = unchanged.review.plan.products.flatMap(({ actions }) => actions.map(actionKey));
  expect(added.filter((key) => !known.has(key))).toEqual([]);

  expect(describeMoves(review.plan, review.plan)).toEqual([]);
  expect(describeMoves(base, unchanged.review.plan)).toEqual([]);
  expect(describeMoves(review.plan, unchanged.review.plan).length > 0).toBe(
    describeMoves(unchanged.review.plan, review.plan).length > 0,
  );
  const twin = { ...unchanged.review.plan, revision: review.plan.revision };
  const moved = describeMoves(thawed(review.plan), thawed(twin));
  expect(isSamePlan(review.plan, twin) && moved.length > 0).toBe(false);
  expect(changeKey(review)).toBe(changeKey({ ...review }));
}

/** Whether the base alone is bound by the guardrails that it gives to a commit after it. */
function isBoundAlike({ base, inForce }: ReviewInput): boolean {
  const own = desiredOf(base, PRODUCT)?.config?.spec.guardrails;
  const { config, parentGuardrails } = inForce.get(PRODUCT) ?? emptyDesired(PRODUCT);
  const bound =
    parentGuardrails?.revision === base.revision
      ? parentGuardrails.guardrails
      : config?.spec.guardrails;
  return JSON.stringify(own) === JSON.stringify(bound);
}

/** The plan without what a saved plan may differ in and still hold. */
function thawed(plan: Plan): Plan {
  return {
    ...plan,
    errors: [],
    products: plan.products.map((each) => ({ ...each, frozen: false })),
  };
}

/** Never a pass for a version that is not verified, judged by an account of its own. */
function checkGate(input: ReviewInput, review: ReturnType<typeof reviewChange>['review']): void {
  const merged = desiredOf(input.merged, PRODUCT);
  const base = desiredOf(input.base, PRODUCT);
  const live = input.live.get(PRODUCT);
  const isFrozen = input.merged.frozen === 'all' || input.merged.frozen.includes(PRODUCT);
  for (const { spec, origin } of merged?.releases ?? []) {
    const isKept = base?.releases.some(
      (each) => each.spec.group === spec.group && each.spec.version === spec.version,
    );
    const report = review.releases.find(({ manifest }) => manifest === `Release/${origin.name}`);
    if (isKept === true) continue;
    expect(report).toBeDefined();
    if (report?.state !== 'success') {
      expect(report?.remedy).not.toBeNull();
      continue;
    }
    expect(isFrozen).toBe(false);
    const firmware = merged?.firmware.find((each) => each.spec.version === spec.version);
    const rule = merged?.config?.spec.verification;
    if (rule === undefined || live === undefined) throw new Error('nothing to judge by');
    const sha256 =
      firmware?.spec.binary.sha256 ??
      input.inForce.get(PRODUCT)?.firmware.find((each) => each.spec.version === spec.version)?.spec
        .binary.sha256 ??
      '';
    const members = merged?.groups.find((each) => each.origin.name === rule.group)?.spec.devices;
    const record = live.firmware.find(({ version }) => version === spec.version) ?? null;
    const state = verificationOf(
      spec.version,
      sha256,
      record,
      live.evidence,
      rule,
      rule.group === null ? null : new Set(members ?? []),
    );
    expect(state.verified).toBe(true);
    expect(firmware?.spec.withdrawn ?? null).toBeNull();
  }
}

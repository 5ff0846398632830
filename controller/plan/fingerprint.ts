// Whether two plans are the same plan: for a saved plan that is to be applied later, and for a reviewed one.

import { createHash } from 'node:crypto';
import type { Plan, ProductPlan } from '../model/plan.ts';

/** How far the counted devices may move before a plan is another one. */
const IMPACT_TOLERANCE = 0.05;

/** `sha256:` over revision, actions, refusals, and the impact in steps of 5 %. */
export function fingerprintOf(revision: string, products: readonly ProductPlan[]): string {
  const parts = products.map((each) => ({ ...decisionsOf(each), impact: roundedImpact(each) }));
  return `sha256:${digestOf({ revision, parts })}`;
}

/**
 * Whether a saved plan still holds: the same revision, actions and refusals, and each count of devices within 5 %.
 * Compared count by count, since two counts that are close can fall into different steps of the fingerprint.
 */
export function isSamePlan(saved: Plan, current: Plan): boolean {
  const decisions = (plan: Plan): string =>
    digestOf({ revision: plan.revision, parts: plan.products.map(decisionsOf) });
  if (decisions(saved) !== decisions(current)) return false;
  return saved.products.every((product, index) => {
    const now = current.products[index];
    return now !== undefined && movedCounts(product, now).length === 0;
  });
}

/** A count of devices that is no longer what it was. */
export interface MovedCount {
  /** Null: all devices of the product. */
  readonly flash: { readonly from: number | null; readonly to: number } | null;
  readonly before: number;
  readonly after: number;
}

/** The counts of a product's impact that are more than 5 % apart. */
export function movedCounts(saved: ProductPlan, current: ProductPlan): readonly MovedCount[] {
  const before = countsOf(saved);
  const after = countsOf(current);
  return [...new Map([...after, ...before])].flatMap(([key, { flash }]) => {
    const moved: MovedCount = {
      flash,
      before: before.get(key)?.devices ?? 0,
      after: after.get(key)?.devices ?? 0,
    };
    return isCountClose(moved.before, moved.after) ? [] : [moved];
  });
}

type Count = Pick<MovedCount, 'flash'> & { readonly devices: number };

function countsOf({ impact }: ProductPlan): ReadonlyMap<string, Count> {
  const counts: readonly Count[] = [
    { flash: null, devices: impact.devices },
    ...impact.flashes.map(({ from, to, devices }) => ({ flash: { from, to }, devices })),
  ];
  return new Map(counts.map((each) => [JSON.stringify(each.flash), each]));
}

/** Whether two counts are within 5 % of each other. */
export function isCountClose(a: number, b: number): boolean {
  return Math.abs(a - b) <= IMPACT_TOLERANCE * Math.max(a, b);
}

/** A count in steps of 5 %; 0 for none. */
export function roundCount(count: number): number {
  return count === 0 ? 0 : Math.round(Math.log(count) / Math.log(1 + IMPACT_TOLERANCE)) + 1;
}

/** The impact of a product with its counts in steps of 5 %. */
export function roundedImpact({ impact }: ProductPlan): unknown {
  return {
    devices: roundCount(impact.devices),
    flashes: impact.flashes.map(({ from, to, devices }) => [from, to, roundCount(devices)]),
  };
}

/** SHA-256 of a value as JSON, as 64 hex digits. */
export function digestOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}

function decisionsOf(plan: ProductPlan): object {
  return {
    product: plan.product,
    actions: plan.actions,
    refusals: plan.refusals.map(({ reason, manifest, place }) => ({ reason, manifest, place })),
  };
}

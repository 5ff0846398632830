// Whether two plans are the same plan: for a saved plan that is to be applied later, and for a reviewed one.

import { createHash } from 'node:crypto';
import type { Plan, ProductPlan } from '../model/plan.ts';

/** How far the counted devices may move before a plan is another one. */
const IMPACT_TOLERANCE = 0.05;

/** `sha256:` over revision, actions, refusals, and the impact in steps of 5 %. */
export function fingerprintOf(revision: string, products: readonly ProductPlan[]): string {
  const parts = products.map((each) => ({ ...decisionsOf(each), impact: roundedImpact(each) }));
  return `sha256:${digest({ revision, parts })}`;
}

/**
 * Whether a saved plan still holds: the same revision, actions and refusals, and each count of devices within 5 %.
 * Compared count by count, since two counts that are close can fall into different steps of the fingerprint.
 */
export function isSamePlan(saved: Plan, current: Plan): boolean {
  const decisions = (plan: Plan): string =>
    digest({ revision: plan.revision, parts: plan.products.map(decisionsOf) });
  if (decisions(saved) !== decisions(current)) return false;
  return saved.products.every((product, index) => {
    const now = current.products[index];
    return now !== undefined && isImpactClose(product, now);
  });
}

function isImpactClose(saved: ProductPlan, current: ProductPlan): boolean {
  const counts = (plan: ProductPlan): Map<string, number> =>
    new Map([
      ['devices', plan.impact.devices] as const,
      ...plan.impact.flashes.map((flash) => [`${flash.from}>${flash.to}`, flash.devices] as const),
    ]);
  const before = counts(saved);
  const after = counts(current);
  return [...new Set([...before.keys(), ...after.keys()])].every((key) => {
    const a = before.get(key) ?? 0;
    const b = after.get(key) ?? 0;
    return Math.abs(a - b) <= IMPACT_TOLERANCE * Math.max(a, b);
  });
}

function decisionsOf(plan: ProductPlan): object {
  return {
    product: plan.product,
    actions: plan.actions,
    refusals: plan.refusals.map(({ reason, manifest, place }) => ({ reason, manifest, place })),
  };
}

function roundedImpact(plan: ProductPlan): unknown {
  const step = (count: number): number =>
    count === 0 ? 0 : Math.round(Math.log(count) / Math.log(1 + IMPACT_TOLERANCE)) + 1;
  return {
    devices: step(plan.impact.devices),
    flashes: plan.impact.flashes.map(({ from, to, devices }) => [from, to, step(devices)]),
  };
}

function digest(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}

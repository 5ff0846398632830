// The totals of a plan in words, and the firmware that it is about, for every report that people read. Its actions are put
// into words in `plan/action-lines.ts`.

import { countOf, formatNumber } from '../base/count.ts';
import type { FirmwareSpec } from '../model/desired.ts';
import type { FlashCount, Plan, ProductPlan } from '../model/plan.ts';
import { formatAgo } from './plain-text.ts';

/** Totals over all products. */
export interface PlanTotals {
  readonly actions: number;
  readonly refusals: number;
  readonly warnings: number;
  readonly errors: number;
  /** Devices that would be flashed, refused releases aside. */
  readonly flashes: number;
}

/** The manifests of the versions that a product's plan is about, where they have something to say to people. */
export function describedFirmware(
  plan: ProductPlan,
  firmware: readonly FirmwareSpec[],
): readonly FirmwareSpec[] {
  const versions = new Set([
    ...plan.actions.flatMap((action) => ('version' in action ? [action.version] : [])),
    ...plan.refusals.flatMap(({ flashes }) => flashes.map(({ to }) => to)),
  ]);
  return firmware
    .filter(({ product, version }) => product === plan.product && versions.has(version))
    .filter(({ title, description }) => title !== null || description !== null)
    .toSorted((a, b) => a.version - b.version);
}

/** Counts a plan. */
export function countPlan(plan: Plan): PlanTotals {
  const sum = (count: (product: ProductPlan) => number): number =>
    plan.products.reduce((total, product) => total + count(product), 0);
  return {
    actions: sum(({ actions }) => actions.length),
    refusals: sum(({ refusals }) => refusals.length),
    warnings: sum(({ warnings }) => warnings.length),
    errors: plan.errors.length,
    flashes: sum(({ impact }) => sumDevices(impact.flashes)),
  };
}

/** The totals in one sentence: `3 actions, 1 refused, 2 warnings; 899,990 flashes`. */
export function summarisePlan(plan: Plan): string {
  const { actions, refusals, warnings, errors, flashes } = countPlan(plan);
  const parts = [countOf(actions, 'action'), `${formatNumber(refusals)} refused`];
  if (errors > 0) parts.push(countOf(errors, 'error'));
  parts.push(countOf(warnings, 'warning'));
  return `${parts.join(', ')}; ${countOf(flashes, 'flash', 'flashes')}`;
}

/** The devices of some flashes together. */
export function sumDevices(flashes: readonly FlashCount[]): number {
  return flashes.reduce((total, { devices }) => total + devices, 0);
}

/** Such as `fleet read 42s ago`; with its time where it is not known what time it is. Null: the fleet comes by itself. */
export function describeReading({ readAt }: ProductPlan, now: number | null): string | null {
  if (readAt === undefined) return null;
  const time = new Date(readAt).toISOString();
  return now === null ? `fleet read at ${time}` : `fleet read ${formatAgo(time, now)}`;
}

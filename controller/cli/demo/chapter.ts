// What the chapters of the demo's story share: what a chapter is, and how it looks at the fleet.

import type { Failure } from '../../base/failure.ts';
import type { Result } from '../../base/result.ts';
import { ok } from '../../base/result.ts';
import type { ReleasePlan } from '../../model/plan.ts';
import type { ProductView } from '../../reconciler/controller.ts';
import type { TextStyle } from '../../reports/plain-text.ts';
import { renderPlanText } from '../../reports/plan-text.ts';
import type { Narrator } from './narrator.ts';
import type { Stage } from './stage.ts';

/** One part of the story. Ends when the fleet is where the next part takes it up; a failure says what did not happen. */
export type Chapter = (
  stage: Stage,
  narrator: Narrator,
  style: TextStyle,
) => Promise<Result<void, Failure>>;

/** The bench device that verifies, and the device that is held on purpose; both are in the example's manifests. */
export const BENCH_DEVICE = 'e00fce680000000000000001';
export const HELD_DEVICE = 'e00fce680000000000000009';

/** Prints the plan for the newest commit, as `lockstep plan` would, and puts it in force. */
export async function printPlan(
  stage: Stage,
  narrator: Narrator,
  style: TextStyle,
): Promise<Result<void, Failure>> {
  const plan = await stage.plan();
  if (!plan.ok) return plan;
  narrator.output(renderPlanText(plan.value, style));
  return ok(undefined);
}

/** Devices that have named a version, locked or not. */
export function running(view: ProductView, version: number): number {
  return [...(view.live?.unlocked ?? []), ...(view.live?.locked ?? [])]
    .filter((count) => count.version === version)
    .reduce((sum, count) => sum + count.devices, 0);
}

/** Whether a version has passed its gate. */
export function isVerified(view: ProductView, version: number): boolean {
  return (
    view.live?.firmware.some(
      (record) => record.version === version && record.verifiedAt !== null,
    ) ?? false
  );
}

/** How far the release of a version is; null while it is not in force. */
export function findRelease(view: ProductView | null, version: number): ReleasePlan | null {
  return view?.plan?.releases.find((release) => release.version === version) ?? null;
}

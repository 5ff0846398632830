// The devices that each release of a plan would flash first, by name: looked up only where a person asks for a plan.

import { compilePolicy } from '../devices/policy.ts';
import type { Desired } from '../model/desired.ts';
import type { FirmwareRecord } from '../model/firmware.ts';
import type { ProductPlan, ReleasePlan } from '../model/plan.ts';
import type { FleetDriver } from '../fleets/driver.ts';
import type { PlanResult } from '../plan/build-plan.ts';
import { offsetOf } from '../releases/circle.ts';
import { resolveTarget } from '../releases/target.ts';
import type { HeldProducts } from './held-products.ts';
import { driverOf } from './held-products.ts';

const NAMES_MAX = 5;
/** Devices that are looked at for a release: those at the beginning of its turn may run its version already. */
const LOOKED_AT_MAX = 200;

/** The same plan, with `firstDevices` of its releases. A fleet that can't be asked leaves them out. */
export async function nameFirstDevices(
  { plan, next }: PlanResult,
  held: HeldProducts,
  drivers: ReadonlyMap<string, FleetDriver>,
): Promise<PlanResult> {
  const products = await Promise.all(
    plan.products.map(async (each) => {
      const desired = next.get(each.product);
      const driver = desired === undefined ? null : driverOf(drivers, desired, desired);
      if (desired === undefined || driver === null || each.releases.length === 0) return each;
      return nameOf(each, desired, driver, held.recordOf(each.product).stoppedAt !== null);
    }),
  );
  return { plan: { ...plan, products }, next };
}

async function nameOf(
  plan: ProductPlan,
  desired: Desired,
  driver: FleetDriver,
  stopped: boolean,
): Promise<ProductPlan> {
  const policy = compilePolicy(desired, recordsOf(desired), { stopped });
  if (policy === null) return plan;
  const releases = await Promise.all(
    plan.releases.map(async (release): Promise<ReleasePlan> => {
      if (release.exposure === 0 || release.finishedAt !== null) return release;
      const span = { offset: offsetOf(plan.product, release.version), limit: release.exposure };
      const found = await driver.firstDevices(plan.product, span, LOOKED_AT_MAX);
      if (!found.ok) return release;
      const firstDevices = found.value
        .filter((device) => isFlashedBy(release, resolveTarget(device, policy), device.running))
        .slice(0, NAMES_MAX)
        .map(({ id }) => id);
      return { ...release, firstDevices };
    }),
  );
  return { ...plan, releases };
}

function isFlashedBy(
  release: ReleasePlan,
  target: ReturnType<typeof resolveTarget>,
  running: number | null,
): boolean {
  return (
    target.kind === 'version' &&
    target.manifest === release.manifest &&
    target.rule !== 'base' &&
    target.firmware.version !== running
  );
}

/** Everything in force after the plan is stored and verified by then. */
function recordsOf(desired: Desired): readonly FirmwareRecord[] {
  return desired.firmware.map(({ spec }) => ({
    product: desired.product,
    version: spec.version,
    sha256: spec.binary.sha256,
    size: 0,
    sha1: '',
    md5: '',
    addedAt: 0,
    addedRevision: '',
    verifiedAt: 0,
    finishedAt: null,
    withdrawnAt: null,
    stored: true,
  }));
}

// Carries out what a plan decided for one product. What holds devices back comes first, then what is in force, the
// firmware's records and the events in one write, then the driver's switch to it; what sets devices free comes after,
// so that none of them meets a release that is being replaced. Only then is the revision said to be in force. Killed
// anywhere, the next pass finds what is left and does it; nothing is done twice with effect.

import type { Failure } from '../base/failure.ts';
import type { Result } from '../base/result.ts';
import { ok } from '../base/result.ts';
import type { FleetDriver } from '../fleets/driver.ts';
import type { Desired } from '../model/desired.ts';
import { emptyDesired } from '../model/desired.ts';
import type { EventDraft } from '../model/event.ts';
import type { BinaryFacts } from '../model/firmware.ts';
import type { LiveState } from '../model/live.ts';
import type { Action, ProductPlan } from '../model/plan.ts';
import { eventOfAction } from '../reports/action-events.ts';
import type { HeldProducts } from './held-products.ts';
import { driverOf } from './held-products.ts';
import type { ReconcilerPorts } from './ports.ts';
import { rememberFirmware } from './remember-firmware.ts';

export interface CarryOutInput {
  readonly plan: ProductPlan;
  readonly next: Desired;
  readonly live: LiveState;
  /** Versions that the state takes for stored, while their binary is gone. */
  readonly lost: ReadonlySet<number>;
  readonly revision: string;
  /** A person adopts the product with this pass. */
  readonly adopt: boolean;
  readonly now: number;
}

type Ports = Pick<ReconcilerPorts, 'store' | 'binaries' | 'drivers'> & {
  readonly held: HeldProducts;
};

/** Carries a product's plan out. What was reached is held, also where a failure leaves the rest for later. */
export async function carryOut(
  input: CarryOutInput,
  driver: FleetDriver,
  ports: Ports,
): Promise<Result<void, Failure>> {
  const { plan } = input;
  const frees = ({ type }: Action): boolean => type === 'UnlockDevice';
  for (const action of plan.actions.filter((each) => !frees(each))) {
    const done = await driver.execute(plan.product, action);
    if (!done.ok) return done;
  }
  const enforced = await putInForce(input, driver, ports);
  if (!enforced.ok) return enforced;
  for (const action of plan.actions.filter(frees)) {
    const done = await driver.execute(plan.product, action);
    if (!done.ok) return done;
  }
  await nameRevision(input, ports);
  return ok(undefined);
}

/** Writes what is in force from now on, where it changes, and has the driver answer by it. */
async function putInForce(
  input: CarryOutInput,
  driver: FleetDriver,
  ports: Ports,
): Promise<Result<void, Failure>> {
  const { plan, next, live, now } = input;
  const { product } = plan;
  const facts = await factsOf(plan, ports);
  const firmware = rememberFirmware(plan, next, live, facts, now, input.lost);
  return ports.held.inTurn(product, async () => {
    const record = ports.held.recordOf(product);
    // Told before it is written that the fleet is another one: killed in between, the next pass tells it again.
    const left = await leaveFleet(record.inForce, driver, ports);
    if (!left.ok) return left;
    const adopts = input.adopt && record.adoptedAt === null;
    const after = { ...record, inForce: next, adoptedAt: adopts ? now : record.adoptedAt };
    const events = eventsOf(input, adopts);
    const unchanged =
      events.length === 0 &&
      firmware.length === 0 &&
      JSON.stringify(after) === JSON.stringify(record);
    if (!unchanged) {
      const voidEvidence = plan.actions.flatMap((action) =>
        action.type === 'WithdrawFirmware' ? [action.version] : [],
      );
      await ports.store.saveProduct({ product: after, firmware, voidEvidence, events });
      ports.held.change(product, { record: after, enforced: false });
    }
    if (ports.held.get(product)?.enforced !== false) return ok(undefined);
    const enforced = await driver.enforce(next);
    if (enforced.ok) ports.held.change(product, { enforced: true });
    return enforced;
  });
}

/** Has the driver that a product is taken from let go of it, where another one takes it. */
async function leaveFleet(
  inForce: Desired,
  driver: FleetDriver,
  { drivers }: Pick<Ports, 'drivers'>,
): Promise<Result<void, Failure>> {
  const before = driverOf(drivers, null, inForce);
  if (before === null || before.name === driver.name) return ok(undefined);
  return before.enforce(emptyDesired(inForce.product));
}

/** Says that the revision is in force, now that the driver answers by it. A frozen product stays where it was. */
function nameRevision({ plan, revision, now }: CarryOutInput, ports: Ports): Promise<void> {
  const { product } = plan;
  return ports.held.inTurn(product, async () => {
    const record = ports.held.recordOf(product);
    if (plan.frozen || record.revision === revision) return;
    const after = { ...record, revision };
    const event: EventDraft = {
      type: 'RevisionInForce',
      at: now,
      product,
      revision,
      manifest: null,
      device: null,
      actionId: null,
      message: `Revision ${revision} is in force.`,
    };
    await ports.store.saveProduct({ product: after, events: [event] });
    // Whoever reads that the revision is in force is told what is refused of it, and no longer of the one before.
    ports.held.change(product, { record: after, plan: { ...plan, actions: [] } });
  });
}

function eventsOf(
  { plan, next, now, revision }: CarryOutInput,
  adopts: boolean,
): readonly EventDraft[] {
  const { product } = plan;
  const base = { at: now, product, device: null, actionId: null };
  const events: EventDraft[] = [];
  // What verified a version comes before the release that it let through.
  for (const version of plan.newlyVerified) {
    const origin = next.firmware.find(({ spec }) => spec.version === version)?.origin;
    const gate = plan.gates.find((each) => each.version === version);
    events.push({
      ...base,
      type: 'FirmwareVerified',
      revision: origin?.revision ?? revision,
      manifest: `Firmware/${origin?.name ?? ''}`,
      message: `Version ${version} is verified. ${gate?.message ?? ''}`.trim(),
    });
  }
  for (const action of plan.actions) {
    // Locks write their own events, in the same write as the device's record.
    if (action.type === 'LockDevice' || action.type === 'UnlockDevice') continue;
    events.push(eventOfAction(product, action, now));
  }
  for (const version of plan.newlyFinished) {
    const origin = next.releases.find(({ spec }) => spec.version === version)?.origin;
    events.push({
      ...base,
      type: 'ReleaseFinished',
      revision: origin?.revision ?? revision,
      manifest: `Release/${origin?.name ?? ''}`,
      message: `The release of version ${version} is finished.`,
    });
  }
  if (adopts) {
    events.push({
      ...base,
      type: 'ProductAdopted',
      revision,
      manifest: null,
      message: 'A person adopted the product into this state.',
    });
  }
  return events;
}

async function factsOf(
  plan: ProductPlan,
  ports: Pick<ReconcilerPorts, 'binaries'>,
): Promise<ReadonlyMap<string, BinaryFacts>> {
  const facts = new Map<string, BinaryFacts>();
  for (const action of plan.actions) {
    if (action.type !== 'UploadFirmware') continue;
    const found = await ports.binaries.facts(action.sha256);
    if (found !== null) facts.set(action.sha256, found);
  }
  return facts;
}

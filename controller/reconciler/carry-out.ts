// Carries out what a plan decided for one product: the fleet first, then what is in force, the firmware's records and
// the events in one write, then the gateway's (or any driver's) switch to it. Killed anywhere, the next pass finds what
// is left and does it; nothing is done twice with effect.

import type { Failure } from '../base/failure.ts';
import type { Result } from '../base/result.ts';
import { ok } from '../base/result.ts';
import type { FleetDriver } from '../fleets/driver.ts';
import type { Desired } from '../model/desired.ts';
import type { EventDraft } from '../model/event.ts';
import type { BinaryFacts } from '../model/firmware.ts';
import type { LiveState } from '../model/live.ts';
import type { ProductPlan } from '../model/plan.ts';
import { eventOfAction } from '../reports/action-events.ts';
import type { ProductRecord } from '../stores/store.ts';
import type { ReconcilerPorts } from './ports.ts';
import { rememberFirmware } from './remember-firmware.ts';

export interface CarryOutInput {
  readonly record: ProductRecord;
  readonly plan: ProductPlan;
  readonly next: Desired;
  readonly live: LiveState;
  readonly revision: string;
  /** A person adopts the product with this pass. */
  readonly adopt: boolean;
  readonly now: number;
}

/** Carries a product's plan out. The record is as it is in the state afterwards; a failure leaves the rest for later. */
export async function carryOut(
  input: CarryOutInput,
  driver: FleetDriver,
  ports: Pick<ReconcilerPorts, 'store' | 'binaries'>,
): Promise<Result<ProductRecord, Failure>> {
  const { record, plan, next, live, now } = input;
  for (const action of plan.actions) {
    const done = await driver.execute(plan.product, action);
    if (!done.ok) return done;
  }
  const firmware = rememberFirmware(plan, next, live, await factsOf(plan, ports), now);
  const adopts = input.adopt && record.adoptedAt === null;
  const after: ProductRecord = {
    ...record,
    inForce: next,
    revision: plan.frozen ? record.revision : input.revision,
    adoptedAt: adopts ? now : record.adoptedAt,
  };
  const events = eventsOf(
    input,
    firmware.filter(({ finishedAt }) => finishedAt === now).map(({ version }) => version),
    adopts,
  );
  const unchanged =
    events.length === 0 &&
    firmware.length === 0 &&
    JSON.stringify(after) === JSON.stringify(record);
  if (!unchanged) {
    const voidEvidence = plan.actions.flatMap((action) =>
      action.type === 'WithdrawFirmware' ? [action.version] : [],
    );
    await ports.store.saveProduct({ product: after, firmware, voidEvidence, events });
    const enforced = await driver.enforce(next);
    if (!enforced.ok) return enforced;
  }
  return ok(after);
}

function eventsOf(
  input: CarryOutInput,
  finished: readonly number[],
  adopts: boolean,
): readonly EventDraft[] {
  const { plan, record, next, now } = input;
  const { product } = plan;
  const base = { at: now, product, revision: input.revision, device: null, actionId: null };
  // Locks write their own events, in the same write as the device's record.
  const events = plan.actions
    .filter(({ type }) => type !== 'LockDevice' && type !== 'UnlockDevice')
    .map((action) => eventOfAction(product, action, now));
  for (const version of plan.newlyVerified) {
    const manifest = next.firmware.find(({ spec }) => spec.version === version)?.origin.name ?? '';
    const gate = plan.gates.find((each) => each.version === version);
    events.push({
      ...base,
      type: 'FirmwareVerified',
      manifest: `Firmware/${manifest}`,
      message: `Version ${version} is verified. ${gate?.message ?? ''}`.trim(),
    });
  }
  for (const version of finished) {
    const release = next.releases.find(({ spec }) => spec.version === version);
    events.push({
      ...base,
      type: 'ReleaseFinished',
      manifest: `Release/${release?.origin.name ?? ''}`,
      message: `The release of version ${version} has had its first success.`,
    });
  }
  if (adopts) {
    events.push({
      ...base,
      type: 'ProductAdopted',
      manifest: null,
      message: 'A person adopted the product into this state.',
    });
  }
  if (!plan.frozen && record.revision !== input.revision) {
    events.push({
      ...base,
      type: 'RevisionInForce',
      manifest: null,
      message: `Revision ${input.revision} is in force.`,
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

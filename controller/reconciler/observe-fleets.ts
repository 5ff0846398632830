// Reads the fleets of all products that a snapshot or the state in force speaks of. A fleet that cannot be reached is
// a failure of its own product, and of no other.

import type { Failure } from '../base/failure.ts';
import type { Desired } from '../model/desired.ts';
import type { FirmwareRecord } from '../model/firmware.ts';
import type { LiveState } from '../model/live.ts';
import type { Snapshot } from '../model/revision.ts';
import { desiredOf } from '../model/revision.ts';
import { namedDevices } from '../plan/named-devices.ts';
import type { BinaryStore } from '../stores/binaries.ts';
import type { HeldProducts } from './held-products.ts';
import { driverOf } from './held-products.ts';
import type { ReconcilerPorts } from './ports.ts';

export interface Observation {
  /** By product; those whose fleet cannot be reached are left out. */
  readonly live: ReadonlyMap<string, LiveState>;
  readonly failures: ReadonlyMap<string, Failure>;
}

/** Observes every product once. A version whose binary is gone or damaged is seen as not stored. */
export async function observeFleets(
  snapshot: Snapshot,
  held: HeldProducts,
  { drivers, binaries }: Pick<ReconcilerPorts, 'drivers' | 'binaries'>,
): Promise<Observation> {
  const live = new Map<string, LiveState>();
  const failures = new Map<string, Failure>();
  const refused = snapshot.refused.flatMap((key) => key.split('/')[1] ?? []);
  for (const product of new Set([...Object.keys(snapshot.products), ...refused, ...held.names()])) {
    const desired = desiredOf(snapshot, product);
    const { inForce, adoptedAt, stoppedAt } = held.recordOf(product);
    const flags = { adopted: adoptedAt !== null, stopped: stoppedAt !== null };
    const driver = driverOf(drivers, desired, inForce);
    if (driver === null) {
      live.set(product, { ...emptyLive(product), ...flags });
      continue;
    }
    const seen = await driver.observe(product, namedDevices(desired, inForce));
    if (seen.ok) {
      const firmware = await checkStored(seen.value.firmware, desired, binaries);
      live.set(product, { ...seen.value, ...flags, firmware });
    } else failures.set(product, seen.error);
  }
  return { live, failures };
}

/** Only firmware that has a manifest is looked for: nothing else could be stored again. */
async function checkStored(
  records: readonly FirmwareRecord[],
  desired: Desired | null,
  binaries: BinaryStore,
): Promise<readonly FirmwareRecord[]> {
  const wanted = new Set(
    desired?.firmware.flatMap(({ spec }) => (spec.withdrawn === null ? [spec.version] : [])),
  );
  return Promise.all(
    records.map(async (record) => {
      if (!record.stored || !wanted.has(record.version)) return record;
      return (await binaries.facts(record.sha256)) === null ? { ...record, stored: false } : record;
    }),
  );
}

/** What is seen of a product that no driver carries yet. */
function emptyLive(product: string): LiveState {
  return {
    product,
    adopted: false,
    stopped: false,
    devices: 0,
    offline: 0,
    quarantined: 0,
    unlocked: [],
    locked: [],
    outcomes: [],
    named: new Map(),
    firmware: [],
    evidence: [],
  };
}

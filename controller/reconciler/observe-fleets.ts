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
  /** By product: versions that the state takes for stored, while their binary is gone or damaged. */
  readonly lost: ReadonlyMap<string, ReadonlySet<number>>;
}

/**
 * Observes every product that one of the snapshots speaks of, once; where the snapshots name different drivers, the first
 * one's. A version whose binary is gone or damaged is seen as not stored.
 */
export async function observeFleets(
  snapshots: readonly Snapshot[],
  held: HeldProducts,
  { drivers, binaries }: Pick<ReconcilerPorts, 'drivers' | 'binaries'>,
): Promise<Observation> {
  const live = new Map<string, LiveState>();
  const failures = new Map<string, Failure>();
  const lost = new Map<string, ReadonlySet<number>>();
  const spokenOf = snapshots.flatMap(({ products, refused }) => [
    ...Object.keys(products),
    ...refused.flatMap((key) => key.split('/')[1] ?? []),
  ]);
  for (const product of new Set([...spokenOf, ...held.names()])) {
    const wanted = snapshots.map((snapshot) => desiredOf(snapshot, product));
    const desired = wanted.find((each) => each !== null) ?? null;
    const { inForce, adoptedAt, stoppedAt } = held.recordOf(product);
    const flags = { adopted: adoptedAt !== null, stopped: stoppedAt !== null };
    const driver = driverOf(drivers, desired, inForce);
    if (driver === null) {
      live.set(product, { ...emptyLive(product), ...flags });
      continue;
    }
    const seen = await driver.observe(product, namedDevices(...wanted, inForce));
    if (seen.ok) {
      const gone = await findLost(seen.value.firmware, [...wanted, inForce], binaries);
      const firmware = seen.value.firmware.map((record) =>
        gone.has(record.version) ? { ...record, stored: false } : record,
      );
      lost.set(product, gone);
      live.set(product, { ...seen.value, ...flags, firmware });
    } else failures.set(product, seen.error);
  }
  return { live, failures, lost };
}

/** Looks for the binaries of everything that may be served. */
async function findLost(
  records: readonly FirmwareRecord[],
  states: readonly (Desired | null)[],
  binaries: BinaryStore,
): Promise<ReadonlySet<number>> {
  const served = new Set(
    states.flatMap((state) =>
      (state?.firmware ?? []).flatMap(({ spec }) => (spec.withdrawn === null ? spec.version : [])),
    ),
  );
  const stored = records.filter((record) => record.stored && served.has(record.version));
  const facts = await Promise.all(stored.map(({ sha256 }) => binaries.facts(sha256)));
  return new Set(stored.flatMap(({ version }, index) => (facts[index] === null ? version : [])));
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
    rounds: [],
    census: [],
    listened: 0,
    listening: true,
    named: new Map(),
    firmware: [],
    evidence: [],
  };
}

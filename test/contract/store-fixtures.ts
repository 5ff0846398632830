// Records for the tests of stores: small, complete, and different where a store could mix them up.

import type {
  ActionRecord,
  Contact,
  DeviceRecord,
  EvidenceRecord,
} from '../../controller/model/device.ts';
import { expectedDevice } from '../../controller/model/device.ts';
import { emptyDesired } from '../../controller/model/desired.ts';
import type { EventDraft } from '../../controller/model/event.ts';
import type { FirmwareRecord } from '../../controller/model/firmware.ts';
import type { ProductRecord, Store } from '../../controller/stores/store.ts';

export const PRODUCT = 'thermostat';
export const DIGEST = 'ab'.repeat(32);
const ORIGIN = { manifest: 'Release/thermostat', revision: 'c0ffee' };

/** An active device that runs version 41. */
export function makeDevice(id: string, change: Partial<DeviceRecord> = {}): DeviceRecord {
  const active = { standing: 'active', registeredAt: 1_000, reported: '41', running: 41 } as const;
  return { ...expectedDevice(PRODUCT, id), ...active, ...change };
}

/** A device of which every field holds something. */
export function makeFullDevice(id: string): DeviceRecord {
  return makeDevice(id, {
    tokenHash: 'cd'.repeat(32),
    quarantine: 'it reports product 7',
    runningSince: 12.5,
    boot: 'b"1',
    traits: { hw_rev: 'B', channel: null },
    dormant: true,
    given: { version: 41, sha256: DIGEST },
    askedSince: 99,
    unknownPolls: 2,
    blindOffer: 40,
    lock: { version: 41, flash: 'on-reset', armed: false, ...ORIGIN, since: 5 },
    action: makeOpenAction(),
    failures: {
      version: 42,
      round: 3,
      count: 2,
      retryAt: null,
      lastAt: 7,
      lastMessage: 'no “room”\n',
    },
    outcome: { version: 42, round: 3, state: 'inFlight' },
    vouched: {
      version: 41,
      sha256: 'ef'.repeat(32),
      level: 'reported',
      passed: true,
      at: 8,
      soakedMs: 60_000,
    },
    relapses: { version: 42, count: 2 },
  });
}

export function makeOpenAction(
  change: Partial<NonNullable<DeviceRecord['action']>> = {},
): NonNullable<DeviceRecord['action']> {
  return {
    id: 1234,
    version: 42,
    sha256: DIGEST,
    goal: 43,
    attempt: 1,
    phase: 'claimed',
    fetchedAt: 3,
    claimedAt: 4,
    offeredAt: 2,
    deadline: 86_400_000,
    graceUntil: 900_000,
    bootAtClaim: '17',
    cancelPolls: 0,
    cancelRefused: false,
    round: 3,
    ...ORIGIN,
    ...change,
  };
}

export function makeAction(device: string, change: Partial<ActionRecord> = {}): ActionRecord {
  return {
    product: PRODUCT,
    device,
    id: 1234,
    version: 42,
    sha256: DIGEST,
    attempt: 1,
    state: 'open',
    confirmed: false,
    ...ORIGIN,
    offeredAt: 2,
    fetchedAt: null,
    closedAt: null,
    message: null,
    ...change,
  };
}

export function makeEvidence(device: string, change: Partial<EvidenceRecord> = {}): EvidenceRecord {
  return {
    product: PRODUCT,
    version: 42,
    sha256: DIGEST,
    device,
    level: 'reported',
    since: 10,
    passedAt: null,
    soakedMs: 0,
    ...change,
  };
}

export function makeEvent(change: Partial<EventDraft> = {}): EventDraft {
  return {
    type: 'ReleaseStarted',
    at: 1_000,
    product: PRODUCT,
    ...ORIGIN,
    device: null,
    actionId: null,
    message: 'Version 42 is released.',
    ...change,
  };
}

export function makeProduct(change: Partial<ProductRecord> = {}): ProductRecord {
  return {
    name: PRODUCT,
    adoptedAt: null,
    stoppedAt: null,
    inForce: emptyDesired(PRODUCT),
    revision: null,
    listenedMs: 0,
    conditions: [],
    ...change,
  };
}

export function makeFirmware(change: Partial<FirmwareRecord> = {}): FirmwareRecord {
  return {
    product: PRODUCT,
    version: 42,
    sha256: DIGEST,
    size: 10,
    sha1: '11'.repeat(20),
    md5: '22'.repeat(16),
    addedAt: 1,
    addedRevision: 'c0ffee',
    verifiedAt: null,
    finishedAt: null,
    withdrawnAt: null,
    stored: true,
    ...change,
  };
}

/** Saves a new device, and returns it as stored. */
export async function createDevice(store: Store, device: DeviceRecord): Promise<DeviceRecord> {
  const outcome = await store.saveDevice({ before: null, after: device });
  if (outcome.status !== 'saved' || outcome.device === null) throw new Error('not saved');
  return outcome.device;
}

/** Saves a change of a stored device, and returns it as stored. */
export async function changeDevice(
  store: Store,
  before: DeviceRecord,
  change: Partial<DeviceRecord>,
): Promise<DeviceRecord> {
  const outcome = await store.saveDevice({ before, after: { ...before, ...change } });
  if (outcome.status !== 'saved' || outcome.device === null) throw new Error('not saved');
  return outcome.device;
}

/** A contact as long as nobody sets the wall clock. */
export function heardAt(at: number, listened: number, steadyAt = at): Contact {
  return { at, listened, steadyAt };
}

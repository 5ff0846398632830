// Fleets to list devices of: alike but for how many of their devices are locked, failing, updating, offline and so on.
// Devices came in no order of their ids, so that no index is in the order of another.

import { hash } from 'node:crypto';

import type { Desired } from '../../controller/model/desired.ts';
import type {
  CarriedLock,
  DeviceRecord,
  FailedAttempts,
  OpenAction,
} from '../../controller/model/device.ts';
import { bucketOf, offsetOf, positionOf } from '../../controller/releases/circle.ts';
import { API_NOW, type ApiFleet } from '../../test/support/api.ts';
import { buildDesired } from '../../test/support/desired.ts';
import { finishReleases } from '../../test/support/finished-tracks.ts';
import { seededId, seedFleet } from './seed-fleet.ts';

/** Share of the devices that have each of the properties, and whether a release is under way. */
export interface ListedFleet {
  readonly name: string;
  readonly share: number;
  readonly isReleasing: boolean;
}

/** What filters match in these: nobody, few devices, most of them; and with a release that has reached a twentieth. */
export const LISTED_FLEETS: readonly ListedFleet[] = [
  { name: 'none', share: 0, isReleasing: false },
  { name: 'few', share: 1 / 5_000, isReleasing: false },
  { name: 'most', share: 0.9, isReleasing: false },
  { name: 'releasing', share: 1 / 5_000, isReleasing: true },
];

const PRODUCT = 'thermostat';
const VERSIONS = { old: 41, current: 42, next: 43 } as const;
const LISTENED = 1_000_000_000;
const HOUR_MS = 3_600_000;
/** Of 10,000. */
const REACHED = 500;
const TRACE = { manifest: 'Release/thermostat', revision: 'r1' } as const;
const SHA256 = 'ab'.repeat(32);

/** Writes the fleet into `file`; what is in force for it. */
export function seedListedFleet(file: string, devices: number, fleet: ListedFleet): ApiFleet {
  const desired = makeDesired(devices, fleet);
  const listed = (i: number): number => (i * STRIDE) % devices;
  seedFleet(file, {
    product: PRODUCT,
    devices,
    running: () => VERSIONS.current,
    tokenFor: (i) => i.toString(16).padStart(64, '0'),
    contact: (i) =>
      has(fleet, listed(i), 'offline')
        ? { at: API_NOW - HOUR_MS, listened: LISTENED - HOUR_MS, steadyAt: API_NOW - HOUR_MS }
        : { at: API_NOW, listened: LISTENED, steadyAt: API_NOW },
    change: (i) => makeChange(fleet, listed(i), API_NOW - devices + i),
  });
  return {
    inForce: desired,
    firmware: desired.firmware.map(({ spec }) => ({
      product: PRODUCT,
      version: spec.version,
      sha256: spec.binary.sha256,
      size: 1,
      sha1: '',
      md5: '',
      addedAt: 0,
      addedRevision: 'r1',
      verifiedAt: 1,
      finishedAt: null,
      withdrawnAt: null,
      stored: true,
    })),
    moment: { at: API_NOW, listened: LISTENED },
    state: file,
  };
}

/** A prime that divides no size of a fleet: devices come in an order that looks like none. */
const STRIDE = 7_368_787;

function makeDesired(devices: number, { share, isReleasing }: ListedFleet): Desired {
  const members = Math.min(2_000, Math.ceil(devices * share));
  const desired = buildDesired({
    firmware: Object.values(VERSIONS).map((version) => ({ version })),
    fleet: { groupBy: ['hw_rev'] },
    groups: {
      bench: Array.from({ length: members }, (_, i) => seededId(i * Math.floor(devices / members))),
    },
    matchGroups: { revB: { hw_rev: 'B' } },
    release: isReleasing ? VERSIONS.next : VERSIONS.current,
  });
  const rollout = finishReleases(
    desired.releases,
    isReleasing ? { '': { limit: REACHED, base: VERSIONS.current } } : {},
  );
  return { ...desired, ...(rollout !== null && { rollout }) };
}

function makeChange(fleet: ListedFleet, i: number, registeredAt: number): Partial<DeviceRecord> {
  const id = seededId(i);
  const isQuarantined = has(fleet, i, 'quarantined');
  const isLocked = has(fleet, i, 'locked');
  const isReached =
    fleet.isReleasing &&
    !isLocked &&
    positionOf(bucketOf(id), offsetOf(PRODUCT, VERSIONS.next)) < REACHED;
  const isOld = has(fleet, i, 'old');
  const running = isReached && !isOld ? VERSIONS.next : isOld ? VERSIONS.old : VERSIONS.current;
  const isUpdating = has(fleet, i, 'updating');
  return {
    id,
    registeredAt,
    running,
    reported: String(running),
    traits: { hw_rev: has(fleet, i, 'revB') ? 'B' : 'A' },
    ...(isQuarantined && { standing: 'quarantined', quarantine: 'no manifest names it' }),
    ...(isLocked && { lock: LOCK }),
    ...(isUpdating && { action: makeAction(i) }),
    ...(has(fleet, i, 'failing') && { failures: FAILURES }),
  };
}

/** Whether device `i` has a property: each is spread by itself. */
function has({ share }: ListedFleet, i: number, property: string): boolean {
  if (share === 0) return false;
  const digest = hash('md5', `${property} ${i}`, 'buffer');
  return digest.readUInt32BE(0) < share * 2 ** 32;
}

const LOCK: CarriedLock = {
  version: VERSIONS.current,
  flash: 'now',
  armed: true,
  manifest: 'hall',
  revision: 'r1',
  since: API_NOW,
};

const FAILURES: FailedAttempts = {
  version: VERSIONS.next,
  round: 1,
  count: 4,
  retryAt: null,
  lastAt: API_NOW,
  lastMessage: 'flash write failed',
};

function makeAction(i: number): OpenAction {
  return {
    ...TRACE,
    id: 2_000 + i,
    version: VERSIONS.current,
    sha256: SHA256,
    goal: VERSIONS.current,
    attempt: 1,
    phase: 'fetched',
    fetchedAt: API_NOW,
    claimedAt: null,
    offeredAt: API_NOW,
    deadline: LISTENED + 24 * HOUR_MS,
    graceUntil: null,
    bootAtClaim: null,
    cancelPolls: 0,
    cancelRefused: false,
    round: 1,
  };
}

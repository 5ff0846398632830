// Where Particle is bringing a device that is to stay. It begins with the handshake, before a reading can tell: a device
// that comes back on something else than it is held on, by a transfer that could not be called back or by another hand, is
// on its way again already. Held on what it runs now, it would be flashed once more as soon as it arrives; and where a
// transfer takes longer than the time between two readings, there would be no end of it. So it is let arrive.

import type { EpochMs } from '../../base/clock.ts';
import type { DeviceRecord, Moment } from '../../model/device.ts';
import type { ProductPolicy } from '../../model/policy.ts';
import type { CloudDevice, Snapshot } from './nouns.ts';
import { defaultVersion } from './nouns.ts';

/** The cloud begins within seconds of a handshake. What is fresher than this may not have begun, and is led back at once. */
const BEGUN_MS = 60_000;

/**
 * What has not arrived after this is not on its way any more. Where readings are rarer, it is led back at once: it arrives
 * between two of them, and would be brought anew should it not.
 */
const ARRIVES_MS = 30 * 60_000;

export interface Heading {
  readonly from: number;
  readonly to: number;
  /** Of the session in which it was first seen so, by Particle's clock. Another one ends it. */
  readonly handshakeAt: EpochMs;
  readonly since: EpochMs;
}

interface HeadingInput {
  readonly snapshot: Snapshot;
  readonly policy: ProductPolicy;
  readonly ledger: {
    readonly headings: Readonly<Record<string, Heading>>;
    /** Devices that the driver locked by itself. */
    readonly own: Readonly<Record<string, object>>;
  };
  readonly moment: Moment;
  /** What Particle's clock is ahead of ours, in milliseconds. */
  readonly skewMs: number;
  /** Devices that this reading is the first to show on what they run, and that ran something else before. */
  readonly arrived: ReadonlySet<string>;
}

/** Where a device that is to stay is being brought; null: nowhere else, or it is to be led back at once. */
export function findHeading(
  { snapshot, policy, ledger, moment, skewMs, arrived }: HeadingInput,
  device: CloudDevice,
  { running }: DeviceRecord,
): Heading | null {
  const { id, handshakeAt } = device;
  const to = versionNow(snapshot, device);
  if (to === null || running === null || to === running || handshakeAt === null) return null;
  // Another hand's lock is drift, and is mended.
  if (device.lockedTo !== null && ledger.own[id] === undefined) return null;
  const known = ledger.headings[id];
  if (known?.from === running && known.to === to) return known;
  if (policy.settings.pollIntervalMs > ARRIVES_MS) return null;
  if (!arrived.has(id) || isBad(to, policy)) return null;
  const hasBegun = moment.at + skewMs - handshakeAt > BEGUN_MS;
  return hasBegun && device.details?.takesUpdates === true
    ? { from: running, to, handshakeAt, since: moment.at }
    : null;
}

/** Whether it may still arrive: in the same session, and not after very long. */
export function isUnderWay(
  heading: Heading,
  { online, handshakeAt }: CloudDevice,
  { at }: Moment,
): boolean {
  return online && handshakeAt === heading.handshakeAt && at - heading.since < ARRIVES_MS;
}

/** What Particle has for a device before any call: its lock, else of its groups the highest, else everyone's. */
function versionNow(snapshot: Snapshot, { lockedTo, groups }: CloudDevice): number | null {
  if (lockedTo !== null) return lockedTo;
  const versions = groups.flatMap((name) => snapshot.groups.get(name)?.version ?? []);
  return versions.length > 0 ? Math.max(...versions) : defaultVersion(snapshot);
}

/** Nobody is to be on it any more, not even for a while. */
function isBad(version: number, { firmware, release, groupReleases }: ProductPolicy): boolean {
  const releases = [release, ...groupReleases.values()];
  return (
    firmware.get(version)?.withdrawn === true ||
    releases.some((each) => each?.rolledBack.has(version) === true)
  );
}

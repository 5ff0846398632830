// What a device should run, computed when it makes contact. A release is a policy, not a list of jobs: this function
// is the whole of it, and the plan counts by it too. It says what is meant; whether it is offered now (stop, back-off,
// on-reset, window, rate) is decided by `devices/poll.ts`.

import type { Standing, Traits } from '../model/device.ts';
import type { PolicyFirmware, PolicyRelease, ProductPolicy } from '../model/policy.ts';
import type { Reason } from '../model/reasons.ts';
import { bucketOf, positionOf } from './circle.ts';
import { releaseFor } from './governing-release.ts';
import { findHop } from './stones.ts';
import type { Stone } from './stones.ts';

/** What of a device decides about its target; a `DeviceRecord` is one. */
export interface Subject {
  readonly id: string;
  readonly standing: Standing;
  readonly quarantine: string | null;
  readonly running: number | null;
  readonly traits: Traits;
  readonly lock: {
    readonly version: number;
    readonly manifest: string;
    readonly revision: string;
  } | null;
}

/** Which rule of the design decided. `base`: what last finished, for a device that may not keep what it runs. */
export type TargetRule = 'lock' | 'groupRelease' | 'release' | 'base';

/** A version that the device should run, or the reason why it is left alone. */
export type Target =
  | {
      readonly kind: 'version';
      readonly rule: TargetRule;
      /** What it is flashed with next. */
      readonly firmware: PolicyFirmware;
      /** Where that leads; another version than `firmware`'s where a stepping stone comes first. */
      readonly goal: number;
      /** The round of the release that attempts count for; 0 for none. */
      readonly round: number;
      /** The release whose windows and rate hold the flash back; null: none does. */
      readonly pace: PolicyRelease | null;
      /** `Kind/name` and revision of the manifest that says so. */
      readonly manifest: string;
      readonly revision: string;
    }
  | {
      readonly kind: 'none';
      readonly reason: Reason | 'Quarantined' | 'NoRelease' | 'BinaryMissing';
      /** One sentence for people. */
      readonly message: string;
      /** The round of a held release: what the device has fetched under it, it may finish. Null: nothing. */
      readonly finishes: number | null;
    };

/**
 * The target of a device under what is in force. A locked device has no other target than its lock's version. `bucket`
 * is that of the device; it can be given for a subject that stands for many devices.
 */
export function resolveTarget(
  subject: Subject,
  policy: ProductPolicy,
  bucket: number | null = null,
): Target {
  if (subject.standing === 'quarantined') {
    return none(
      'Quarantined',
      `The device is in quarantine: ${subject.quarantine ?? 'no reason given'}.`,
    );
  }
  if (subject.lock !== null) return lockTarget(subject, subject.lock, policy);
  const at = bucket ?? bucketOf(subject.id);
  const covering = coveringRelease(subject, policy, at);
  if (covering === 'conflict') {
    return none('ReleaseConflict', 'Its groups are given different versions.');
  }
  if (covering === null) return none('NoRelease', 'No release covers the device.');
  return releaseTarget(subject, covering, policy, at);
}

/** A release that covers a device. */
export interface Covering {
  readonly release: PolicyRelease;
  /** The group's release that leaves the device to the product's; null where it is its own. */
  readonly through: PolicyRelease | null;
}

/**
 * The release that a device without a lock follows: its group's, or the product's. A group's release that has not
 * reached the device, and no base to keep it on, leaves it to the product's.
 */
export function coveringRelease(
  subject: Pick<Subject, 'id' | 'traits'>,
  policy: ProductPolicy,
  bucket: number,
): Covering | 'conflict' | null {
  const release = releaseFor(subject, policy);
  if (release === null || release === 'conflict') return release;
  const leaves =
    release.group !== null &&
    policy.release !== null &&
    release.hold === null &&
    refuseRelease(release, policy) === null &&
    positionOf(bucket, release.offset) >= release.limit &&
    usableBase(release, policy) === null;
  return leaves && policy.release !== null
    ? { release: policy.release, through: release }
    : { release, through: null };
}

function lockTarget(
  subject: Subject,
  { version, manifest, revision }: NonNullable<Subject['lock']>,
  policy: ProductPolicy,
): Target {
  const name = `DeviceLock/${manifest}`;
  const refusal = refuseVersion(version, name, policy);
  if (refusal !== null) return refusal;
  const firmware = firmwareOf(policy, version);
  const { running } = subject;
  const from = firmware.requiresFrom;
  if (from !== null && (running === null || running < from)) {
    return none(
      'SteppingStoneNeeded',
      `${name} names version ${version}, which needs version ${from} or newer first; a locked device is given no other version.`,
    );
  }
  return {
    kind: 'version',
    rule: 'lock',
    firmware,
    goal: version,
    round: 0,
    pace: null,
    manifest: name,
    revision,
  };
}

function releaseTarget(
  subject: Subject,
  covering: Covering,
  policy: ProductPolicy,
  bucket: number,
): Target {
  const { release } = covering;
  const refusal = refuseRelease(release, policy);
  if (refusal !== null) return refusal;
  const { version, hold } = release;
  if (hold !== null) return none(hold.reason, hold.message, release.round);
  if (positionOf(bucket, release.offset) < release.limit) {
    const rule = release.group === null ? 'release' : 'groupRelease';
    return towards(subject, release, version, rule, policy);
  }
  return outsideTarget(subject, covering, policy);
}

/** Why a release offers nothing to anybody, and what is older waits with it; null where it does. */
function refuseRelease({ version, manifest }: PolicyRelease, policy: ProductPolicy): Target | null {
  const refusal = refuseVersion(version, manifest, policy);
  if (refusal !== null) return refusal;
  // A release comes into force with its gate passed; a withdrawal that was taken back closes the gate again.
  return firmwareOf(policy, version).verified
    ? null
    : none('ReleaseUnverified', `${manifest} waits until version ${version} is verified.`);
}

/** Outside the exposure: what it runs, or the base where it may not keep that. */
function outsideTarget(
  subject: Subject,
  { release, through }: Covering,
  policy: ProductPolicy,
): Target {
  const base = usableBase(release, policy);
  if (base === null) return outside(release);
  const { running } = subject;
  const isBad = running !== null && isTakenBack(running, [release, through], policy);
  const mayStay = running === null || running === base || (running > base && !isBad);
  return mayStay ? outside(release) : towards(subject, release, base, 'base', policy, isBad);
}

function outside({ manifest, version }: PolicyRelease): Target {
  return none('OutsideExposure', `${manifest} has not reached it with version ${version} yet.`);
}

/** Whether devices may not stay on a version, wherever the release is: it is withdrawn, or was rolled back here. */
function isTakenBack(
  version: number,
  releases: readonly (PolicyRelease | null)[],
  policy: ProductPolicy,
): boolean {
  return (
    releases.some((release) => release?.rolledBack.has(version) === true) ||
    policy.firmware.get(version)?.withdrawn === true
  );
}

/** The base that devices can be given; a withdrawn one counts as none, and one whose evidence ended with it. */
function usableBase({ base, manifest }: PolicyRelease, policy: ProductPolicy): number | null {
  if (base === null || refuseVersion(base, manifest, policy) !== null) return null;
  return firmwareOf(policy, base).verified ? base : null;
}

/** The next version on the way to `goal`: itself, or a stepping stone. A rescue does not wait for window or rate. */
function towards(
  subject: Subject,
  release: PolicyRelease,
  goal: number,
  rule: TargetRule,
  policy: ProductPolicy,
  isRescue = false,
): Target {
  const { running } = subject;
  const { manifest, revision } = release;
  const from = firmwareOf(policy, goal).requiresFrom;
  if (running === null && from !== null) {
    return none(
      'VersionUnknown',
      `Version ${goal} needs version ${from} or newer first, and the device has not named the version it runs.`,
    );
  }
  const hop = running === null ? goal : nextVersion(running, goal, policy);
  if (hop === null) {
    return none(
      'SteppingStoneNeeded',
      `Version ${goal} needs version ${from} or newer first, and no verified version leads there from ${running}.`,
    );
  }
  const refusal = refuseVersion(hop, manifest, policy);
  if (refusal !== null) return refusal;
  return {
    kind: 'version',
    rule,
    firmware: firmwareOf(policy, hop),
    goal,
    round: rule === 'base' ? 0 : release.round,
    pace: isRescue ? null : release,
    manifest,
    revision,
  };
}

/**
 * The version that brings a device on `running` to `goal`: that itself, or the next stepping stone; null: no verified
 * version leads there.
 */
export function nextVersion(running: number, goal: number, policy: ProductPolicy): number | null {
  const from = policy.firmware.get(goal)?.requiresFrom ?? null;
  return from === null || running >= from ? goal : findHop(running, goal, stonesOf(policy));
}

const STONES = new WeakMap<ProductPolicy, readonly Stone[]>();

/** The versions that may stand between; found once for a policy. */
function stonesOf(policy: ProductPolicy): readonly Stone[] {
  const known = STONES.get(policy);
  if (known !== undefined) return known;
  const stones = [...policy.firmware.values()].filter(
    ({ verified, stored, withdrawn }) => verified && stored && !withdrawn,
  );
  STONES.set(policy, stones);
  return stones;
}

/** Why a version can't be offered to anybody; null where it can. */
function refuseVersion(version: number, manifest: string, policy: ProductPolicy): Target | null {
  const firmware = policy.firmware.get(version);
  if (firmware === undefined) {
    return none('UnknownVersion', `${manifest} names version ${version}, which is not in force.`);
  }
  if (firmware.withdrawn) {
    return none('FirmwareWithdrawn', `${manifest} names version ${version}, which is withdrawn.`);
  }
  if (!firmware.stored) {
    return none('BinaryMissing', `The binary of version ${version} is not stored yet.`);
  }
  return null;
}

function firmwareOf(policy: ProductPolicy, version: number): PolicyFirmware {
  const firmware = policy.firmware.get(version);
  if (firmware === undefined) throw new Error(`version ${version} is not in the policy`);
  return firmware;
}

function none(
  reason: Extract<Target, { kind: 'none' }>['reason'],
  message: string,
  finishes: number | null = null,
): Target {
  return { kind: 'none', reason, message, finishes };
}

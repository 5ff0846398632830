// Which devices do not run what they are meant to: those that drift, and those that wait, with what each of them waits for.
// Told from the record and the policy alone, so that lists can be filtered by it.

import { unreachable } from '../base/assert.ts';
import type { DeviceRecord, Moment } from '../model/device.ts';
import type { ProductPolicy } from '../model/policy.ts';
import { BUCKETS } from '../model/rollout.ts';
import type { WaitReason } from '../model/wait-reasons.ts';
import { bucketOf } from '../releases/circle.ts';
import { coveringRelease, resolveTarget, type Subject } from '../releases/target.ts';
import { findOfferWait, type OfferWait, type VersionTarget } from './offer.ts';

/**
 * Whether an active device is known to run another version than its target, with no action under way that would mend it.
 * Who has not named a version, or is to be left alone, does not drift.
 */
export function isDrifted(device: DeviceRecord, policy: ProductPolicy): boolean {
  const { standing, running, action } = device;
  if (standing !== 'active' || running === null) return false;
  const target = resolveTarget(device, policy);
  if (target.kind === 'none') return false;
  const { version } = target.firmware;
  return running !== version && action?.version !== version;
}

/**
 * What an active device waits for that does not run what it is meant to in the end, and has no action open; in no
 * particular order. Empty also where nothing stands between it and its next poll.
 */
export function findWaits(
  device: DeviceRecord,
  isOnline: boolean,
  policy: ProductPolicy,
  moment: Moment,
): readonly WaitReason[] {
  if (device.standing !== 'active' || device.action !== null) return [];
  const gap = findGap(device, policy, bucketOf(device.id));
  if (gap === null) return [];
  const waits: WaitReason[] = policy.stopped ? ['EmergencyStop'] : [];
  if (typeof gap === 'string') return [...waits, gap];
  if (device.running === null) waits.push('VersionUnknown');
  const wait = findOfferWait(device, gap, policy, moment);
  const reason = wait === null ? null : reasonOf(wait);
  if (reason !== null && !waits.includes(reason)) waits.push(reason);
  if (wait === null && gap.pace !== null && gap.pace.rate !== null) waits.push('RateReached');
  if (!isOnline) waits.push('DeviceOffline');
  return waits;
}

/** A target that is not run yet, or the reason why it is not given; null: nothing is to be waited for. */
function findGap(
  subject: Subject,
  policy: ProductPolicy,
  bucket: number,
): VersionTarget | WaitReason | null {
  const target = resolveTarget(subject, policy, bucket);
  if (target.kind === 'version') {
    return target.firmware.version === subject.running ? null : target;
  }
  const { reason } = target;
  if (reason === 'SteppingStoneNeeded' || reason === 'BinaryMissing') return reason;
  const isHeldBack =
    reason === 'OutsideExposure' || reason === 'ReleaseHalted' || reason === 'ReleasePaused';
  if (!isHeldBack) return null;
  const covering = coveringRelease(subject, policy, bucket);
  // Who runs the version already has nothing to wait for.
  const isThere =
    covering !== null && covering !== 'conflict' && covering.release.version === subject.running;
  return isThere ? null : reason;
}

function reasonOf(wait: OfferWait): WaitReason | null {
  switch (wait.kind) {
    case 'runs':
      return null;
    case 'stopped':
      return 'EmergencyStop';
    case 'reset':
      return 'OnReset';
    case 'unknown':
      return 'VersionUnknown';
    case 'window':
      return 'OutsideWindow';
    case 'backOff':
      return 'BackOff';
    case 'leftAlone':
      return 'RetriesUsedUp';
    default:
      return unreachable(wait);
  }
}

/** Nobody drifts or waits but devices that run one of the versions, have a lock, or are named. */
export interface GapSuspects {
  readonly versions: readonly (number | null)[];
  readonly ids: readonly string[];
}

/** Devices that groups with a release name at most, for suspects to be told apart. */
const SUSPECTS_NAMED_MAX = 1_000;

/** Each is looked up by itself. */
const SUSPECT_VERSIONS_MAX = 100;

/** Targets that are computed at most to tell suspects apart. */
const TARGETS_MAX = 4_000;

/**
 * Tells which of the versions that active devices without a lock run are those of devices that may drift or wait: in a
 * fleet at rest, hardly any. Null where it would take too long to tell, and any device may.
 */
export function findGapSuspects(
  policy: ProductPolicy,
  versions: readonly (number | null)[],
): GapSuspects | null {
  const { groupsOf, matchGroups } = policy;
  if (groupsOf.size > SUSPECTS_NAMED_MAX) return null;
  // The traits of a device matter by the groups that they match, and each of its groups gives it the same version.
  const traits = [{}, ...matchGroups.map(({ match }) => match)];
  const buckets = findBorders(policy);
  if (traits.length * buckets.length * versions.length > TARGETS_MAX) return null;
  const suspect = versions.filter((running) =>
    traits.some((each) =>
      buckets.some((bucket) => findGap(makeSubject(running, each), policy, bucket) !== null),
    ),
  );
  return suspect.length > SUSPECT_VERSIONS_MAX
    ? null
    : { versions: suspect, ids: [...groupsOf.keys()] };
}

/** A device that no group lists. */
function makeSubject(running: number | null, traits: Subject['traits']): Subject {
  return { id: '', standing: 'active', quarantine: null, running, traits, lock: null };
}

/** Buckets of which one is in each part of the circle that all releases treat alike. */
function findBorders({ release, groupReleases }: ProductPolicy): readonly number[] {
  const releases = [...groupReleases.values(), ...(release === null ? [] : [release])];
  const borders = releases.flatMap(({ offset, limit }) => [offset, offset + limit]);
  return [...new Set([0, ...borders.map((border) => border % BUCKETS)])];
}

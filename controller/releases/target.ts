// What a device should run, computed when it makes contact. A release is a policy, not a list of jobs: this function
// is the whole of it. It says what is meant; whether it is offered now (stop, back-off, on-reset) is decided by
// `devices/poll.ts`.

import type { DeviceRecord } from '../model/device.ts';
import type { PolicyFirmware, PolicyRelease, ProductPolicy } from '../model/policy.ts';
import type { Reason } from '../model/reasons.ts';

/** Which rule of the design decided. */
export type TargetRule = 'lock' | 'groupRelease' | 'release';

/** A version that the device should run, or the reason why it is left alone. */
export type Target =
  | {
      readonly kind: 'version';
      readonly rule: TargetRule;
      readonly firmware: PolicyFirmware;
      /** `Kind/name` and revision of the manifest that says so. */
      readonly manifest: string;
      readonly revision: string;
    }
  | {
      readonly kind: 'none';
      readonly reason: Reason | 'Quarantined' | 'NoRelease' | 'BinaryMissing';
      /** One sentence for people. */
      readonly message: string;
    };

/** The target of a device under what is in force. A locked device has no other target than its lock's version. */
export function resolveTarget(device: DeviceRecord, policy: ProductPolicy): Target {
  if (device.standing === 'quarantined') {
    return none(
      'Quarantined',
      `The device is in quarantine: ${device.quarantine ?? 'no reason given'}.`,
    );
  }
  if (device.lock !== null) {
    const { version, manifest, revision } = device.lock;
    return offerable(policy, version, 'lock', `DeviceLock/${manifest}`, revision);
  }
  const release = releaseFor(device.id, policy);
  if (release === 'conflict') {
    return none(
      'ReleaseConflict',
      `Its groups ${(policy.groupsOf.get(device.id) ?? []).join(', ')} are given different versions.`,
    );
  }
  if (release === null) return none('NoRelease', 'No release covers the device.');
  // A release comes into force with its gate passed; a withdrawal that was taken back closes the gate again.
  const firmware = policy.firmware.get(release.version);
  if (firmware !== undefined && !firmware.withdrawn && !firmware.verified) {
    return none(
      'ReleaseUnverified',
      `${release.manifest} waits until version ${release.version} is verified.`,
    );
  }
  const rule = release.group === null ? 'release' : 'groupRelease';
  return offerable(policy, release.version, rule, release.manifest, release.revision);
}

/** The release that covers a device that is not locked: its group's, else the product's. */
export function releaseFor(
  deviceId: string,
  policy: ProductPolicy,
): PolicyRelease | 'conflict' | null {
  let found: PolicyRelease | null = null;
  for (const group of policy.groupsOf.get(deviceId) ?? []) {
    const release = policy.groupReleases.get(group);
    if (release === undefined) continue;
    if (found !== null && found.version !== release.version) return 'conflict';
    found ??= release;
  }
  return found ?? policy.release;
}

function offerable(
  policy: ProductPolicy,
  version: number,
  rule: TargetRule,
  manifest: string,
  revision: string,
): Target {
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
  return { kind: 'version', rule, firmware, manifest, revision };
}

function none(reason: Extract<Target, { kind: 'none' }>['reason'], message: string): Target {
  return { kind: 'none', reason, message };
}

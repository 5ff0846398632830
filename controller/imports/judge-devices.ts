// The locks of a live product, and what its devices are that manifests have no word for.

import { countOf } from '../base/count.ts';
import type { FoundDevice, FoundProduct } from '../model/found-product.ts';
import { findingOf, type ImportFinding, nameSome, placeOfDevices } from './finding.ts';
import { addTo, isDeviceId } from './judge-releases.ts';

export interface KeptLocks {
  /** Devices by the version that they are locked to, sorted; versions from the lowest. */
  readonly locks: ReadonlyMap<number, readonly string[]>;
  readonly findings: readonly ImportFinding[];
}

/** The guardrail `maxUnverified` as long as no manifest sets another. */
const UNVERIFIED_MAX = 10;

/** Judges locks. `kept` are the versions that get a manifest. */
export function judgeLocks(
  { devices }: FoundProduct,
  kept: { has(version: number): boolean },
): KeptLocks {
  const locks = new Map<number, string[]>();
  const running = new Set<number>();
  for (const { id, lockedTo, running: version, isQuarantined } of devices) {
    if (version !== null && !isQuarantined) running.add(version);
    if (lockedTo !== null && isDeviceId(id)) addTo(locks, lockedTo, id);
  }
  const findings: ImportFinding[] = [];
  const written = new Map<number, readonly string[]>();
  for (const [version, ids] of [...locks].sort(([one], [other]) => one - other)) {
    if (!kept.has(version)) {
      findings.push(notKept(version, ids));
      continue;
    }
    written.set(version, ids.sort());
    if (ids.length > UNVERIFIED_MAX && !running.has(version)) findings.push(unseen(version, ids));
  }
  return { locks: written, findings };
}

/** What is to be told of devices as such. */
export function describeDevices({ devices }: FoundProduct): readonly ImportFinding[] {
  const findings: ImportFinding[] = [];
  const tell = (
    severity: ImportFinding['severity'],
    reason: ImportFinding['reason'],
    isMeant: (device: FoundDevice) => boolean,
    words: (names: string) => readonly [string, string],
  ): void => {
    const ids = devices.filter(isMeant).map(({ id }) => id);
    if (ids.length === 0) return;
    const place = placeOfDevices(ids);
    findings.push(findingOf(severity, reason, place, words(nameSome(ids)), ids));
  };
  tell(
    'error',
    'DeviceNotImported',
    ({ id }) => !isDeviceId(id),
    (names) => [
      `Manifests cannot name such an id: ${names}. Locks and groups were written without it.`,
      'Import the device at Particle under its own id.',
    ],
  );
  tell(
    'warning',
    'DevelopmentDevices',
    ({ isDevelopment }) => isDevelopment,
    (names) => [
      `Marked for development, so Particle gives them no release: ${names}. Lockstep leaves them alone as well, and counts them apart.`,
      'Unmark those that are to follow releases; they may be flashed at once then.',
    ],
  );
  tell(
    'warning',
    'QuarantinedDevices',
    ({ isQuarantined }) => isQuarantined,
    (names) => [
      `In quarantine, or denied: ${names}. They get no release.`,
      'Approve those that belong to the product at Particle, and deny the others.',
    ],
  );
  tell(
    'warning',
    'SafeModeDevices',
    ({ running, isQuarantined }) => running === 0 && !isQuarantined,
    (names) => [
      `Report version 0, so they are in safe mode and run no application: ${names}.`,
      'Particle mends most by itself within minutes; see to those that stay so.',
    ],
  );
  return findings;
}

function notKept(version: number, devices: readonly string[]): ImportFinding {
  return findingOf(
    'error',
    'LockNotImported',
    placeOfDevices(devices),
    [
      `Locked to version ${version}, which was not imported: ${nameSome(devices)}. The locks stay at Particle for as long as the product has \`drift: report\`.`,
      'Lock them to another version at Particle, or unlock them, and run `lockstep init` again in a new folder.',
    ],
    devices,
  );
}

function unseen(version: number, devices: readonly string[]): ImportFinding {
  return findingOf(
    'warning',
    'LocksUnseen',
    placeOfDevices(devices),
    [
      `${countOf(devices.length, 'device')} are locked to version ${version}, which none of them reports, and only ${UNVERIFIED_MAX} may be while it is unverified. The plan refuses the lock until a device runs it; at Particle it stays.`,
      'Wait until a device of them was reset, or raise `guardrails.maxUnverified` in a commit before this one.',
    ],
    devices,
  );
}

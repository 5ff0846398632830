// What an import has to say of a live product: what could not be taken over, and what a person should know of what was.
// Each names the thing in the cloud, what is wrong and what would mend it.

import { countOf } from '../base/count.ts';

/** All findings by their reason, with what they mean: the table of the README. */
export const IMPORT_REASONS = {
  FirmwareNotImported:
    'A binary disagrees with the number it is filed under, the product or its platform, came in damaged, or is filed under a number that no device can report.',
  LockNotImported: 'Devices are locked to a version that was not imported.',
  GroupNotImported: 'A group has a name that manifests cannot have, no device, or too many.',
  ReleaseNotImported:
    'A release names a version that was not imported, or would lead devices elsewhere than what is released to them now.',
  DeviceNotImported: 'A device has an id that manifests cannot hold.',
  SeveralReleases:
    'A device is in groups with different releases, of which the highest counts: it is listed in the groups with that one only.',
  ReservedGroup: 'An earlier controller left its groups behind.',
  FirmwareBundle:
    'A version is a bundle of application and assets: imported as `format: opaque`, known by its digest alone.',
  FirmwareMandatory: 'A version is marked as mandatory, which manifests say with `requires`.',
  ReleaseUnseen: 'No device reports a version that is released: the release waits until one does.',
  LocksUnseen:
    'More devices are locked to a version that no device reports than `maxUnverified` allows: the lock waits until one does.',
  DevelopmentDevices: 'Development devices follow no release.',
  QuarantinedDevices: 'Devices are held in quarantine, or denied.',
  SafeModeDevices: 'Devices report version 0: they are in safe mode, and run no application.',
} as const;

export type ImportReason = keyof typeof IMPORT_REASONS;

export interface ImportFinding {
  /** `error`: something of the live product is not in the manifests. */
  readonly severity: 'error' | 'warning';
  readonly reason: ImportReason;
  /** The thing in the cloud, such as `firmware 43`. */
  readonly place: string;
  readonly message: string;
  readonly remedy: string;
  /** The devices that it is about; empty where it is about none in particular. */
  readonly devices: readonly string[];
}

/** Builds a finding. */
export function findingOf(
  severity: ImportFinding['severity'],
  reason: ImportReason,
  place: string,
  [message, remedy]: readonly [message: string, remedy: string],
  devices: readonly string[] = [],
): ImportFinding {
  return { severity, reason, place, message, remedy, devices };
}

const NAMES_MAX = 5;

/** Some names, and how many more there are. */
export function nameSome(names: readonly string[]): string {
  const more = names.length - NAMES_MAX;
  return `${names.slice(0, NAMES_MAX).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** `device e00f…`, or `3 devices`. */
export function placeOfDevices(devices: readonly string[]): string {
  const [only] = devices;
  return devices.length === 1 && only !== undefined
    ? `device ${only}`
    : countOf(devices.length, 'device');
}

// Which groups and releases of a live product manifests can say so that every device is led to the version that the cloud
// has for it now. What would lead a device elsewhere is left out, and told: an import must not flash anything.

import { countOf } from '../base/count.ts';
import type { FoundDevice, FoundProduct } from '../model/found-product.ts';
import { findingOf, type ImportFinding, nameSome, placeOfDevices } from './finding.ts';

export interface KeptReleases {
  /** Null: none gets a manifest. */
  readonly everyone: number | null;
  /** Version by group. */
  readonly byGroup: ReadonlyMap<string, number>;
  /** Devices by group, sorted. */
  readonly members: ReadonlyMap<string, readonly string[]>;
  readonly findings: readonly ImportFinding[];
}

/** Devices that a manifest of the largest size can list: about as many as its bytes allow. */
export const GROUP_DEVICES_MAX = 20_000;

/** Groups whose name begins so belong to a controller. */
const RESERVED_PREFIX = 'lockstep-';
const GROUP_NAME = /^[a-z0-9]([-a-z0-9]{0,62}[a-z0-9])?$/;

/** Judges groups and releases. `kept` are the versions that get a manifest. */
export function judgeReleases(
  product: FoundProduct,
  kept: { has(version: number): boolean },
): KeptReleases {
  const findings: ImportFinding[] = [];
  const released = new Map(
    product.groups.flatMap(({ name, version }) => (version === null ? [] : [[name, version]])),
  );
  const members = findMembers(product, released, findings);
  const byGroup = new Map<string, number>();
  for (const [name, version] of released) {
    if (!members.has(name)) continue;
    if (kept.has(version)) byGroup.set(name, version);
    else findings.push(notKept(`the release to group ${name}`, version));
  }
  const defaults = product.firmware.filter(({ isDefault }) => isDefault);
  let everyone = defaults.length === 1 ? (defaults[0]?.version ?? null) : null;
  if (defaults.length > 1) findings.push(severalDefaults(defaults.map(({ version }) => version)));
  if (everyone !== null && !kept.has(everyone)) {
    findings.push(notKept('the release to everyone', everyone));
    everyone = null;
  }
  const truth = {
    released,
    everyone: defaults.length === 1 ? (defaults[0]?.version ?? null) : null,
  };
  // What is left out may lead its devices to the next release in line, so that it goes round until nothing moves.
  for (;;) {
    const moved = findMoved(product, truth, { everyone, byGroup, members });
    const [first] = moved;
    if (first === undefined) break;
    const [group, movedDevices] = first;
    findings.push(wouldMove(group, group === null ? everyone : byGroup.get(group), movedDevices));
    if (group === null) everyone = null;
    else byGroup.delete(group);
  }
  return { everyone, byGroup, members, findings };
}

/** The groups that get a manifest, with their devices. */
function findMembers(
  product: FoundProduct,
  released: ReadonlyMap<string, number>,
  findings: ImportFinding[],
): ReadonlyMap<string, readonly string[]> {
  const members = new Map<string, string[]>(product.groups.map(({ name }) => [name, []]));
  const torn: string[] = [];
  for (const { id, groups } of product.devices) {
    if (!isDeviceId(id)) continue;
    const versions = groups.flatMap((name) => released.get(name) ?? []);
    const highest = Math.max(...versions);
    if (versions.some((version) => version !== highest)) torn.push(id);
    for (const name of new Set(groups)) {
      // Of several releases the highest counts, and a device can only have one.
      if ((released.get(name) ?? highest) < highest) continue;
      addTo(members, name, id);
    }
  }
  if (torn.length > 0) findings.push(severalReleases(torn));
  const reserved: string[] = [];
  const kept = new Map<string, readonly string[]>();
  for (const [name, devices] of [...members].sort(([one], [other]) => (one < other ? -1 : 1))) {
    if (name.startsWith(RESERVED_PREFIX)) reserved.push(name);
    else if (!GROUP_NAME.test(name)) findings.push(unusableName(name, released.get(name)));
    else if (devices.length === 0) findings.push(emptyGroup(name, released.get(name)));
    else if (devices.length > GROUP_DEVICES_MAX) findings.push(tooLarge(name, devices.length));
    else kept.set(name, devices.sort());
  }
  if (reserved.length > 0) findings.push(reservedGroups(reserved));
  return kept;
}

interface Leading {
  readonly everyone: number | null;
  readonly byGroup: ReadonlyMap<string, number>;
  readonly members: ReadonlyMap<string, readonly string[]>;
}

/** Devices that manifests would lead elsewhere than the cloud does, by the group whose release does (null: everyone's). */
function findMoved(
  product: FoundProduct,
  truth: { readonly released: ReadonlyMap<string, number>; readonly everyone: number | null },
  { everyone, byGroup, members }: Leading,
): ReadonlyMap<string | null, readonly string[]> {
  const groupsOf = new Map<string, string[]>();
  for (const [name, devices] of members) {
    if (!byGroup.has(name)) continue;
    for (const id of devices) addTo(groupsOf, id, name);
  }
  const moved = new Map<string | null, string[]>();
  for (const device of product.devices) {
    if (!followsReleases(device)) continue;
    const [group = null] = groupsOf.get(device.id) ?? [];
    const led = group === null ? everyone : (byGroup.get(group) ?? null);
    const versions = device.groups.flatMap((name) => truth.released.get(name) ?? []);
    const now = versions.length > 0 ? Math.max(...versions) : truth.everyone;
    if (led === null || led === now) continue;
    addTo(moved, group, device.id);
  }
  return moved;
}

/** Whoever is locked, in development or in quarantine goes where no release leads. */
function followsReleases({ lockedTo, isDevelopment, isQuarantined }: FoundDevice): boolean {
  return lockedTo === null && !isDevelopment && !isQuarantined;
}

/** Adds an item to the list of a key. */
export function addTo<K>(lists: Map<K, string[]>, key: K, item: string): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [item]);
  else list.push(item);
}

/** Whether manifests can hold an id. */
export function isDeviceId(id: string): boolean {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  return id.length <= 256 && /^[^\s\u0000-\u001f\u007f-\u009f]+$/u.test(id) && id.isWellFormed();
}

function notKept(place: string, version: number): ImportFinding {
  return findingOf('error', 'ReleaseNotImported', place, [
    `Version ${version} is released, and was not imported. The release stays as it is at Particle, and devices that run another version are left on it.`,
    'Release a version at Particle that can be imported, and run `lockstep init` again in a new folder.',
  ]);
}

function wouldMove(
  group: string | null,
  version: number | undefined | null,
  devices: readonly string[],
): ImportFinding {
  const place = group === null ? 'the release to everyone' : `the release to group ${group}`;
  return findingOf(
    'error',
    'ReleaseNotImported',
    place,
    [
      `It would lead ${countOf(devices.length, 'device')} to version ${version ?? 'unknown'}, for which Particle has another one by a group or release that was not imported: ${nameSome(devices)}.`,
      'Mend the group or its release at Particle as told above, and run `lockstep init` again in a new folder; or write the Release by hand once these devices may have that version.',
    ],
    devices,
  );
}

function severalDefaults(versions: readonly number[]): ImportFinding {
  return findingOf('error', 'ReleaseNotImported', 'the release to everyone', [
    `Particle names several versions as the product's default: ${versions.join(', ')}.`,
    'Release the one that is meant as the default once more, and run `lockstep init` again in a new folder.',
  ]);
}

function severalReleases(devices: readonly string[]): ImportFinding {
  return findingOf(
    'warning',
    'SeveralReleases',
    placeOfDevices(devices),
    [
      `In groups with different releases, of which Particle takes the highest. Listed only in the groups with that one: ${nameSome(devices)}.`,
      'Take them out of the other groups at Particle; until then the plan warns of drift.',
    ],
    devices,
  );
}

function unusableName(name: string, version: number | undefined): ImportFinding {
  return findingOf('error', 'GroupNotImported', `group ${name}`, [
    `The name is none that manifests can have: lower-case letters, digits and hyphens, with a letter or digit at both ends.${releasedNote(version)}`,
    'Rename the group at Particle, and run `lockstep init` again in a new folder.',
  ]);
}

function emptyGroup(name: string, version: number | undefined): ImportFinding {
  return findingOf('warning', 'GroupNotImported', `group ${name}`, [
    `No device would be listed in it, and a DeviceGroup has at least one.${releasedNote(version)}`,
    'Write its manifest when it gets a device, or delete the group at Particle.',
  ]);
}

function tooLarge(name: string, count: number): ImportFinding {
  return findingOf('error', 'GroupNotImported', `group ${name}`, [
    `${countOf(count, 'device')} are in it, and a manifest lists at most ${GROUP_DEVICES_MAX}.`,
    'Divide the group at Particle, or release to everyone what is released to it; then run `lockstep init` again in a new folder.',
  ]);
}

function reservedGroups(names: readonly string[]): ImportFinding {
  return findingOf('warning', 'ReservedGroup', nameSome(names.map((name) => `group ${name}`)), [
    'Names that begin with `lockstep-` are a controller’s own: one manages this product, or did.',
    'Make sure that no other controller does; this one takes them over, and deletes them when they are not needed.',
  ]);
}

function releasedNote(version: number | undefined): string {
  return version === undefined ? '' : ` Version ${version} is released to it.`;
}

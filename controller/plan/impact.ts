// What desired state means for the fleet: how many devices would go from which version to which. Counted from the
// tallies and from the devices that manifests name, never from a list of all devices.

import type { Placed, ReleaseSpec } from '../model/desired.ts';
import type { FlashCount, Impact } from '../model/plan.ts';
import { usableFirmware } from './firmware.ts';
import { groupDevices } from './groups.ts';
import type { Scope } from './scope.ts';

/** The impact of the locks, groups and releases that the plan puts in force. */
export function countImpact(scope: Scope): Impact {
  const { live } = scope;
  const { holding } = scope;
  const locked = [...holding.keys()].filter(
    (id) => live.named.get(id)?.standing === 'active',
  ).length;
  return {
    devices: live.devices,
    flashes: countFlashes(scope, scope.nextReleases),
    locked,
    offline: live.offline,
    quarantined: live.quarantined,
  };
}

/** Devices that would be flashed under the locks of the plan and the given releases; sorted by target, then origin. */
export function countFlashes(
  scope: Scope,
  releases: readonly Placed<ReleaseSpec>[],
): readonly FlashCount[] {
  const { live } = scope;
  const { holding } = scope;
  const groupVersions = versionsByGroupDevice(scope, releases);
  const productVersion = releases.find(({ spec }) => spec.group === null)?.spec.version ?? null;
  const counts = new Map<string, { from: number | null; to: number; devices: number }>();
  const rest = new Map(live.unlocked.map((count) => [count.version, count.devices]));

  const add = (from: number | null, to: number | null, devices: number): void => {
    if (to === null || from === to || devices <= 0 || !isServed(scope, to)) return;
    const key = `${from}>${to}`;
    const known = counts.get(key);
    if (known === undefined) counts.set(key, { from, to, devices });
    else known.devices += devices;
  };

  for (const device of live.named.values()) {
    if (device.standing !== 'active') continue;
    if (device.lock === null) rest.set(device.running, (rest.get(device.running) ?? 0) - 1);
    const lock = holding.get(device.id);
    const group = groupVersions.get(device.id);
    const released = group === 'conflict' ? null : (group ?? productVersion);
    add(device.running, lock?.spec.version ?? released, 1);
  }
  for (const [running, devices] of rest) add(running, productVersion, devices);
  return [...counts.values()].sort((a, b) => a.to - b.to || (a.from ?? 0) - (b.from ?? 0));
}

/** Devices without a lock to which two groups give different versions: they are offered nothing. Sorted. */
export function conflictingDevices(scope: Scope): readonly string[] {
  const versions = versionsByGroupDevice(scope, scope.nextReleases);
  return [...versions]
    .flatMap(([device, version]) =>
      version === 'conflict' && !scope.holding.has(device) ? [device] : [],
    )
    .sort();
}

function versionsByGroupDevice(
  scope: Scope,
  releases: readonly Placed<ReleaseSpec>[],
): ReadonlyMap<string, number | 'conflict'> {
  const versions = new Map<string, number | 'conflict'>();
  for (const { spec } of releases) {
    if (spec.group === null) continue;
    for (const device of new Set(groupDevices(scope, spec.group) ?? [])) {
      const known = versions.get(device);
      versions.set(
        device,
        known === undefined || known === spec.version ? spec.version : 'conflict',
      );
    }
  }
  return versions;
}

function isServed(scope: Scope, version: number): boolean {
  const firmware = usableFirmware(scope, version);
  return firmware !== null && firmware.spec.withdrawn === null;
}

// Which version the cloud wants on a device: the first of the documented reasons that holds, and what no reason asks for
// stays as it is. Pure.

import type { Device, Product } from './world.ts';

export interface Target {
  readonly version: number;
  readonly by: 'lock' | 'group' | 'default';
}

export function targetOf(device: Device): Target | null {
  const { product } = device;
  if (device.isDevelopment || device.isQuarantined || device.isDenied) return null;
  if (device.lock !== null) return { version: device.lock, by: 'lock' };
  const released = device.groups.flatMap((name) => product.groups.get(name)?.version ?? []);
  if (released.length > 0) return { version: Math.max(...released), by: 'group' };
  return product.defaultVersion === null
    ? null
    : { version: product.defaultVersion, by: 'default' };
}

/** Devices of the fleet that shook hands with that version. */
export function countRunning(product: Product, version: number): number {
  return runningCounts(product).get(version) ?? 0;
}

export function runningCounts(product: Product): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  for (const device of product.devices.values()) {
    const { reportedVersion: version } = device;
    if (version === null || device.isQuarantined || device.isDenied) continue;
    counts.set(version, (counts.get(version) ?? 0) + 1);
  }
  return counts;
}

export function groupsHolding(product: Product, version: number): readonly string[] {
  return [...product.groups.values()]
    .filter((group) => group.version === version)
    .map(({ name }) => name);
}

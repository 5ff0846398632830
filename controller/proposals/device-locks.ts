// Which locks hold a device: those that list it, and those whose group lists it.

import type { FleetTree, Manifest } from './fleet-tree.ts';

export interface LocksOfDevice {
  /** Locks that list the device. */
  readonly own: readonly Manifest<'DeviceLock'>[];
  /** Locks of a group that lists the device. */
  readonly grouped: readonly Manifest<'DeviceLock'>[];
}

/** The locks of a product that hold a device. */
export function findLocks(tree: FleetTree, product: string, device: string): LocksOfDevice {
  const groups = new Set(
    tree
      .list('DeviceGroup', product)
      .filter(({ spec }) => spec.devices.includes(device))
      .map(({ name }) => name),
  );
  const locks = tree.list('DeviceLock', product);
  return {
    own: locks.filter(({ spec }) => spec.devices?.includes(device) === true),
    grouped: locks.filter(({ spec }) => spec.group !== null && groups.has(spec.group)),
  };
}

/** Products of which a lock or a group lists the device, sorted. */
export function productsOfDevice(tree: FleetTree, device: string): readonly string[] {
  const locks = tree.list('DeviceLock').filter(({ spec }) => spec.devices?.includes(device));
  const groups = tree.list('DeviceGroup').filter(({ spec }) => spec.devices.includes(device));
  return [...new Set([...locks, ...groups].map(({ product }) => product))].sort();
}

/** Devices that locks of a product list. */
export function lockedDevices(tree: FleetTree, product: string): readonly string[] {
  return tree.list('DeviceLock', product).flatMap(({ spec }) => spec.devices ?? []);
}

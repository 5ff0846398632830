// What can be done to a product's groups, and to the groups of its devices.

import { errorList, errorObjects, invalidRequest, notFound } from './api-error.ts';
import { deliverAfterChange } from './deliveries.ts';
import type { Device, GroupRecord, Product, World } from './world.ts';

const NAME = /^[a-z0-9_-]{1,64}$/;

export interface GroupChange {
  readonly description?: string | undefined;
  readonly color?: string | undefined;
}

export function findGroup(product: Product, name: string): GroupRecord {
  const found = product.groups.get(name);
  if (found === undefined) throw notFound('Group');
  return found;
}

export function createGroup(product: Product, name: string, change: GroupChange = {}): GroupRecord {
  checkName(name);
  // The text is known, the code is the fake's own pick.
  if (product.groups.has(name)) throw errorObjects(400, [`A group named ${name} already exists`]);
  const group: GroupRecord = {
    name,
    description: change.description ?? null,
    color: change.color ?? null,
    version: null,
  };
  product.groups.set(name, group);
  return group;
}

export function editGroup(group: GroupRecord, change: GroupChange): void {
  group.description = change.description ?? group.description;
  group.color = change.color ?? group.color;
}

/** Its devices leave it. */
export function removeGroup(world: World, product: Product, name: string): void {
  findGroup(product, name);
  product.groups.delete(name);
  for (const device of product.devices.values()) {
    if (!device.groups.includes(name)) continue;
    putInGroups(
      world,
      device,
      device.groups.filter((other) => other !== name),
    );
  }
}

/** The device is in these groups and no others; names that are new become groups. */
export function putInGroups(world: World, device: Device, names: readonly string[]): void {
  for (const name of names) {
    checkName(name);
    if (!device.product.groups.has(name)) createGroup(device.product, name);
  }
  const before = [...device.groups].sort().join();
  device.groups = [...new Set(names)];
  device.updatedAt = world.time.now();
  if ([...device.groups].sort().join() !== before) deliverAfterChange(world, device);
}

export function changeManyGroups(
  world: World,
  devices: readonly Device[],
  add: readonly string[],
  remove: readonly string[],
): void {
  const { batchSizeMax } = world.quirks;
  if (batchSizeMax !== null && devices.length > batchSizeMax) {
    throw errorList(400, [`At most ${batchSizeMax} devices can be changed at once`]);
  }
  for (const name of [...add, ...remove]) checkName(name);
  for (const device of devices) {
    const kept = device.groups.filter((name) => !remove.includes(name));
    putInGroups(world, device, [...kept, ...add]);
  }
}

function checkName(name: string): void {
  if (!NAME.test(name)) throw invalidRequest(`${name} is no name for a group`);
}

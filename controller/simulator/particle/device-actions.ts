// What can be done to the devices of a product, by whomever: locks, flashes, development, import, quarantine.

import { ApiError, invalidRequest, notFound, permissionDenied } from './api-error.ts';
import { deliver, deliverAfterChange, setForced } from './deliveries.ts';
import { createDevice } from './devices.ts';
import { putInGroups } from './group-actions.ts';
import { readImage } from './image.ts';
import { targetOf } from './targets.ts';
import { startUpdate } from './updates.ts';
import type { Actor, Device, Product, World } from './world.ts';

/** What one PUT may change at once; undefined leaves it. */
export interface DeviceChange {
  readonly lock?: number | null | undefined;
  readonly flash?: boolean | undefined;
  readonly isDevelopment?: boolean | undefined;
  readonly groups?: readonly string[] | undefined;
  readonly name?: string | undefined;
  readonly notes?: string | undefined;
  readonly isForced?: boolean | undefined;
}

export interface ImportResult {
  updated: number;
  readonly updatedDeviceIds: string[];
  readonly existingDeviceIds: string[];
  readonly nonmemberDeviceIds: string[];
  readonly invalidDeviceIds: string[];
  readonly protectedDeviceIds: string[];
}

export function findDevice(product: Product, id: string): Device {
  const found = product.devices.get(id.toLowerCase());
  if (found === undefined) throw permissionDenied();
  return found;
}

export function changeDevice(
  world: World,
  device: Device,
  change: DeviceChange,
  actor: Actor | null,
): void {
  const { lock } = change;
  checkLock(world, device, lock);
  if (change.name !== undefined) device.name = change.name;
  if (change.notes !== undefined) device.notes = change.notes;
  if (lock !== undefined) device.lock = lock;
  device.updatedAt = world.time.now();
  const endsDevelopment = change.isDevelopment === false && device.isDevelopment;
  if (change.isDevelopment !== undefined) device.isDevelopment = change.isDevelopment;
  if (change.groups !== undefined) putInGroups(world, device, change.groups);
  if (change.isForced !== undefined) setForced(world, device, change.isForced);
  // Without a lock in the same call there is nothing that `flash` could mean. An offline device has the lock stored, and
  // gets it when it comes; what `flash` does to a development device is not known, and the fake leaves it alone.
  if (change.flash === true && typeof lock === 'number' && targetOf(device)?.by === 'lock') {
    deliver(world, device, 'flash', actor?.id ?? '');
  } else if (endsDevelopment) {
    deliverAfterChange(world, device);
  }
}

/** Sends a file straight to the device, as the CLI does. On the next handshake the cloud has its own idea again. */
export function flashFile(
  world: World,
  device: Device,
  bytes: Uint8Array,
  actor: Actor | null,
): void {
  if (!device.isOnline) throw notFound('Device connection');
  if (!device.isConnected) throw new ApiError(408, { ok: false, error: 'Timed out.' });
  startUpdate(world, device, {
    image: readImage(bytes),
    version: null,
    cause: 'file',
    userId: actor?.id ?? '',
  });
}

/** Adds devices by id or serial number, and approves those in quarantine. Partial success is normal. */
export function importDevices(
  world: World,
  product: Product,
  names: readonly string[],
): ImportResult {
  const result: ImportResult = {
    updated: 0,
    updatedDeviceIds: [],
    existingDeviceIds: [],
    nonmemberDeviceIds: [],
    invalidDeviceIds: [],
    protectedDeviceIds: [],
  };
  for (const name of names) {
    const known = [...product.devices.values()].find(
      ({ id, serialNumber }) => id === name.toLowerCase() || serialNumber === name,
    );
    const isElsewhere = world.products.some(
      (other) => other !== product && other.devices.has(name.toLowerCase()),
    );
    if (known !== undefined) {
      if (!known.isQuarantined && !known.isDenied) result.existingDeviceIds.push(known.id);
      else result.updatedDeviceIds.push(known.id);
      admit(world, known);
    } else if (isElsewhere) {
      result.nonmemberDeviceIds.push(name.toLowerCase());
    } else if (/^[0-9a-f]{24}$/i.test(name)) {
      const added = createDevice(world, product, { id: name.toLowerCase(), runs: null });
      result.updatedDeviceIds.push(added.id);
    } else {
      result.invalidDeviceIds.push(name);
    }
  }
  result.updated = result.updatedDeviceIds.length;
  return result;
}

export function removeDevice(device: Device, isDenied: boolean): void {
  if (isDenied) {
    device.isQuarantined = false;
    device.isDenied = true;
    return;
  }
  device.life += 1;
  device.product.devices.delete(device.id);
  device.product.inOrderOfId = null;
}

function admit(world: World, device: Device): void {
  const wasKeptOut = device.isQuarantined || device.isDenied;
  device.isQuarantined = false;
  device.isDenied = false;
  if (world.quirks.importDropsGroups && !wasKeptOut) putInGroups(world, device, []);
  if (wasKeptOut) deliverAfterChange(world, device);
}

function checkLock(world: World, device: Device, lock: number | null | undefined): void {
  if (typeof lock !== 'number') return;
  if (!Number.isInteger(lock)) throw invalidRequest('desired_firmware_version must be an integer');
  if (world.quirks.lockToUnknownVersion === 'refuse' && !device.product.firmware.has(lock)) {
    throw notFound('Firmware');
  }
}

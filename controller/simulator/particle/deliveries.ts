// When the cloud flashes: after a handshake, when somebody asks for it at once, and when a change lets a device have
// another target. A device that refuses updates is marked as pending instead.

import { later, reportUpdates, tell } from './sessions.ts';
import { targetOf } from './targets.ts';
import { startUpdate, updateSystem } from './updates.ts';
import type { Device, Product, World } from './world.ts';

const CHANGE_SPREAD_MS = 1_000;

/** A handshake is always a reason to look. */
export function deliverAfterHandshake(world: World, device: Device): void {
  if (device.isInSafeMode) {
    updateSystem(world, device);
    return;
  }
  if (!isOffTarget(device)) {
    deliver(world, device, 'auto', '');
    return;
  }
  later(world, device, world.timings.afterHandshakeMs, () => {
    deliver(world, device, 'auto', '');
  });
}

/** Brings an online device to its target. Does nothing where there is none, or it is there, or on its way. */
export function deliver(
  world: World,
  device: Device,
  cause: 'auto' | 'flash',
  userId: string,
): void {
  const target = targetOf(device);
  const firmware = target === null ? undefined : device.product.firmware.get(target.version);
  if (firmware === undefined || device.reportedVersion === firmware.version) {
    setPending(world, device, false);
    return;
  }
  if (!device.isOnline || device.isInSafeMode || device.update !== null) return;
  if (!device.updatesEnabled && !device.isForced) {
    setPending(world, device, true);
    return;
  }
  setPending(world, device, false);
  const { image, version } = firmware;
  startUpdate(world, device, { image, version, cause, userId });
}

/** An intelligent release: whoever is online has it within moments, the others at their next handshake. */
export function deliverToAll(world: World, product: Product, version: number): void {
  let delayMs = CHANGE_SPREAD_MS;
  for (const device of product.devices.values()) {
    if (!device.isOnline || targetOf(device)?.version !== version) continue;
    deliverSoon(world, device, delayMs);
    delayMs += 10;
  }
}

/** After a change that may have moved the target. */
export function deliverAfterChange(world: World, device: Device): void {
  if (world.quirks.changesTakeEffect === 'at-once') deliverSoon(world, device, CHANGE_SPREAD_MS);
}

export function setUpdatesEnabled(world: World, device: Device, isEnabled: boolean): void {
  device.updatesEnabled = isEnabled;
  if (!device.isConnected) return;
  reportUpdates(world, device);
  if (isEnabled && device.isPending) deliver(world, device, 'auto', '');
}

export function setForced(world: World, device: Device, isForced: boolean): void {
  device.isForced = isForced;
  if (!device.isConnected) return;
  reportUpdates(world, device);
  if (isForced && device.isPending) deliver(world, device, 'auto', '');
}

/** By the cloud's clock, not the device's: that it has gone meanwhile is what the cloud can't know. */
function deliverSoon(world: World, device: Device, delayMs: number): void {
  const { session } = device;
  world.time.after(delayMs, () => {
    if (device.session === session) deliver(world, device, 'auto', '');
  });
}

function isOffTarget(device: Device): boolean {
  const target = targetOf(device);
  return target !== null && target.version !== device.reportedVersion;
}

function setPending(world: World, device: Device, isPending: boolean): void {
  if (device.isPending === isPending) return;
  device.isPending = isPending;
  tell(world, device, 'particle/device/updates/pending', String(isPending));
}

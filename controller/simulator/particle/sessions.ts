// Sessions between devices and the cloud: handshakes, lost links, and how late the cloud notices. What the cloud does
// after a handshake is not decided here.

import { offlineNoticeMs } from './behaviour.ts';
import { describeSafeMode } from './safe-mode.ts';
import type { Device, World } from './world.ts';
import { isoTime, jitter, runningVersion } from './world.ts';

const FIRST_UNBOUND_SYSTEM = 4000;

/** Publishes an event of the device. */
export function tell(
  world: World,
  device: Device,
  name: string,
  data: string,
  { coreId = device.id, userId = '' }: { readonly coreId?: string; readonly userId?: string } = {},
): void {
  world.publish({
    name,
    data,
    publishedAt: world.time.now(),
    coreId,
    userId,
    version: device.reportedVersion ?? 0,
    productId: device.product.id,
  });
}

/** Calls back unless the device has lost its link or its power by then. */
export function later(world: World, device: Device, delayMs: number, act: () => void): void {
  const { life } = device;
  world.time.after(delayMs, () => {
    if (device.life === life) act();
  });
}

/** The device is there again. `reset` is why it has booted; null: it only reconnected. */
export function openSession(world: World, device: Device, reset: string | null): void {
  const { timings } = world;
  const now = world.time.now();
  device.isConnected = true;
  endUpdate(world, device);
  // That the old session is over is noticed only now, so both are told with one timestamp.
  if (device.isOnline) tell(world, device, 'spark/status', 'offline');
  const needed = device.image?.systemDependency ?? 0;
  const isInSafeMode = needed > device.system;
  device.isOnline = true;
  device.session += 1;
  device.handshakeAt = now;
  device.heardAt = now;
  device.isInSafeMode = isInSafeMode;
  device.reportedSystem = device.system;
  if (!isInSafeMode) device.reportedVersion = runningVersion(device);
  else if (world.quirks.safeModeVersion === 'zero') device.reportedVersion = 0;
  noticeProductId(device);
  world.publish({
    name: 'spark/status',
    data: 'online',
    publishedAt: now,
    coreId: device.id,
    userId: '',
    version: isInSafeMode ? 0 : (device.reportedVersion ?? 0),
    productId: device.product.id,
  });
  if (isInSafeMode) tell(world, device, 'spark/status/safe-mode', describeSafeMode(device));
  later(world, device, timings.healthMs, () => {
    tellHealth(world, device, reset);
  });
  later(world, device, timings.updatesReportMs, () => {
    reportUpdates(world, device);
  });
  world.onHandshake(device);
  planNextBreak(world, device);
}

/** The link is gone, and the cloud does not know yet. An update under way ends with it. */
export function loseLink(world: World, device: Device): void {
  const { session } = device;
  if (device.isConnected) device.heardAt = world.time.now();
  device.isConnected = false;
  device.life += 1;
  endUpdate(world, device);
  if (!device.isOnline) return;
  world.time.after(offlineNoticeMs(device.behaviour, device.platformId), () => {
    if (device.session === session) closeSession(world, device);
  });
}

/** What was under way has failed; the device keeps what it had. */
export function endUpdate(world: World, device: Device): void {
  if (device.update === null) return;
  device.update.outcome = 'failed';
  device.update = null;
  tell(world, device, 'spark/flash/status', 'failed');
}

/** The cloud notices that the device is gone. */
export function closeSession(world: World, device: Device): void {
  if (!device.isOnline || device.isConnected) return;
  device.isOnline = false;
  tell(world, device, 'spark/status', 'offline');
}

/** Boots, and shakes hands when it is up. */
export function boot(world: World, device: Device, reset: string): void {
  if (device.isConnected) loseLink(world, device);
  later(world, device, jitter(world, world.timings.rebootMs), () => {
    openSession(world, device, reset);
  });
}

/** Reconnects without a boot. */
export function reconnect(world: World, device: Device): void {
  if (device.isConnected) loseLink(world, device);
  later(world, device, jitter(world, world.timings.reconnectMs), () => {
    openSession(world, device, null);
  });
}

export function reportUpdates(world: World, device: Device): void {
  device.reportsUpdatesEnabled = device.updatesEnabled;
  device.heardAt = world.time.now();
  tell(world, device, 'particle/device/updates/enabled', String(device.updatesEnabled));
  tell(world, device, 'particle/device/updates/forced', String(device.isForced));
}

function tellHealth(world: World, device: Device, reset: string | null): void {
  if (reset !== null) tell(world, device, 'spark/device/last_reset', reset);
  const hash = device.image?.appHash ?? null;
  if (hash === null || device.isInSafeMode || hash === device.reportedHash) return;
  device.reportedHash = hash;
  tell(world, device, 'spark/device/app-hash', hash);
}

/** Before Device OS 4 a device names the product compiled in, and one of another product is kept apart. */
function noticeProductId(device: Device): void {
  const { product, platformId, image } = device;
  const reported =
    device.system >= FIRST_UNBOUND_SYSTEM ? platformId : (image?.productId ?? product.id);
  device.reportedProductId = reported;
  const isForeign = reported !== product.id && reported !== platformId;
  if (isForeign && product.hasQuarantine && !device.isDenied) device.isQuarantined = true;
}

function planNextBreak(world: World, device: Device): void {
  const { sleep, reconnectEveryMs } = device.behaviour;
  if (sleep !== null) {
    later(world, device, sleep.awakeMs, () => {
      loseLink(world, device);
      later(world, device, sleep.asleepMs, () => {
        openSession(world, device, 'power_management');
      });
    });
  }
  if (reconnectEveryMs !== null) {
    later(world, device, jitter(world, reconnectEveryMs), () => {
      reconnect(world, device);
    });
  }
  if (device.panicsLeft > 0 && !device.isInSafeMode) {
    later(world, device, device.panicAfterMs, () => {
      device.panicsLeft -= 1;
      boot(world, device, 'panic, hard_fault');
    });
  }
}

/** When the device was last heard: a session that is alive is kept so. */
export function lastHeard(world: World, device: Device, keepAliveMs: number): string | null {
  const { heardAt } = device;
  if (heardAt === null) return null;
  const since = world.time.now() - heardAt;
  return isoTime(device.isConnected ? heardAt + since - (since % keepAliveMs) : heardAt);
}

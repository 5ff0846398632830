// One update of one device: the transfer, the boot, and the detour by safe mode when its Device OS is too old. The faults
// of `behaviour.ts` strike here.

import { PANIC_AFTER_MS } from './behaviour.ts';
import type { Fault } from './behaviour.ts';
import type { Image } from './image.ts';
import { boot, endUpdate, later, loseLink, reconnect, tell } from './sessions.ts';
import type { Device, Flash, World } from './world.ts';
import { jitter } from './world.ts';

export interface UpdateJob {
  readonly image: Image;
  /** As filed; null for a file that is on no list. */
  readonly version: number | null;
  readonly cause: Flash['cause'];
  /** Empty for automatic updates. */
  readonly userId: string;
}

/** Starts the transfer. A device takes one at a time: what comes meanwhile is left to the next handshake. */
export function startUpdate(world: World, device: Device, job: UpdateJob): void {
  if (device.update !== null) return;
  const { timings } = world;
  const flash: Flash = {
    device: device.id,
    version: job.version,
    cause: job.cause,
    at: world.time.now(),
    outcome: 'under way',
  };
  device.update = flash;
  device.product.flashes.push(flash);
  if (job.cause === 'auto') tell(world, device, 'spark/status', 'auto-update');
  if (!device.isConnected) {
    endUnanswered(world, device, flash);
    return;
  }
  later(world, device, timings.startMs, () => {
    tell(world, device, 'spark/flash/status', 'started ', { userId: job.userId });
    const transferMs = jitter(world, (job.image.size * 1000) / timings.bytesPerSecond);
    later(world, device, transferMs, () => {
      endTransfer(world, device, job, flash);
    });
  });
}

/** `online` was stale: nobody takes the file. That it ends as `failed` is the fake's own pick. */
function endUnanswered(world: World, device: Device, flash: Flash): void {
  world.time.after(world.timings.unansweredMs, () => {
    if (device.update === flash) endUpdate(world, device);
  });
}

function endTransfer(world: World, device: Device, job: UpdateJob, flash: Flash): void {
  const fault = takeFault(device, job.version);
  if (fault?.kind === 'transfer-fails') {
    reconnect(world, device);
    return;
  }
  device.update = null;
  flash.outcome = 'delivered';
  tell(world, device, 'spark/flash/status', 'success ', { userId: job.userId });
  const { platformId } = job.image;
  if (platformId !== null && platformId !== device.platformId) {
    // The device checks the platform itself, and keeps what it has.
    flash.outcome = 'rejected';
    reconnect(world, device);
    return;
  }
  if (fault?.kind === 'returns-with-old') {
    // Which reason it gives for the reset is the fake's own pick.
    boot(world, device, 'update_error');
    return;
  }
  device.image = job.image;
  device.filedVersion = job.version;
  device.panicsLeft = fault?.kind === 'panics' ? (fault.times ?? Infinity) : 0;
  device.panicAfterMs = fault?.kind === 'panics' ? (fault.afterMs ?? PANIC_AFTER_MS) : 0;
  if (fault?.kind === 'never-returns') {
    loseLink(world, device);
    return;
  }
  boot(world, device, 'update');
}

/** The cloud brings Device OS up to what the application needs: two modules, a reboot after each. */
export function updateSystem(world: World, device: Device): void {
  const { timings } = world;
  const needed = device.image?.systemDependency ?? 0;
  const sendModule = (then: () => void): void => {
    later(world, device, timings.afterHandshakeMs, () => {
      tell(world, device, 'spark/safe-mode-updater/updating', String(needed), {
        coreId: 'particle-internal',
      });
      tell(world, device, 'spark/flash/status', 'started ');
      later(world, device, jitter(world, timings.systemUpdateMs), () => {
        tell(world, device, 'spark/flash/status', 'success ');
        then();
      });
    });
  };
  sendModule(() => {
    // The bootloader comes first; the system part goes with the next session, which is in safe mode still.
    if (device.system < needed - 1) {
      device.system = needed - 1;
    } else {
      device.system = needed;
    }
    boot(world, device, 'update');
  });
}

function takeFault(device: Device, version: number | null): Fault | null {
  const rule = device.product.faults.find(
    ({ left, devices, version: only }) =>
      left > 0 && (devices?.has(device.id) ?? true) && (only === null || only === version),
  );
  if (rule === undefined) return null;
  rule.left -= 1;
  return rule.fault;
}

// Carrying out locks: the only actions of a plan that change single devices, written into the state whatever the fleet.
// All other actions take effect through the policy.

import type { Failure } from '../base/failure.ts';
import { failure } from '../base/failure.ts';
import type { Result } from '../base/result.ts';
import { fail, ok } from '../base/result.ts';
import type { CarriedLock, DeviceRecord } from '../model/device.ts';
import { expectedDevice } from '../model/device.ts';
import type { EventDraft } from '../model/event.ts';
import type { Action } from '../model/plan.ts';
import { eventOfAction } from '../reports/action-events.ts';
import type { Clock } from '../base/clock.ts';
import type { Store } from '../stores/store.ts';

/** Where locks are written, and by which clock. */
export interface LockPorts {
  readonly store: Pick<Store, 'device' | 'saveDevice'>;
  readonly clock: Pick<Clock, 'now'>;
}

const ROUNDS_MAX = 8;

/** Locks a device; one that the state does not know is expected from now on. */
export function lockDevice(
  ports: LockPorts,
  product: string,
  action: Extract<Action, { type: 'LockDevice' }>,
): Promise<Result<void, Failure>> {
  return changeDevice(ports, product, action, (before) => {
    const device = before ?? expectedDevice(product, action.device);
    const lock = lockOf(device.lock, action, ports.clock.now());
    return lock === device.lock ? before : { ...device, lock };
  });
}

/** Unlocks a device; one that only a lock made known is unknown again. */
export function unlockDevice(
  ports: LockPorts,
  product: string,
  action: Extract<Action, { type: 'UnlockDevice' }>,
): Promise<Result<void, Failure>> {
  return changeDevice(ports, product, action, (before) => {
    if (before === null || before.lock === null) return before;
    return isOnlyExpected(before) ? null : { ...before, lock: null };
  });
}

/** The lock as it shall be: the very same object where nothing changes. */
function lockOf(
  carried: CarriedLock | null,
  action: Extract<Action, { type: 'LockDevice' }>,
  now: number,
): CarriedLock {
  const manifest = action.trace.manifest.replace(/^DeviceLock\//, '');
  const { revision } = action.trace;
  const { version, flash } = action;
  if (carried === null || carried.version !== version || carried.flash !== flash) {
    return { version, flash, armed: flash === 'now', manifest, revision, since: now };
  }
  return carried.manifest === manifest && carried.revision === revision
    ? carried
    : { ...carried, manifest, revision };
}

function isOnlyExpected(device: DeviceRecord): boolean {
  return (
    device.standing === 'expected' && device.registeredAt === null && device.tokenHash === null
  );
}

/**
 * Reads, changes and writes a record until no other write came between; `change` returns `before` for no change. The
 * action's event goes with the write, so that no change is ever without its line in the log.
 */
async function changeDevice(
  ports: LockPorts,
  product: string,
  action: Extract<Action, { type: 'LockDevice' | 'UnlockDevice' }>,
  change: (before: DeviceRecord | null) => DeviceRecord | null,
): Promise<Result<void, Failure>> {
  const deviceId = action.device;
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const before = await ports.store.device(product, deviceId);
    const after = change(before);
    if (after === before) return ok(undefined);
    const events: EventDraft[] = [eventOfAction(product, action, ports.clock.now())];
    const saved = await ports.store.saveDevice({ before, after, events });
    if (saved.status === 'saved') return ok(undefined);
  }
  return fail(
    failure('DeviceBusy', `Device ${deviceId} of ${product} changes all the time.`, 'retry'),
  );
}

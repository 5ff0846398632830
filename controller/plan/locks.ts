// The locks of a plan: which device is held on which version, compared with the locks that are carried out.

import { LOCK_GATES } from '../gates/registry.ts';
import { GUARDRAIL_FREE_DEVICES } from '../gates/gate.ts';
import type { LockSpec, Placed } from '../model/desired.ts';
import { requireNamed } from './named-parts.ts';
import type { Scope } from './scope.ts';
import { usableFirmware } from './firmware.ts';
import { gateContext } from './gate-context.ts';
import { groupDevices } from './groups.ts';
import { guardrailsOf, isRefused, refuse, traceOf, warn } from './scope.ts';

/** The devices that a lock names, without repetition. A group that is not there names none. */
export function lockedDevicesOf(scope: Scope, lock: Placed<LockSpec>): readonly string[] {
  const { devices, group } = lock.spec;
  const named = group === null ? (devices ?? []) : (groupDevices(scope, group) ?? []);
  return [...new Set(named)];
}

/** Decides on every DeviceLock manifest, and which devices are locked and unlocked by it. */
export function planLocks(scope: Scope): void {
  const before = new Map(scope.inForce.locks.map((lock) => [lock.origin.name, lock]));
  const names = new Set(scope.desired.locks.map(({ origin }) => origin.name));
  for (const lock of scope.inForce.locks) {
    if (!names.has(lock.origin.name) && isRefused(scope, lock.origin)) {
      hold(scope, asInForce(scope, lock));
    }
  }
  const lockedTo = devicesByVersion(scope);
  const changed: Placed<LockSpec>[] = [];
  for (const lock of scope.desired.locks) {
    const old = before.get(lock.origin.name);
    if (old !== undefined && isUnchanged(scope, old, lock)) accept(scope, lock);
    else if (mayStand(scope, lock, lockedTo)) changed.push(lock);
    else if (old !== undefined) hold(scope, asInForce(scope, old));
  }
  // Only now, so that a new lock never takes a device from one that stays.
  for (const lock of changed) {
    const old = before.get(lock.origin.name);
    if (!isContested(scope, lock)) accept(scope, lock);
    else if (old !== undefined) hold(scope, asInForce(scope, old));
  }
  addActions(scope, keepTooManyUnlocked(scope));
}

function accept(scope: Scope, lock: Placed<LockSpec>): void {
  hold(scope, lock);
  warnOf(scope, lock);
}

/** The lock with the devices that it has now: by name where its group changes with this revision. */
function asInForce(scope: Scope, lock: Placed<LockSpec>): Placed<LockSpec> {
  const devices = inForceDevices(scope, lock);
  const planned = new Set(lockedDevicesOf(scope, lock));
  const isSame = planned.size === new Set(devices).size && devices.every((id) => planned.has(id));
  return isSame ? lock : { ...lock, spec: { ...lock.spec, devices, group: null } };
}

/** Puts a lock into the plan: it holds the devices that no earlier lock holds. */
/** Takes the locks in force as they are; for a product that is frozen. */
export function holdCarriedLocks(scope: Scope): void {
  for (const lock of scope.inForce.locks) hold(scope, lock);
}

function hold(scope: Scope, lock: Placed<LockSpec>): void {
  scope.nextLocks.push(lock);
  for (const device of lockedDevicesOf(scope, lock)) {
    if (!scope.holding.has(device)) scope.holding.set(device, lock);
  }
}

/** The devices that the locks of each version name, accepted or not. */
function devicesByVersion(scope: Scope): ReadonlyMap<number, ReadonlySet<string>> {
  const devices = new Map<number, Set<string>>();
  for (const lock of [...scope.nextLocks, ...scope.desired.locks]) {
    const known = devices.get(lock.spec.version) ?? new Set<string>();
    for (const device of lockedDevicesOf(scope, lock)) known.add(device);
    devices.set(lock.spec.version, known);
  }
  return devices;
}

function isUnchanged(scope: Scope, old: Placed<LockSpec>, lock: Placed<LockSpec>): boolean {
  if (old.spec.version !== lock.spec.version || old.spec.flash !== lock.spec.flash) return false;
  if (old.spec.expires !== lock.spec.expires) return false;
  const devices = new Set(inForceDevices(scope, old));
  return lockedDevicesOf(scope, lock).every((device) => devices.has(device));
}

function inForceDevices(scope: Scope, lock: Placed<LockSpec>): readonly string[] {
  const { devices, group } = lock.spec;
  if (group === null) return devices ?? [];
  return scope.inForce.groups.find(({ origin }) => origin.name === group)?.spec.devices ?? [];
}

function mayStand(
  scope: Scope,
  lock: Placed<LockSpec>,
  lockedTo: ReadonlyMap<number, ReadonlySet<string>>,
): boolean {
  const { version } = lock.spec;
  const firmware = requireNamed(scope, lock.origin, lock.spec);
  if (firmware === null) return false;
  const { binary, withdrawn } = firmware.spec;
  const context = {
    ...gateContext(scope, version, binary.sha256, withdrawn !== null),
    lockedTo: lockedTo.get(version) ?? new Set<string>(),
    today: scope.context.today,
    established: scope.inForce.config !== null,
  };
  for (const gate of LOCK_GATES) {
    const verdict = gate.evaluate(lock, context);
    if (verdict.passes) continue;
    refuse(scope, lock.origin, verdict.at, verdict.reason, verdict.message, verdict);
    return false;
  }
  return true;
}

/** Refuses a lock that names a device which another lock holds otherwise. */
function isContested(scope: Scope, lock: Placed<LockSpec>): boolean {
  const rival = conflictingLock(scope, lock);
  if (rival === null) return false;
  refuse(
    scope,
    lock.origin,
    'spec',
    'LockConflict',
    `Device ${rival.device} is held by DeviceLock/${rival.by.origin.name} already, on version ${rival.by.spec.version}.`,
  );
  return true;
}

function conflictingLock(
  scope: Scope,
  lock: Placed<LockSpec>,
): { readonly device: string; readonly by: Placed<LockSpec> } | null {
  for (const device of lockedDevicesOf(scope, lock)) {
    const by = scope.holding.get(device);
    if (by === undefined || by.origin.name === lock.origin.name) continue;
    if (by.spec.version !== lock.spec.version || by.spec.flash !== lock.spec.flash)
      return { device, by };
  }
  return null;
}

/**
 * Refuses to unlock more than `maxUnlocked` allows at once: the locks concerned stay in force. Returns the devices that
 * must not be unlocked.
 */
function keepTooManyUnlocked(scope: Scope): ReadonlySet<string> {
  const limit = guardrailsOf(scope).maxUnlocked;
  const carried = [...scope.live.named.values()].filter((device) => device.lock !== null);
  const freed = carried.filter((device) => !scope.holding.has(device.id));
  const isFew = freed.length < GUARDRAIL_FREE_DEVICES;
  if (limit === null || isFew || freed.length <= (carried.length * limit) / 100) return new Set();
  refuse(
    scope,
    scope.nextConfig.origin,
    'spec.guardrails.maxUnlocked',
    'TooManyUnlocked',
    `The revision would unlock ${freed.length} of ${carried.length} locked devices; maxUnlocked allows ${limit}%.`,
  );
  const freedIds = new Set(freed.map((device) => device.id));
  const concerned = scope.inForce.locks.filter((lock) =>
    inForceDevices(scope, lock).some((device) => freedIds.has(device)),
  );
  // Nothing of the refused forms stands, also not for devices that would stay locked.
  const names = new Set(concerned.map(({ origin }) => origin.name));
  const others = scope.nextLocks.filter(({ origin }) => !names.has(origin.name));
  scope.nextLocks.splice(0, scope.nextLocks.length, ...others);
  for (const [device, by] of scope.holding) {
    if (names.has(by.origin.name)) scope.holding.delete(device);
  }
  // Held as they were, by name, so that a group that shrank meanwhile frees nobody either.
  for (const lock of concerned) {
    const devices = inForceDevices(scope, lock);
    hold(scope, { ...lock, spec: { ...lock.spec, devices, group: null } });
  }
  return freedIds;
}

function addActions(scope: Scope, kept: ReadonlySet<string>): void {
  const { holding } = scope;
  for (const device of [...holding.keys()].sort()) {
    const lock = holding.get(device);
    const carried = scope.live.named.get(device)?.lock ?? null;
    if (lock === undefined) continue;
    const { version, flash } = lock.spec;
    if (carried?.version === version && carried.flash === flash) continue;
    scope.actions.push({ type: 'LockDevice', device, version, flash, trace: traceOf(lock.origin) });
  }
  const carried = [...scope.live.named.values()].filter((device) => device.lock !== null);
  for (const device of carried.sort((a, b) => (a.id < b.id ? -1 : 1))) {
    if (holding.has(device.id) || kept.has(device.id) || device.lock === null) continue;
    const { version, manifest } = device.lock;
    const gone = scope.inForce.locks.find(({ origin }) => origin.name === manifest);
    const trace = traceOf(gone?.origin ?? scope.nextConfig.origin, scope.revision);
    scope.actions.push({
      type: 'UnlockDevice',
      device: device.id,
      from: version,
      // Also where nothing in force remembers the lock any more, the action goes back to it.
      trace: { ...trace, manifest: `DeviceLock/${manifest}` },
    });
  }
}

function warnOf(scope: Scope, lock: Placed<LockSpec>): void {
  const { origin, spec } = lock;
  if (spec.expires !== null && spec.expires < scope.context.today) {
    warn(
      scope,
      origin,
      'spec.expires',
      'LockExpired',
      `The lock expired on ${spec.expires}; it stays in force.`,
    );
  }
  const firmware = usableFirmware(scope, spec.version);
  if (firmware !== null && firmware.spec.withdrawn !== null) {
    warn(
      scope,
      origin,
      'spec.version',
      'FirmwareWithdrawn',
      `Version ${spec.version} is withdrawn: the lock holds, and its devices are offered nothing.`,
    );
  }
  const devices = lockedDevicesOf(scope, lock);
  if (devices.length === 0) warn(scope, origin, 'spec', 'NoDevices', 'The lock names no device.');
  devices.forEach((device, index) => {
    const at = spec.group === null ? `spec.devices.${index}` : 'spec.group';
    const known = scope.live.named.get(device);
    if (known === undefined || known.standing === 'expected') {
      warn(scope, origin, at, 'UnknownDevice', `Device ${device} has never made contact.`);
    } else if (!known.online && known.running !== spec.version) {
      warn(
        scope,
        origin,
        at,
        'DeviceOffline',
        `Device ${device} is offline; it is flashed when it connects.`,
      );
    }
  });
}

// The firmware of a plan: what is new, withdrawn, retiring or gone, and what may not be under its number.

import { countOf } from '../base/count.ts';
import type { FirmwareSpec, Placed } from '../model/desired.ts';
import type { Scope } from './scope.ts';
import { isRefused, recordFor, refuse, traceOf, warn } from './scope.ts';

/** Decides on every Firmware manifest; those in force without a manifest are dealt with by `retireFirmware`. */
export function planFirmware(scope: Scope): void {
  const highestSeen = highestVersionSeen(scope);
  for (const firmware of scope.desired.firmware) {
    const before = inForceVersion(scope, firmware.spec.version);
    if (mayStand(scope, firmware, highestSeen)) {
      scope.nextFirmware.push(firmware);
      addActions(scope, firmware, before);
    } else if (before !== null) {
      const stays = withdrawnAs(before, firmware);
      scope.nextFirmware.push(stays);
      if (stays !== before) addActions(scope, stays, before);
    }
  }
  const decided = new Set(scope.desired.firmware.map(({ spec }) => spec.version));
  for (const firmware of scope.inForce.firmware) {
    if (!decided.has(firmware.spec.version) && isRefused(scope, firmware.origin)) {
      scope.nextFirmware.push(firmware);
    }
  }
}

/**
 * Firmware in force whose manifest is gone: kept as retiring while it runs, is released or locked to, else retired.
 * Comes after locks and releases, which say what is still needed. `isGone`: the whole product is, and with it the need
 * for a base.
 */
export function retireFirmware(scope: Scope, isGone = false): void {
  const kept = new Set(scope.nextFirmware.map(({ spec }) => spec.version));
  const named = new Set([
    ...scope.nextLocks.map(({ spec }) => spec.version),
    ...scope.nextReleases.map(({ spec }) => spec.version),
  ]);
  const bases = new Set(isGone ? [] : basesOf(scope));
  for (const firmware of scope.inForce.firmware) {
    const { version } = firmware.spec;
    if (kept.has(version)) continue;
    const running = devicesRunning(scope, version);
    if (running === 0 && !named.has(version) && !bases.has(version)) {
      scope.actions.push({
        type: 'RetireFirmware',
        version,
        trace: traceOf(firmware.origin, scope.revision),
      });
      continue;
    }
    scope.nextFirmware.push({ ...firmware, spec: { ...firmware.spec, retiring: true } });
    const why = named.has(version)
      ? 'it is released or locked to'
      : running > 0
        ? `it runs on ${countOf(running, 'device')}`
        : 'devices may have to return to it';
    warn(
      scope,
      firmware.origin,
      '',
      'FirmwareRetiring',
      `Version ${version} has no manifest any more and is kept, because ${why}.`,
    );
  }
}

/** Versions that devices may have to return to. What was before a rollback is what it took back. */
function basesOf({ nextRollout }: Scope): readonly number[] {
  return nextRollout.tracks.flatMap(({ base, release }) =>
    [base, release === null || release.rollback ? null : release.baseBefore].filter(
      (version) => version !== null,
    ),
  );
}

/** Firmware that a lock or release of this revision may name: accepted, or in force and not decided otherwise. */
export function usableFirmware(scope: Scope, version: number): Placed<FirmwareSpec> | null {
  return (
    scope.nextFirmware.find(({ spec }) => spec.version === version) ??
    inForceVersion(scope, version)
  );
}

function inForceVersion(scope: Scope, version: number): Placed<FirmwareSpec> | null {
  return scope.inForce.firmware.find(({ spec }) => spec.version === version) ?? null;
}

/** Withdrawal is never refused: where the rest of a manifest is, what is in force is withdrawn all the same. */
function withdrawnAs(
  before: Placed<FirmwareSpec>,
  refused: Placed<FirmwareSpec>,
): Placed<FirmwareSpec> {
  const { withdrawn } = refused.spec;
  if (withdrawn === null || before.spec.withdrawn !== null) return before;
  return { spec: { ...before.spec, withdrawn }, origin: refused.origin };
}

function mayStand(scope: Scope, firmware: Placed<FirmwareSpec>, highestSeen: number): boolean {
  const { spec, origin } = firmware;
  const { version, binary } = spec;
  const record = recordFor(scope, version);
  if (record !== null && record.sha256 !== binary.sha256) {
    refuse(
      scope,
      origin,
      'spec.binary.sha256',
      'FirmwareChanged',
      `Version ${version} is remembered with SHA-256 ${record.sha256}; the manifest now names ${binary.sha256}.`,
    );
    return false;
  }
  const seen = record !== null || devicesRunning(scope, version) > 0;
  if (!seen && version < highestSeen && spec.withdrawn === null) {
    refuse(
      scope,
      origin,
      'spec.version',
      'VersionNotIncreasing',
      `Version ${version} is new to the fleet, and lower than ${highestSeen}, which it has seen.`,
    );
    return false;
  }
  const unavailable = scope.context.unavailable.get(scope.product)?.get(version);
  if (unavailable !== undefined && spec.withdrawn === null) {
    refuse(scope, origin, 'spec.binary', 'BinaryMissing', unavailable, { lifts: 'devices' });
    return false;
  }
  return true;
}

function addActions(
  scope: Scope,
  firmware: Placed<FirmwareSpec>,
  before: Placed<FirmwareSpec> | null,
): void {
  const { spec, origin } = firmware;
  const { version, binary } = spec;
  const record = recordFor(scope, version);
  if (spec.withdrawn !== null) {
    if (before === null || before.spec.withdrawn === null) {
      scope.actions.push({ type: 'WithdrawFirmware', version, trace: traceOf(origin) });
    }
    return;
  }
  if (record?.stored !== true || before === null) {
    scope.actions.push({
      type: 'UploadFirmware',
      version,
      sha256: binary.sha256,
      trace: traceOf(origin),
    });
  }
}

/**
 * The highest version that was in force or that devices run; 0 where there is none. What this very revision brings is
 * left out: within one revision any order is fine, also where a part of it comes through at a later pass.
 */
function highestVersionSeen(scope: Scope): number {
  const { live, desired } = scope;
  const isBroughtNow = (version: number): boolean => {
    const record = recordFor(scope, version);
    return record === null
      ? desired.firmware.some(({ spec }) => spec.version === version)
      : record.addedRevision === scope.revision;
  };
  const running = [...live.unlocked, ...live.locked].map((count) => count.version ?? 0);
  const seen = [...running, ...live.firmware.map((record) => record.version)];
  return Math.max(0, ...seen.filter((version) => !isBroughtNow(version)));
}

function devicesRunning(scope: Scope, version: number): number {
  return [...scope.live.unlocked, ...scope.live.locked]
    .filter((count) => count.version === version)
    .reduce((sum, count) => sum + count.devices, 0);
}

// The groups of a plan: which devices are in which group, and which groups outlive their manifest.

import type { GroupSpec, Placed } from '../model/desired.ts';
import type { Scope } from './scope.ts';
import { isRefused, refuse, traceOf } from './scope.ts';

/** Decides on every DeviceGroup manifest that is new, changed or refused; comes before locks and releases. */
export function planGroups(scope: Scope): void {
  const before = new Map(scope.inForce.groups.map((group) => [group.origin.name, group]));
  for (const group of scope.desired.groups) {
    const old = before.get(group.origin.name);
    if (old !== undefined && wouldFreeDevices(scope, old, group)) {
      scope.nextGroups.push(old);
      continue;
    }
    scope.nextGroups.push(group);
    if (old === undefined || !sameMembers(old, group)) {
      const devices = group.spec.devices.length;
      scope.actions.push({
        type: 'ChangeGroup',
        group: group.origin.name,
        devices,
        trace: traceOf(group.origin),
      });
    }
  }
  for (const group of scope.inForce.groups) {
    if (groupNamed(scope, group.origin.name) === null && isRefused(scope, group.origin))
      scope.nextGroups.push(group);
  }
}

/** A group that a lock still in force names keeps its list, also where its manifest matches attributes now. */
function wouldFreeDevices(
  scope: Scope,
  old: Placed<GroupSpec>,
  { spec, origin }: Placed<GroupSpec>,
): boolean {
  if (spec.match === null || old.spec.match !== null) return false;
  const holds = scope.inForce.locks.some(
    (lock) => lock.spec.group === origin.name && isRefused(scope, lock.origin),
  );
  if (!holds) return false;
  refuse(
    scope,
    origin,
    'spec.match',
    'GroupNotListed',
    `A lock that is in force names group ${origin.name}, so its list of devices stays.`,
  );
  return true;
}

/**
 * Ends groups whose manifest is gone. One that a lock, a release or the verification still in force names is kept, so
 * that a removed group never unlocks or releases by itself.
 */
export function endGroups(scope: Scope): void {
  const needed = new Set([
    scope.nextConfig.spec.verification.group,
    ...scope.nextLocks.map(({ spec }) => spec.group),
    ...scope.nextReleases.map(({ spec }) => spec.group),
  ]);
  for (const group of scope.inForce.groups) {
    const { name } = group.origin;
    if (groupNamed(scope, name) !== null) continue;
    if (needed.has(name)) scope.nextGroups.push(group);
    else {
      scope.actions.push({
        type: 'ChangeGroup',
        group: name,
        devices: 0,
        trace: traceOf(group.origin, scope.revision),
      });
    }
  }
}

/** The devices of a group: as this revision has it, else as it is in force; null where there is no such group. */
export function groupDevices(scope: Scope, name: string): readonly string[] | null {
  return groupSpec(scope, name)?.devices ?? null;
}

/** The attributes that a group matches; null where it lists its devices, or is not there. */
export function groupMatch(scope: Scope, name: string): GroupSpec['match'] {
  return groupSpec(scope, name)?.match ?? null;
}

function groupSpec(scope: Scope, name: string): GroupSpec | null {
  const group =
    groupNamed(scope, name) ?? scope.inForce.groups.find(({ origin }) => origin.name === name);
  return group?.spec ?? null;
}

function groupNamed(scope: Scope, name: string): Placed<GroupSpec> | null {
  return scope.nextGroups.find(({ origin }) => origin.name === name) ?? null;
}

function sameMembers(a: Placed<GroupSpec>, b: Placed<GroupSpec>): boolean {
  const before = new Set(a.spec.devices);
  return (
    JSON.stringify(a.spec.match) === JSON.stringify(b.spec.match) &&
    before.size === new Set(b.spec.devices).size &&
    b.spec.devices.every((id) => before.has(id))
  );
}

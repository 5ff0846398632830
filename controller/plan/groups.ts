// The groups of a plan: which devices are in which group, and which groups outlive their manifest.

import type { GroupSpec, Placed } from '../model/desired.ts';
import type { Scope } from './scope.ts';
import { isRefused, traceOf } from './scope.ts';

/** Decides on every DeviceGroup manifest that is new, changed or refused; comes before locks and releases. */
export function planGroups(scope: Scope): void {
  const before = new Map(scope.inForce.groups.map((group) => [group.origin.name, group]));
  for (const group of scope.desired.groups) {
    scope.nextGroups.push(group);
    const old = before.get(group.origin.name);
    if (old === undefined || !sameDevices(old, group)) {
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
  const group =
    groupNamed(scope, name) ?? scope.inForce.groups.find(({ origin }) => origin.name === name);
  return group?.spec.devices ?? null;
}

function groupNamed(scope: Scope, name: string): Placed<GroupSpec> | null {
  return scope.nextGroups.find(({ origin }) => origin.name === name) ?? null;
}

function sameDevices(a: Placed<GroupSpec>, b: Placed<GroupSpec>): boolean {
  const before = new Set(a.spec.devices);
  return (
    before.size === new Set(b.spec.devices).size && b.spec.devices.every((id) => before.has(id))
  );
}

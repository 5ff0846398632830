// What a plan means for the fleet, from counts: how many devices would be flashed, from which version to which. Never
// needs a list of all devices.

import type { FlashCount, Impact } from '../model/plan.ts';
import type { ProductPolicy } from '../model/policy.ts';
import { groupsWithRelease, releaseFor } from '../releases/governing-release.ts';
import { resolveTarget } from '../releases/target.ts';
import type { Crowd, Population, Single } from './population.ts';
import { cutCircle, cutsOf } from './population.ts';
import type { Scope } from './scope.ts';

/** The impact of the locks, groups and releases that the plan puts in force. */
export function countImpact(scope: Scope, population: Population, policy: ProductPolicy): Impact {
  const { live, holding } = scope;
  const locked = [...holding.keys()].filter(
    (id) => live.named.get(id)?.standing === 'active',
  ).length;
  return {
    devices: live.devices,
    flashes: countFlashes(population, policy),
    locked,
    offline: live.offline,
    quarantined: live.quarantined,
  };
}

/** Devices that would be flashed under a policy and the locks of the population; sorted by target, then origin. */
export function countFlashes(
  { crowds, singles }: Population,
  policy: ProductPolicy,
): readonly FlashCount[] {
  const counts = new Map<string, { from: number | null; to: number; devices: number }>();
  const add = (from: number | null, to: number | null, devices: number): void => {
    if (to === null || from === to || devices <= 0) return;
    const key = `${from}>${to}`;
    const known = counts.get(key);
    if (known === undefined) counts.set(key, { from, to, devices });
    else known.devices += devices;
  };
  const releases = [policy.release, ...policy.groupReleases.values()];
  const stretches = cutCircle(releases.flatMap((each) => (each === null ? [] : cutsOf(each))));
  for (const crowd of crowds) {
    for (const { from, until } of stretches) {
      const target = resolveTarget(crowd.subject, policy, from);
      if (target.kind === 'none') continue;
      add(crowd.subject.running, target.firmware.version, crowd.count(from, until));
    }
  }
  for (const { subject, bucket } of singles) {
    const target = resolveTarget(subject, policy, bucket);
    if (target.kind === 'version') add(subject.running, target.firmware.version, 1);
  }
  return [...counts.values()].sort((a, b) => a.to - b.to || (a.from ?? 0) - (b.from ?? 0));
}

/** Devices without a lock to which two groups give different versions. */
export interface TornDevices {
  /** As far as they are named; sorted. */
  readonly names: readonly string[];
  readonly others: number;
  /** The groups that pull at them, sorted. */
  readonly groups: readonly string[];
}

/** Finds the devices that two groups pull at. */
export function conflictingDevices(
  { crowds, singles }: Population,
  policy: ProductPolicy,
): TornDevices {
  const isTorn = ({ subject }: Single | Crowd): boolean =>
    subject.lock === null && releaseFor(subject, policy) === 'conflict';
  const named = singles.filter(isTorn);
  const others = crowds.filter(isTorn);
  const groups = [...named, ...others].flatMap(({ subject }) => groupsWithRelease(subject, policy));
  return {
    names: named.map(({ subject }) => subject.id).sort(),
    others: others.reduce((sum, crowd) => sum + crowd.count(0, Infinity), 0),
    groups: [...new Set(groups)].sort(),
  };
}

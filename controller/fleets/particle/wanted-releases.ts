// What is to be released at Particle to everyone else, and to the groups that manifests list: one version each, since
// neither can ever be released to nobody again. What a step, a hold or a rate asks of single devices comes on top of it,
// by reserved groups (`place-device.ts`).

import { isGroupName, RESERVED_PREFIX } from '../../model/cloud-group.ts';
import type { Desired } from '../../model/desired.ts';
import type { PolicyRelease, ProductPolicy } from '../../model/policy.ts';
import { BUCKETS } from '../../model/rollout.ts';

/** The reserved group that brings its members to a version, or keeps them on it. It never holds another version. */
export function versionGroup(version: number): string {
  return `${RESERVED_PREFIX}v${version}`;
}

/** The version of a reserved group's name; null: it is none of those. */
export function versionOfGroup(name: string): number | null {
  const version = /^lockstep-v([1-9]\d{0,4})$/.exec(name)?.[1];
  return version === undefined ? null : Number(version);
}

export function isReserved(name: string): boolean {
  return name.startsWith(RESERVED_PREFIX);
}

/** Whether a group of manifests can be one at Particle. */
function isCarried(name: string): boolean {
  return isGroupName(name) && !isReserved(name);
}

export interface WantedReleases {
  /** Null: it stays as it is. */
  readonly everyone: number | null;
  /** By group; one that is to stay as it is is left out. */
  readonly groups: ReadonlyMap<string, number>;
}

/** A release that everyone else or a group has, and is to have. */
export interface Target {
  readonly present: number | null;
  /** From these calls on; equal to `present` where it is left as it is. */
  readonly next: number | null;
  /** It is another hand's, and stays. */
  readonly isTolerated: boolean;
}

/** The releases that are wanted under a policy. */
export function wantedReleases(policy: ProductPolicy): WantedReleases {
  const groups = new Map<string, number>();
  for (const [name, release] of policy.groupReleases) {
    if (policy.matchGroups.some(({ group }) => group === name) || !isCarried(name)) continue;
    const version = groupVersion(release, policy);
    if (version !== null) groups.set(name, version);
  }
  const { release } = policy;
  if (release === null) return { everyone: null, groups };
  const isOpen = isWideOpen(release, policy);
  return { everyone: isOpen ? release.version : usableBase(release, policy), groups };
}

/** Whether a release offers its version to each of its devices at once, and for as long as it stands. */
export function isWideOpen(release: PolicyRelease, policy: ProductPolicy): boolean {
  return (
    !policy.stopped &&
    release.hold === null &&
    release.limit >= BUCKETS &&
    release.rate === null &&
    release.windows.length === 0 &&
    isUsable(release.version, policy)
  );
}

/**
 * Of several groups the highest version counts, so a group holds the lower of the two versions that its devices may be
 * on: reserved groups can then bring a part of them to the higher one.
 */
function groupVersion(release: PolicyRelease, policy: ProductPolicy): number | null {
  if (isWideOpen(release, policy)) return release.version;
  const base = usableBase(release, policy);
  if (base === null) return null;
  const isOffered = release.hold === null && !policy.stopped && release.limit > 0;
  return isOffered && isUsable(release.version, policy) ? Math.min(base, release.version) : base;
}

function usableBase({ base }: PolicyRelease, policy: ProductPolicy): number | null {
  return base !== null && isUsable(base, policy) ? base : null;
}

/** Verified, not withdrawn, and held by Particle as the very binary. */
function isUsable(version: number, { firmware }: ProductPolicy): boolean {
  const found = firmware.get(version);
  return found !== undefined && found.verified && found.stored && !found.withdrawn;
}

/** The devices that manifests list, by group. Groups by attributes are not known to Particle. */
export function wantedMembers(desired: Desired): ReadonlyMap<string, ReadonlySet<string>> {
  return new Map(
    desired.groups.flatMap(({ spec, origin }) =>
      spec.match === null && isCarried(origin.name)
        ? [[origin.name, new Set(spec.devices)] as const]
        : [],
    ),
  );
}

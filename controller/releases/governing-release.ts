// Which release covers a device that is not locked: its group's, else the product's. Groups list their devices, or
// match attributes.

import type { Traits } from '../model/device.ts';
import type { PolicyRelease, ProductPolicy } from '../model/policy.ts';

/** What of a device decides about its groups. */
export interface Member {
  readonly id: string;
  readonly traits: Traits;
}

/** The groups that a device is in, of those that have a release; sorted by name. */
export function groupsWithRelease(member: Member, policy: ProductPolicy): readonly string[] {
  const listed = policy.groupsOf.get(member.id) ?? [];
  const matching = policy.matchGroups.filter(({ match }) => hasTraits(member.traits, match));
  if (matching.length === 0) return listed;
  return [...listed, ...matching.map(({ group }) => group)].sort();
}

/** Whether a device has all the values that a group asks for. */
export function hasTraits(traits: Traits, match: Readonly<Record<string, string>>): boolean {
  return Object.entries(match).every(
    ([name, value]) => Object.hasOwn(traits, name) && traits[name] === value,
  );
}

/**
 * The release that covers a device. Where several groups give it the same version, one that is held counts, and
 * otherwise the one that comes first by name.
 */
export function releaseFor(
  member: Member,
  policy: ProductPolicy,
): PolicyRelease | 'conflict' | null {
  let found: PolicyRelease | null = null;
  for (const group of groupsWithRelease(member, policy)) {
    const release = policy.groupReleases.get(group);
    if (release === undefined) continue;
    if (found !== null && found.version !== release.version) return 'conflict';
    if (found === null || (found.hold === null && release.hold !== null)) found = release;
  }
  return found ?? policy.release;
}

// The attributes by which a device is grouped: kept in its record, so that a poll needs no look-up to tell its groups.

import type { Moment, Traits } from '../model/device.ts';
import type { ProductPolicy } from '../model/policy.ts';
import { groupsWithRelease } from '../releases/governing-release.ts';
import type { Draft } from './decision.ts';
import { note } from './decision.ts';

const VALUE_MAX = 64;

/** Whether the traits of a device are those that its product groups by now. */
export function hasCurrentTraits(traits: Traits, policy: ProductPolicy): boolean {
  const { groupBy } = policy.settings;
  return (
    Object.keys(traits).length === groupBy.length &&
    groupBy.every((name) => Object.hasOwn(traits, name))
  );
}

/** Takes over the values that the attributes have now; who moves from group to group by it is named. */
export function takeTraits(
  draft: Draft,
  attributes: Readonly<Record<string, string>>,
  policy: ProductPolicy,
  moment: Moment,
): void {
  const { device } = draft;
  const traits = readTraits(attributes, policy.settings.groupBy);
  if (isSame(device.traits, traits)) return;
  const before = groupsWithRelease(device, policy);
  draft.device = { ...device, traits };
  const after = groupsWithRelease(draft.device, policy);
  if (before.join() === after.join()) return;
  const changes = Object.keys(traits)
    .filter((name) => device.traits[name] !== traits[name])
    .map((name) => `${name} is ${JSON.stringify(traits[name])} now`);
  note(
    draft,
    'DeviceMoved',
    moment,
    `Moved from ${nameGroups(before)} to ${nameGroups(after)}: ${changes.join(', ')}.`,
  );
}

function readTraits(
  attributes: Readonly<Record<string, string>>,
  groupBy: readonly string[],
): Traits {
  return Object.fromEntries(
    groupBy.map((name) => {
      const value = Object.hasOwn(attributes, name) ? attributes[name] : undefined;
      return [name, value?.slice(0, VALUE_MAX) ?? null];
    }),
  );
}

function isSame(one: Traits, other: Traits): boolean {
  const names = Object.keys(one);
  return (
    names.length === Object.keys(other).length &&
    names.every((name) => Object.hasOwn(other, name) && one[name] === other[name])
  );
}

function nameGroups(groups: readonly string[]): string {
  if (groups.length === 0) return 'no group';
  return `${groups.length === 1 ? 'group' : 'groups'} ${groups.join(', ')}`;
}

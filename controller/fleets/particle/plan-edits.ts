// The calls about groups and releases, in an order that never leads a device astray: whoever is to be in a reserved group
// joins it first, to be held there or to go by it, then what is released changes, then devices are let go, and what nobody
// is in any more goes last.

import type { DeviceRecord } from '../../model/device.ts';
import type { Call } from './calls.ts';
import type { CloudDevice, Snapshot } from './nouns.ts';
import type { Place } from './place-device.ts';
import type { Target } from './wanted-releases.ts';
import { isReserved, versionGroup, versionOfGroup } from './wanted-releases.ts';

/** Devices in one edit of groups: how many Particle takes is not documented. */
export const EDIT_DEVICES_MAX = 500;

/** A device with what is to become of it. */
export interface DevicePlan {
  readonly device: CloudDevice;
  readonly record: DeviceRecord;
  /** Null: it stays where it is. */
  readonly place: Place | null;
  /** The groups that it is to be in, reserved ones aside. */
  readonly groups: readonly string[];
  /** What Particle has for it now, reserved groups and its lock aside. */
  readonly naturalNow: number | null;
}

export interface EditsInput {
  readonly snapshot: Snapshot;
  readonly devices: readonly DevicePlan[];
  readonly everyone: Target;
  readonly groups: ReadonlyMap<string, Target>;
  /** Groups that manifests list. */
  readonly members: ReadonlyMap<string, ReadonlySet<string>>;
  readonly mayDelete: boolean;
  /** Devices that are unlocked. */
  readonly unlocks: readonly string[];
  /** Versions that nobody is to be hurried to. */
  readonly unhurried: ReadonlySet<number> | 'all';
}

export function planEdits(input: EditsInput): readonly Call[] {
  const { snapshot, devices, mayDelete } = input;
  const used = new Map<number, number>();
  for (const { place } of devices) {
    if (place !== null && place.group !== null)
      used.set(place.group, (used.get(place.group) ?? 0) + 1);
  }
  const isKept = ({ device, place }: DevicePlan, name: string): boolean =>
    place === null && device.groups.includes(name);
  const deleted = new Set(
    [...snapshot.groups.keys()].filter(
      (name) =>
        mayDelete &&
        isReserved(name) &&
        !used.has(versionOfGroup(name) ?? 0) &&
        !devices.some((each) => isKept(each, name)),
    ),
  );
  const edits = devices.flatMap((each) => editOf(each, deleted, input.groups));
  const released = createReleases(snapshot);
  const versions = [...used.keys()].sort((one, other) => one - other);
  const early = edits.filter(({ isEarly }) => isEarly);
  const late = edits.filter(({ isEarly }) => !isEarly);
  const missing = [...input.members]
    .filter(
      ([name, listed]) =>
        !snapshot.groups.has(name) &&
        (listed.size > 0 || (input.groups.get(name)?.next ?? null) !== null),
    )
    .map(([name]) => name);
  const names = [...versions.map(versionGroup), ...missing].filter(
    (name) => !snapshot.groups.has(name),
  );
  return [
    ...names.map((group): Call => ({ type: 'createGroup', group })),
    ...versions.flatMap((version) => released.toGroup(version, versionGroup(version), false)),
    ...batch(early),
    ...changedReleases(input, released),
    ...batch(late),
    ...[...deleted].sort().map((group): Call => ({ type: 'deleteGroup', group })),
    ...input.unlocks.map((device): Call => ({ type: 'unlock', device })),
    ...hurried(input, edits, deleted).map((version) => released.again(version, deleted)),
  ];
}

interface Edit {
  readonly device: string;
  readonly add: readonly string[];
  readonly remove: readonly string[];
  readonly isEarly: boolean;
}

/** What changes in the groups of a device. One of a group that is deleted as a whole needs no edit of its own. */
function editOf(
  plan: DevicePlan,
  deleted: ReadonlySet<string>,
  groups: EditsInput['groups'],
): readonly Edit[] {
  const { device, record, place } = plan;
  const reserved = device.groups.filter(isReserved);
  const wanted = [
    ...plan.groups,
    ...(place === null ? reserved : place.group === null ? [] : [versionGroup(place.group)]),
  ];
  const add = wanted.filter((name) => !device.groups.includes(name));
  const gone = device.groups.filter((name) => !wanted.includes(name));
  // Of several reserved groups, which only another hand can put it in, all are left at once: the highest counts.
  const isPlain = add.length === 0 && reserved.length < 2;
  const remove = isPlain ? gone.filter((name) => !deleted.has(name)) : gone;
  if (add.length === 0 && remove.length === 0) return [];
  const leadsTo = place?.leadsTo ?? null;
  const stays = leadsTo === null || leadsTo === record.running;
  const isListed = [...add, ...remove].some((name) => !isReserved(name));
  const group = place?.group ?? null;
  // To be held in a reserved group can only hold. To leave one holds where what is left leads to what it runs.
  const isHeld = stays && (group !== null || plan.naturalNow === leadsTo);
  // Who goes by one is out of reach of what changes for everyone else, unless another of its groups has more at present.
  const isGoing = group !== null && highestOf(device, groups) <= group;
  const isEarly = !isListed && (isHeld || isGoing);
  return [{ device: device.id, add, remove, isEarly }];
}

/** The highest version that the groups of a device have now, reserved ones aside; 0 for none. */
function highestOf(device: CloudDevice, groups: EditsInput['groups']): number {
  return Math.max(0, ...device.groups.map((name) => groups.get(name)?.present ?? 0));
}

/** As few edits as there are different ones, each of a bounded number of devices. */
function batch(edits: readonly Edit[]): readonly Call[] {
  const byChange = new Map<string, { edit: Edit; devices: string[] }>();
  for (const edit of edits) {
    const key = JSON.stringify([edit.add, edit.remove]);
    const known = byChange.get(key);
    if (known === undefined) byChange.set(key, { edit, devices: [edit.device] });
    else known.devices.push(edit.device);
  }
  return [...byChange.values()].flatMap(({ edit: { add, remove }, devices }) => {
    const calls: Call[] = [];
    for (let from = 0; from < devices.length; from += EDIT_DEVICES_MAX) {
      const part = devices.slice(from, from + EDIT_DEVICES_MAX);
      calls.push({ type: 'editGroups', devices: part, add, remove });
    }
    return calls;
  });
}

/** What is released to everyone else and to groups of manifests, where it changes. */
function changedReleases(
  { everyone, groups, unhurried }: EditsInput,
  released: Releases,
): readonly Call[] {
  const calls: Call[] = [];
  const byVersion = new Map<number, string[]>();
  for (const [name, { present, next }] of groups) {
    if (next === null || next === present) continue;
    byVersion.set(next, [...(byVersion.get(next) ?? []), name]);
  }
  const isChanged = everyone.next !== null && everyone.next !== everyone.present;
  if (isChanged && everyone.next !== null && !byVersion.has(everyone.next)) {
    byVersion.set(everyone.next, []);
  }
  for (const [version, names] of [...byVersion].sort(([one], [other]) => one - other)) {
    const isDefault = isChanged && everyone.next === version;
    calls.push(
      released.change(version, { isDefault, names, prompt: mayHurry(version, unhurried) }),
    );
  }
  return calls;
}

/**
 * Versions that devices which are online were let go to: a release says so to them at once, where they would else get it
 * at their next handshake.
 */
function hurried(
  { devices, unlocks, unhurried }: EditsInput,
  edits: readonly Edit[],
  deleted: ReadonlySet<string>,
): readonly number[] {
  const edited = new Set(edits.map(({ device }) => device));
  const unlocked = new Set(unlocks);
  const versions = new Set<number>();
  for (const { device, record, place } of devices) {
    const leadsTo = place === null || place.lock !== null ? null : place.leadsTo;
    if (leadsTo === null || leadsTo === record.running || !device.online) continue;
    const isLetGo =
      edited.has(device.id) ||
      unlocked.has(device.id) ||
      device.groups.some((name) => deleted.has(name));
    if (isLetGo && mayHurry(leadsTo, unhurried)) versions.add(leadsTo);
  }
  return [...versions].sort((one, other) => one - other);
}

function mayHurry(version: number, unhurried: EditsInput['unhurried']): boolean {
  return unhurried !== 'all' && !unhurried.has(version);
}

interface Releases {
  /** The call that brings a version to a reserved group; none where it is there. */
  toGroup(version: number, group: string, prompt: boolean): readonly Call[];
  change(
    version: number,
    to: {
      readonly isDefault: boolean;
      readonly names: readonly string[];
      readonly prompt: boolean;
    },
  ): Call;
  /** The same targets once more, without groups that are gone, at once. */
  again(version: number, gone: ReadonlySet<string>): Call;
}

/** Keeps account of what is released to whom, since each call names a version's whole set of targets. */
function createReleases(snapshot: Snapshot): Releases {
  let everyone: number | null = null;
  for (const { version, isDefault } of snapshot.firmware.values())
    if (isDefault) everyone = version;
  const groups = new Map<string, number>();
  for (const { name, version } of snapshot.groups.values())
    if (version !== null) groups.set(name, version);
  const call = (version: number, prompt: boolean): Call => ({
    type: 'release',
    version,
    isDefault: everyone === version,
    groups: [...groups].flatMap(([name, held]) => (held === version ? [name] : [])).sort(),
    prompt,
  });
  return {
    toGroup(version, group, prompt) {
      if (groups.get(group) === version) return [];
      groups.set(group, version);
      return [call(version, prompt)];
    },
    change(version, { isDefault, names, prompt }) {
      if (isDefault) everyone = version;
      for (const name of names) groups.set(name, version);
      return call(version, prompt);
    },
    again(version, gone) {
      for (const name of gone) groups.delete(name);
      return call(version, true);
    },
  };
}

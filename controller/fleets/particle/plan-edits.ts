// The calls about groups and releases, in an order that leads no device astray (`edit-order.ts`): in the usual case whoever
// is to be in a reserved group joins it first, to be held there or to go by it, then what is released changes, then devices
// are let go. What nobody is in any more goes last.

import type { DeviceRecord } from '../../model/device.ts';
import type { Call } from './calls.ts';
import type { EditedDevice, OrderFinder, ReleaseStep, Stage } from './edit-order.ts';
import {
  createOrderFinder,
  groupsAfter,
  orderSteps,
  releaseSteps,
  stagesOf,
} from './edit-order.ts';
import type { CloudDevice, Snapshot } from './nouns.ts';
import type { OwnLock, Place } from './place-device.ts';
import type { Target } from './wanted-releases.ts';
import { isReserved, versionGroup, versionOfGroup } from './wanted-releases.ts';

/** Devices in one edit of groups: how many Particle takes is not documented. */
export const EDIT_DEVICES_MAX = 500;

/** A device with what is to become of it. */
export interface DevicePlan {
  readonly device: CloudDevice;
  readonly record: DeviceRecord;
  /** Null: nothing holds it, so it is left to what is released, and out of every reserved group. */
  readonly place: Place | null;
  /** The groups that it is to be in, reserved ones aside. */
  readonly groups: readonly string[];
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
  const used = new Set(devices.flatMap(({ place }) => place?.group ?? []));
  const deleted = new Set(
    [...snapshot.groups.keys()].filter(
      (name) => mayDelete && isReserved(name) && !used.has(versionOfGroup(name) ?? 0),
    ),
  );
  const released = createReleases(snapshot);
  const versions = [...used].sort((one, other) => one - other);
  const first = firstStage(input, versions);
  const followers = devices.filter((each) => !isLocked(each)).map(editedDevice);
  const steps = orderSteps(first, releaseSteps(input.everyone, input.groups), followers);
  const findOrder = createOrderFinder(stagesOf(first, steps));
  const edits = devices.flatMap((each) => editOf(each, deleted, steps.length, findOrder));
  const held = devices
    .filter((each) => isAstray(each, findOrder))
    .flatMap((each) => holdOf(each, snapshot));
  const unlocks = [...held.map(({ device }) => device), ...input.unlocks];
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
    ...held,
    ...names.map((group): Call => ({ type: 'createGroup', group })),
    ...versions.flatMap((version) => released.toGroup(version, versionGroup(version), false)),
    ...batch(edits.filter(({ after }) => after === 0)),
    ...steps.flatMap((step, index) => [
      changeOf(step, released, input.unhurried),
      ...batch(edits.filter(({ after }) => after === index + 1)),
    ]),
    ...[...deleted].sort().map((group): Call => ({ type: 'deleteGroup', group })),
    ...unlocks.map((device): Call => ({ type: 'unlock', device })),
    ...hurried(input, edits, deleted).map((version) => released.again(version, deleted)),
  ];
}

function changeOf(step: ReleaseStep, released: Releases, unhurried: EditsInput['unhurried']): Call {
  const { version } = step;
  return released.change(version, { ...step, prompt: mayHurry(version, unhurried) });
}

/** What is released once the reserved groups that are used are there. */
function firstStage({ snapshot, everyone }: EditsInput, versions: readonly number[]): Stage {
  const groups = new Map<string, number | null>();
  for (const { name, version } of snapshot.groups.values()) groups.set(name, version);
  for (const version of versions) groups.set(versionGroup(version), version);
  return { everyone: everyone.present, groups };
}

type LockCall = Extract<Call, { type: 'lock' }>;

interface Edit {
  readonly device: string;
  readonly add: readonly string[];
  readonly remove: readonly string[];
  /** How many changes of what is released come first. */
  readonly after: number;
}

/** A lock counts before any group: a new one is put on before the edits, an old one ends after them. */
function isLocked({ device, place }: DevicePlan): boolean {
  return device.lockedTo !== null || (place !== null && place.lock !== null);
}

/** Whether every order of edits and releases has Particle lead it elsewhere for a while. */
function isAstray(plan: DevicePlan, findOrder: OrderFinder): boolean {
  const { development, quarantined } = plan.device;
  if (development || quarantined || isLocked(plan)) return false;
  return findOrder(editedDevice(plan), 'early') === null;
}

/** A lock that keeps it out of reach meanwhile, where it is to be in the end. */
function holdOf(
  { device, record, place }: DevicePlan,
  { firmware }: Snapshot,
): readonly LockCall[] {
  if (place === null) return [];
  const version = place.leadsTo ?? record.running;
  if (version === null || !firmware.has(version)) return [];
  const own: OwnLock = { version, target: null, cause: 'It is kept out of releases that change.' };
  return [{ type: 'lock', device: device.id, version, flash: false, own }];
}

/** The groups that it is in and those that it is to be in, reserved ones with them. */
function editedDevice({ device, record, place, groups }: DevicePlan): EditedDevice {
  const group = place?.group ?? null;
  const reserved = group === null ? [] : [versionGroup(group)];
  return { running: record.running, present: device.groups, wanted: [...groups, ...reserved] };
}

/** What changes in the groups of a device. One of a group that is deleted as a whole needs no edit of its own. */
function editOf(
  plan: DevicePlan,
  deleted: ReadonlySet<string>,
  last: number,
  findOrder: OrderFinder,
): readonly Edit[] {
  const { id } = plan.device;
  const edited = editedDevice(plan);
  const { present, wanted } = edited;
  const { add, remove } = difference(present, wanted);
  if (add.length === 0 && remove.length === 0) return [];
  // Of several groups that are left, all are left at once: the highest counts, and then the next would.
  const isDissolved =
    add.length === 0 && remove.length === 1 && remove.every((name) => deleted.has(name));
  const isListed = [...add, ...remove].some((name) => !isReserved(name));
  // Early is safest, should the calls break off; but a group of the manifests is filled once it has its version.
  const preferred = isListed || isDissolved ? 'late' : 'early';
  const anyway = preferred === 'late' ? last : 0;
  const found = isLocked(plan) ? null : findOrder(edited, preferred);
  const { reserved, listed } = found ?? { reserved: anyway, listed: anyway };
  if (isDissolved && reserved === last) return [];
  return [...new Set([reserved, listed])].flatMap((after): readonly Edit[] => {
    const before = groupsAfter(edited, { reserved, listed }, after - 1);
    const then = groupsAfter(edited, { reserved, listed }, after);
    const change = difference(before, then);
    const isNone = change.add.length === 0 && change.remove.length === 0;
    return isNone ? [] : [{ device: id, ...change, after }];
  });
}

function difference(
  before: readonly string[],
  after: readonly string[],
): Pick<Edit, 'add' | 'remove'> {
  return {
    add: after.filter((name) => !before.includes(name)),
    remove: before.filter((name) => !after.includes(name)),
  };
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

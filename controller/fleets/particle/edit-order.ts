// When the groups of a device are edited: before, between or after the calls that change what is released. It is found by
// trying: of the orders in which Particle has nothing for the device in between but what it has now, what it is to have in
// the end, or what it runs, the first is taken.

import type { Target } from './wanted-releases.ts';
import { isReserved } from './wanted-releases.ts';

/** One call that changes what is released: a version, and who is to have it from then on. */
export interface ReleaseStep {
  readonly version: number;
  readonly isDefault: boolean;
  readonly names: readonly string[];
}

/** What is released at one moment. */
export interface Stage {
  readonly everyone: number | null;
  /** Reserved ones are among them. */
  readonly groups: ReadonlyMap<string, number | null>;
}

/** How many of the steps come before the edit of a device's reserved groups, and before that of its others. */
export interface EditOrder {
  readonly reserved: number;
  readonly listed: number;
}

/** A device whose groups are edited. */
export interface EditedDevice {
  readonly running: number | null;
  readonly present: readonly string[];
  readonly wanted: readonly string[];
}

/** The releases that change, to everyone else and to groups of manifests, in some order. */
export function releaseSteps(
  everyone: Target,
  groups: ReadonlyMap<string, Target>,
): readonly ReleaseStep[] {
  const byVersion = new Map<number, string[]>();
  for (const [name, { present, next }] of groups) {
    if (next === null || next === present) continue;
    byVersion.set(next, [...(byVersion.get(next) ?? []), name]);
  }
  const isChanged = everyone.next !== null && everyone.next !== everyone.present;
  if (isChanged && everyone.next !== null && !byVersion.has(everyone.next)) {
    byVersion.set(everyone.next, []);
  }
  return [...byVersion].map(([version, names]) => ({
    version,
    names,
    isDefault: isChanged && everyone.next === version,
  }));
}

/** The steps with lower versions first, or with higher ones first where that leads fewer devices astray. */
export function orderSteps(
  first: Stage,
  steps: readonly ReleaseStep[],
  devices: readonly EditedDevice[],
): readonly ReleaseStep[] {
  const rising = steps.toSorted((one, other) => one.version - other.version);
  if (steps.length < 2) return rising;
  const falling = rising.toReversed();
  const countAstray = (order: readonly ReleaseStep[]): number => {
    const findOrder = createOrderFinder(stagesOf(first, order));
    return devices.filter((device) => findOrder(device, 'early') === null).length;
  };
  const astray = countAstray(rising);
  return astray > 0 && countAstray(falling) < astray ? falling : rising;
}

/** All there are among so many steps, those of one edit first, and of these the early or the late one. */
function editOrders(steps: number, preferred: 'early' | 'late'): readonly EditOrder[] {
  const between = Array.from({ length: Math.max(0, steps - 1) }, (_, index) => index + 1);
  const ends = preferred === 'early' ? [0, steps] : [steps, 0];
  const places = [...new Set([...ends, ...between])];
  return [
    ...places.map((place) => ({ reserved: place, listed: place })),
    ...places.flatMap((reserved) =>
      places.flatMap((listed) => (listed === reserved ? [] : [{ reserved, listed }])),
    ),
  ];
}

/** The moments before, between and after these steps. */
export function stagesOf(first: Stage, steps: readonly ReleaseStep[]): readonly Stage[] {
  const stages = [first];
  let { everyone } = first;
  const groups = new Map(first.groups);
  for (const { version, names, isDefault } of steps) {
    if (isDefault) everyone = version;
    for (const name of names) groups.set(name, version);
    stages.push({ everyone, groups: new Map(groups) });
  }
  return stages;
}

/** The first order that leads a device nowhere else, an early one or a late one if it may be; null: each of them does. */
export type OrderFinder = (device: EditedDevice, preferred: 'early' | 'late') => EditOrder | null;

/** Remembers what it found: most devices of a fleet are in the same case. */
export function createOrderFinder(stages: readonly Stage[]): OrderFinder {
  const found = new Map<string, EditOrder | null>();
  return (device, preferred) => {
    const { running, present, wanted } = device;
    const key = `${preferred} ${running} ${present.join()} ${wanted.join()}`;
    let order = found.get(key);
    if (order === undefined) {
      order = findOrder(device, stages, preferred);
      found.set(key, order);
    }
    return order;
  };
}

function findOrder(
  device: EditedDevice,
  stages: readonly Stage[],
  preferred: 'early' | 'late',
): EditOrder | null {
  const { running, present, wanted } = device;
  const first = stages.at(0);
  const last = stages.at(-1);
  if (first === undefined || last === undefined) return null;
  const allowed = new Set([versionFor(present, first), versionFor(wanted, last), running]);
  const isClean = (order: EditOrder): boolean =>
    stages.every((stage, index) =>
      [index - 1, index].every((edits) =>
        allowed.has(versionFor(groupsAfter(device, order, edits), stage)),
      ),
    );
  return editOrders(stages.length - 1, preferred).find(isClean) ?? null;
}

/** The groups that a device is in after so many steps and the edits that come then; -1: before all. */
export function groupsAfter(
  { present, wanted }: Pick<EditedDevice, 'present' | 'wanted'>,
  { reserved, listed }: EditOrder,
  steps: number,
): readonly string[] {
  return [
    ...(listed <= steps ? wanted : present).filter((name) => !isReserved(name)),
    ...(reserved <= steps ? wanted : present).filter((name) => isReserved(name)),
  ];
}

/** What Particle has for a member of these groups: of their versions the highest, else everyone's. */
function versionFor(names: readonly string[], { everyone, groups }: Stage): number | null {
  const versions = names.flatMap((name) => groups.get(name) ?? []);
  return versions.length > 0 ? Math.max(...versions) : everyone;
}

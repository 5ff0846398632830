// From what is in force, what the state knows of each device and what is so at Particle now, to the calls that bring the
// one about in the other. Pure, and the order is part of it: at no moment between two calls does Particle have another
// version for a device than before or after them.

import { isForgotten } from '../../devices/forget.ts';
import type { Desired } from '../../model/desired.ts';
import type { DeviceRecord, Moment } from '../../model/device.ts';
import type { ProductPolicy } from '../../model/policy.ts';
import type { Call } from './calls.ts';
import type { Heading } from './heading.ts';
import { findHeading, isUnderWay } from './heading.ts';
import type { Ledger, Standing } from './ledger.ts';
import { isGivenUp, judge } from './ledger.ts';
import type { CloudDevice, Snapshot } from './nouns.ts';
import { defaultVersion } from './nouns.ts';
import type { Place } from './place-device.ts';
import { placeDevice } from './place-device.ts';
import type { DevicePlan, EditsInput } from './plan-edits.ts';
import { planEdits } from './plan-edits.ts';
import { STAYS, wantOf } from './want.ts';
import type { Target } from './wanted-releases.ts';
import { isReserved, wantedMembers, wantedReleases } from './wanted-releases.ts';

export interface PlanCallsInput {
  /** In force, with `stored` only where Particle holds the very binary too. */
  readonly policy: ProductPolicy;
  readonly desired: Desired;
  readonly snapshot: Snapshot;
  /** The records of the devices in the snapshot, by id. */
  readonly records: ReadonlyMap<string, DeviceRecord>;
  readonly ledger: Ledger;
  readonly moment: Moment;
  /** What Particle's clock is ahead of ours, in milliseconds. */
  readonly skewMs: number;
  /** What is to become of another hand's changes. */
  readonly drift: 'mend' | 'report';
  /** Devices whose flash is to be asked for once more: they came online without a handshake. */
  readonly awoken: ReadonlySet<string>;
  /** Devices that this reading is the first to show on what they run, and that ran something else before. */
  readonly arrived: ReadonlySet<string>;
  /** Versions that Particle does not let be released for now: whoever has them keeps them. */
  readonly refused: { has(version: number): boolean };
  /** The token may list and make groups. */
  readonly mayGroup: boolean;
  /** The token may delete groups. */
  readonly mayDelete: boolean;
}

/** What somebody else changed, and what becomes of it. */
export interface DriftNote {
  /** `everyone`, `group NAME`, `member DEVICE of NAME`, `lock DEVICE`. */
  readonly thing: string;
  readonly device: string | null;
  /** The version that it has by the other hand; null: none, or it is about no version. */
  readonly version: number | null;
  /** A clause for people, such as `version 43 is released to everyone else, not 42`. */
  readonly message: string;
  readonly isMended: boolean;
}

export interface PlannedCalls {
  /** In the order in which they are to be sent. */
  readonly calls: readonly Call[];
  readonly drift: readonly DriftNote[];
  /** Things that are as wanted, to be remembered as ours. */
  readonly ledger: Ledger;
  /** Devices that cannot be kept from what is released: nothing that Particle holds is known to run on them. */
  readonly unheld: readonly string[];
  readonly places: ReadonlyMap<string, Place>;
}

export function planCalls(input: PlanCallsInput): PlannedCalls {
  const { snapshot, ledger, policy } = input;
  const notes: DriftNote[] = [];
  const releases = wantedReleases(policy);
  const members = input.mayGroup ? wantedMembers(input.desired) : NO_MEMBERS;
  const present = defaultVersion(snapshot);
  const everyone = decide(input, 'everyone', {
    last: ledger.everyone ?? null,
    present,
    wanted: releases.everyone,
    tell: (is, not) => `version ${is} is released to everyone else, not ${not}`,
    notes,
  });
  const groups = new Map<string, Target>();
  for (const name of new Set([...snapshot.groups.keys(), ...releases.groups.keys()])) {
    if (isReserved(name) || (!input.mayGroup && !snapshot.groups.has(name))) continue;
    const wanted = releases.groups.get(name) ?? null;
    groups.set(
      name,
      decide(input, `group ${name}`, {
        last: ledger.groups[name] ?? null,
        present: snapshot.groups.get(name)?.version ?? null,
        wanted,
        tell: (is, not) => `version ${is} is released to group ${name}, not ${not}`,
        notes,
      }),
    );
  }

  const unheld: string[] = [];
  const devices: DevicePlan[] = [];
  const places = new Map<string, Place>();
  const headings: Record<string, Heading> = {};
  for (const device of snapshot.devices.values()) {
    const record = input.records.get(device.id);
    if (record === undefined) continue;
    const membership = nextGroups(input, device, members, notes);
    const natural = naturalOf(membership, groups, everyone);
    // Who left the counts is not in the hands of nobody: it is to meet what it would have met before.
    const subject = isForgotten(record) ? { ...record, standing: 'active' as const } : record;
    const wanted = wantOf(subject, policy, input.moment);
    const isRefused =
      wanted.kind === 'goes' &&
      wanted.version !== record.running &&
      input.refused.has(wanted.version);
    const want = isRefused ? STAYS : wanted;
    const isFree = want.kind === 'stays' && record.lock === null;
    const heading = isFree ? findHeading(input, device, record) : null;
    if (heading !== null) headings[device.id] = heading;
    const isLeft = natural.isTolerated && want.kind !== 'locked';
    const place = isLeft
      ? { lock: null, group: null, leadsTo: natural.version }
      : placeDevice({
          record,
          device,
          want,
          staysOn:
            heading !== null && isUnderWay(heading, device, input.moment)
              ? heading.to
              : record.running,
          natural: natural.version,
          isByGroup: natural.isByGroup,
          filed: snapshot.firmware,
          mayGroup: input.mayGroup,
        });
    if (place === null) unheld.push(device.id);
    else places.set(device.id, place);
    devices.push({
      device,
      record,
      place,
      groups: membership,
    });
  }
  const locks = planLocks(input, devices, notes);
  const calls: Call[] = [
    ...locks.filter(({ type }) => type === 'lock'),
    ...planEdits({
      snapshot,
      devices,
      everyone,
      groups,
      members,
      mayDelete: input.mayDelete,
      unhurried: unhurriedOf(policy, everyone),
      unlocks: locks.flatMap((call) => (call.type === 'unlock' ? [call.device] : [])),
    }),
  ];
  const remembered = { ...remember(input, everyone, groups, places), headings };
  return { calls, drift: notes, ledger: remembered, unheld, places };
}

const NO_MEMBERS: ReturnType<typeof wantedMembers> = new Map();

/** Under the emergency stop nothing is worth hurrying for; a held release hurries nobody, whatever groups have besides. */
function unhurriedOf(
  { stopped, release }: ProductPolicy,
  { next }: Target,
): EditsInput['unhurried'] {
  if (stopped) return 'all';
  if (release === null || release.hold === null) return new Set();
  return new Set(next === null ? [release.version] : [release.version, next]);
}

/** What becomes of one release: as wanted, or as somebody else made it. */
function decide(
  input: PlanCallsInput,
  thing: string,
  about: {
    readonly last: number | null;
    readonly present: number | null;
    readonly wanted: number | null;
    readonly tell: (is: string, not: number) => string;
    readonly notes: DriftNote[];
  },
): Target {
  const { last, present, wanted } = about;
  const isRefused = wanted !== null && wanted !== present && input.refused.has(wanted);
  if (wanted === null || isRefused) return { present, next: present, isTolerated: false };
  const standing = judge(last, present, wanted);
  const isMended = mends(input, thing, standing);
  if (standing === 'drifted') {
    const message = about.tell(present === null ? 'none' : String(present), wanted);
    about.notes.push({ thing, device: null, version: present, message, isMended });
  }
  const isTolerated = standing === 'drifted' && !isMended;
  return { present, next: isTolerated ? present : wanted, isTolerated };
}

function mends(
  { drift, ledger, moment }: PlanCallsInput,
  thing: string,
  standing: Standing,
): boolean {
  if (standing !== 'drifted') return standing === 'due';
  return drift === 'mend' && !isGivenUp(ledger, thing, moment.at);
}

/** The groups that a device is to be in, reserved ones aside; members that somebody else changed are named. */
function nextGroups(
  input: PlanCallsInput,
  device: CloudDevice,
  members: ReadonlyMap<string, ReadonlySet<string>>,
  notes: DriftNote[],
): readonly string[] {
  const next = device.groups.filter((name) => !isReserved(name) && !members.has(name));
  for (const [name, listed] of members) {
    const isIn = device.groups.includes(name);
    const isWanted = listed.has(device.id);
    if (isIn === isWanted) {
      if (isIn) next.push(name);
      continue;
    }
    const was = input.ledger.members[name]?.includes(device.id) ?? false;
    const thing = `member ${device.id} of ${name}`;
    const standing: Standing = was === isWanted ? 'drifted' : 'due';
    const isMended = mends(input, thing, standing);
    if (standing === 'drifted') {
      const message = isIn
        ? `${device.id} is in group ${name}, which does not list it`
        : `${device.id} is not in group ${name}, which lists it`;
      notes.push({ thing, device: device.id, version: null, message, isMended });
    }
    if (isMended ? isWanted : isIn) next.push(name);
  }
  return next.sort();
}

interface Natural {
  readonly version: number | null;
  readonly isByGroup: boolean;
  readonly isTolerated: boolean;
}

/** What Particle has for a device in these groups, without a lock and a reserved group. */
function naturalOf(
  membership: readonly string[],
  groups: ReadonlyMap<string, Target>,
  everyone: Target,
): Natural {
  let best: Natural | null = null;
  for (const name of membership) {
    const target = groups.get(name);
    if (target === undefined || target.next === null) continue;
    if (best !== null && (best.version ?? 0) >= target.next) continue;
    best = { version: target.next, isByGroup: true, isTolerated: target.isTolerated };
  }
  return best ?? { version: everyone.next, isByGroup: false, isTolerated: everyone.isTolerated };
}

/** Locks that differ from what is wanted. */
function planLocks(
  input: PlanCallsInput,
  devices: readonly DevicePlan[],
  notes: DriftNote[],
): readonly Call[] {
  const calls: Call[] = [];
  for (const { device, record, place } of devices) {
    if (place === null) continue;
    const { lock } = place;
    const wanted = lock?.version ?? null;
    const last = input.ledger.locks[device.id] ?? null;
    const isOwn = (lock !== null && lock.own !== null) || input.ledger.own[device.id] !== undefined;
    const standing = judge(last, device.lockedTo, wanted);
    const thing = `lock ${device.id}`;
    // What loops is held whatever the policy says of drift, and let go again: that lock is nobody else's business.
    const isSent = (isOwn && standing === 'due') || mends(input, thing, standing);
    if (standing === 'drifted') {
      const is = device.lockedTo === null ? 'not locked' : `locked to ${device.lockedTo}`;
      const not = wanted === null ? 'and no manifest locks it' : `not to ${wanted}`;
      const message = `${device.id} is ${is}, ${not}`;
      notes.push({ thing, device: device.id, version: device.lockedTo, message, isMended: isSent });
    }
    const isFlashed =
      lock !== null && lock.flash && device.online && record.running !== lock.version;
    const isAgain = standing === 'settled' && isFlashed && input.awoken.has(device.id);
    if (!isSent && !isAgain) continue;
    if (lock === null) calls.push({ type: 'unlock', device: device.id });
    else {
      const { version, own } = lock;
      calls.push({ type: 'lock', device: device.id, version, flash: isFlashed, own });
    }
  }
  return calls;
}

/** Whatever is as wanted already counts as brought about by us. */
function remember(
  { ledger, snapshot, desired }: PlanCallsInput,
  everyone: Target,
  groups: ReadonlyMap<string, Target>,
  places: ReadonlyMap<string, Place>,
): Ledger {
  const locks: Record<string, number> = { ...ledger.locks };
  const own = { ...ledger.own };
  for (const [id, { lock }] of places) {
    if (snapshot.devices.get(id)?.lockedTo !== (lock?.version ?? null)) continue;
    if (lock === null) delete locks[id];
    else locks[id] = lock.version;
    if (lock === null || lock.own === null) delete own[id];
    else own[id] = lock.own;
  }
  const settled = (target: Target): boolean =>
    !target.isTolerated && target.present === target.next;
  const released = { ...ledger.groups };
  for (const [name, target] of groups) {
    if (settled(target) && target.next !== null) released[name] = target.next;
  }
  const members = { ...ledger.members };
  for (const [name, listed] of wantedMembers(desired)) {
    const known = new Set(members[name]);
    for (const { id, groups: present } of snapshot.devices.values()) {
      if (present.includes(name) !== listed.has(id)) continue;
      if (listed.has(id)) known.add(id);
      else known.delete(id);
    }
    members[name] = [...known].sort();
  }
  return {
    ...ledger,
    locks,
    own,
    groups: released,
    members,
    ...(settled(everyone) && everyone.next !== null && { everyone: everyone.next }),
  };
}

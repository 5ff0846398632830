// What must hold of every flash at Particle, judged at the moment at which the fake's device simulator logs it, by the
// design's invariants 1, 2, 4, 5 and 9. It goes by what was committed, by how far the controller says that a release is,
// and by what devices told the cloud.
//
// A driver of a cloud cannot recall what it has let go, so four things are allowed that a gateway would not do:
// * A transfer that has begun goes on, and Particle begins it anew until the driver has seen how it ended. What began with a
//   handshake, before the driver could know of it, is let arrive.
// * What is in force counts from the round that told Particle of it. Until a round has gone through, whatever was in
//   force since the last one that did may still happen: `Stand`.
// * Particle acts on a handshake before the driver has seen it. A device that runs something else than the driver knows
//   (a new one, or one that somebody flashed by hand) gets what is released to everyone, or what it was held on.
// * On a version that Particle does not hold, nobody can be held.
// And what another hand did at the console is its own until the driver has mended it: `meddle` takes note of it.

import type { Desired } from '../../../controller/model/desired.ts';
import type { DeviceRecord } from '../../../controller/model/device.ts';
import type { ParticleCloud } from '../../../controller/simulator/particle/particle-cloud.ts';
import type { Target } from '../../../controller/simulator/particle/targets.ts';
import { targetOf } from '../../../controller/simulator/particle/targets.ts';
import type { Device, Flash } from '../../../controller/simulator/particle/world.ts';
import type { Books, Standing } from '../virtual/books.ts';
import {
  baseIsUsable,
  coveringOf,
  isHeld,
  isReached,
  isTakenBack,
  isWithdrawn,
  lockOf,
  mayBeVerified,
  openBooks,
  releaseOf,
} from '../virtual/books.ts';
import { isOpenByHand } from '../virtual/by-hand.ts';
import type { Setup } from '../virtual/history.ts';

/** Why a flash was right, or what else is counted. */
export type Occurrence =
  | 'by lock'
  | 'by release'
  | 'by base'
  | 'under way'
  | 'unseen'
  | 'unheld'
  | 'other hand'
  | 'by file'
  | 'during trouble'
  | 'halt: hold'
  | 'halt: rollback'
  | 'stopped';

/** What a round may have told Particle. */
interface Stand {
  readonly inForce: Desired;
  readonly isStopped: boolean;
  readonly records: ReadonlyMap<string, DeviceRecord>;
  readonly at: number;
}

/** A flash with what was so when it began. */
interface Suspect {
  readonly flash: Flash;
  /** What the device had named before. */
  readonly reported: number | null;
  readonly target: Target | null;
  readonly isMeddled: boolean;
  /** It ran what Particle does not hold, and nothing can keep it on that. */
  readonly isUnheld: boolean;
}

export interface CloudOracle {
  readonly books: Books;
  /** Flashes that begin from here on are judged by what is in force at the end. */
  begin(): void;
  /** A round has gone by, and another one follows before the end. */
  pass(seen: Omit<Stand, 'at'>): void;
  /** Something was put in force; `isSettled`: a round has told Particle all of it, and nothing was refused. */
  end(seen: {
    readonly inForce: Desired;
    readonly isStopped: boolean;
    readonly records: ReadonlyMap<string, DeviceRecord>;
    readonly isSettled: boolean;
    readonly isDrifted: boolean;
  }): void;
  /** Somebody does something at the console. */
  meddle(act: () => void): void;
  /** Throws what a flash broke. */
  raise(): void;
}

export function createCloudOracle(
  product: string,
  setup: Setup,
  cloud: ParticleCloud,
  count: (kind: Occurrence) => void,
): CloudOracle {
  const clock = {
    now: () => cloud.now(),
    monotonicMs: () => cloud.now(),
    advance: (ms: number) => cloud.advance(ms),
    jump: () => undefined,
    jumpedMs: () => 0,
  };
  const books = openBooks(product, setup, clock, () => undefined);
  const halts = new Set<string>();
  /** What Particle began with a handshake, by device. */
  const begunFirst = new Map<string, Flash>();
  let callsSeen = 0;
  let stands: readonly Stand[] = [];
  let queue: Suspect[] | null = null;
  let marks = new Map<string, string>();
  let broken: Error | null = null;

  function name(device: Device): void {
    const { id, reportedVersion: version } = device;
    if (version === null) return;
    books.words.set(id, { version, boot: null, hardware: 'a' });
    books.heardAt.set(id, cloud.now());
    books.namedBy.set(version, (books.namedBy.get(version) ?? new Set()).add(id));
  }

  /** Whose own page was read while it was online has said once more what it runs. */
  function nameAsked(): void {
    for (const { method, path, status } of cloud.calls.slice(callsSeen)) {
      const id = /\/devices\/([^/]+)$/.exec(path)?.[1];
      const device = id === undefined ? undefined : cloud.product.devices.get(id);
      if (method === 'GET' && status === 200 && device?.isOnline === true) name(device);
    }
    callsSeen = cloud.calls.length;
  }

  /** Whether what Particle wants of a device is as another hand left it. */
  function isMeddled(device: Device, target: Target | null): boolean {
    const now = readThings(cloud);
    const isMarked = (thing: string): boolean =>
      marks.has(thing) && marks.get(thing) === now.get(thing);
    if (isMarked(`device ${device.id}`)) return true;
    return (
      (target?.by === 'default' && isMarked('everyone')) ||
      (target?.by !== 'lock' && device.groups.some((group) => isMarked(`group ${group}`)))
    );
  }

  function judge({ flash, isMeddled: isExcused, ...suspect }: Suspect): void {
    const { device, version } = flash;
    const { reported, target } = suspect;
    if (version === null) return count('by file');
    if (isExcused) return count('other hand');
    if (isBegunAnew(begunFirst.get(device), flash)) return count('under way');
    const about = { ...suspect, device, version, flash };
    const judged = stands.map((stand) => judgeUnder(books, stand, about));
    const reasons = judged.filter((each) => !each.startsWith('!'));
    // The better reason counts.
    const reason = reasons.find((each) => each !== 'unseen') ?? reasons[0];
    if (reason === 'unseen') begunFirst.set(device, flash);
    if (reason !== undefined) return count(reason as Occurrence);
    const objections = judged.map((each) => each.slice(1));
    broken ??= new Error(
      `${device}, which runs ${reported}, was flashed with ${version} (${flash.cause}, ${target?.by}): ${[...new Set(objections)].join('; or ')}`,
    );
  }

  const { product: live, world } = cloud;
  const shakeHands = world.onHandshake.bind(world);
  world.onHandshake = (device) => {
    name(device);
    shakeHands(device);
  };
  const log = live.flashes.push.bind(live.flashes);
  live.flashes.push = (...flashes) => {
    for (const flash of flashes) {
      const device = live.devices.get(flash.device);
      if (device === undefined) continue;
      const target = targetOf(device);
      const { reportedVersion: reported } = device;
      const suspect: Suspect = {
        flash,
        reported,
        target,
        isMeddled: isMeddled(device, target),
        isUnheld: reported !== null && !live.firmware.has(reported),
      };
      if (queue === null) judge(suspect);
      else queue.push(suspect);
      if (cloud.trouble.mood !== 'ok') count('during trouble');
    }
    return log(...flashes);
  };
  for (const device of live.devices.values()) name(device);

  return {
    books,
    begin() {
      queue ??= [];
    },
    pass(seen) {
      stands = [...stands, { ...seen, at: cloud.now() }];
    },
    end({ inForce, isStopped, records, isSettled, isDrifted }) {
      // Whoever joined had named itself before.
      for (const device of live.devices.values()) if (!books.words.has(device.id)) name(device);
      noteWithdrawals(books, inForce);
      nameAsked();
      books.inForce = inForce;
      books.isStopped = isStopped;
      books.records.clear();
      for (const [id, record] of records) books.records.set(id, record);
      noteHalts(books, halts, count);
      if (isStopped) count('stopped');
      const stand: Stand = { inForce, isStopped, records, at: cloud.now() };
      stands = [...stands, stand];
      for (const suspect of queue ?? []) judge(suspect);
      queue = null;
      if (!isSettled) return;
      stands = [stand];
      const now = readThings(cloud);
      marks = new Map(
        isDrifted ? [...marks].filter(([thing, value]) => now.get(thing) === value) : [],
      );
    },
    meddle(act) {
      const before = readThings(cloud);
      // What begins at once is by this hand too.
      const held = queue;
      queue = [];
      act();
      for (const [thing, value] of readThings(cloud)) {
        if (before.get(thing) !== value) marks.set(thing, value);
      }
      const begun = queue;
      queue = held;
      for (const suspect of begun) {
        const device = live.devices.get(suspect.flash.device);
        const isExcused = device !== undefined && isMeddled(device, suspect.target);
        if (queue === null) judge({ ...suspect, isMeddled: isExcused });
        else queue.push({ ...suspect, isMeddled: isExcused });
      }
    },
    raise() {
      if (broken !== null) throw broken;
    },
  };
}

/** All that decides what Particle wants, thing by thing. */
function readThings({ product }: ParticleCloud): ReadonlyMap<string, string> {
  const things = new Map([['everyone', String(product.defaultVersion)]]);
  for (const { name, version } of product.groups.values()) {
    things.set(`group ${name}`, String(version));
  }
  for (const { id, lock, groups, isDevelopment } of product.devices.values()) {
    things.set(`device ${id}`, `${lock} ${[...groups].sort().join()} ${isDevelopment}`);
  }
  return things;
}

/** A withdrawal ends the evidence of a version. */
function noteWithdrawals(books: Books, next: Desired): void {
  for (const { spec } of next.firmware) {
    if (spec.withdrawn === null) continue;
    const before = books.inForce.firmware.find((each) => each.spec.version === spec.version);
    books.everWithdrawn.add(spec.version);
    if (before?.spec.withdrawn === null) books.namedBy.delete(spec.version);
  }
}

function noteHalts(books: Books, known: Set<string>, count: (kind: Occurrence) => void): void {
  for (const { release } of books.inForce.rollout?.tracks ?? []) {
    const halt = release?.halt ?? null;
    if (release === null || halt === null || known.has(String(release.round))) continue;
    known.add(String(release.round));
    count(`halt: ${halt.action}`);
  }
}

/** Half an hour is what a transfer has. */
const ARRIVES_MS = 30 * 60_000;

function isBegunAnew(first: Flash | undefined, { version, at }: Flash): boolean {
  return first !== undefined && first.version === version && at - first.at < ARRIVES_MS;
}

interface Case {
  readonly device: string;
  readonly version: number;
  readonly reported: number | null;
  readonly target: Target | null;
  readonly isUnheld: boolean;
  readonly flash: Flash;
}

/** Why a flash is right under a stand, or, after an exclamation mark, what speaks against it. */
function judgeUnder(books: Books, stand: Stand, { device, version, ...rest }: Case): string {
  const { reported, target, isUnheld, flash } = rest;
  const under: Books = { ...books, inForce: stand.inForce };
  const record = stand.records.get(device) ?? null;
  const running = record?.running ?? null;
  if (record === null || running !== reported) {
    const isHeldOn = running === version;
    if (isHeldOn || target?.by === 'default' || record === null) return 'unseen';
  }
  const action = record?.action ?? null;
  const isUnderWay =
    action?.version === version && action.fetchedAt !== null && action.phase !== 'cancelling';
  const lock = lockOf(under, device);
  // What the stop or its failures keep from its lock was held on what it ran then.
  const failing = record?.failures?.version ?? null;
  const isHeldBack = lock !== null && (stand.isStopped || failing === lock.version);
  if (isUnheld && isHeldBack) return 'unheld';
  if (lock !== null) {
    if (lock.version !== version) return `!1: it is locked to ${lock.version}`;
    if (lock.flash === 'on-reset' && flash.cause === 'flash')
      return '!1: it was to wait for a reset';
  }
  if (isUnderWay) return 'under way';
  if (isWithdrawn(under, version)) return '!2: the version is withdrawn';
  if (isUnheld && lock === null) return 'unheld';
  if (stand.isStopped) return '!4: the emergency stop is pulled';
  const { failures } = record ?? {};
  if (
    failures?.version === version &&
    !isAfresh(under, device, version, failures.round) &&
    (failures.retryAt === null || failures.retryAt > books.clock.now())
  ) {
    return '!4: it failed, and is left alone for now';
  }
  if (lock !== null) return 'by lock';
  if (!mayBeVerified(books, version)) return '!2: nobody verified it';
  const covering = coveringOf(under, device);
  if (covering.length === 0) return '!9: no release covers it';
  // What the driver knew counts, and what the device had come to meanwhile.
  const judged = [...new Set([running, reported ?? running])].flatMap((ran) =>
    covering.map((release) =>
      judgeRelease(under, stand, release, { device, version, running: ran }),
    ),
  );
  return judged.find((each) => !each.startsWith('!')) ?? judged.join(', ');
}

/** Failures in a round count neither for another one of the same version nor for a lock. */
function isAfresh(under: Books, device: string, version: number, round: number): boolean {
  if (round === 0) return false;
  if (lockOf(under, device) !== null) return true;
  return coveringOf(under, device).some(
    ({ spec, state }) => spec.version === version && state !== null && state.round !== round,
  );
}

function judgeRelease(
  under: Books,
  stand: Stand,
  release: Standing,
  { device, version, running }: { device: string; version: number; running: number | null },
): string {
  const { spec, track, state } = release;
  const what = `the release of ${spec.version} to ${spec.group ?? 'all'}`;
  if (isHeld(release)) return `!4: ${what} is held`;
  if (isWithdrawn(under, spec.version)) return `!4: ${what} names withdrawn firmware`;
  if (state === null) return `!4: ${what} has not begun`;
  const others = [releaseOf(under, 'listed')].filter((each) => each !== null);
  const isBad = running !== null && isTakenBack(under, running, [release, ...others]);
  if (isReached(under, device, release)) {
    if (version !== spec.version) return `!9: ${what} reaches it`;
    const { windows } = spec.strategy;
    const isOpen = [stand.at, under.clock.now()].some((at) => isOpenByHand(windows, at));
    return isOpen || state.rollback ? 'by release' : `!4: all windows of ${what} are closed`;
  }
  if (version !== track.base || baseIsUsable(under, release) === 'no') {
    return `!4: ${what} does not reach it, and ${track.base} is the base`;
  }
  return running === null || running < version || isBad
    ? 'by base'
    : `!9: ${what} does not reach it, and it may stay on ${running}`;
}

// The end of a history: every fault is switched off, and the fleet comes to rest where the last good revision and the
// halts say. Now and then a person then approves, resumes and unpauses everything, and each release comes to its end.

import type { Books, Standing } from './books.ts';
import {
  baseIsUsable,
  coveringOf,
  devicesOf,
  groupReleaseOf,
  isHeld,
  isReached,
  isTakenBack,
  isWithdrawn,
  lockOf,
  mayBeVerified,
  must,
  releaseOf,
} from './books.ts';
import type { FleetWords, ReleaseWords } from './fleet-words.ts';
import type { Audience } from './history.ts';
import type { VirtualWorld } from './virtual-world.ts';

/** Rounds after which a fleet without faults has to have come to rest, and every release to its end. */
const REST_ROUNDS_MAX = 260;
const END_ROUNDS_MAX = 260;

/** Only one history in so many is followed to the end of its releases: that takes as long as all that was before. */
const END_EVERY = 3;

/** Mends everything and judges where the fleet comes to; `say` is told what is being waited for. */
export async function checkConvergence(
  world: VirtualWorld,
  words: FleetWords,
  say: (where: string) => void,
): Promise<void> {
  const { books } = world.oracle;
  for (const device of world.devices) device.behave();
  await world.setStop(false);
  await world.commit(words);
  say('the end: the fleet comes to rest');
  await waitUntil(world, REST_ROUNDS_MAX, () => describeUnrest(world, books));
  if (world.setup.dice % END_EVERY !== 0) return;
  const released = releaseEverything(words);
  say('the end: every release comes to its end');
  await world.commit(released);
  await waitUntil(world, END_ROUNDS_MAX, () => {
    return describeUnfinished(books, released) ?? describeUnrest(world, books);
  });
}

async function waitUntil(
  world: VirtualWorld,
  roundsMax: number,
  describe: () => string | null,
): Promise<void> {
  for (let round = 0; round < roundsMax; round += 1) {
    if (describe() === null) return;
    await world.passTime(1);
  }
  await world.pass();
  const left = describe();
  must('6', left === null, () => `after ${roundsMax} rounds without a fault, ${left}`);
}

/** What a person would commit to let everything go on: all approvals, a new attempt, no pause, and neither window nor rate. */
function releaseEverything(words: FleetWords): FleetWords {
  const free = (release: ReleaseWords): ReleaseWords => ({
    ...release,
    attempt: release.attempt + 1,
    paused: false,
    approved: release.strategy.steps.map(({ name }) => name),
    strategy: {
      ...release.strategy,
      windows: [],
      rate: null,
      steps: release.strategy.steps.map((step) => ({
        ...step,
        soakMs: Math.min(step.soakMs, 60_000),
      })),
    },
  });
  return {
    ...words,
    releases: new Map([...words.releases].map(([audience, each]) => [audience, free(each)])),
  };
}

/** A release that is not at its end though nothing is in its way; null: there is none. */
function describeUnfinished(books: Books, words: FleetWords): string | null {
  for (const [audience, { version }] of words.releases) {
    if (isStuck(books, audience, version)) continue;
    const release = releaseOf(books, audience === 'all' ? null : audience);
    const name = `the release of ${version} to ${audience}`;
    const state = release?.state ?? null;
    if (release === null || state === null || state.version !== version) {
      return `${name} is not in force`;
    }
    if (state.halt !== null || isShortOfDevices(books, release)) continue;
    if (state.finishedAt === null) return `${name} is in step ${state.step} at ${state.limit}`;
  }
  return null;
}

/**
 * A part of the fleet in which there is no device proves nothing, so that its step does not end; nor does one that asks
 * for more successes than its devices can still have.
 */
function isShortOfDevices(books: Books, release: Standing): boolean {
  const { version } = release.spec;
  const reached = devicesOf(books, release).filter((id) => isReached(books, id, release));
  const isHopeless = (id: string): boolean =>
    books.words.get(id)?.version !== version &&
    (isLeftAlone(books, id) || !canReach(books, id, version));
  return reached.length === 0 || reached.some(isHopeless);
}

/** Whether a release cannot come to its end: nobody verified its version, it is withdrawn, or it has no device of its own. */
function isStuck(books: Books, audience: Audience, version: number): boolean {
  if (isWithdrawn(books, version) || !mayBeVerified(books, version)) return true;
  const own = [...books.records.values()].filter(
    ({ id, standing, lock }) =>
      standing === 'active' && lock === null && couldFollow(books, id, audience, version),
  );
  return own.length === 0;
}

function couldFollow(books: Books, id: string, audience: Audience, version: number): boolean {
  const ofGroup = groupReleaseOf(books, id);
  if (ofGroup === 'conflict') return false;
  const release = audience === 'all' ? (ofGroup === null ? releaseOf(books, null) : null) : ofGroup;
  const isIts = release !== null && (release.spec.group ?? 'all') === audience;
  return isIts && canReach(books, id, version);
}

/** Whether a device can be brought to a version from what it runs. */
function canReach(books: Books, id: string, version: number): boolean {
  const runs = books.words.get(id)?.version ?? 0;
  const fromOf = (each: number): number =>
    books.inForce.firmware.find(({ spec }) => spec.version === each)?.spec.requiresFrom ?? 0;
  if (runs >= fromOf(version)) return true;
  let reached = runs;
  for (;;) {
    const next = books.inForce.firmware
      .map(({ spec }) => spec.version)
      .filter((each) => each > reached && each < version && fromOf(each) <= reached)
      .filter((each) => mayBeVerified(books, each) && !isWithdrawn(books, each))
      .filter((each) => !books.everWithdrawn.has(each))
      .at(-1);
    if (next === undefined) return false;
    reached = next;
    if (reached >= fromOf(version)) return true;
  }
}

/** A device that is not where it is to be; null: all are. */
function describeUnrest(world: VirtualWorld, books: Books): string | null {
  for (const device of world.devices) {
    const said = books.words.get(device.id);
    if (said === undefined) return `${device.id} was never heard`;
    if (device.isBusy()) return `${device.id} is busy`;
    if (device.running() !== said.version) return `${device.id} has not said what it runs`;
    const wanted = wantedOf(books, device.id);
    if (wanted !== null && !wanted.includes(said.version)) {
      return `${device.id} runs ${said.version}, and is to run ${wanted.join(' or ')}`;
    }
  }
  return null;
}

/** The versions at which a device may come to rest; null: any. */
export function wantedOf(books: Books, id: string): readonly number[] | null {
  const record = books.records.get(id);
  if (record === undefined || record.standing !== 'active') return null;
  const lock = lockOf(books, id);
  if (lock !== null) {
    const isWaiting = record.lock?.armed === false || isLeftAlone(books, id);
    const isHopeless =
      isWithdrawn(books, lock.version) || !canTake(books, id, lock.version) || isWaiting;
    return isHopeless ? null : [lock.version];
  }
  const covering = coveringOf(books, id);
  const [release] = covering;
  if (release === undefined || covering.length > 1) return null;
  if (isHeld(release) || release.state === null) return null;
  if (isWithdrawn(books, release.spec.version) || books.everWithdrawn.has(release.spec.version)) {
    return null;
  }
  if (isLeftAlone(books, id)) return null;
  if (isReached(books, id, release)) {
    return canReach(books, id, release.spec.version) ? [release.spec.version] : null;
  }
  return wantedOutside(books, id, release);
}

function wantedOutside(books: Books, id: string, release: Standing): readonly number[] | null {
  const { base } = release.track;
  const runs = books.words.get(id)?.version ?? 0;
  if (base === null || baseIsUsable(books, release) !== 'yes' || !canReach(books, id, base)) {
    return null;
  }
  const groups = [releaseOf(books, 'listed'), releaseOf(books, 'matched')];
  const isBad = isTakenBack(books, runs, [release, ...groups.filter((each) => each !== null)]);
  if (isBad) return isTakenBack(books, runs, [release]) ? [base] : null;
  return runs >= base ? null : [base];
}

function canTake(books: Books, id: string, version: number): boolean {
  const from = books.inForce.firmware.find(({ spec }) => spec.version === version)?.spec
    .requiresFrom;
  return from === undefined || from === null || (books.words.get(id)?.version ?? 0) >= from;
}

function isLeftAlone(books: Books, id: string): boolean {
  return books.records.get(id)?.failures?.retryAt === null;
}

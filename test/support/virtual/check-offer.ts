// Judges each offer at the moment at which it is made: who may get what, under which release, in which window and rate.
// Invariants 1, 2, 3, 4 and 9 of the design.

import type { DeviceRecord, OpenAction } from '../../../controller/model/device.ts';
import type { Books, Standing } from './books.ts';
import {
  baseIsUsable,
  coveringOf,
  isHeld,
  isReached,
  isTakenBack,
  isWithdrawn,
  lockOf,
  mayBeVerified,
  must,
  positionIn,
  releaseOf,
} from './books.ts';
import { isOpenByHand } from './by-hand.ts';
import { digestOf } from './fleet-words.ts';

/** Flashes that were started under rates. */
export interface RateBooks {
  /** Monotonic times by meter: a round under one and the same rate. */
  readonly started: Map<string, number[]>;
  /** Raised where the clocks that a rate is kept by were moved: it is counted afresh from there. */
  era: number;
}

/** Judges an offer that was just written. */
export function checkOffer(
  books: Books,
  rates: RateBooks,
  device: DeviceRecord,
  action: OpenAction,
): void {
  const { id } = device;
  const { version } = action;
  const runs = books.words.get(id)?.version ?? null;
  const what = (): string => `${id}, which runs ${runs}, was offered ${version}`;
  books.count('flash');
  must('4', !books.isStopped, () => `${what()} under the emergency stop`);
  must('3', action.sha256 === digestOf(version), () => `${what()} as ${action.sha256}`);
  must('2', !isWithdrawn(books, version), () => `${what()}, which is withdrawn`);
  must('9', runs !== version, () => `${what()} again`);
  const lock = lockOf(books, id);
  if (lock !== null) {
    must('1', lock.version === version, () => `${what()}, and is locked to ${lock.version}`);
    must('1', action.round === 0, () => `${what()} by its lock, on account of a release`);
    return;
  }
  must(
    '1',
    device.lock === null,
    () => `${what()}, and carries a lock that nothing in force names`,
  );
  must('2', mayBeVerified(books, version), () => `${what()}, which nobody verified`);
  const covering = coveringOf(books, id);
  must('9', covering.length > 0, () => `${what()}, and no release covers it`);
  const objections = covering.map((release) => objectionTo(books, release, device, action));
  must('4', objections.includes(null), () => `${what()}: ${objections.join('; ')}`);
  const release = covering[objections.indexOf(null)];
  if (release !== undefined) checkPace(books, rates, release, device, action);
}

/** What speaks against an offer under a release; null: nothing. */
function objectionTo(
  books: Books,
  release: Standing,
  { id }: DeviceRecord,
  action: OpenAction,
): string | null {
  const { spec, track, state } = release;
  const { version, goal, round } = action;
  const name = `the release of ${spec.version} to ${spec.group ?? 'all'}`;
  if (isHeld(release)) return `${name} is held`;
  if (isWithdrawn(books, spec.version)) return `${name} names withdrawn firmware`;
  if (state === null) return `${name} has not begun`;
  const runs = books.words.get(id)?.version ?? null;
  const isBad = runs !== null && isTakenBack(books, runs, [release, ...through(books, release)]);
  if (isReached(books, id, release)) {
    if (goal !== spec.version) return `${name} reaches it, and ${goal} was meant`;
    if (round !== state.round) return `${name} is in round ${state.round}, not in ${round}`;
  } else {
    const where = `it is at ${positionIn(books, id, release)}, and ${name} reaches ${state.limit}`;
    if (goal !== track.base || baseIsUsable(books, release) === 'no') {
      return `${where}; ${track.base} is the base`;
    }
    if (runs === null || (runs > goal && !isBad)) return `${where}; it may stay on ${runs}`;
    if (round !== 0) return `the return to the base counts for round ${round}`;
    books.count('return to the base');
  }
  return version === goal ? needsStone(books, runs, goal) : objectionToStone(books, runs, action);
}

/** Releases whose rolled back versions a device may not keep besides. */
function through(books: Books, { spec }: Standing): readonly Standing[] {
  if (spec.group !== null) return [];
  return [releaseOf(books, 'listed'), releaseOf(books, 'matched')].filter((each) => each !== null);
}

function fromOf(books: Books, version: number): number | null {
  return (
    books.inForce.firmware.find(({ spec }) => spec.version === version)?.spec.requiresFrom ?? null
  );
}

function needsStone(books: Books, runs: number | null, goal: number): string | null {
  const from = fromOf(books, goal);
  if (from === null || (runs !== null && runs >= from)) return null;
  return `version ${goal} needs version ${from} first`;
}

function objectionToStone(
  books: Books,
  runs: number | null,
  { version, goal }: OpenAction,
): string | null {
  if (needsStone(books, runs, goal) === null) return `no stone is needed on the way to ${goal}`;
  if (runs === null || version <= runs || version >= goal) return `${version} leads nowhere`;
  books.count('stepping stone');
  return needsStone(books, runs, version);
}

/** Windows and rates: a device that must leave what it runs waits for neither. */
function checkPace(
  books: Books,
  rates: RateBooks,
  release: Standing,
  { id }: DeviceRecord,
  { goal, offeredAt }: OpenAction,
): void {
  const { spec, state } = release;
  const runs = books.words.get(id)?.version ?? null;
  const isRescue =
    !isReached(books, id, release) &&
    runs !== null &&
    isTakenBack(books, runs, [release, ...through(books, release)]);
  if (isRescue) return;
  const now = books.clock.now();
  must('4', offeredAt === now, () => `${id} was offered ${goal} at another time than now`);
  const { windows, rate } = spec.strategy;
  must('4', state?.rollback === true || isOpenByHand(windows, now), () => {
    return `${id} was offered ${goal} at ${new Date(now).toISOString()}, outside all windows`;
  });
  if (rate === null || state === null) return;
  const meter = `${rates.era}/${state.round}/${rate.flashes}/${rate.perMs}`;
  const started = rates.started.get(meter) ?? [];
  rates.started.set(meter, started);
  const at = books.clock.monotonicMs();
  started.push(at);
  const within = started.filter((time) => at - time < rate.perMs).length;
  must('4', within <= rate.flashes, () => {
    return `${within} flashes of ${goal} were started within ${rate.perMs} ms, and ${rate.flashes} are allowed`;
  });
}

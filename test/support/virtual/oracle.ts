// What must hold in every history, judged from outside: from what was committed, what devices said, and what was written
// of them. The controller's word is taken for nothing that can be worked out here; what it says of its progress is
// checked when it says it.

import type { Desired } from '../../../controller/model/desired.ts';
import type { DeviceRecord } from '../../../controller/model/device.ts';
import type { LiveState } from '../../../controller/model/live.ts';
import type { DeviceChange } from '../../../controller/stores/store.ts';
import type { Books } from './books.ts';
import { isOffered, isReached, must, openBooks, releaseOf, slackMs } from './books.ts';
import { isOpenByHand } from './by-hand.ts';
import { checkCounts } from './check-counts.ts';
import type { Doing } from './check-failures.ts';
import { checkFailures } from './check-failures.ts';
import { checkInForce } from './check-in-force.ts';
import type { RateBooks } from './check-offer.ts';
import { checkOffer } from './check-offer.ts';
import { checkRollout } from './check-rollout.ts';
import type { FleetWords } from './fleet-words.ts';
import { digestOf } from './fleet-words.ts';
import type { Setup } from './history.ts';
import type { Kind } from './kinds.ts';
import type { RolloutNotes } from './rollout-notes.ts';
import type { VirtualClock } from './virtual-clock.ts';
import type { Witness } from './virtual-device.ts';

/** A fleet of which nobody was heard for so many rounds is not listened to. */
const SILENT_ROUNDS_MAX = 3;

/** To this the gateway knows when devices were heard. */
const HEARD_TO_MS = 60_000;

/** What a pass of the controller came to. */
export interface PassSeen {
  readonly inForce: Desired;
  readonly live: LiveState | null;
}

export interface Oracle {
  readonly books: Books;
  readonly witness: Witness;
  /** A revision that was committed; null: one that cannot be read. */
  noteCommit(revision: string, words: FleetWords | null): void;
  /** A write that has become durable. Never throws, since the code under test would swallow it: `raise` does. */
  noteSave(change: DeviceChange, saved: DeviceRecord | null): void;
  /** Throws what a write since the last call broke. */
  raise(): void;
  noteExhausted(): void;
  /** A device has said what it had to say. */
  noteSilence(): void;
  /** A round has passed, and it was served or not. */
  noteRound(served: boolean): void;
  /** So much listening is counted by the end of a served round. */
  noteListened(listened: number): void;
  noteStop(stopped: boolean): void;
  /** The process has started again: a wall clock that was set meanwhile moves the rates. */
  noteStart(): void;
  notePass(seen: PassSeen): void;
}

/** Creates an oracle that has seen nothing. */
export function createOracle(
  product: string,
  setup: Setup,
  clock: VirtualClock,
  count: (kind: Kind) => void,
): Oracle {
  const books = openBooks(product, setup, clock, count);
  const rollout: RolloutNotes = new Map();
  const rates: RateBooks = { started: new Map(), era: 0 };
  const commits = new Map<string, FleetWords>();
  let tip: FleetWords | null = null;
  let isFrozen = false;
  let doing: Doing | null = null;
  const roundMs = setup.pollMinutes * 60_000;
  let lastHeard = 0;
  let lastListened = 0;
  let jumpedAtStart = 0;
  let broken: unknown = null;

  const witness: Witness = {
    names(device, { text, boot, hardware }) {
      const version = Number(text);
      doing = { device, names: { version, boot }, failedAction: null };
      books.words.set(device, { version, boot, hardware });
      const those = books.namedBy.get(version) ?? new Set();
      books.namedBy.set(version, those.add(device));
    },
    heard(device) {
      doing = { device, names: null, failedAction: null };
      lastHeard = clock.monotonicMs();
      books.heardAt.set(device, lastHeard);
    },
    reportsFailure(device, actionId) {
      doing = { device, names: null, failedAction: actionId };
    },
    gets(device, { version, sha256 }) {
      must('3', sha256 === digestOf(version), () => `${device} got ${sha256} as ${version}`);
    },
    count,
  };

  function isHeard(): boolean {
    return clock.monotonicMs() - lastHeard <= SILENT_ROUNDS_MAX * roundMs + HEARD_TO_MS;
  }

  function checkWrite(known: DeviceRecord | null, saved: DeviceRecord): void {
    if (saved.standing === 'active') checkFailures(books, doing, known, saved);
    const { action } = saved;
    if (action !== null && action.id !== known?.action?.id) {
      books.servedAtOffer.set(action.id, books.servedMs);
      checkOffer(books, rates, saved, action);
    }
    if (action?.phase === 'claimed' && known?.action?.phase !== 'claimed') {
      books.servedAtClaim.set(action.id, books.servedMs);
    }
    if (saved.dormant && known?.dormant === false) checkDormancy(books, saved.id);
  }

  return {
    books,
    witness,
    noteCommit(revision, words) {
      isFrozen = words === null;
      if (words === null) return;
      commits.set(revision, words);
      tip = words;
    },
    noteSave(change, saved) {
      const known = books.records.get((change.after ?? change.before)?.id ?? '') ?? null;
      if (saved !== null) books.records.set(saved.id, saved);
      else if (known !== null) books.records.delete(known.id);
      for (const { type } of change.events ?? []) {
        if (type === 'DeviceMoved') count('group move');
        if (type === 'DeviceLocked') count('lock');
      }
      try {
        if (saved !== null) checkWrite(known, saved);
      } catch (thrown) {
        broken ??= thrown;
      }
    },
    raise() {
      if (broken !== null) throw broken;
    },
    noteExhausted: () => count('rate reached'),
    noteSilence() {
      doing = null;
    },
    noteRound(served) {
      if (served && isHeard()) books.servedMs += roundMs;
    },
    noteListened(listened) {
      // What was counted last may be lost with a process that is killed.
      const gainedMs = listened - lastListened;
      lastListened = listened;
      must('4', gainedMs <= (isHeard() ? roundMs : 0), () => {
        const silentMs = clock.monotonicMs() - lastHeard;
        return `${gainedMs} ms of listening were counted, and nobody was heard for ${silentMs} ms`;
      });
    },
    noteStop(stopped) {
      books.isStopped = stopped;
    },
    noteStart() {
      if (clock.jumpedMs() !== jumpedAtStart) rates.era += 1;
      jumpedAtStart = clock.jumpedMs();
    },
    notePass({ inForce, live }) {
      const before = books.inForce;
      books.inForce = inForce;
      noteWithdrawals(books, before);
      checkInForce(books, before, { isFrozen, tip, commits });
      checkRollout(books, rollout, before, isFrozen);
      if (live !== null) {
        checkCounts(books, live);
        must('4', live.listened <= books.servedMs, () => {
          return `${live.listened} ms of listening were counted, and ${books.servedMs} were served`;
        });
      }
      if (isWaitingForWindow(books)) count('window closed while waiting');
    },
  };
}

/** A withdrawal ends the evidence of a version. */
function noteWithdrawals(books: Books, before: Desired): void {
  for (const { spec } of books.inForce.firmware) {
    const old = before.firmware.find((each) => each.spec.version === spec.version)?.spec;
    if (spec.withdrawn === null) continue;
    books.everWithdrawn.add(spec.version);
    books.namedBy.delete(spec.version);
    if (old?.withdrawn === null) books.count('withdrawal');
  }
}

function checkDormancy(books: Books, id: string): void {
  const silentMs = books.clock.monotonicMs() - (books.heardAt.get(id) ?? 0);
  must('4', silentMs >= 7 * 86_400_000 - slackMs(books), () => {
    return `${id} counts as dormant after ${silentMs / 3_600_000} hours of silence`;
  });
  books.count('dormancy');
}

function isWaitingForWindow(books: Books): boolean {
  const release = releaseOf(books, null);
  if (release === null || !isOffered(release)) return false;
  const { windows } = release.spec.strategy;
  if (release.state?.rollback === true || isOpenByHand(windows, books.clock.now())) return false;
  return [...books.records.values()].some(
    ({ id, running, lock, standing }) =>
      standing === 'active' &&
      lock === null &&
      running !== release.spec.version &&
      isReached(books, id, release),
  );
}

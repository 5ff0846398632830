// The oracle's books: what devices said, what was written of them, what is in force, and what time it is. Questions about
// one device are answered here from the design; judging is done in the files beside.

import type { Desired, Placed, ReleaseSpec } from '../../../controller/model/desired.ts';
import type { DeviceRecord } from '../../../controller/model/device.ts';
import type { ReleaseState, Track } from '../../../controller/model/rollout.ts';
import { NO_ROLLOUT, trackOf } from '../../../controller/model/rollout.ts';
import { positionByHand } from './by-hand.ts';
import type { Hardware, Setup } from './history.ts';
import type { Kind } from './kinds.ts';
import type { VirtualClock } from './virtual-clock.ts';

const WEEK_MS = 7 * 86_400_000;

/** What the controller's clock of listening is behind at most: here it goes on once in a round. */
export function slackMs({ setup }: Books): number {
  return setup.pollMinutes * 60_000;
}

/** A device's last words. */
export interface Words {
  readonly version: number;
  readonly boot: string | null;
  readonly hardware: Hardware;
}

/** A release in force, with how far the controller says that it is. */
export interface Standing {
  readonly spec: ReleaseSpec;
  readonly track: Track;
  /** Null: it has not begun. */
  readonly state: ReleaseState | null;
}

export interface Books {
  readonly product: string;
  readonly setup: Setup;
  readonly clock: VirtualClock;
  readonly count: (kind: Kind) => void;
  /** As they were last written. */
  readonly records: Map<string, DeviceRecord>;
  readonly words: Map<string, Words>;
  /** Monotonic time at which a device was last heard. */
  readonly heardAt: Map<string, number>;
  /** Time in which the gateway served and somebody was heard: soaks and time-outs cannot have had more. */
  servedMs: number;
  /** How much time had been served when an action was offered, and when its success was reported, by its id. */
  readonly servedAtOffer: Map<number, number>;
  readonly servedAtClaim: Map<number, number>;
  inForce: Desired;
  isStopped: boolean;
  /** Devices that named a version since it was last withdrawn, by version. */
  readonly namedBy: Map<number, Set<string>>;
  /** Versions that were ever withdrawn: when their evidence counts again is not known here to the minute. */
  readonly everWithdrawn: Set<number>;
  /** Versions of which a release came to its end. */
  readonly finished: Set<number>;
}

/** Opens books in which nothing is written. */
export function openBooks(
  product: string,
  setup: Setup,
  clock: VirtualClock,
  count: (kind: Kind) => void,
): Books {
  return {
    product,
    setup,
    clock,
    count,
    records: new Map(),
    words: new Map(),
    heardAt: new Map(),
    servedMs: 0,
    servedAtOffer: new Map(),
    servedAtClaim: new Map(),
    inForce: { product, config: null, firmware: [], groups: [], locks: [], releases: [] },
    isStopped: false,
    namedBy: new Map(),
    everWithdrawn: new Set(),
    finished: new Set(),
  };
}

/** Throws, naming the invariant of the design. */
export function must(invariant: string, holds: boolean, message: () => string): void {
  if (!holds) throw new Error(`Invariant ${invariant} is broken: ${message()}`);
}

/** The lock that manifests in force give a device. */
export function lockOf(books: Books, id: string): Desired['locks'][number]['spec'] | null {
  const lock = books.inForce.locks.find(({ spec }) => spec.devices?.includes(id) === true);
  return lock?.spec ?? null;
}

/** Whether a device runs a version, by its own last words. */
export function runs(books: Books, id: string, version: number): boolean {
  return books.words.get(id)?.version === version;
}

/** Whether firmware in force may be offered at all. */
export function isWithdrawn(books: Books, version: number): boolean {
  const firmware = books.inForce.firmware.find(({ spec }) => spec.version === version);
  return firmware === undefined || firmware.spec.withdrawn !== null;
}

/** Whether enough devices have named the version for its gate to pass: without that, it cannot have. */
export function mayBeVerified(books: Books, version: number): boolean {
  return (books.namedBy.get(version)?.size ?? 0) >= books.setup.verifiers;
}

/** A release in force together with its track. */
export function standingOf(books: Books, { spec }: Placed<ReleaseSpec>): Standing {
  const track = trackOf(books.inForce.rollout ?? NO_ROLLOUT, spec.group);
  const state = track.release?.version === spec.version ? track.release : null;
  return { spec, track, state };
}

/** The release of the product, or of a group. */
export function releaseOf(books: Books, group: string | null): Standing | null {
  const release = books.inForce.releases.find(({ spec }) => spec.group === group);
  return release === undefined ? null : standingOf(books, release);
}

/** Whether a release offers nothing to anybody. One that was rolled back returns its devices, paused or not. */
export function isHeld({ spec, state }: Standing): boolean {
  const halted = state?.halt?.action ?? null;
  return halted === 'hold' || (spec.paused && halted !== 'rollback');
}

/** The release of the device's groups, by its own last words: `conflict` where they give it different versions. */
export function groupReleaseOf(books: Books, id: string): Standing | 'conflict' | null {
  const listed = books.inForce.groups.find(({ origin }) => origin.name === 'listed');
  const isListed = listed?.spec.devices.includes(id) === true;
  const isMatched = books.words.get(id)?.hardware === 'b';
  const found = [
    ...(isListed ? [releaseOf(books, 'listed')] : []),
    ...(isMatched ? [releaseOf(books, 'matched')] : []),
  ].filter((each) => each !== null);
  const [first, second] = found;
  if (first === undefined) return null;
  if (second === undefined) return first;
  if (first.spec.version !== second.spec.version) return 'conflict';
  return !isHeld(first) && isHeld(second) ? second : first;
}

/** A device's position in the turn of a release. */
export function positionIn(books: Books, id: string, { spec }: Standing): number {
  return positionByHand(id, books.product, spec.version);
}

/** Whether a device is within what a release reaches by now. */
export function isReached(books: Books, id: string, release: Standing): boolean {
  return positionIn(books, id, release) < (release.state?.limit ?? 0);
}

/** Whether the base of a release can be given to devices; `maybe` where its evidence may have ended meanwhile. */
export function baseIsUsable(books: Books, { track }: Standing): 'yes' | 'no' | 'maybe' {
  const { base } = track;
  if (base === null || isWithdrawn(books, base) || !mayBeVerified(books, base)) return 'no';
  return books.everWithdrawn.has(base) ? 'maybe' : 'yes';
}

/** The releases that may decide about an unlocked device, most often one. Empty: it is left alone. */
export function coveringOf(books: Books, id: string): readonly Standing[] {
  const ofGroup = groupReleaseOf(books, id);
  if (ofGroup === 'conflict') return [];
  const ofAll = releaseOf(books, null);
  if (ofGroup === null) return ofAll === null ? [] : [ofAll];
  const isOut =
    isHeld(ofGroup) ||
    isWithdrawn(books, ofGroup.spec.version) ||
    isReached(books, id, ofGroup) ||
    ofAll === null;
  if (isOut) return [ofGroup];
  const usable = baseIsUsable(books, ofGroup);
  const mayWait = books.everWithdrawn.has(ofGroup.spec.version);
  if (usable === 'yes' || ofAll === null) return [ofGroup];
  return usable === 'maybe' || mayWait ? [ofGroup, ofAll] : [ofAll];
}

/** Devices whose evidence decides about a release: registered, unlocked, and its own. */
export function devicesOf(books: Books, release: Standing): readonly string[] {
  const { group } = release.spec;
  return [...books.records.values()]
    .filter(({ standing, lock }) => standing === 'active' && lock === null)
    .map(({ id }) => id)
    .filter((id) => {
      if (group === null) {
        return coveringOf(books, id).some(({ spec }) => spec.group === null);
      }
      const ofGroup = groupReleaseOf(books, id);
      return ofGroup !== 'conflict' && ofGroup?.spec.group === group;
    });
}

/** Whether it is settled which devices are a release's; a version whose withdrawal was taken back leaves it open. */
export function isCoverageKnown(books: Books): boolean {
  return books.everWithdrawn.size === 0;
}

/** Devices that count as failed in a round. */
export function failedIn(books: Books, round: number): number {
  return [...books.records.values()].filter(
    ({ standing, outcome }) =>
      standing === 'active' && outcome?.round === round && outcome.state === 'failed',
  ).length;
}

/** Whether a device was surely heard within the last seven days of listening. */
export function isSurelyAwake(books: Books, id: string): boolean {
  const at = books.heardAt.get(id);
  return at !== undefined && books.clock.monotonicMs() - at < WEEK_MS - slackMs(books);
}

/** Whether devices may not keep a version under a release: it is withdrawn, or was rolled back there. */
export function isTakenBack(books: Books, version: number, releases: readonly Standing[]): boolean {
  const withdrawn = books.inForce.firmware.some(
    ({ spec }) => spec.version === version && spec.withdrawn !== null,
  );
  return withdrawn || releases.some(({ track }) => track.rolledBack.includes(version));
}

/** Whether a release offers its version to whom it reaches. */
export function isOffered(release: Standing): boolean {
  return !isHeld(release) && release.state !== null;
}

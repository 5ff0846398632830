// Listening time: a product's clock that runs only while the gateway serves and most of the devices that should be
// heard are. Deadlines, soaks and silence are measured in it, so neither an outage of ours nor a fleet that lost its
// network is taken as a device's failure. Whoever is silent for a day is not waited for: the clock never stops for good
// while a device is heard. What is counted, and when, is up to the gateway.

import type { EpochMs } from '../base/clock.ts';
import type { ListenedMs } from '../model/device.ts';

/** A device is offline when it has missed this many polls in a row. */
export const MISSED_POLLS_OFFLINE = 3;

/** After a gap of more ticks than this, the process did not serve meanwhile. */
const GAP_TICKS_MAX = 5;

const DAY_MS = 86_400_000;

/** The longest gap between two ticks in which the process counts as serving, where ticks are `tickMs` apart. */
export function tickGapMaxMs(tickMs: number): number {
  return GAP_TICKS_MAX * tickMs;
}

/** Silence after which a device is offline. */
export function offlineAfterMs(pollIntervalMs: number): number {
  return MISSED_POLLS_OFFLINE * pollIntervalMs;
}

/**
 * Devices heard within this span of time count as the ones that should be heard now: a day, and where devices
 * poll seldom so long that one that falls silent is missed before it is no longer expected.
 */
export function expectedWithinMs(pollIntervalMs: number): number {
  return Math.max(DAY_MS, 2 * offlineAfterMs(pollIntervalMs));
}

/** A product's fleet at a tick. Devices in quarantine are heard and expected like others. */
export interface FleetHeard {
  /** Devices heard within `offlineAfterMs`. */
  readonly heard: number;
  /** Devices heard within `expectedWithinMs`. */
  readonly expected: number;
  /** Active devices in all. */
  readonly devices: number;
}

/**
 * A product's listening. `listened` is kept in the state; the rest lives in the process's memory only, since to forget
 * it merely delays: listening then comes on a little later than it might have.
 */
export interface ListeningState {
  readonly listened: ListenedMs;
  /** Whether the time up to the last tick counted. */
  readonly runs: boolean;
  /** Monotonic time since which `isFleetHeard` holds without a break; null: it does not. */
  readonly heldSinceMonotonic: number | null;
  /** Monotonic time since which somebody is always heard, but listening does not come on by `isFleetHeard`; or null. */
  readonly thinSinceMonotonic: number | null;
}

/** What passes between two looks at the fleet. */
export interface ListeningTick {
  readonly nowMonotonic: number;
  /** Since the tick before. */
  readonly elapsedMs: number;
  /** What is longer counts as this much (`tickGapMaxMs`). */
  readonly gapMaxMs: number;
  readonly pollIntervalMs: number;
}

/**
 * Listening at the start of the process. A product whose devices were heard before has to be heard for a while first;
 * for one of which nobody ever was, it runs at once.
 */
export function startListening(listened: ListenedMs, wasHeard: boolean): ListeningState {
  return {
    listened,
    runs: !wasHeard,
    heldSinceMonotonic: wasHeard ? null : -Infinity,
    thinSinceMonotonic: null,
  };
}

/**
 * Listening after a tick. Once off, it comes on only when `isFleetHeard` has held for `offlineAfterMs` without a break:
 * by then the devices that trickle back after an outage were all heard, and silence is theirs. It also comes on when
 * somebody was heard all through `expectedWithinMs` meanwhile: a fleet of which most devices are heard now and then
 * only would otherwise never be listened to.
 */
export function advanceListening(
  state: ListeningState,
  tick: ListeningTick,
  fleet: FleetHeard,
): ListeningState {
  const { nowMonotonic, elapsedMs, gapMaxMs, pollIntervalMs } = tick;
  const held = isFleetHeard(fleet) ? (state.heldSinceMonotonic ?? nowMonotonic) : null;
  const isSettled = held !== null && nowMonotonic - held >= offlineAfterMs(pollIntervalMs);
  const thin = isSettled || fleet.heard === 0 ? null : (state.thinSinceMonotonic ?? nowMonotonic);
  const isThinForLong = thin !== null && nowMonotonic - thin >= expectedWithinMs(pollIntervalMs);
  const runs = isSettled || isThinForLong;
  const gainedMs = runs ? Math.max(0, Math.min(elapsedMs, gapMaxMs)) : 0;
  return {
    listened: state.listened + gainedMs,
    runs,
    heldSinceMonotonic: held,
    thinSinceMonotonic: thin,
  };
}

/**
 * Whether most of the other devices that should be heard are. A lone device has no others, and is taken at its word. A
 * fleet of several of which nobody was heard for a day is not heard: that is more likely our network than their end.
 */
export function isFleetHeard({ heard, expected, devices }: FleetHeard): boolean {
  if (devices <= 1) return true;
  if (expected < 1) return false;
  const others = expected - 1;
  return others < 1 ? heard >= 1 : heard * 2 > others;
}

/** Whether a device last heard at `contact` is online: silent for less than `offlineAfterMs` of listening time. */
export function isOnline(
  contact: { readonly listened: ListenedMs } | null,
  listened: ListenedMs,
  pollIntervalMs: number,
): boolean {
  return contact !== null && listened - contact.listened < offlineAfterMs(pollIntervalMs);
}

/** The last time that the gateway did not serve a product. */
export interface ServingGap {
  /** When it stopped; null where it never served before. */
  readonly stoppedAt: EpochMs | null;
  /** Since when it serves again. */
  readonly resumedAt: EpochMs;
}

/**
 * Since when devices were heard that count as online at `now`, all by a clock that nobody sets. Time in which the gateway
 * did not serve is no silence: who was online when it stopped still is for one `offlineAfterMs` after it resumed.
 */
export function onlineSince(gap: ServingGap, now: EpochMs, pollIntervalMs: number): EpochMs {
  const offlineAfter = offlineAfterMs(pollIntervalMs);
  const isResumed = gap.stoppedAt === null || now - gap.resumedAt >= offlineAfter;
  return (isResumed ? now : (gap.stoppedAt ?? now)) - offlineAfter;
}

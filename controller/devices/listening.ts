// Listening time: a product's clock that runs only while the gateway serves and most of the product's other devices
// are heard. Deadlines, soaks and silence are measured in it, so neither an outage of ours nor a fleet that lost its
// network is taken as a device's failure.

import type { ListenedMs } from '../model/device.ts';

/** A device is offline when it has missed this many polls in a row. */
export const MISSED_POLLS_OFFLINE = 3;

/** Devices heard within this span of listening time count as the ones that should be heard now. */
export const EXPECTED_WITHIN_MS = 7 * 86_400_000;

/** A longer gap between two ticks means that the process did not serve meanwhile. */
const TICK_GAP_MAX_MS = 5_000;

/** Silence after which a device is offline, in listening time. */
export function offlineAfterMs(pollIntervalMs: number): number {
  return MISSED_POLLS_OFFLINE * pollIntervalMs;
}

/**
 * The listening time after a tick. `heard` are the devices heard within `offlineAfterMs`, `expected` those heard
 * within a week; with fewer than two there are no other devices to compare with.
 */
export function advanceListening(
  listened: ListenedMs,
  elapsedMs: number,
  fleet: { readonly heard: number; readonly expected: number },
): ListenedMs {
  if (!isFleetHeard(fleet)) return listened;
  return listened + Math.max(0, Math.min(elapsedMs, TICK_GAP_MAX_MS));
}

/** Whether most of the other devices are heard. */
export function isFleetHeard(fleet: {
  readonly heard: number;
  readonly expected: number;
}): boolean {
  const others = fleet.expected - 1;
  return others < 1 || fleet.heard * 2 > others;
}

/** Whether a device last heard at `contact` is online. */
export function isOnline(
  contact: { readonly listened: ListenedMs } | null,
  listened: ListenedMs,
  pollIntervalMs: number,
): boolean {
  return contact !== null && listened - contact.listened < offlineAfterMs(pollIntervalMs);
}

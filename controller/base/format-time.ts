// Moments and spans in messages, in UTC and without a locale. Exact durations, as manifests write them, are in
// `duration.ts`.

import type { EpochMs } from './clock.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** The latest moment that a Date can tell; a later one can only come from a broken clock. */
const TIME_MAX_MS = 8.64e15;

/** A moment to the minute, in UTC: `2026-11-25 15:30Z`. */
export function formatUtc(at: EpochMs): string {
  const [day = '', time = ''] = new Date(Math.max(0, Math.min(at, TIME_MAX_MS)))
    .toISOString()
    .split('T');
  return `${day} ${time.slice(0, 5)}Z`;
}

/** How far ahead a moment is, in words: `in about 3 days`; `now` for one that is past. */
export function formatAhead(at: EpochMs, now: EpochMs): string {
  const ms = at - now;
  if (ms <= 0) return 'now';
  if (ms < MINUTE_MS) return 'in less than a minute';
  const about = (unitMs: number, unit: string): string => {
    const count = Math.round(ms / unitMs);
    return `in about ${count} ${unit}${count === 1 ? '' : 's'}`;
  };
  if (ms < 1.5 * HOUR_MS) return about(MINUTE_MS, 'minute');
  if (ms < 1.5 * DAY_MS) return about(HOUR_MS, 'hour');
  return about(DAY_MS, 'day');
}

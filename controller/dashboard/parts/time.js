// Points in time, in the reader's zone and language, with the exact instant on hover.

import { h } from 'preact';
import { useNow } from '../hooks.js';

const CLOCK = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
});
const DAY = new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric' });
const YEAR = new Intl.DateTimeFormat(undefined, {
  year: 'numeric',
  month: 'short',
  day: 'numeric',
});
const AGE = new Intl.RelativeTimeFormat(undefined, { numeric: 'always', style: 'narrow' });
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/**
 * A point in time: the time of day, and the day where it is not today.
 * @param {{ at: string | null }} props
 */
export function Time({ at }) {
  const now = useNow(MINUTE_MS);
  if (at === null) return h('span', { class: 'muted' }, 'never');
  const date = new Date(at);
  return h('time', { dateTime: at, title: at, class: 'time' }, formatMoment(date, now));
}

/**
 * How long ago, or how soon: `5 min ago`.
 * @param {{ at: string | null }} props
 */
export function Age({ at }) {
  const now = useNow(10_000);
  if (at === null) return h('span', { class: 'muted' }, 'never');
  return h('time', { dateTime: at, title: at, class: 'time' }, formatAge(Date.parse(at) - now));
}

/**
 * @param {Date} date
 * @param {number} now
 */
export function formatMoment(date, now) {
  const today = new Date(now);
  const clock = CLOCK.format(date);
  if (date.toDateString() === today.toDateString()) return clock;
  const day = date.getFullYear() === today.getFullYear() ? DAY : YEAR;
  return `${day.format(date)}, ${clock}`;
}

/** @param {number} fromNowMs Negative: in the past. */
export function formatAge(fromNowMs) {
  const size = Math.abs(fromNowMs);
  // The clock of the page ticks every ten seconds.
  if (size < 10_000) return 'just now';
  if (size < MINUTE_MS) return AGE.format(Math.round(fromNowMs / 1_000), 'second');
  if (size < HOUR_MS) return AGE.format(Math.round(fromNowMs / MINUTE_MS), 'minute');
  if (size < 2 * DAY_MS) return AGE.format(Math.round(fromNowMs / HOUR_MS), 'hour');
  return AGE.format(Math.round(fromNowMs / DAY_MS), 'day');
}

/**
 * A length of time: `1 h 30 min`.
 * @param {number} ms
 */
export function formatDuration(ms) {
  const units = /** @type {const} */ ([
    ['d', DAY_MS],
    ['h', HOUR_MS],
    ['min', MINUTE_MS],
    ['s', 1_000],
  ]);
  let left = Math.max(0, ms);
  const words = [];
  for (const [name, size] of units) {
    const count = Math.floor(left / size);
    if (count > 0) words.push(`${count} ${name}`);
    left -= count * size;
    if (words.length === 2) break;
  }
  return words.length === 0 ? '0 s' : words.join(' ');
}

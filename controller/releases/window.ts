// The windows of a release: whether flashes may be started at an instant, when that changes, and how long it takes
// until so much open time has passed. All of it goes by the wall clocks of the windows' time zones: a minute is in a
// window when the clock on the wall shows it. What a closed window holds back is decided elsewhere.

import { assert } from '../base/assert.ts';
import type { Weekday, WindowSpec } from '../model/desired.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const WEEK_MS = 7 * DAY_MS;

/** How far ahead a change of the windows is looked for; what a week does not bring, a second one does. */
const LOOK_AHEAD_MS = 14 * DAY_MS;

/** How far ahead open time is added up. */
const ADD_AHEAD_MS = 400 * DAY_MS;

/** By days since 1970-01-01, which was a Thursday. */
const WEEKDAYS: readonly Weekday[] = ['Thu', 'Fri', 'Sat', 'Sun', 'Mon', 'Tue', 'Wed'];

/**
 * Whether flashes may be started at `at` (epoch milliseconds): true where a window is open, and for an empty list. A
 * window belongs to the local day on which it opens. Where the clocks go forward, a window that begins in the gap opens
 * at its end, and one that lies in the gap does not open that day; where they go back, it is open both times.
 *
 * Time zones must be known to `Intl`, which throws otherwise. A call takes about a fifth of a microsecond for each
 * window. The first in a zone, and in each block of 16 days, takes a few tenths of a millisecond more; the very first
 * of a process makes `Intl` load its data, which takes some tens of milliseconds.
 */
export function isOpen(windows: readonly WindowSpec[], at: number): boolean {
  return windows.length === 0 || windows.some((window) => closingOf(window, at) !== null);
}

/**
 * `at` itself where it is open, else the first later instant that is; both in epoch milliseconds. Exact, also where the
 * clocks change. Null where none opens within 14 days, which means that no window names a day.
 */
export function findOpening(windows: readonly WindowSpec[], at: number): number | null {
  if (windows.length === 0) return at;
  let first: number | null = null;
  for (const window of windows) {
    const opening = openingOf(window, at, first ?? at + LOOK_AHEAD_MS);
    if (opening !== null && (first === null || opening < first)) first = opening;
  }
  return first;
}

/**
 * `at` itself where no window is open, else the first later instant at which none is; both in epoch milliseconds. Null
 * where they do not close within 14 days, as an empty list never does.
 */
export function findClosing(windows: readonly WindowSpec[], at: number): number | null {
  if (windows.length === 0) return null;
  let reached = at;
  while (reached <= at + LOOK_AHEAD_MS) {
    let last: number | null = null;
    for (const window of windows) {
      const closing = closingOf(window, reached);
      if (closing !== null && (last === null || closing > last)) last = closing;
    }
    if (last === null) return reached;
    reached = last;
  }
  return null;
}

/**
 * The first instant by which `ms` milliseconds of open time have passed since `from`; for 0, `from` itself where it is
 * open, else the next opening. Instants are epoch milliseconds. Null where that is more than 400 days after `from`.
 * Takes a millisecond or so, however long the span: weeks that are alike are counted once.
 */
export function addOpenTime(
  windows: readonly WindowSpec[],
  from: number,
  ms: number,
): number | null {
  if (ms <= 0) return findOpening(windows, from);
  const last = from + ADD_AHEAD_MS;
  const openByOffsets = new Map<string, number>();
  let reached = from;
  let leftMs = ms;
  while (reached < last) {
    const until = reached + WEEK_MS;
    const offsets = steadyOffsets(windows, reached, until);
    let openMs = offsets === null ? undefined : openByOffsets.get(offsets);
    // A week that brings exactly what is left may have brought it before its end.
    if (openMs === undefined || openMs >= leftMs) {
      const passed = passOpenTime(windows, reached, until, leftMs);
      if (passed.doneAt !== null) return passed.doneAt <= last ? passed.doneAt : null;
      openMs = passed.openMs;
      if (offsets !== null) openByOffsets.set(offsets, openMs);
    }
    leftMs -= openMs;
    reached = until;
  }
  return null;
}

/** The open time between two instants, or the instant in between by which `ms` of it, more than 0, have passed. */
function passOpenTime(
  windows: readonly WindowSpec[],
  from: number,
  until: number,
  ms: number,
): { readonly openMs: number; readonly doneAt: number | null } {
  let openMs = 0;
  let reached = from;
  while (reached < until) {
    const opening = findOpening(windows, reached);
    if (opening === null || opening >= until) break;
    const closing = Math.min(findClosing(windows, opening) ?? until, until);
    const missingMs = ms - openMs;
    if (closing - opening >= missingMs) return { openMs: ms, doneAt: opening + missingMs };
    openMs += closing - opening;
    reached = closing;
  }
  return { openMs, doneAt: null };
}

/** The offsets of all windows' zones as one key; null where one of them changes between the two instants. */
function steadyOffsets(windows: readonly WindowSpec[], from: number, until: number): string | null {
  const offsets: number[] = [];
  for (const { timezone } of windows) {
    const { offsetMs, until: first } = spanAt(timezone, from);
    for (let reached = first; reached < until;) {
      const span = spanAt(timezone, reached);
      if (span.offsetMs !== offsetMs) return null;
      reached = span.until;
    }
    offsets.push(offsetMs);
  }
  return offsets.join();
}

/** `at` where the window is open, else the first later instant at which it is; null where that is after `last`. */
function openingOf(window: WindowSpec, at: number, last: number): number | null {
  let reached = at;
  while (reached <= last) {
    const { offsetMs, until } = spanAt(window.timezone, reached);
    const local = reached + offsetMs;
    const today = Math.floor(local / DAY_MS);
    // From yesterday, whose window may last over midnight, to this day of next week, whose window is yet to come.
    for (let day = today - 1; day <= today + 7; day++) {
      if (!opensOn(window, day) || closesAt(window, day) <= local) continue;
      const opening = Math.max(opensAt(window, day), local) - offsetMs;
      if (opening < until) return opening <= last ? opening : null;
      break;
    }
    reached = until;
  }
  return null;
}

/** Until when the window is open at least, from an instant at which it is open; null where it is closed then. */
function closingOf(window: WindowSpec, at: number): number | null {
  const { offsetMs, until } = spanAt(window.timezone, at);
  const local = at + offsetMs;
  const today = Math.floor(local / DAY_MS);
  for (let day = today; day >= today - 1; day--) {
    if (opensAt(window, day) <= local && local < closesAt(window, day) && opensOn(window, day)) {
      return Math.min(closesAt(window, day) - offsetMs, until);
    }
  }
  return null;
}

/** Whether the window opens on a local day, in days since 1970-01-01. */
function opensOn({ days }: WindowSpec, day: number): boolean {
  const weekday = WEEKDAYS[((day % 7) + 7) % 7];
  return weekday !== undefined && days.includes(weekday);
}

/** When the window of a local day opens, in local milliseconds since 1970-01-01. */
function opensAt({ fromMinute }: WindowSpec, day: number): number {
  return day * DAY_MS + fromMinute * MINUTE_MS;
}

/** When the window of a local day closes, in local milliseconds since 1970-01-01. */
function closesAt({ fromMinute, toMinute }: WindowSpec, day: number): number {
  return (toMinute <= fromMinute ? day + 1 : day) * DAY_MS + toMinute * MINUTE_MS;
}

/** A stretch of time in which the clocks of a zone do not change; `from` is part of it, `until` is not. */
interface Span {
  readonly from: number;
  readonly until: number;
  /** What is added to epoch milliseconds to get local ones. */
  readonly offsetMs: number;
}

/** What is known of a time zone: a memory of what `Intl` answers, and nothing else, so it may be lost at any time. */
interface Zone {
  readonly format: Intl.DateTimeFormat;
  /** The spans of each stretch of `BLOCK_MS`, by its number. */
  readonly blocks: Map<number, readonly Span[]>;
}

const BLOCK_MS = 16 * DAY_MS;

/** Enough for eleven years; beyond it everything is asked for anew. */
const BLOCKS_MAX = 256;

/** One entry for each zone that windows name; there are about 600 names. */
const zones = new Map<string, Zone>();

function spanAt(timezone: string, at: number): Span {
  const zone = zoneOf(timezone);
  const number = Math.floor(at / BLOCK_MS);
  let spans = zone.blocks.get(number);
  if (spans === undefined) {
    if (zone.blocks.size >= BLOCKS_MAX) zone.blocks.clear();
    spans = findSpans(zone.format, number * BLOCK_MS, (number + 1) * BLOCK_MS);
    zone.blocks.set(number, spans);
  }
  const span = spans.find(({ until }) => at < until);
  assert(span !== undefined, `the spans of ${timezone} do not cover ${at}`);
  return span;
}

function zoneOf(timezone: string): Zone {
  let zone = zones.get(timezone);
  if (zone === undefined) {
    // A formatter takes a third of a millisecond to make, and about 1.5 microseconds for each answer.
    const format = new Intl.DateTimeFormat('en-US', {
      timeZone: timezone,
      timeZoneName: 'longOffset',
    });
    zone = { format, blocks: new Map() };
    zones.set(timezone, zone);
  }
  return zone;
}

/** The spans between two instants. Asked once a day: since 1970 no zone changed its clocks twice within six days. */
function findSpans(format: Intl.DateTimeFormat, from: number, until: number): readonly Span[] {
  const spans: Span[] = [];
  let start = from;
  let offsetMs = readOffset(format, from);
  let known = from;
  while (known < until) {
    const next = Math.min(known + DAY_MS, until);
    if (readOffset(format, next) === offsetMs) {
      known = next;
      continue;
    }
    known = findChange(format, offsetMs, known, next);
    // A change at the very end belongs to the next block.
    if (known < until) {
      spans.push({ from: start, until: known, offsetMs });
      start = known;
      offsetMs = readOffset(format, known);
    }
  }
  spans.push({ from: start, until, offsetMs });
  return spans;
}

/** The second from which the offset is no longer `offsetMs`: it still is at `before`, and is another at `after`. */
function findChange(
  format: Intl.DateTimeFormat,
  offsetMs: number,
  before: number,
  after: number,
): number {
  let low = before;
  let high = after;
  while (high - low > 1_000) {
    const middle = Math.floor((low + high) / 2_000) * 1_000;
    if (readOffset(format, middle) === offsetMs) low = middle;
    else high = middle;
  }
  return high;
}

/** Reads the offset out of a text that ends in `GMT`, `GMT+05:30` or, in the distant past, `GMT-00:44:30`. */
function readOffset(format: Intl.DateTimeFormat, at: number): number {
  const text = format.format(at);
  const found = /GMT(?:([+-])(\d{2}):(\d{2})(?::(\d{2}))?)?$/.exec(text);
  assert(found !== null, `no offset in "${text}"`);
  const [, sign, hours = '0', minutes = '0', seconds = '0'] = found;
  const offsetMs = ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1_000;
  return sign === '-' ? -offsetMs : offsetMs;
}

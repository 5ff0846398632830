// The small pieces that every text report is made of: text that is safe to print, names, ages, colours.
// What is said, and in which order, is decided by the reports.

import { styleText } from 'node:util';

import { formatNumber } from '../base/count.ts';

/** How a text report is printed. */
export interface TextStyle {
  /** Whether to use ANSI colours. */
  readonly color: boolean;
}

/** A colour or weight, as `styleText` of node:util names it. */
export type Paint = Parameters<typeof styleText>[0];

/** The text in a colour, or as it is where colours are off. */
export function paint(style: TextStyle, format: Paint, text: string): string {
  return style.color ? styleText(format, text, { validateStream: false }) : text;
}

// Everything that a terminal may act on: C0 and C1 controls, DEL, and the marks that turn the direction of text.
const UNSAFE =
  // oxlint-disable-next-line no-control-regex
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** Text of a manifest or a device, on one line and without what a terminal would act on (shown as `·`). */
export function cleanText(text: string): string {
  return text.replace(/\r?\n|\t/g, ' ').replace(UNSAFE, '·');
}

/** At most `max` names, then how many more there are. Names are cleaned. */
export function listNames(names: readonly string[], max: number): string {
  const shown = names.slice(0, max).map(cleanText).join(', ');
  const rest = names.length - max;
  return rest > 0 ? `${shown} and ${formatNumber(rest)} more` : shown;
}

/** A revision for people: digests of commits and directories cut to 12 characters, everything else as it is. */
export function shortRevision(revision: string): string {
  const digest = /^(dir-)?([0-9a-f]{12})[0-9a-f]{8,}$/.exec(revision);
  return digest === null ? cleanText(revision) : `${digest[1] ?? ''}${digest[2] ?? ''}`;
}

/** `file:line:column`, or nothing where there is no place. */
export function formatPlace(place: {
  readonly file: string | null;
  readonly line: number | null;
  readonly column?: number | null;
}): string {
  if (place.file === null) return '';
  const parts = [cleanText(place.file), place.line, place.column ?? null];
  return parts.filter((part) => part !== null).join(':');
}

/** How long ago an ISO 8601 time was at `now` (epoch milliseconds): `12s ago`, `5m ago`, `3h ago`, `2d ago`. */
export function formatAgo(time: string | null, now: number): string {
  if (time === null) return 'never';
  const seconds = Math.max(0, Math.round((now - Date.parse(time)) / 1_000));
  if (seconds < 60) return `${seconds}s ago`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m ago`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3_600)}h ago`;
  return `${Math.floor(seconds / 86_400)}d ago`;
}

/** Epoch milliseconds as ISO 8601 (UTC); null stays null. */
export function isoTime(at: number): string;
export function isoTime(at: number | null): string | null;
export function isoTime(at: number | null): string | null {
  // Beyond these a Date has no ISO form; such a time can only come from a broken clock.
  return at === null ? null : new Date(Math.max(0, Math.min(at, 8.64e15))).toISOString();
}

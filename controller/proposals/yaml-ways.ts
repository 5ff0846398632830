// Ways to make an edit, as cuts of a text, and those that both changes and removals need.

import { lineEnd, lineStart, nextLine, renderInline, type TextStyle } from './yaml-style.ts';
import { contentOf, leavesOf, type Spot } from './yaml-tokens.ts';
import type { YamlValue } from './yaml-values.ts';

/** From `start` to `end`, exclusive. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** Text from `start` to `end` (exclusive) is replaced. */
export interface Splice extends Range {
  readonly text: string;
}

/** One way to make an edit. */
export interface Way {
  /** In any order; they do not overlap. */
  readonly splices: readonly Splice[];
  /** What the edit is about: only comments in here may go. */
  readonly owned: Range;
}

/** A place in a text at which an edit cannot be made, and why. */
export interface Obstacle {
  readonly offset: number;
  readonly message: string;
}

/** The text after some splices. */
export function applySplices(text: string, splices: readonly Splice[]): string {
  return [...splices]
    .sort((a, b) => b.start - a.start || b.end - a.end)
    .reduce(
      (done, { start, end, text: put }) => done.slice(0, start) + put + done.slice(end),
      text,
    );
}

/** Puts a value on the line of the key in place of a block collection below it. */
export function replaceBlock(
  text: string,
  spot: Spot,
  value: YamlValue,
  style: TextStyle,
): readonly Way[] {
  const head = contentOf([
    ...spot.item.start,
    ...leavesOf(spot.item.key),
    ...(spot.item.sep ?? []),
  ]);
  const body = contentOf(leavesOf(spot.item.value));
  if (head === null || body === null) return [];
  const put = ` ${renderInline(value, spot.inFlow, style)}`;
  const owned = { start: head.end, end: endOfLine(text, body.end) };
  const lines = linesOf(text, body);
  if (lines === null) return [{ splices: [{ start: head.end, end: body.end, text: put }], owned }];
  const insert = { start: head.end, end: head.end, text: put };
  return [{ splices: [insert, { ...lines, text: '' }], owned }];
}

/** The whole lines of a range, the last line break included; null where something stands before it on its first line. */
export function linesOf(text: string, range: Range): Range | null {
  const start = lineStart(text, range.start);
  if (text.slice(start, range.start).trim() !== '') return null;
  const isLineEnd = endOfLine(text, range.end) === range.end && text[range.end - 1] === '\n';
  return { start, end: isLineEnd ? range.end : nextLine(text, range.end) };
}

/** Where the line ends on which something ends; a block scalar ends with its last line break. */
export function endOfLine(text: string, end: number): number {
  return end > 0 && text[end - 1] === '\n' ? end : lineEnd(text, end);
}

// Cuts the lines around a place out of a text.

import type { Excerpt } from '../model/excerpt.ts';

/** Lines before the marked one, and as many after it. */
export const LINES_AROUND = 6;

/** Longer lines are cut. */
export const LINE_CHARACTERS_MAX = 400;

/** The lines around a line, counted from 1; null where the text has no such line. */
export function cutExcerpt(text: string, line: number): Excerpt | null {
  const all = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  if (all.at(-1) === '') all.pop();
  if (line < 1 || line > all.length) return null;
  const from = Math.max(1, line - LINES_AROUND);
  return {
    from,
    lines: all.slice(from - 1, line + LINES_AROUND).map(cutLine),
    marked: line,
  };
}

function cutLine(line: string): string {
  if (line.length <= LINE_CHARACTERS_MAX) return line;
  return `${line.slice(0, LINE_CHARACTERS_MAX - 1).toWellFormed()}…`;
}

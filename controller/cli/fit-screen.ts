// Text cut to a screen, for what is drawn over itself: a line that wraps or a text that scrolls would leave traces.

import { countOf } from '../base/count.ts';

export interface Screen {
  readonly columns: number;
  readonly rows: number;
}

// oxlint-disable-next-line no-control-regex
const PIECE = /\u001b\[[0-9;]*m|./gsu;
const RESET = '\u001b[0m';

/** The text cut to the screen, without a line break at its end; where lines are left out, the last line counts them. */
export function fitScreen(text: string, { columns, rows }: Screen): string {
  const lines = text.replace(/\n$/, '').split('\n');
  const shown =
    lines.length <= rows
      ? lines
      : [
          ...lines.slice(0, Math.max(0, rows - 1)),
          `… ${countOf(lines.length - Math.max(0, rows - 1), 'more line')}`,
        ];
  return shown.map((line) => cutLine(line, columns)).join('\n');
}

/** Colours take no room; where a line is cut, they end. */
function cutLine(line: string, columns: number): string {
  let cut = '';
  let width = 0;
  for (const [piece] of line.matchAll(PIECE)) {
    if (piece.length > 1 && piece.startsWith('\u001b')) {
      cut += piece;
      continue;
    }
    if (width >= columns) return cut.includes('\u001b') ? `${cut}${RESET}` : cut;
    cut += piece;
    width += 1;
  }
  return cut;
}

/**
 * The text with lines that are wider than `columns` broken between words; what follows stands as far in as the line
 * began. A single word that is too wide stays whole.
 */
export function wrapText(text: string, columns: number): string {
  return text
    .split('\n')
    .map((line) => wrapLine(line, columns))
    .join('\n');
}

function wrapLine(line: string, columns: number): string {
  const indent = /^ */.exec(line)?.[0] ?? '';
  const wrapped: string[] = [];
  let current = indent;
  for (const [gap, word] of splitWords(line.slice(indent.length))) {
    const isFirst = current === indent;
    const longer = isFirst ? `${indent}${word}` : `${current}${gap}${word}`;
    if (!isFirst && widthOf(longer) > columns) {
      wrapped.push(current);
      current = `${indent}${word}`;
    } else {
      current = longer;
    }
  }
  return [...wrapped, current].join('\n');
}

/** Each word with the blanks before it. */
function splitWords(text: string): readonly (readonly [gap: string, word: string])[] {
  return [...text.matchAll(/( *)([^ ]+)/g)].map(([, gap = '', word = '']) => [gap, word]);
}

function widthOf(text: string): number {
  let width = 0;
  for (const [piece] of text.matchAll(PIECE)) {
    if (!(piece.length > 1 && piece.startsWith('\u001b'))) width += 1;
  }
  return width;
}

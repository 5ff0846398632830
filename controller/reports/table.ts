// Aligned columns for a terminal. What stands in them is the caller's.

import { cleanText, paint, type Paint, type TextStyle } from './plain-text.ts';

/** A column: its heading, and on which side its cells stand. */
export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

/** A cell, or one with a colour. */
export type Cell = string | { readonly text: string; readonly paint: Paint };

/** How a table is printed. `indent`: blanks before each line. */
export interface TableStyle extends TextStyle {
  readonly indent?: number;
}

const GAP = '  ';

/**
 * The lines of a table, its heading first; without blanks at the end of a line. Cells are cleaned, so nothing in them
 * reaches the terminal as a control. Missing cells are empty.
 */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  style: TableStyle,
): readonly string[] {
  const body = rows.map((row) => columns.map((_, index) => plainCell(row[index] ?? '')));
  const widths = columns.map(({ title }, index) =>
    Math.max(widthOf(title), ...body.map((row) => widthOf(row[index]?.text ?? ''))),
  );
  const heading = columns.map(({ title }): PlainCell => ({ text: title, paint: 'bold' }));
  const indent = ' '.repeat(style.indent ?? 0);
  return [heading, ...body].map((row) => {
    const cells = row.map((cell, index) =>
      align(cell, widths[index] ?? 0, columns[index]?.align ?? 'left', style),
    );
    return `${indent}${cells.join(GAP)}`.trimEnd();
  });
}

interface PlainCell {
  readonly text: string;
  readonly paint: Paint | null;
}

function plainCell(cell: Cell): PlainCell {
  return typeof cell === 'string'
    ? { text: cleanText(cell), paint: null }
    : { text: cleanText(cell.text), paint: cell.paint };
}

function align(cell: PlainCell, width: number, side: 'left' | 'right', style: TextStyle): string {
  const blanks = ' '.repeat(width - widthOf(cell.text));
  const text = cell.paint === null ? cell.text : paint(style, cell.paint, cell.text);
  return side === 'left' ? `${text}${blanks}` : `${blanks}${text}`;
}

/** Characters, not UTF-16 units. */
function widthOf(text: string): number {
  return Array.from(text).length;
}

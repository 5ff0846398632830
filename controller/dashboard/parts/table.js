// A table that looks like a list of cards on a narrow screen. It says its roles itself, since a browser takes them from
// what is no longer laid out as a table.

import { h } from 'preact';

/** @import { ComponentChildren } from 'preact' */

/**
 * @template Row
 * @typedef {object} Column
 * @property {string} title
 * @property {(row: Row) => ComponentChildren} cell
 * @property {'end'} [align] For numbers.
 * @property {string} [className]
 * @property {boolean} [isHeader] Names the row.
 * @property {ComponentChildren} [head] Instead of the title, such as a button that sorts.
 * @property {'ascending' | 'descending' | 'none'} [sort]
 */

/**
 * Call it as a function, so that the rows keep their type: it keeps nothing of its own.
 * @template Row
 * @param {object} props
 * @param {string} props.caption What the table lists; read to those who do not see it.
 * @param {readonly Column<Row>[]} props.columns
 * @param {readonly Row[]} props.rows
 * @param {(row: Row) => string | number} props.keyOf
 * @param {(row: Row) => string | undefined} [props.rowClass]
 */
export function Table({ caption, columns, rows, keyOf, rowClass }) {
  return h(
    'table',
    { class: 'table', role: 'table' },
    h('caption', { class: 'sr-only' }, caption),
    h(
      'thead',
      { role: 'rowgroup' },
      h(
        'tr',
        { role: 'row' },
        columns.map(({ title, head, align, className, sort }) =>
          h(
            'th',
            {
              key: title,
              scope: 'col',
              role: 'columnheader',
              class: classOf(align, className),
              'aria-sort': sort,
            },
            head ?? title,
          ),
        ),
      ),
    ),
    h(
      'tbody',
      { role: 'rowgroup' },
      rows.map((row) =>
        h(
          'tr',
          { key: keyOf(row), class: rowClass?.(row), role: 'row', 'data-id': keyOf(row) },
          columns.map(({ title, cell, align, className, isHeader }) =>
            h(
              isHeader === true ? 'th' : 'td',
              {
                key: title,
                ...(isHeader === true ? { scope: 'row', role: 'rowheader' } : { role: 'cell' }),
                class: classOf(align, className),
                'data-title': title,
              },
              cell(row),
            ),
          ),
        ),
      ),
    ),
  );
}

/**
 * @param {string | undefined} align
 * @param {string | undefined} className
 */
function classOf(align, className) {
  const names = [align === 'end' ? 'end' : '', className ?? ''].filter((name) => name !== '');
  return names.length === 0 ? undefined : names.join(' ');
}

// The lines of a manifest around a place, with the line that is meant marked.

import { h } from 'preact';
import { Icon } from './icon.js';

/**
 * @param {object} props
 * @param {{ from: number, lines: readonly string[], marked: number }} props.excerpt
 * @param {string} props.label
 */
export function Excerpt({ excerpt: { from, lines, marked }, label }) {
  return h(
    'div',
    // It may have to be scrolled, also by those who have no mouse.
    { class: 'excerpt', role: 'group', 'aria-label': label, tabIndex: 0 },
    h(
      'ol',
      { class: 'excerpt-lines' },
      lines.map((line, index) => {
        const number = from + index;
        const isMarked = number === marked;
        return h(
          'li',
          { key: number, class: isMarked ? 'is-marked' : undefined },
          h(
            'span',
            { class: 'excerpt-number' },
            isMarked && h(Icon, { name: 'next' }),
            isMarked && h('span', { class: 'sr-only' }, 'Marked line '),
            number,
          ),
          h('code', null, line === '' ? ' ' : line),
        );
      }),
    ),
  );
}

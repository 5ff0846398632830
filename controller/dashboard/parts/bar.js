// A share as a bar, with the same in words beside it or read out.

import { h } from 'preact';

/** @typedef {{ value: number, tone: 'ok' | 'bad' | 'moving' | 'info' | 'none', label: string }} BarPart */

/**
 * Parts of a whole, one after another. What is not covered stays empty.
 * @param {{ total: number, parts: readonly BarPart[], label: string }} props
 */
export function Bar({ total, parts, label }) {
  let at = 0;
  return h(
    'svg',
    {
      class: 'bar',
      role: 'img',
      'aria-label': label,
      viewBox: '0 0 100 6',
      preserveAspectRatio: 'none',
    },
    h('title', null, label),
    h('rect', { class: 'bar-rest', width: 100, height: 6 }),
    parts.map(({ value, tone, label: name }) => {
      const width = total === 0 ? 0 : (100 * value) / total;
      const x = at;
      at += width;
      return h('rect', { key: name, class: `bar-${tone}`, x, width, height: 6 });
    }),
  );
}

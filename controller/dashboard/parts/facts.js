// Facts by their names, side by side where there is room.

import { h } from 'preact';

/** @import { ComponentChildren } from 'preact' */

/** @typedef {readonly [name: string, value: ComponentChildren]} Fact */

/** @param {{ facts: readonly Fact[] }} props */
export function Facts({ facts }) {
  return h(
    'dl',
    { class: 'facts' },
    facts.map(([name, value]) =>
      h('div', { key: name }, h('dt', null, name), h('dd', null, value)),
    ),
  );
}

// Facts by their names, side by side where there is room.

import { h } from 'preact';

/** @import { ComponentChildren } from 'preact' */

/** @typedef {readonly [name: string, value: ComponentChildren, isWide?: boolean]} Fact A wide one has a line of its own. */

/** @param {{ facts: readonly Fact[] }} props */
export function Facts({ facts }) {
  return h(
    'dl',
    { class: 'facts' },
    facts.map(([name, value, isWide = false]) =>
      h(
        'div',
        { key: name, class: isWide ? 'is-wide' : undefined },
        h('dt', null, name),
        h('dd', null, value),
      ),
    ),
  );
}

// The page for an address that names none.

import { h } from 'preact';
import { Empty, Page } from '../parts/page.js';
import { hrefOf } from '../router.js';

/** Says so, and where to go. */
export function UnknownPage() {
  return h(
    Page,
    { title: 'No such page' },
    h(
      Empty,
      { title: 'This address names no page of the dashboard.' },
      h('a', { href: hrefOf(['overview']) }, 'To the overview'),
    ),
  );
}

// The event log: what the controller decided and what became of it, newest first. The newest page follows what happens;
// older ones stay as they are.

import { h } from 'preact';
import { useId, useRef } from 'preact/hooks';
import { useAnswer, useFrame } from '../hooks.js';
import { EventTable } from '../parts/event-table.js';
import { SUBJECTS, typesOf } from '../parts/event-words.js';
import { Empty, Loading, Page } from '../parts/page.js';
import { goTo, hrefOf, queryText } from '../router.js';

/** @import { EventPageJson } from '../answers.js' */

const PAGE_SIZE = 50;
/** A filter that is typed is looked for when the typing has paused. */
const TYPING_MS = 300;

/** @param {import('../app.js').PageProps} props */
export function ActivityPage({ route: { query } }) {
  const filters = {
    about: query.get('about') ?? 'decisions',
    product: query.get('product') ?? '',
    device: query.get('device') ?? '',
  };
  const [before, after] = [query.get('before'), query.get('after')];
  const asked = queryText({
    product: filters.product,
    device: filters.device,
    type: typesOf(filters.about),
    before,
    after: before === null ? after : null,
    limit: String(PAGE_SIZE),
  });
  /** @type {import('../hooks.js').Question<EventPageJson>} */
  const question = `/events?${asked}`;
  const isNewest = before === null && after === null;
  const { data, failure, isLoading } = useAnswer(question, isNewest ? ['events'] : []);
  // With `after` the answer begins with the oldest.
  const found = data?.items ?? [];
  const events = before === null && after !== null ? found.toReversed() : found;
  return h(
    Page,
    {
      title: 'Activity',
      lead: 'What the controller decided, what devices did, and the commit behind it.',
      failure,
    },
    h(Filters, { filters }),
    h(
      'div',
      { class: 'section' },
      isLoading
        ? h(Loading, { lines: 8 })
        : events.length > 0
          ? h(EventTable, { events, caption: 'Events, newest first' })
          : failure === null && h(Empty, { title: 'Nothing of this kind has happened.' }),
    ),
    h(Pager, { filters, data, events, isNewest, isUpwards: before === null && after !== null }),
  );
}

/** @typedef {{ about: string, product: string, device: string }} Filters */

/** @param {{ filters: Filters }} props */
function Filters({ filters }) {
  const { status } = useFrame();
  const id = useId();
  const typing = useRef(/** @type {ReturnType<typeof setTimeout> | undefined} */ (undefined));
  /** @param {Partial<Filters>} change */
  const choose = (change) => goTo(hrefOf(['activity'], { ...filters, ...change }));
  return h(
    'form',
    { class: 'filters', role: 'search', onSubmit: (event) => event.preventDefault() },
    h('label', { for: `${id}about` }, 'About'),
    h(
      'select',
      {
        id: `${id}about`,
        value: filters.about,
        onChange: (/** @type {Event} */ event) => choose({ about: valueOf(event) }),
      },
      Object.entries(SUBJECTS).map(([value, { title }]) =>
        h('option', { key: value, value }, title),
      ),
      h('option', { value: 'all' }, 'Everything'),
    ),
    h('label', { for: `${id}product` }, 'Product'),
    h(
      'select',
      {
        id: `${id}product`,
        value: filters.product,
        onChange: (/** @type {Event} */ event) => choose({ product: valueOf(event) }),
      },
      h('option', { value: '' }, 'All products'),
      (status?.products ?? []).map(({ product }) =>
        h('option', { key: product, value: product }, product),
      ),
    ),
    h('label', { for: `${id}device` }, 'Device'),
    h('input', {
      id: `${id}device`,
      type: 'search',
      value: filters.device,
      placeholder: 'Whole id',
      spellcheck: false,
      autocomplete: 'off',
      onInput: (/** @type {Event} */ event) => {
        const value = valueOf(event);
        clearTimeout(typing.current);
        typing.current = setTimeout(() => {
          const device = value.trim();
          // One looks for a device to see all that became of it.
          const about = device === '' ? filters.about : 'all';
          goTo(hrefOf(['activity'], { ...filters, about, device }), { replace: true });
        }, TYPING_MS);
      },
    }),
  );
}

/**
 * @param {object} props
 * @param {Filters} props.filters
 * @param {EventPageJson | null} props.data
 * @param {EventPageJson['items']} props.events As they stand on the page.
 * @param {boolean} props.isNewest
 * @param {boolean} props.isUpwards
 */
function Pager({ filters, data, events, isNewest, isUpwards }) {
  /** @param {import('../router.js').Query} query */
  const at = (query) => hrefOf(['activity'], { ...filters, ...query });
  const [first, last] = [events[0], events.at(-1)];
  const hasMore = data !== null && data.next !== null;
  const newer = isUpwards && !hasMore ? at({}) : at({ after: String(first?.id ?? '') });
  const hasOlder = last !== undefined && (isUpwards || hasMore);
  return h(
    'nav',
    { class: 'pager', 'aria-label': 'Pages of the log' },
    !isNewest && h('a', { class: 'button', href: at({}) }, 'Newest'),
    !isNewest && first !== undefined && h('a', { class: 'button', href: newer }, 'Newer'),
    hasOlder && h('a', { class: 'button', href: at({ before: String(last.id) }) }, 'Older'),
  );
}

/** @param {Event} event Of a field. */
function valueOf({ currentTarget }) {
  return /** @type {HTMLInputElement | HTMLSelectElement} */ (currentTarget).value;
}

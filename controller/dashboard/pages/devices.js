// The page Devices: find devices of a product among any number of them. Filters, order and place in the list are in the
// address, so that what is found can be sent to someone else.

import { h } from 'preact';
import { useState } from 'preact/hooks';
import { useAnswer } from '../hooks.js';
import { Badge } from '../parts/badge.js';
import {
  changeFilters,
  countFilters,
  orderOf,
  orderTo,
  readFilters,
} from '../parts/device-filters.js';
import { PAGE_SIZE, useDevicePage } from '../parts/device-pages.js';
import { describeDevice, describeLock, describeVersion } from '../parts/device-words.js';
import { FilterBar } from '../parts/filter-bar.js';
import { Icon } from '../parts/icon.js';
import { countOf, formatCount } from '../parts/number.js';
import { Empty, Loading, Page } from '../parts/page.js';
import { Table } from '../parts/table.js';
import { Age, Time } from '../parts/time.js';
import { goTo, hrefOf } from '../router.js';

/** @import { DeviceSummaryJson, GroupJson, ProductJson } from '../../reports/answers.ts' */
/** @import { DeviceList } from '../parts/device-pages.js' */
/** @import { Filters } from '../parts/device-filters.js' */

/** A page that was gone on from, and how many devices came before it. */
/** @typedef {{ after: string | null, before: number }} Turn */

/** @param {import('../app.js').PageProps} props */
export function DevicesPage({ route }) {
  const product = route.product ?? '';
  const filters = readFilters(route.query);
  const after = route.query.get('after');
  const list = useDevicePage(product, filters, after);
  const [turns, setTurns] = useState(/** @type {readonly Turn[]} */ ([]));
  const topics = [`product:${product}`];
  const path = `/products/${encodeURIComponent(product)}`;
  /** @type {import('../hooks.js').Current<ProductJson>} */
  const { data: summary, failure } = useAnswer(path, topics);
  /** @type {import('../hooks.js').Current<{ items: readonly GroupJson[] }>} */
  const { data: groups } = useAnswer(`${path}/groups`, topics);

  /** @param {Filters} to */
  const hrefFor = (to, from = /** @type {string | null} */ (null)) =>
    hrefOf(['p', product, 'devices'], { ...to, after: from });
  const here = turns.at(-1);
  const before = here?.after === after ? here.before : after === null ? 0 : null;

  return h(
    Page,
    {
      title: `Devices of ${product}`,
      lead: summary?.devices && describeFleet(summary.devices),
      failure: failure ?? list.failure,
    },
    h(
      'section',
      { class: 'section', 'aria-label': 'Devices' },
      h(FilterBar, {
        filters,
        versions: versionOptions(summary),
        groups: (groups?.items ?? []).map(({ name }) => /** @type {const} */ ([name, name])),
        onChange: (change, isTyping = false) =>
          goTo(hrefFor(changeFilters(filters, change)), { replace: isTyping }),
        onClear: () => goTo(hrefFor(changeFilters({}, orderTo(orderOf(filters))))),
      }),
      h(Found, { list, filters, before }),
      h(DeviceTable, {
        product,
        list,
        filters,
        onSort: (order) => goTo(hrefFor(changeFilters(filters, orderTo(order)))),
      }),
      h(Turning, {
        list,
        isFirst: after === null,
        hasBack: here?.after === after,
        onFirst: () => goTo(hrefFor(filters)),
        onBack: () => {
          setTurns(turns.slice(0, -1));
          goTo(hrefFor(filters, turns.at(-2)?.after ?? null));
        },
        onNext: (next, shown) => {
          // A page that was not turned to from the first one does not know what came before it.
          const known = here?.after === after ? turns : [];
          if (before !== null) setTurns([...known, { after: next, before: before + shown }]);
          goTo(hrefFor(filters, next));
        },
      }),
    ),
  );
}

/** @param {NonNullable<ProductJson['devices']>} counts */
function describeFleet({ total, online, quarantined }) {
  const more = quarantined === 0 ? '' : `, ${formatCount(quarantined)} in quarantine`;
  return `${countOf(total, 'device')}, ${formatCount(online)} online${more}`;
}

/**
 * @param {ProductJson | null} product
 * @returns {readonly (readonly [string, string])[]}
 */
function versionOptions(product) {
  return (product?.versions ?? [])
    .filter(({ devices }) => devices > 0)
    .map(({ version, devices }) => {
      const name = version === null ? 'unknown' : String(version);
      return [name, `${name} (${formatCount(devices)})`];
    });
}

/**
 * What the list says of itself; read out whenever it changes.
 * @param {{ list: DeviceList, filters: Filters, before: number | null }} props
 */
function Found({ list, filters, before }) {
  const { page, isSearching } = list;
  return h(
    'p',
    { class: 'found', role: 'status' },
    page === null ? 'Searching…' : describeFound(page, { isSearching, before, filters }),
  );
}

/**
 * @param {NonNullable<DeviceList['page']>} page
 * @param {{ isSearching: boolean, before: number | null, filters: Filters }} at
 */
function describeFound({ items, next, total }, { isSearching, before, filters }) {
  if (isSearching && next !== null && items.length < PAGE_SIZE) {
    return items.length === 0 ? 'Searching…' : `${formatCount(items.length)} found, searching…`;
  }
  const kind = countFilters(filters) === 0 ? '' : ' that match';
  // At its end a list is counted, whoever else knew.
  const sum = next === null && before !== null ? before + items.length : total;
  const whole = sum === null ? '' : ` of ${countOf(sum, 'device')}${kind}`;
  if (items.length === 0) return next === null ? 'No more devices' : 'None found so far';
  if (before === null) return `${formatCount(items.length)} shown${whole}`;
  const range = `${formatCount(before + 1)}–${formatCount(before + items.length)}`;
  return whole === '' ? `Devices ${range}${kind}` : `${range}${whole}`;
}

/**
 * @param {object} props
 * @param {string} props.product
 * @param {DeviceList} props.list
 * @param {Filters} props.filters
 * @param {(order: string) => void} props.onSort
 */
function DeviceTable({ product, list: { page, isSearching }, filters, onSort }) {
  const items = page?.items ?? [];
  if (items.length === 0) {
    if (isSearching) return h(Loading, { lines: 12 });
    if (page === null) return null;
    return h(
      Empty,
      { title: page.next === null ? 'No device is like that' : 'None found so far' },
      page.next === null
        ? countFilters(filters) === 0
          ? 'A device appears here at its first poll, or when a manifest names it.'
          : 'Take a filter away to see more.'
        : 'The fleet is large, and few of its devices are like that. Search on to look at more of it.',
    );
  }
  const order = orderOf(filters);
  /** @param {string} by */
  const sortable = (by, /** @type {string} */ title) =>
    /** @type {const} */ ({
      title,
      sort: order === by ? 'ascending' : order === `${by}-` ? 'descending' : 'none',
      head: h(SortButton, { title, by, order, onSort }),
    });
  /** @type {readonly import('../parts/table.js').Column<DeviceSummaryJson>[]} */
  const columns = [
    {
      ...sortable('id', 'Device'),
      isHeader: true,
      cell: ({ id }) => h('a', { class: 'mono', href: hrefOf(['p', product, 'devices', id]) }, id),
    },
    { ...sortable('version', 'Version'), cell: describeVersion },
    { title: 'State', className: 'state', cell: (device) => h(State, { device }) },
    {
      title: 'Lock',
      cell: ({ lock }) =>
        lock === null
          ? h('span', { class: 'muted' }, 'none')
          : h(Badge, { tone: 'lock' }, describeLock(lock)),
    },
    {
      title: 'Connection',
      cell: ({ online, lastContactAt }) =>
        online
          ? h('span', null, 'Online, ', h(Age, { at: lastContactAt }))
          : h('span', { class: 'muted' }, 'Offline, ', h(Age, { at: lastContactAt })),
    },
    {
      ...sortable('registration', 'Registered'),
      cell: ({ registeredAt }) => h(Time, { at: registeredAt }),
    },
  ];
  return Table({
    caption: `Devices of ${product}`,
    columns,
    rows: items,
    keyOf: ({ id }) => id,
  });
}

/** @param {{ title: string, by: string, order: string, onSort: (order: string) => void }} props */
function SortButton({ title, by, order, onSort }) {
  const isBy = order === by || order === `${by}-`;
  return [
    h(
      'button',
      {
        key: 'button',
        class: isBy ? 'sort is-on' : 'sort',
        type: 'button',
        onClick: () => onSort(order === by ? `${by}-` : by),
      },
      title,
      h('span', { class: 'sort-mark', 'aria-hidden': 'true' }, order === `${by}-` ? '↓' : '↑'),
    ),
    // Where the head is out of sight, nothing in it must take the focus.
    h('span', { key: 'words', class: 'sort-words' }, title),
  ];
}

/** @param {{ device: DeviceSummaryJson }} props */
function State({ device }) {
  const { tone, text, detail } = describeDevice(device);
  return h(
    'div',
    null,
    h(Badge, { tone }, text),
    detail !== null && h('div', { class: 'hint clip', title: detail }, detail),
  );
}

/**
 * @param {object} props
 * @param {DeviceList} props.list
 * @param {boolean} props.isFirst
 * @param {boolean} props.hasBack
 * @param {() => void} props.onFirst
 * @param {() => void} props.onBack
 * @param {(next: string, shown: number) => void} props.onNext
 */
function Turning({ list, isFirst, hasBack, onFirst, onBack, onNext }) {
  const { page } = list;
  const next = page?.next ?? null;
  const shown = page?.items.length ?? 0;
  const isShort = shown < PAGE_SIZE;
  return h(
    'nav',
    { class: 'turning', 'aria-label': 'Pages of the list' },
    h(TurnButton, { isOff: isFirst, onTurn: onFirst }, 'First'),
    h(TurnButton, { isOff: !hasBack, onTurn: onBack }, 'Previous'),
    h(
      TurnButton,
      {
        isOff: next === null || list.isSearching,
        onTurn: () => {
          if (next !== null) onNext(next, shown);
        },
      },
      next !== null && isShort && !list.isSearching ? 'Search on' : 'Next',
      h(Icon, { name: 'next' }),
    ),
  );
}

/**
 * Keeps the focus also where it can't be pressed for a moment.
 * @param {{ isOff: boolean, onTurn: () => void, children?: import('preact').ComponentChildren }} props
 */
function TurnButton({ isOff, onTurn, children }) {
  return h(
    'button',
    {
      class: 'button',
      type: 'button',
      'aria-disabled': isOff ? 'true' : undefined,
      onClick: () => {
        if (!isOff) onTurn();
      },
    },
    children,
  );
}

// The filters of the list of devices: from the address to the question and back. Nothing is drawn here.

import { queryText } from '../router.js';

/** As in the address and in the question; what is not filtered by is not there. */
export const FILTER_NAMES = /** @type {const} */ ([
  'prefix',
  'running',
  'group',
  'locked',
  'online',
  'standing',
  'waiting',
  'failing',
  'drifted',
  'updating',
  'sort',
  'descending',
]);

/** @typedef {typeof FILTER_NAMES[number]} FilterName */
/** @typedef {Readonly<Partial<Record<FilterName, string>>>} Filters */

/** What a device can wait for, with words for it. */
export const WAITS = /** @type {const} */ ([
  ['any', 'Waiting for anything'],
  ['none', 'Waiting for nothing'],
  ['DeviceOffline', 'To come online'],
  ['OnReset', 'For a reset'],
  ['OutsideExposure', 'For its turn in the release'],
  ['OutsideWindow', 'For the window to open'],
  ['RateReached', 'For the rate'],
  ['ReleaseHalted', 'Release is halted'],
  ['ReleasePaused', 'Release is paused'],
  ['EmergencyStop', 'Emergency stop'],
  ['SteppingStoneNeeded', 'For a stepping stone'],
  ['BinaryMissing', 'For its binary'],
  ['VersionUnknown', 'Version unknown'],
  ['BackOff', 'For its next try'],
  ['RetriesUsedUp', 'Retries used up'],
]);

/** The orders, as `sort` and `descending` in one word. */
export const ORDERS = /** @type {const} */ ([
  ['id', 'Id, first to last'],
  ['id-', 'Id, last to first'],
  ['version', 'Version, oldest first'],
  ['version-', 'Version, newest first'],
  ['registration', 'Registered, earliest first'],
  ['registration-', 'Registered, latest first'],
]);

/**
 * @param {URLSearchParams} query
 * @returns {Filters}
 */
export function readFilters(query) {
  /** @type {Partial<Record<FilterName, string>>} */
  const filters = {};
  for (const name of FILTER_NAMES) {
    const value = query.get(name)?.trim() ?? '';
    if (value !== '') filters[name] = value;
  }
  return filters;
}

/**
 * The filters with some of them set anew; an empty value takes one away.
 * @param {Filters} filters
 * @param {Partial<Record<FilterName, string>>} to
 * @returns {Filters}
 */
export function changeFilters(filters, to) {
  const changed = { ...filters, ...to };
  return Object.fromEntries(Object.entries(changed).filter(([, value]) => value !== ''));
}

/**
 * @param {Filters} filters
 * @returns {string} Such as `version-`.
 */
export function orderOf({ sort = 'id', descending }) {
  return `${sort}${descending === 'true' ? '-' : ''}`;
}

/**
 * @param {string} order
 * @returns {Partial<Record<FilterName, string>>} To change filters by.
 */
export function orderTo(order) {
  const isDescending = order.endsWith('-');
  const sort = isDescending ? order.slice(0, -1) : order;
  return { sort: sort === 'id' ? '' : sort, descending: isDescending ? 'true' : '' };
}

/**
 * How many filters there are, the order aside.
 * @param {Filters} filters
 */
export function countFilters(filters) {
  return Object.keys(filters).filter((name) => name !== 'sort' && name !== 'descending').length;
}

/**
 * The question for a page of devices.
 * @param {string} product
 * @param {Filters} filters
 * @param {{ after: string | null, limit: number }} page
 */
export function devicesPath(product, filters, { after, limit }) {
  const query = queryText({ ...filters, after, limit: String(limit) });
  return `/products/${encodeURIComponent(product)}/devices?${query}`;
}

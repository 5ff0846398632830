// Where the reader is: the part of the address behind `#` as a route, and routes as addresses. Nothing is drawn here.

import { useEffect, useState } from 'preact/hooks';

/**
 * @typedef {object} Route
 * @property {string} page Such as `overview`; `unknown` where the address names no page.
 * @property {string | null} product
 * @property {string | null} device
 * @property {URLSearchParams} query
 * @property {string} path Without the query; two routes with the same path are the same page.
 */

/** @typedef {Readonly<Record<string, string | readonly string[] | null | undefined>>} Query */

const PLAIN_PAGES = ['overview', 'activity', 'sources'];
const PRODUCT_PAGES = ['release', 'firmware', 'devices'];

/**
 * Reads the part of an address from `#` on.
 * @param {string} hash
 * @returns {Route}
 */
export function parseRoute(hash) {
  const [path = '', query = ''] = hash.replace(/^#/, '').split(/\?(.*)/s);
  const words = path.split('/').filter((word) => word !== '');
  const parts = words.map(decodeWord);
  const [first, product = null, page = 'release', device = null, ...rest] = parts;
  /** @type {Route} */
  const route = {
    page: 'unknown',
    product: null,
    device: null,
    query: new URLSearchParams(query),
    path: `/${words.join('/')}`,
  };
  if (first === undefined) return { ...route, page: 'overview' };
  if (PLAIN_PAGES.includes(first) && parts.length === 1) return { ...route, page: first };
  if (first !== 'p' || product === null || !PRODUCT_PAGES.includes(page) || rest.length > 0) {
    return route;
  }
  if (device === null) return { ...route, page, product };
  return page === 'devices' ? { ...route, page: 'device', product, device } : route;
}

/**
 * The address of a page: `hrefOf(['p', 'thermostat', 'devices'], { locked: 'true' })`. Empty values are left out.
 * @param {readonly string[]} words
 * @param {Query} [query]
 */
export function hrefOf(words, query = {}) {
  const path = words.map(encodeURIComponent).join('/');
  const text = queryText(query);
  return `#/${path}${text === '' ? '' : `?${text}`}`;
}

/**
 * A query as text, without its empty values.
 * @param {Query} query
 */
export function queryText(query) {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    const values = typeof value === 'string' ? [value] : (value ?? []);
    for (const each of values) if (each !== '') params.append(name, each);
  }
  return params.toString();
}

/**
 * Goes to an address of `hrefOf`. `replace` leaves no step to go back to: for filters that are being typed.
 * @param {string} href
 * @param {{ replace?: boolean }} [options]
 */
export function goTo(href, { replace = false } = {}) {
  if (!replace) {
    location.hash = href;
    return;
  }
  history.replaceState(null, '', href);
  dispatchEvent(new HashChangeEvent('hashchange'));
}

/**
 * The route that the reader is at, kept current.
 * @returns {Route}
 */
export function useRoute() {
  const [route, setRoute] = useState(() => parseRoute(location.hash));
  useEffect(() => {
    const follow = () => setRoute(parseRoute(location.hash));
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  return route;
}

/**
 * An address may have been typed by hand: what can't be decoded stays as it is.
 * @param {string} word
 */
function decodeWord(word) {
  try {
    return decodeURIComponent(word);
  } catch {
    return word;
  }
}

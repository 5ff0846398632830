// Pages of a list of devices. The server answers in bounded time, so that a page of it may be short or empty long before
// the end of the list: here they are put together until a page is full, the list ends, or the reader has waited enough.

import { useEffect, useRef, useState } from 'preact/hooks';
import { ABORTED, ask } from '../api.js';
import { onChange } from '../live.js';
import { devicesPath } from './device-filters.js';

/** @import { AskFailure, Answer } from '../api.js' */
/** @import { DevicePageJson, DeviceSummaryJson } from '../../reports/answers.ts' */
/** @import { Filters } from './device-filters.js' */

export const PAGE_SIZE = 50;
/** A search that has found too little by then shows what it has, and goes on when it is told to. */
const SEARCH_MAX_MS = 5_000;
/** A fleet that changes all the time is no reason to ask all the time. */
const REFRESH_PAUSE_MS = 2_000;

/**
 * @typedef {object} DevicePage
 * @property {readonly DeviceSummaryJson[]} items
 * @property {string | null} next
 * @property {number | null} total How many match in all; null where nobody knows.
 */

/**
 * Puts a page together.
 * @param {object} search
 * @param {(after: string | null, limit: number) => Promise<Answer<DevicePageJson>>} search.askPage
 * @param {string | null} search.after
 * @param {number} search.size
 * @param {() => boolean} search.isTimeUp Whether a page that is not full yet is enough.
 * @param {(page: DevicePage) => void} [search.onProgress] What there is so far.
 * @returns {Promise<Answer<DevicePage>>}
 */
export async function fillPage({ askPage, after, size, isTimeUp, onProgress }) {
  /** @type {DevicePage} */
  let page = { items: [], next: after, total: null };
  do {
    const answer = await askPage(page.next, size - page.items.length);
    if (!answer.ok) return answer;
    const { items, next, total } = answer.value;
    page = { items: [...page.items, ...items], next, total };
    onProgress?.(page);
  } while (page.next !== null && page.items.length < size && !isTimeUp());
  return { ok: true, value: page };
}

/**
 * @typedef {object} DeviceList
 * @property {DevicePage | null} page The newest; also while `failure` says why there is no newer one.
 * @property {AskFailure | null} failure
 * @property {boolean} isSearching Nothing of this page is complete yet.
 */

/** @typedef {DeviceList & { key: string }} Held */

/**
 * One page of a list, kept current.
 * @param {string} product
 * @param {Filters} filters
 * @param {string | null} after
 * @returns {DeviceList}
 */
export function useDevicePage(product, filters, after) {
  const key = devicesPath(product, filters, { after, limit: PAGE_SIZE });
  const [held, setHeld] = useState(() => begin(key));
  const asked = useRef({ filters, after });
  asked.current = { filters, after };
  useEffect(() => {
    const ending = new AbortController();
    const { signal } = ending;
    let isFirst = true;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let timer;
    let isBusy = false;
    let isWanted = false;
    const load = async () => {
      isBusy = true;
      isWanted = false;
      const { filters: by, after: from } = asked.current;
      const until = performance.now() + SEARCH_MAX_MS;
      const answer = await fillPage({
        askPage: (at, limit) => ask(devicesPath(product, by, { after: at, limit }), { signal }),
        after: from,
        size: PAGE_SIZE,
        isTimeUp: () => signal.aborted || performance.now() > until,
        // What is shown already stays until all of what replaces it is there.
        ...(isFirst && {
          onProgress: (page) => {
            if (!signal.aborted) setHeld({ key, page, failure: null, isSearching: true });
          },
        }),
      });
      isBusy = false;
      if (signal.aborted) return;
      isFirst = false;
      setHeld((before) => hold(key, before, answer));
      if (isWanted) refresh();
    };
    const refresh = () => {
      isWanted = true;
      if (isBusy) return;
      timer ??= setTimeout(
        () => {
          timer = undefined;
          void load();
        },
        REFRESH_PAUSE_MS * (0.5 + Math.random()),
      );
    };
    void load();
    const stop = onChange([`product:${product}`], refresh);
    return () => {
      ending.abort();
      clearTimeout(timer);
      stop();
    };
  }, [key]);
  return held.key === key ? held : begin(key);
}

/**
 * @param {string} key
 * @returns {Held}
 */
function begin(key) {
  return { key, page: null, failure: null, isSearching: true };
}

/**
 * @param {string} key
 * @param {Held} before
 * @param {Answer<DevicePage>} answer
 * @returns {Held}
 */
function hold(key, before, answer) {
  if (answer.ok) return { key, page: answer.value, failure: null, isSearching: false };
  const page = before.key === key ? before.page : null;
  return answer.error.code === ABORTED
    ? before
    : { key, page, failure: answer.error, isSearching: false };
}

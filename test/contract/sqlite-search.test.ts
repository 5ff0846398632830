// Searches of the SQLite store with bounds so small that a few devices reach them: sets that are too large to gather, walks
// that end early, devices that are not asked any more. The plans of the statements are looked at as well.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { DEVICE_ORDERS, type DeviceFilter } from '../../controller/stores/device-search.ts';
import type { SearchBounds } from '../../controller/stores/sqlite/device-filter.ts';
import {
  buildWalk,
  buildWindow,
  choosePath,
  SEARCH_BOUNDS,
} from '../../controller/stores/sqlite/device-search.ts';
import { openSqliteStore } from '../../controller/stores/sqlite/sqlite-store.ts';
import type { Store } from '../../controller/stores/store.ts';
import { describeSearch } from './store-contract-search.ts';
import { createDevice, makeDevice, PRODUCT } from './store-fixtures.ts';

const ALL_BOUNDS: readonly (readonly [name: string, bounds: SearchBounds])[] = [
  ['that always walks', { gathered: 0, walked: 2, asked: 3 }],
  ['that gathers small sets', { gathered: 6, walked: 5, asked: 2 }],
  ['that gathers all', { gathered: 100, walked: 1, asked: 1 }],
];

describe.each(ALL_BOUNDS)('a SQLite store %s', (_name, searchBounds) => {
  let store: Store;
  beforeEach(async () => {
    const opened = await openSqliteStore(':memory:', { searchBounds });
    if (!opened.ok) throw new Error(opened.error.message);
    store = opened.value;
  });
  afterEach(() => store.close());

  describeSearch(() => store, 20);
});

describe('the walk of a search', () => {
  const filters: readonly DeviceFilter[] = [
    {},
    { idPrefix: 'a' },
    { running: 42 },
    { running: null, failing: true },
    { locked: true },
    { locked: false, standing: 'active' },
    { standing: 'quarantined', updating: true },
    { heard: { listened: 1, withinMs: 1, is: false } },
    { traits: { hw: 'B' }, among: { versions: [41], ids: ['a'] } },
  ];

  it('starts and ends where it is told on an index, without a sort or a scan', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'lockstep-search-'));
    const file = join(folder, 'state.db');
    const opened = await openSqliteStore(file);
    if (opened.ok) await opened.value.close();
    const db = new DatabaseSync(file);
    for (const filter of filters) {
      const place = { value: filter.running ?? 0, id: 'a' };
      for (const order of DEVICE_ORDERS) {
        for (const descending of [false, true]) {
          const search = { product: PRODUCT, filter, order, descending, after: place, limit: 5 };
          const path = choosePath(search, 1, SEARCH_BOUNDS);
          for (const { sql } of [
            buildWindow(search, path, SEARCH_BOUNDS),
            buildWalk(search, path, place),
          ]) {
            const [first, ...rest] = db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all();
            const plan = String(first?.['detail']);
            // The place is a bound of the index, not a check of each row from its start on.
            const column = order === 'registration' ? 'registered' : 'running';
            const bound =
              order === 'id' || (order === 'version' && filter.running !== undefined)
                ? /[ (]id[<>]\?/
                : new RegExp(`\\(${column},id\\)[<>]\\(\\?,\\?\\)`);
            expect([plan, bound.test(plan)]).toEqual([plan, true]);
            const others = rest.map((row) => String(row['detail']));
            expect(others.filter((each) => /SCAN (?!value|json_each)|ORDER BY/.test(each))).toEqual(
              [],
            );
          }
        }
      }
    }
    db.close();
    rmSync(folder, { recursive: true });
  });
});

describe('a page of a search', () => {
  it('ends early where matches are rare, and says where to go on', async () => {
    const opened = await openSqliteStore(':memory:', {
      searchBounds: { gathered: 2, walked: 10, asked: 10 },
    });
    if (!opened.ok) throw new Error(opened.error.message);
    const store = opened.value;
    for (let i = 10; i < 60; i += 1) await createDevice(store, makeDevice(`d${i}`));
    const plain = { product: PRODUCT, order: 'id', descending: false, limit: 5 } as const;
    const first = await store.searchDevices({ ...plain, filter: { failing: false }, after: null });
    expect(first).toMatchObject({ next: { value: 0, id: 'd14' }, total: null });
    expect(first.sightings).toHaveLength(5);
    for (const filter of [
      { heard: { listened: 0, withinMs: 1, is: true } },
      { accepts: () => false },
    ]) {
      const page = await store.searchDevices({ ...plain, filter, after: null });
      expect(page).toEqual({ sightings: [], next: { value: 0, id: 'd19' }, total: null });
    }
    await store.close();
  });
});

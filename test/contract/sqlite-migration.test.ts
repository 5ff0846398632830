// States that older programs made (before staged releases, before reviews, and before lists), opened by this one: nothing is
// lost, and what is new is filled from what was there.

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { tallyKeys } from '../../controller/devices/tally.ts';
import { DIRECT_STRATEGY } from '../../controller/model/desired.ts';
import { BUCKETS } from '../../controller/model/rollout.ts';
import { bucketOf } from '../../controller/releases/circle.ts';
import { openSqliteStore } from '../../controller/stores/sqlite/sqlite-store.ts';
import type { DeviceOrder } from '../../controller/stores/device-search.ts';
import type { Store } from '../../controller/stores/store.ts';
import { recountCensus } from './store-contract-census.ts';
import {
  changeDevice,
  makeAction,
  makeDevice,
  makeOpenAction,
  makeProduct,
  PRODUCT,
} from './store-fixtures.ts';

const STATE_1 = readFileSync(new URL('sqlite-state-1.sql', import.meta.url), 'utf8');
const STATE_2 = readFileSync(new URL('sqlite-state-2.sql', import.meta.url), 'utf8');
const STATE_3 = readFileSync(new URL('sqlite-state-3.sql', import.meta.url), 'utf8');
const DAY_MS = 86_400_000;

let folder: string;
let file: string;
let store: Store;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lockstep-migration-'));
  file = join(folder, 'state.db');
  const db = new DatabaseSync(file);
  db.exec(STATE_1);
  db.close();
  store = await openStore(file);
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
});

async function openStore(path: string): Promise<Store> {
  const opened = await openSqliteStore(path);
  if (!opened.ok) throw new Error(opened.error.message);
  return opened.value;
}

describe('a state of schema version 1', () => {
  it('keeps its devices, with rounds where they failed or are on their way', async () => {
    const found = await store.devices({ product: PRODUCT, limit: 99 });
    const devices = new Map(found.map(({ device }) => [device.id, device]));
    expect([...devices.keys()]).toEqual([
      'd-done',
      'd-expected',
      'd-failed',
      'd-idle',
      'd-locked',
      'd-mute',
      'd-offered',
      'd-stranger',
    ]);
    expect(devices.get('d-idle')).toEqual(
      makeDevice('d-idle', {
        key: 1,
        rev: 1,
        tokenHash: 'cd'.repeat(32),
        runningSince: 12.5,
        boot: 'b"1\ud800',
      }),
    );
    expect(devices.get('d-offered')).toEqual(
      makeDevice('d-offered', {
        key: 2,
        rev: 1,
        action: makeOpenAction({
          round: 0,
          goal: 42,
          manifest: 'Release/thermostat',
          revision: 'c0ffee',
        }),
        outcome: { version: 42, round: 0, state: 'inFlight' },
      }),
    );
    expect(devices.get('d-failed')).toMatchObject({
      failures: { version: 42, round: 0, count: 2, retryAt: null, lastMessage: 'no “room”\n' },
      outcome: { version: 42, round: 0, state: 'failed' },
    });
    expect(devices.get('d-locked')?.lock).toMatchObject({ version: 42, armed: true });
    expect(await store.attributes(1)).toEqual({ fw_version: '41' });
    expect(await store.action(PRODUCT, 'd-offered', 1234)).toEqual(makeAction('d-offered'));
  });

  it('lists its devices in every order', async () => {
    const list = async (order: DeviceOrder): Promise<readonly string[]> => {
      const plain = { product: PRODUCT, filter: {}, descending: false, after: null, limit: 99 };
      const { sightings } = await store.searchDevices({ ...plain, order });
      return sightings.map(({ device }) => device.id);
    };
    const unheard = ['d-expected'];
    const byRegistration = await list('registration');
    expect(byRegistration.slice(0, 1)).toEqual(unheard);
    expect(byRegistration).toHaveLength(8);
    expect((await list('version')).slice(0, 2)).toEqual(['d-expected', 'd-mute']);
    const unknown = await store.devices({ product: PRODUCT, running: null, limit: 9 });
    expect(unknown.map(({ device }) => device.id)).toEqual(['d-expected', 'd-mute']);
  });

  it('counts its devices as if they had been written today', async () => {
    const devices = (await store.devices({ product: PRODUCT, limit: 99 })).map(
      ({ device }) => device,
    );
    const tallies = new Map<string, number>();
    for (const key of devices.flatMap(tallyKeys)) tallies.set(key, (tallies.get(key) ?? 0) + 1);
    expect(await store.tallies(PRODUCT)).toEqual(tallies);
    expect(await store.census(PRODUCT)).toEqual(recountCensus(devices));
    expect(await store.census('pump')).toHaveLength(1);
    const active = devices.filter(({ standing }) => standing === 'active');
    expect(await store.devicesByBucket(PRODUCT, 0, BUCKETS, 99)).toEqual(
      active.toSorted((one, other) => bucketOf(one.id) - bucketOf(other.id)),
    );
    // And goes on from there.
    for (const device of active) await changeDevice(store, device, { running: 43, lock: null });
    const all = await store.devicesByBucket(PRODUCT, 0, BUCKETS, 99);
    expect(await store.census(PRODUCT)).toEqual(recountCensus(all));
    expect((await store.tallies(PRODUCT)).get('unlocked:43')).toBe(6);
  });

  it('knows when its devices were heard, all of them awake', async () => {
    const find = async (awakeOnly: boolean): Promise<readonly string[]> =>
      (await store.unheardDevices(PRODUCT, 2.5 * DAY_MS, 9, { awakeOnly })).map(
        ({ device }) => device.id,
      );
    expect([await find(true), await find(false)]).toEqual([
      ['d-idle', 'd-offered'],
      ['d-idle', 'd-offered'],
    ]);
    expect(await store.heardSince(PRODUCT, 0)).toBe(3);
    const idle = await store.device(PRODUCT, 'd-idle');
    if (idle !== null) await changeDevice(store, idle, { dormant: true });
    expect([await find(true), await find(false)]).toEqual([['d-offered'], ['d-idle', 'd-offered']]);
  });

  it('gives what is in force the defaults of what it could not say', async () => {
    const snapshot = await store.snapshot();
    const products = await store.products();
    expect(products.map(({ name }) => name)).toEqual(['pump', PRODUCT]);
    const { inForce, ...rest } = products[1] ?? makeProduct();
    expect(rest).toEqual({
      name: PRODUCT,
      adoptedAt: 5,
      stoppedAt: null,
      revision: 'c0ffee',
      conditions: [],
      listenedMs: 77,
    });
    const { rollout, ...desired } = inForce;
    expect(rollout).toBeDefined();
    // The reading of the source gets the same, but how far releases are is known of what is in force alone.
    expect(snapshot?.products[PRODUCT]).toEqual(desired);
    expect(desired.config?.spec.fleet.groupBy).toEqual([]);
    expect(desired.firmware.map(({ spec }) => [spec.version, spec.requiresFrom])).toEqual([
      [41, null],
      [42, null],
    ]);
    expect(desired.groups.map(({ spec }) => spec)).toEqual([
      { product: PRODUCT, devices: ['d-locked', 'd-offered'], match: null },
    ]);
    const more = { strategy: DIRECT_STRATEGY, approved: [], attempt: 1, paused: false };
    expect(desired.releases.map(({ spec }) => spec)).toEqual([
      { product: PRODUCT, version: 41, group: null, ...more },
      { product: PRODUCT, version: 42, group: 'bench', ...more },
    ]);
    expect(desired.releases[0]?.origin.name).toBe('thermostat');
  });

  it('takes its releases as having reached everyone, and as finished where they were', async () => {
    const [pump, thermostat] = await store.products();
    expect(pump?.inForce).not.toHaveProperty('rollout');
    const reached = {
      attempt: 1,
      rollback: false,
      step: 'all',
      limit: BUCKETS,
      runningBefore: 0,
      soakSince: null,
      halt: null,
      baseBefore: null,
    };
    expect(thermostat?.inForce.rollout).toEqual({
      rounds: 2,
      tracks: [
        {
          group: null,
          base: 41,
          rolledBack: [],
          release: { ...reached, version: 41, round: 1, startedAt: 20, stepAt: 20, finishedAt: 30 },
        },
        {
          group: 'bench',
          base: 42,
          rolledBack: [],
          release: {
            ...reached,
            version: 42,
            round: 2,
            startedAt: 40,
            stepAt: 40,
            finishedAt: null,
          },
        },
      ],
    });
  });

  it('is kept as a copy beside the file, and is migrated once', async () => {
    const copy = new DatabaseSync(`${file}.v1.bak`, { readOnly: true });
    expect(copy.prepare('SELECT count(*) AS n FROM device').get()).toEqual({ n: 9 });
    expect(copy.prepare("SELECT value FROM meta WHERE name = 'schema_version'").get()).toEqual({
      value: 1,
    });
    copy.close();
    rmSync(`${file}.v1.bak`);
    await store.close();
    store = await openStore(file);
    expect(existsSync(`${file}.v1.bak`)).toBe(false);
  });

  it('has the tables and indexes of a new state afterwards', async () => {
    const fresh = join(folder, 'fresh.db');
    await (await openStore(fresh)).close();
    await store.close();
    expect(describeTables(file)).toEqual(describeTables(fresh));
    store = await openStore(file);
  });
});

describe('a state of schema version 2', () => {
  it('is the same afterwards as one of version 1, and holds no reviews and no targets', async () => {
    const second = join(folder, 'second.db');
    const db = new DatabaseSync(second);
    db.exec(STATE_2);
    db.close();
    const other = await openStore(second);
    expect(await other.products()).toEqual(await store.products());
    expect(await other.devices({ product: PRODUCT, limit: 99 })).toEqual(
      await store.devices({ product: PRODUCT, limit: 99 }),
    );
    expect(await other.census(PRODUCT)).toEqual(await store.census(PRODUCT));
    expect(await other.reviews()).toEqual([]);
    expect(await other.noticeCursors()).toEqual(new Map());
    await other.close();
    expect(existsSync(`${second}.v2.bak`)).toBe(true);
    await store.close();
    expect(describeTables(second)).toEqual(describeTables(file));
    store = await openStore(file);
  });
});

describe('a state of schema version 3', () => {
  it('is the same afterwards as one of version 1, with its reviews and no targets and samples', async () => {
    const third = join(folder, 'third.db');
    const db = new DatabaseSync(third);
    db.exec(STATE_3);
    db.close();
    const other = await openStore(third);
    expect(await other.products()).toEqual(await store.products());
    expect(await other.devices({ product: PRODUCT, limit: 99 })).toEqual(
      await store.devices({ product: PRODUCT, limit: 99 }),
    );
    const plain = { product: PRODUCT, filter: {}, descending: true, after: null, limit: 3 };
    const { sightings } = await other.searchDevices({ ...plain, order: 'registration' });
    expect(sightings.map(({ device }) => device.registeredAt)).toEqual([1_000, 1_000, 1_000]);
    expect(await other.devices({ product: PRODUCT, running: null, limit: 9 })).toHaveLength(2);
    expect(await other.reviews({ open: true })).toMatchObject([
      { pullRequest: { number: 7, title: '“Release 42”' }, head: 'h1', outcome: null },
    ]);
    expect(await other.reviews({ merged: 'c0ffee' })).toMatchObject([
      { pullRequest: { number: 6 } },
    ]);
    expect(await other.arrival('c0ffee')).toMatchObject({ revision: 'c0ffee', at: 8 });
    expect(await other.noticeCursors()).toEqual(new Map());
    expect(await other.releaseSamples(PRODUCT)).toEqual([]);
    await other.close();
    expect(existsSync(`${third}.v3.bak`)).toBe(true);
    await store.close();
    expect(describeTables(third)).toEqual(describeTables(file));
    store = await openStore(file);
  });
});

/** Columns and indexes of all tables of a closed state. */
function describeTables(path: string): unknown {
  const db = new DatabaseSync(path);
  const all = (sql: string, ...values: string[]): unknown[] =>
    db
      .prepare(sql)
      .all(...values)
      .map((row) => ({ ...row }));
  const tables = db
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
    .all()
    .map(({ name }) => String(name));
  const described = tables.map((name) => ({
    name,
    columns: all('SELECT name, type, "notnull", dflt_value, pk FROM pragma_table_info(?)', name),
    indexes: all('SELECT name, "unique", partial FROM pragma_index_list(?) ORDER BY name', name),
  }));
  const version = all("SELECT value FROM meta WHERE name = 'schema_version'");
  db.close();
  return { described, version };
}

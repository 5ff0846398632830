// What only the SQLite store has: its file, what is refused as one, its migrations and its indexes.

import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { openDatabase } from '../../controller/stores/sqlite/database.ts';
import {
  buildDeviceSelect,
  SELECT_BY_BUCKET,
  SELECT_DUE,
  SELECT_UNHEARD,
} from '../../controller/stores/sqlite/device-lists.ts';
import { buildEventSelect } from '../../controller/stores/sqlite/history.ts';
import type { Migration } from '../../controller/stores/sqlite/migration.ts';
import { SCHEMA_HISTORY, type SchemaHistory } from '../../controller/stores/sqlite/migrations.ts';
import { openSqliteStore } from '../../controller/stores/sqlite/sqlite-store.ts';
import type { DeviceQuery, Store } from '../../controller/stores/store.ts';
import { createDevice, makeDevice, PRODUCT } from './store-fixtures.ts';

/** The schema version of this program. */
const NOW = SCHEMA_HISTORY.version;

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lockstep-sqlite-'));
  file = join(folder, 'state.db');
});
afterEach(() => rmSync(folder, { recursive: true }));

async function openStore(): Promise<Store> {
  const opened = await openSqliteStore(file, { randomStart: () => 0 });
  if (!opened.ok) throw new Error(opened.error.message);
  return opened.value;
}

/** Changes a closed state's file behind the store's back. */
function tamper(sql: string): void {
  const db = new DatabaseSync(file);
  db.exec(sql);
  db.close();
}

/** Overwrites the first page of a table of a closed state. */
function damage(table: string): void {
  const db = new DatabaseSync(file);
  const row = db.prepare('SELECT rootpage FROM sqlite_schema WHERE name = ?').get(table);
  db.close();
  const page = Number(row?.['rootpage'] ?? 1);
  const handle = openSync(file, 'r+');
  // The first page begins with the header of the whole file, which stays as it is.
  const start = page === 1 ? 100 : (page - 1) * 4096;
  writeSync(handle, Buffer.alloc(200, 0xff), 0, 200, start);
  closeSync(handle);
}

describe('the file of a SQLite state', () => {
  it('starts action ids where the random start says', async () => {
    const store = await openStore();
    expect(await store.reserveActionIds(10)).toBe(1001);
    expect(await store.reserveActionIds(1)).toBe(1011);
    await store.close();
    const other = await openSqliteStore(':memory:', { randomStart: () => 0.999_999_999_9 });
    if (!other.ok) throw new Error(other.error.message);
    expect(await other.value.reserveActionIds(1)).toBe(1_000_000_001);
    await other.value.close();
  });

  it('is flushed to the disk by each commit', () => {
    const opened = openDatabase(file);
    if (!opened.ok) throw new Error(opened.error.message);
    const db = opened.value;
    expect(db.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' });
    // 2 is FULL.
    expect(db.prepare('PRAGMA synchronous').get()).toEqual({ synchronous: 2 });
    db.close();
  });

  it('is refused, and left as it is, when a newer program wrote it', async () => {
    await (await openStore()).close();
    tamper("UPDATE meta SET value = 99 WHERE name = 'schema_version'");
    const refused = await openSqliteStore(file);
    expect(refused).toMatchObject({
      ok: false,
      error: { code: 'StateNewer', disposition: 'stall', message: expect.stringContaining('99') },
    });
    tamper(`UPDATE meta SET value = ${NOW} WHERE name = 'schema_version' AND value = 99`);
    await (await openStore()).close();
  });

  it('is refused when it is no database, of another program, or damaged', async () => {
    writeFileSync(file, 'apiVersion: lockstep/v1\n'.repeat(100));
    const text = await openSqliteStore(file);
    expect(text).toMatchObject({ error: { code: 'StateDamaged', disposition: 'stall' } });
    rmSync(file);
    tamper('CREATE TABLE meta (name TEXT); CREATE TABLE songs (title TEXT)');
    const foreign = await openSqliteStore(file);
    expect(foreign).toMatchObject({ error: { code: 'StateForeign', disposition: 'stall' } });
    rmSync(file);
    await (await openStore()).close();
    damage('sqlite_schema');
    const damaged = await openSqliteStore(file);
    expect(damaged).toMatchObject({ error: { code: 'StateDamaged', disposition: 'stall' } });
  });

  it('is refused when its folder is missing', async () => {
    const opened = await openSqliteStore(join(folder, 'nowhere', 'state.db'));
    expect(opened).toMatchObject({ error: { code: 'StateUnreadable', disposition: 'stall' } });
  });

  it('is refused when a table that it starts from is damaged', async () => {
    await (await openStore()).close();
    damage('word');
    expect(await openSqliteStore(file)).toMatchObject({ error: { code: 'StateDamaged' } });
  });

  it('fails what needs a damaged table, and nothing else', async () => {
    const filled = await openStore();
    await createDevice(filled, makeDevice('a'));
    await filled.close();
    damage('device');
    const store = await openStore();
    const failure = {
      name: 'StateFailure',
      failure: { code: 'StateDamaged', disposition: 'stall' },
    };
    await expect(store.device(PRODUCT, 'a')).rejects.toMatchObject(failure);
    expect((await store.tallies(PRODUCT)).get('standing:active')).toBe(1);
    const saving = store.saveDevice({ before: null, after: makeDevice('b') });
    await expect(saving).rejects.toMatchObject(failure);
    await store.close();
  });
});

describe('migrating a SQLite state', () => {
  const next: SchemaHistory = {
    ...SCHEMA_HISTORY,
    version: NOW + 2,
    migrations: [
      ...SCHEMA_HISTORY.migrations,
      { version: NOW + 1, sql: 'CREATE TABLE second (a INTEGER); INSERT INTO second VALUES (2)' },
      {
        version: NOW + 2,
        sql: 'INSERT INTO second SELECT count(*) + 10 FROM device',
        run: (db) => db.exec('INSERT INTO second SELECT max(a) + 100 FROM second'),
      },
    ],
  };

  it('goes forward step by step, after a copy of the old file was made', async () => {
    const store = await openStore();
    const device = await createDevice(store, makeDevice('a'));
    await store.close();
    const migrated = openDatabase(file, next);
    if (!migrated.ok) throw new Error(migrated.error.message);
    expect(migrated.value.prepare('SELECT a FROM second').all()).toEqual([
      { a: 2 },
      { a: 11 },
      { a: 111 },
    ]);
    migrated.value.close();
    expect(await openSqliteStore(file)).toMatchObject({ error: { code: 'StateNewer' } });

    copyFileSync(`${file}.v${NOW}.bak`, file);
    const restored = await openStore();
    expect(await restored.device(PRODUCT, 'a')).toEqual(device);
    await restored.close();
  });

  it('copies nothing when there is nothing to migrate', async () => {
    await (await openStore()).close();
    await (await openStore()).close();
    expect(readdirSync(folder)).toEqual(['state.db']);
  });

  it('changes nothing when a step fails', async () => {
    await (await openStore()).close();
    const failing: readonly Omit<Migration, 'version'>[] = [
      { sql: 'INSERT INTO nothing VALUES (1)' },
      {
        sql: '',
        run: () => {
          throw new Error('a step that fails');
        },
      },
    ];
    for (const step of failing) {
      const migrations = [...next.migrations.slice(0, -1), { version: NOW + 2, ...step }];
      expect(openDatabase(file, { ...next, migrations })).toMatchObject({ ok: false });
    }
    expect(existsSync(`${file}.v${NOW}.bak.part`)).toBe(false);
    const store = await openStore();
    await store.close();
    const again = openDatabase(file, next);
    expect(again.ok).toBe(true);
    if (again.ok) again.value.close();
  });
});

describe('the indexes of a SQLite state', () => {
  const filters: readonly Omit<DeviceQuery, 'product' | 'limit'>[] = [
    {},
    { idPrefix: 'a' },
    { afterId: 'a' },
    { running: 42 },
    { running: null },
    { locked: true },
    { locked: false },
    { failing: true },
    { failing: false },
    { updating: true },
    { updating: false },
    { standing: 'expected' },
    { standing: 'active' },
    { standing: 'quarantined' },
    { standing: 'quarantined', running: 42, locked: true, failing: true, idPrefix: 'b' },
    { standing: 'expected', updating: true, afterId: 'a' },
  ];

  function explain(sql: string): string {
    const db = new DatabaseSync(file);
    const plan = db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all();
    db.close();
    return plan.map((row) => String(row['detail'])).join('; ');
  }

  it('answer every device list without a scan or a sort', async () => {
    await (await openStore()).close();
    const plans = filters.map((filter) => {
      const { sql } = buildDeviceSelect({ product: PRODUCT, limit: 9, ...filter }, 1);
      return `${JSON.stringify(filter)}: ${explain(sql)}`;
    });
    expect(plans.filter((plan) => /SCAN|TEMP B-TREE/.test(plan))).toEqual([]);
    const { sql } = buildDeviceSelect({ product: PRODUCT, running: 42, limit: 9 }, 1);
    expect(explain(sql)).toContain('device_running (product=? AND running=?)');
    for (const list of [SELECT_DUE, SELECT_UNHEARD, SELECT_BY_BUCKET]) {
      expect(explain(list)).not.toMatch(/SCAN|TEMP B-TREE/);
    }
  });

  it('answer every filter of events without a scan of another, or a sort', async () => {
    await (await openStore()).close();
    for (const query of [{ product: 'p' }, { device: 'd' }, { type: 't' }, { afterId: 1 }]) {
      expect(explain(buildEventSelect({ limit: 9, ...query }))).not.toMatch(/SCAN|TEMP B-TREE/);
    }
    expect(explain(buildEventSelect({ limit: 9 }))).not.toContain('TEMP B-TREE');
  });
});

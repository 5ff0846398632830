// The step from schema version 1 to 2: staged releases. Devices get their buckets and are counted in a census, counters
// and records get rounds, and what is in force gets what the manifests of version 1 could not say.

import type { DatabaseSync } from 'node:sqlite';

import { DIRECT_STRATEGY } from '../../model/desired.ts';
import type { FirmwareRecord } from '../../model/firmware.ts';
import { BLOCK_BUCKETS } from '../../model/live.ts';
import { BUCKETS, type ReleaseState, type Rollout, type Track } from '../../model/rollout.ts';
import { bucketOf } from '../../releases/circle.ts';
import type { Migration } from './migration.ts';

/** Version 1 to 2. */
export const STAGED_RELEASES: Migration = {
  version: 2,
  sql: `
    ALTER TABLE device ADD COLUMN bucket INTEGER NOT NULL DEFAULT 0;
    CREATE TABLE census (
      product INTEGER NOT NULL, traits INTEGER NOT NULL, version INTEGER NOT NULL, dormant INTEGER NOT NULL,
      block INTEGER NOT NULL, total INTEGER NOT NULL, counts BLOB NOT NULL,
      PRIMARY KEY (product, traits, version, dormant, block)
    ) WITHOUT ROWID;
    CREATE TABLE traits (
      number INTEGER PRIMARY KEY, product INTEGER NOT NULL, text TEXT NOT NULL, UNIQUE (product, text)
    );
    CREATE TABLE meter (
      number INTEGER PRIMARY KEY, product INTEGER NOT NULL, name TEXT NOT NULL, full_at REAL NOT NULL,
      UNIQUE (product, name)
    );
    ALTER TABLE contact ADD COLUMN dormant INTEGER;
    ALTER TABLE contact_day RENAME TO contact_day_1;
    CREATE TABLE contact_day (
      product INTEGER NOT NULL, dormant INTEGER NOT NULL, day INTEGER NOT NULL, key INTEGER NOT NULL,
      PRIMARY KEY (product, dormant, day, key)
    ) WITHOUT ROWID;
    INSERT INTO contact_day SELECT product, 0, day, key FROM contact_day_1;
    DROP TABLE contact_day_1;`,
  run(db) {
    extendDevices(db);
    fillCensus(db);
    renameTallies(db);
    extendProducts(db);
    extendSnapshot(db);
  },
};

function extendDevices(db: DatabaseSync): void {
  const pure = { deterministic: true, directOnly: true };
  db.function('bucket_of', pure, (id) => bucketOf(String(id)));
  db.function('with_rounds', pure, (detail) => addRounds(String(detail)));
  db.exec(`
    UPDATE device SET bucket = bucket_of(id),
      detail = iif(deadline IS NULL AND failing = 0, detail, with_rounds(detail));
    CREATE INDEX device_bucket ON device (product, bucket, id) WHERE standing = 1;`);
}

/** An open action and failures of version 1 count for no round, and no version was a stepping stone. */
function addRounds(text: string): string {
  const detail = JSON.parse(text) as {
    readonly action?: { readonly version: number };
    readonly failures?: object;
  };
  const { action, failures } = detail;
  return JSON.stringify({
    ...detail,
    ...(action !== undefined && { action: { ...action, goal: action.version, round: 0 } }),
    ...(failures !== undefined && { failures: { ...failures, round: 0 } }),
  });
}

/** Devices of version 1 have no traits, and none is dormant. */
function fillCensus(db: DatabaseSync): void {
  const select = db.prepare(`
    SELECT product, coalesce(running, -1) AS version, bucket / ${BLOCK_BUCKETS} AS block,
      bucket % ${BLOCK_BUCKETS} AS place, count(*) AS devices
    FROM device WHERE standing = 1 AND lock_version IS NULL GROUP BY 1, 2, 3, 4`);
  const blocks = new Map<string, { key: number[]; total: number; counts: DataView }>();
  for (const row of select.iterate()) {
    const key = [row['product'], 0, row['version'], 0, row['block']].map(Number);
    const name = key.join(' ');
    let block = blocks.get(name);
    if (block === undefined) {
      block = { key, total: 0, counts: new DataView(new ArrayBuffer(BLOCK_BUCKETS * 4)) };
      blocks.set(name, block);
    }
    const devices = Number(row['devices']);
    block.total += devices;
    block.counts.setUint32(Number(row['place']) * 4, devices, true);
  }
  const insert = db.prepare('INSERT INTO census VALUES (?, ?, ?, ?, ?, ?, ?)');
  for (const { key, total, counts } of blocks.values()) insert.run(...key, total, counts);
}

/** `outcome:V:STATE` becomes `outcome:V:0:STATE`. */
function renameTallies(db: DatabaseSync): void {
  const rename = db.prepare('UPDATE tally SET name = ? WHERE product = ? AND name = ?');
  const outcomes = db.prepare("SELECT product, name FROM tally WHERE name LIKE 'outcome:%'").all();
  for (const { product, name } of outcomes) {
    const [kind, version, state] = String(name).split(':');
    rename.run(`${kind}:${version}:0:${state}`, Number(product), String(name));
  }
}

/** What version 1 kept of a spec; only what is touched here is named. */
interface OldPlaced<T = object> {
  readonly spec: T;
}

interface OldDesired {
  readonly config: OldPlaced<{ readonly fleet: object }> | null;
  readonly firmware: readonly OldPlaced[];
  readonly groups: readonly OldPlaced[];
  readonly releases: readonly OldPlaced<OldRelease>[];
}

interface OldRelease {
  readonly version: number;
  readonly group: string | null;
}

function extendProducts(db: DatabaseSync): void {
  const save = db.prepare('UPDATE product SET record = ? WHERE number = ?');
  const selectFirmware = db.prepare('SELECT record FROM firmware WHERE product = ?');
  const products = db.prepare('SELECT number, record FROM product WHERE record IS NOT NULL').all();
  for (const { number, record } of products) {
    const product = JSON.parse(String(record)) as { readonly inForce: OldDesired };
    const firmware = selectFirmware
      .all(Number(number))
      .map((row) => JSON.parse(String(row['record'])) as FirmwareRecord);
    const rollout = makeRollout(product.inForce, firmware);
    const inForce = { ...extendDesired(product.inForce), ...(rollout !== null && { rollout }) };
    save.run(JSON.stringify({ ...product, inForce }), Number(number));
  }
}

function extendSnapshot(db: DatabaseSync): void {
  const row = db.prepare('SELECT record FROM snapshot').get();
  if (row === undefined) return;
  const snapshot = JSON.parse(String(row['record'])) as {
    readonly products: Readonly<Record<string, OldDesired>>;
  };
  const products = Object.fromEntries(
    Object.entries(snapshot.products).map(([name, desired]) => [name, extendDesired(desired)]),
  );
  db.prepare('UPDATE snapshot SET record = ?').run(JSON.stringify({ ...snapshot, products }));
}

function extendDesired(desired: OldDesired): object {
  const { config } = desired;
  return {
    ...desired,
    config: config === null ? null : extendSpec(config, { fleet: extendFleet(config.spec.fleet) }),
    firmware: desired.firmware.map((each) => extendSpec(each, { requiresFrom: null })),
    groups: desired.groups.map((each) => extendSpec(each, { match: null })),
    releases: desired.releases.map((each) =>
      extendSpec(each, { strategy: DIRECT_STRATEGY, approved: [], attempt: 1, paused: false }),
    ),
  };
}

function extendFleet(fleet: object): object {
  return { ...fleet, groupBy: [] };
}

function extendSpec(placed: OldPlaced, more: object): object {
  return { ...placed, spec: { ...placed.spec, ...more } };
}

/** How far releases are that reached everyone at once; null where none is in force. */
function makeRollout(
  { releases }: OldDesired,
  firmware: readonly FirmwareRecord[],
): Rollout | null {
  if (releases.length === 0) return null;
  const tracks = releases
    .map(({ spec }) => spec)
    // No group's name is empty, so the product's comes first.
    .sort((one, other) => ((one.group ?? '') < (other.group ?? '') ? -1 : 1))
    .map(({ version, group }, place): Track => {
      const record = firmware.find((each) => each.version === version);
      const release = makeReleaseState(version, place + 1, record);
      return { group, base: version, rolledBack: [], release };
    });
  return { rounds: tracks.length, tracks };
}

function makeReleaseState(
  version: number,
  round: number,
  firmware: FirmwareRecord | undefined,
): ReleaseState {
  // Version 1 did not keep when a release started; it did so once the gate had passed.
  const startedAt = firmware?.verifiedAt ?? firmware?.addedAt ?? 0;
  return {
    version,
    round,
    attempt: 1,
    rollback: false,
    step: 'all',
    limit: BUCKETS,
    stepAt: startedAt,
    runningBefore: 0,
    soakSince: null,
    startedAt,
    finishedAt: firmware?.finishedAt ?? null,
    halt: null,
    baseBefore: null,
  };
}

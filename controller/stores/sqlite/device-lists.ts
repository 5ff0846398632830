// Lists of devices, each along the index that fits it, so that none reads the whole table. The table itself is in
// `device-table.ts`.

import type { DatabaseSync, StatementSync } from 'node:sqlite';

import { assert } from '../../base/assert.ts';
import type { DeviceRecord, DeviceSighting } from '../../model/device.ts';
import type { DeviceQuery } from '../store.ts';
import { decodeDevice, type DeviceRow } from './device-codec.ts';
import {
  decodeSighting,
  indexedBy,
  indexesFor,
  joinConditions,
  propertyConditions,
  SIGHTING_COLUMNS,
  type DeviceSelect,
  type SightingRow,
} from './device-conditions.ts';
import type { Words } from './words.ts';

/** Largest `limit` of a query. */
export const DEVICES_MAX = 1000;

/** Lists of devices; all only read. */
export interface DeviceLists {
  list(query: DeviceQuery): readonly DeviceSighting[];
  listById(product: string, ids: readonly string[]): readonly DeviceSighting[];
  listLocked(product: string): readonly DeviceSighting[];
  listDue(product: string, listened: number, limit: number): readonly DeviceRecord[];
  listUnheard(
    product: string,
    before: number,
    limit: number,
    awakeOnly: boolean,
  ): readonly DeviceSighting[];
  listByBucket(
    product: string,
    fromBucket: number,
    untilBucket: number,
    limit: number,
  ): readonly DeviceRecord[];
  productsOf(id: string): readonly string[];
}

const SIGHTING = `SELECT ${SIGHTING_COLUMNS}`;
const DAY_MS = 86_400_000;

export const SELECT_DUE = `
  SELECT d.key, d.rev, d.standing, d.running, d.detail, d.id
  FROM device AS d INDEXED BY device_due
  WHERE d.product = ? AND d.deadline IS NOT NULL AND d.deadline <= ?
  ORDER BY d.deadline LIMIT ?`;

export const SELECT_BY_BUCKET = `
  SELECT d.key, d.rev, d.standing, d.running, d.detail, d.id
  FROM device AS d INDEXED BY device_bucket
  WHERE d.product = ? AND d.standing = 1 AND d.bucket >= ? AND d.bucket < ?
  ORDER BY d.bucket, d.id LIMIT ?`;

// The index by day is what leads: the planner is not to start anywhere else.
export const SELECT_UNHEARD = `
  ${SIGHTING}
  FROM contact_day AS y CROSS JOIN contact AS c CROSS JOIN device AS d INDEXED BY device_key
  WHERE y.product = ? AND y.dormant = ? AND y.day <= ? AND c.key = y.key AND c.at < ?
    AND d.key = y.key AND d.standing = 1
  ORDER BY y.day, y.key LIMIT ?`;

/** Opens the lists of a state. */
export function openDeviceLists(db: DatabaseSync, words: Words): DeviceLists {
  const prepared = new Map<string, StatementSync>();
  function prepare(sql: string): StatementSync {
    let statement = prepared.get(sql);
    if (statement === undefined) {
      statement = db.prepare(sql);
      statement.setReturnArrays(true);
      prepared.set(sql, statement);
    }
    return statement;
  }
  function run(product: string, select: DeviceSelect): readonly DeviceSighting[] {
    const rows = prepare(select.sql).all(...select.values) as unknown as readonly SightingRow[];
    return rows.map((row) => decodeSighting(product, row, words));
  }
  function runRecords(product: string, select: DeviceSelect): readonly DeviceRecord[] {
    const rows = prepare(select.sql).all(...select.values) as unknown as readonly RecordRow[];
    return rows.map(([key, rev, standing, running, detail, id]) =>
      decodeDevice(product, id, [key, rev, standing, running, detail], words),
    );
  }

  return {
    list(query) {
      assert(query.limit >= 1 && query.limit <= DEVICES_MAX, 'a bad limit of a device list');
      const number = words.find(query.product);
      return number === null ? [] : run(query.product, buildDeviceSelect(query, number));
    },
    listById(product, ids) {
      const number = words.find(product);
      if (number === null) return [];
      const sql = `${SIGHTING} FROM device AS d LEFT JOIN contact AS c ON c.key = d.key
        WHERE d.product = ? AND d.id = ?`;
      return [...new Set(ids)].flatMap((id) => run(product, { sql, values: [number, id] }));
    },
    listLocked(product) {
      const number = words.find(product);
      if (number === null) return [];
      return run(product, buildDeviceSelect({ product, locked: true, limit: -1 }, number));
    },
    listDue(product, listened, limit) {
      const number = words.find(product);
      if (number === null) return [];
      return runRecords(product, { sql: SELECT_DUE, values: [number, listened, limit] });
    },
    listUnheard(product, before, limit, awakeOnly) {
      const number = words.find(product);
      if (number === null) return [];
      const found: DeviceSighting[] = [];
      for (const dormant of awakeOnly ? [0] : [1, 0]) {
        const left = limit - found.length;
        const values = [number, dormant, Math.floor(before / DAY_MS), before, left];
        if (left > 0) found.push(...run(product, { sql: SELECT_UNHEARD, values }));
      }
      return found;
    },
    listByBucket(product, fromBucket, untilBucket, limit) {
      const number = words.find(product);
      if (number === null) return [];
      const values = [number, fromBucket, untilBucket, limit];
      return runRecords(product, { sql: SELECT_BY_BUCKET, values });
    },
    productsOf(id) {
      // Products are few, and each is one look-up; an index by id alone would cost every device.
      const sql = `SELECT p.number FROM product AS p
        WHERE EXISTS (SELECT 1 FROM device WHERE product = p.number AND id = ?)`;
      const rows = prepare(sql).all(id) as unknown as readonly (readonly [number])[];
      return rows.map(([number]) => words.text(number)).sort();
    },
  };
}

/**
 * The statement for a query. One index is walked in the order of ids: that of the rarest property that is asked for;
 * what it does not answer is checked along the way. A `limit` of -1 is none.
 */
export function buildDeviceSelect(query: DeviceQuery, product: number): DeviceSelect {
  const index = indexesFor(query)[0]?.name ?? null;
  const { sql, values } = joinConditions([
    { sql: 'd.product = ?', values: [product] },
    ...propertyConditions(query).values(),
    ...(query.afterId === undefined ? [] : [{ sql: 'd.id > ?', values: [query.afterId] }]),
  ]);
  return {
    sql: `${SIGHTING}
      FROM device AS d ${indexedBy(index)} LEFT JOIN contact AS c ON c.key = d.key
      WHERE ${sql} ORDER BY d.id LIMIT ?`,
    values: [...values, query.limit],
  };
}

type RecordRow = readonly [...row: DeviceRow, id: string];

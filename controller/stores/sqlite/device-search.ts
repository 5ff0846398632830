// Searching devices: a page of any filter in any order, each in bounded time. Where one of the properties asked for is
// rare, its devices are gathered and sorted as a whole. Where none is, the index of the order is walked, up to a number of
// rows; what that does not bring is left to the next page.

import type { DatabaseSync, StatementSync } from 'node:sqlite';

import { assert } from '../../base/assert.ts';
import type { DeviceSighting } from '../../model/device.ts';
import type { Tallies } from '../../model/live.ts';
import type { DeviceFilter, DevicePage, DevicePlace, DeviceSearch } from '../device-search.ts';
import { UNKNOWN_VERSION } from './device-codec.ts';
import {
  decodeSighting,
  indexedBy,
  findPrefixEnd,
  indexesFor,
  joinConditions,
  SIGHTING_COLUMNS,
  type DeviceSelect,
  type SightingRow,
} from './device-conditions.ts';
import {
  acceptance,
  conditionsOf,
  matchesOf,
  rareSets,
  type Gathered,
  type RareSet,
  type SearchBounds,
} from './device-filter.ts';
import { DEVICES_MAX } from './device-lists.ts';
import { countMatches, type CountPorts } from './device-totals.ts';
import type { Words } from './words.ts';

/** So that a page of a million devices takes some milliseconds, and twenty where most of what it meets does not match. */
export const SEARCH_BOUNDS: SearchBounds = { gathered: 1_500, walked: 2_500, asked: 500 };

/** Searches; all only read. */
export interface DeviceSearches {
  search(search: DeviceSearch): DevicePage;
}

/** Opens the searches of a state. */
export function openDeviceSearches(
  db: DatabaseSync,
  words: Words,
  readTallies: (product: string) => Tallies,
  bounds: SearchBounds,
): DeviceSearches {
  const prepared = new Map<string, StatementSync>();
  function prepare(sql: string): StatementSync {
    let statement = prepared.get(sql);
    if (statement === undefined) {
      // Filters can be put together in very many ways.
      if (prepared.size >= STATEMENTS_MAX) prepared.clear();
      statement = db.prepare(sql);
      statement.setReturnArrays(true);
      prepared.set(sql, statement);
    }
    return statement;
  }
  function readRow({ sql, values }: DeviceSelect): unknown {
    return prepare(sql).get(...values);
  }
  function countUpTo({ sql, values }: DeviceSelect, most: number): number {
    const row = readRow({
      sql: `SELECT count(*) FROM (${sql} LIMIT ?)`,
      values: [...values, most],
    });
    return (row as readonly [number])[0];
  }

  /** The smallest set that may be gathered; null where all are too large. */
  function findRare(filter: DeviceFilter, product: number): Gathered | null {
    let rarest: Gathered | null = null;
    for (const set of rareSets(filter, product, bounds)) {
      const size = countUpTo(set.select, bounds.gathered + 1);
      if (size <= bounds.gathered && (rarest === null || size < rarest.size))
        rarest = { set, size };
    }
    return rarest;
  }

  /** Reads rows in order until the page is full, `accepts` was asked often enough, or there are no more. */
  function readPage(search: DeviceSearch, select: DeviceSelect): Read {
    const { product, limit, filter } = search;
    const accepts = acceptance(filter, bounds);
    const mostRows = accepts === null ? limit : bounds.asked;
    const rows = prepare(select.sql).iterate(
      ...select.values,
      mostRows + 1,
    ) as unknown as Iterable<PlacedRow>;
    const sightings: DeviceSighting[] = [];
    let looked = 0;
    let last: DevicePlace | null = null;
    for (const [value, ...row] of rows) {
      if (sightings.length === limit || looked === mostRows) return { sightings, next: last };
      const sighting = decodeSighting(product, row, words);
      looked += 1;
      last = { value, id: sighting.device.id };
      if (accepts === null || accepts(sighting)) sightings.push(sighting);
    }
    return { sightings, next: null };
  }

  function walk(search: DeviceSearch, product: number): Read {
    const path = choosePath(search, product, bounds);
    if (path.isWhole) return readPage(search, buildWalk(search, path, null));
    const end = readRow(buildWindow(search, path, bounds)) as readonly [number, string] | undefined;
    if (end === undefined) return readPage(search, buildWalk(search, path, null));
    const place = { value: end[0], id: end[1] };
    const read = readPage(search, buildWalk(search, path, place));
    return { ...read, next: read.next ?? place };
  }

  return {
    search(search) {
      assert(search.limit >= 1 && search.limit <= DEVICES_MAX, 'a bad limit of a device search');
      const product = words.find(search.product);
      if (product === null) return { sightings: [], next: null, total: 0 };
      const { filter } = search;
      const rare = findRare(filter, product);
      const read =
        rare === null
          ? walk(search, product)
          : readPage(search, buildGathering(search, product, rare.set, bounds));
      const ports: CountPorts = {
        most: bounds.gathered,
        countUpTo,
        tallies: () => readTallies(search.product),
      };
      const total =
        acceptance(filter, bounds) === null
          ? countMatches(
              filter,
              product,
              rare,
              (set) => matchesOf(filter, product, set, bounds),
              ports,
            )
          : null;
      return { ...read, total };
    },
  };
}

const STATEMENTS_MAX = 500;

interface Read {
  readonly sightings: readonly DeviceSighting[];
  readonly next: DevicePlace | null;
}

type PlacedRow = readonly [value: number, ...row: SightingRow];

/** The way along an index that is in the order asked for. */
export interface Path {
  readonly index: string | null;
  /** The part of the index that is walked on. */
  readonly part: DeviceSelect;
  /** Within it, devices are in the order of their ids alone. */
  readonly isById: boolean;
  /** What is checked of each row. */
  readonly checks: DeviceSelect;
  /** Nothing is checked: each row matches. */
  readonly isWhole: boolean;
}

function buildGathering(
  search: DeviceSearch,
  product: number,
  set: RareSet,
  bounds: SearchBounds,
): DeviceSelect {
  const matches = matchesOf(search.filter, product, set, bounds);
  const after = placeCondition(search, search.after, 'behind');
  return {
    sql: `SELECT ${VALUE[search.order]}, ${SIGHTING_COLUMNS} ${matches.sql}
      AND ${after.sql} ${orderBy(search, search.order === 'id')} LIMIT ?`,
    values: [...matches.values, ...after.values],
  };
}

/** The index that is walked for a search, and what is left to be checked. */
export function choosePath(search: DeviceSearch, product: number, bounds: SearchBounds): Path {
  const { filter, order } = search;
  const conditions = conditionsOf(filter, bounds);
  const part: DeviceSelect[] = [{ sql: 'd.product = ?', values: [product] }];
  const serve = (name: keyof DeviceFilter): void => {
    const condition = conditions.get(name);
    if (condition === undefined) return;
    part.push(condition);
    conditions.delete(name);
  };
  const isById = order === 'id' || (order === 'version' && filter.running !== undefined);
  let index: string | null = INDEX_OF[order];
  if (order === 'version') serve('running');
  if (order === 'id') {
    const rarest = indexesFor(filter)[0];
    index = rarest?.name ?? null;
    if (rarest !== undefined) serve(rarest.serves);
  }
  // It bounds the walk, as places do.
  if (isById) conditions.delete('idPrefix');
  const checks = [...conditions.values()];
  return {
    index,
    part: joinConditions(part),
    isById,
    checks: joinConditions(checks.length === 0 ? [ALWAYS] : checks),
    isWhole: checks.length === 0,
  };
}

const INDEX_OF = {
  id: null,
  version: 'device_running',
  registration: 'device_registered',
} as const;

/** The last row that a page walks over. */
export function buildWindow(
  search: DeviceSearch,
  path: Path,
  { walked }: SearchBounds,
): DeviceSelect {
  const { index, part } = path;
  const range = walkRange(search, path, null);
  return {
    sql: `SELECT ${VALUE[search.order]}, d.id FROM device AS d ${indexedBy(index)}
      WHERE ${part.sql} AND ${range.sql} ${orderBy(search, path.isById)}
      LIMIT 1 OFFSET ${walked - 1}`,
    values: [...part.values, ...range.values],
  };
}

/** The rows of a walk that match, up to its end. */
export function buildWalk(search: DeviceSearch, path: Path, end: DevicePlace | null): DeviceSelect {
  const { index, part, checks } = path;
  const range = walkRange(search, path, end);
  return {
    sql: `SELECT ${VALUE[search.order]}, ${SIGHTING_COLUMNS}
      FROM device AS d ${indexedBy(index)} LEFT JOIN contact AS c ON c.key = d.key
      WHERE ${part.sql} AND ${range.sql} AND ${checks.sql}
      ${orderBy(search, path.isById)} LIMIT ?`,
    values: [...part.values, ...range.values, ...checks.values],
  };
}

const ALWAYS: DeviceSelect = { sql: 'TRUE', values: [] };
const NEVER: DeviceSelect = { sql: 'FALSE', values: [] };

/** What devices are ordered by, before their ids. */
const VALUE = { id: '0', version: 'd.running', registration: 'd.registered' } as const;

function orderBy({ order, descending }: DeviceSearch, isById: boolean): string {
  const direction = descending ? ' DESC' : '';
  const value = isById ? '' : `${VALUE[order]}${direction}, `;
  return `ORDER BY ${value}d.id${direction}`;
}

/** Between the place to go on from and the end of a walk. */
function walkRange(search: DeviceSearch, path: Path, end: DevicePlace | null): DeviceSelect {
  if (path.isById) return idRange(search, end);
  return joinConditions([
    placeCondition(search, search.after, 'behind'),
    placeCondition(search, end, 'upTo'),
  ]);
}

/** A text that ids are compared with. */
interface Bound {
  readonly id: string;
  readonly isInclusive: boolean;
}

/**
 * The ids between, as one lower and one upper bound: of several, an index is only searched by one, and the others are
 * checked of each row from there on.
 */
function idRange(
  { filter, descending, after, order }: DeviceSearch,
  end: DevicePlace | null,
): DeviceSelect {
  const { idPrefix, running } = filter;
  const start: Bound[] = [];
  if (after !== null) {
    const version = running ?? UNKNOWN_VERSION;
    const isBefore = descending ? after.value > version : after.value < version;
    const isAtValue = order === 'id' || after.value === version;
    if (!isAtValue && !isBefore) return NEVER;
    if (isAtValue) start.push({ id: after.id, isInclusive: false });
  }
  const stop: Bound[] = end === null ? [] : [{ id: end.id, isInclusive: true }];
  const prefixEnd = idPrefix === undefined ? null : findPrefixEnd(idPrefix);
  const lower = [
    ...(descending ? stop : start),
    ...(idPrefix === undefined ? [] : [{ id: idPrefix, isInclusive: true }]),
  ].sort((one, other) => compareBounds(other, one))[0];
  const upper = [
    ...(descending ? start : stop),
    ...(prefixEnd === null ? [] : [{ id: prefixEnd, isInclusive: false }]),
  ].sort(compareBounds)[0];
  const conditions = [
    ...(lower === undefined ? [] : [boundCondition('>', lower)]),
    ...(upper === undefined ? [] : [boundCondition('<', upper)]),
  ];
  return conditions.length === 0 ? ALWAYS : joinConditions(conditions);
}

/** As the store orders ids. Of bounds with the same id, the sort leaves that of a page first, which is the tighter one. */
function compareBounds(one: Bound, other: Bound): number {
  return Buffer.compare(Buffer.from(one.id), Buffer.from(other.id));
}

function boundCondition(relation: '<' | '>', { id, isInclusive }: Bound): DeviceSelect {
  return { sql: `d.id ${relation}${isInclusive ? '=' : ''} ?`, values: [id] };
}

function placeCondition(
  { order, descending }: DeviceSearch,
  place: DevicePlace | null,
  side: 'behind' | 'upTo',
): DeviceSelect {
  if (place === null) return ALWAYS;
  const { value, id } = place;
  const relation = side === 'behind' ? (descending ? '<' : '>') : descending ? '>=' : '<=';
  return order === 'id'
    ? { sql: `d.id ${relation} ?`, values: [id] }
    : { sql: `(${VALUE[order]}, d.id) ${relation} (?, ?)`, values: [value, id] };
}

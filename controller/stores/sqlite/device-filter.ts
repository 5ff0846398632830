// A filter of devices, taken apart: the conditions that SQL checks, what decoded devices are asked, and the rare properties
// whose devices can be gathered instead of being met along the way.

import type { DeviceSighting } from '../../model/device.ts';
import { hasTraits } from '../../releases/governing-release.ts';
import type { DeviceFilter } from '../device-search.ts';
import { UNKNOWN_VERSION } from './device-codec.ts';
import {
  indexedBy,
  indexesFor,
  joinConditions,
  propertyConditions,
  type DeviceSelect,
} from './device-conditions.ts';

/** What a page may cost. */
export interface SearchBounds {
  /** A property that at most so many devices have is rare: they are gathered and sorted as a whole. */
  readonly gathered: number;
  /** Rows that a page walks over at most, where most of them do not match. */
  readonly walked: number;
  /** Devices that a page asks `accepts` about at most. */
  readonly asked: number;
}

/** What a property's devices are found by: their ids, along an index. */
export interface RareSet {
  /** The parts of the filter that it answers as a whole. */
  readonly serves: keyof DeviceFilter;
  /** Selects ids. */
  readonly select: DeviceSelect;
}

/** A set that is small enough, with its size. */
export interface Gathered {
  readonly set: RareSet;
  readonly size: number;
}

/** Whatever of a filter is asked of decoded devices; null: nothing. */
export function acceptance(
  { traits, ids, accepts }: DeviceFilter,
  { gathered }: SearchBounds,
): ((sighting: DeviceSighting) => boolean) | null {
  const isListed = ids === undefined || ids.length <= gathered ? null : setOf(ids);
  if (traits === undefined && accepts === undefined && isListed === null) return null;
  return (sighting) =>
    (traits === undefined || hasTraits(sighting.device.traits, traits)) &&
    (isListed === null || isListed.has(sighting.device.id)) &&
    (accepts === undefined || accepts(sighting));
}

const SETS = new WeakMap<readonly string[], ReadonlySet<string>>();

/** A long list as a set; made once for each list, which is a group of what is in force. */
function setOf(ids: readonly string[]): ReadonlySet<string> {
  let set = SETS.get(ids);
  if (set === undefined) SETS.set(ids, (set = new Set(ids)));
  return set;
}

/** Every part of the filter that SQL can check, by name. */
export function conditionsOf(
  filter: DeviceFilter,
  { gathered }: SearchBounds,
): Map<keyof DeviceFilter, DeviceSelect> {
  const conditions = new Map<keyof DeviceFilter, DeviceSelect>(propertyConditions(filter));
  const { heard, traits, ids, among } = filter;
  if (heard !== undefined) {
    const { listened, withinMs, is } = heard;
    const online = '(c.listened IS NOT NULL AND ? - c.listened < ?)';
    conditions.set('heard', { sql: is ? online : `NOT ${online}`, values: [listened, withinMs] });
  }
  if (ids !== undefined && ids.length <= gathered) conditions.set('ids', idsCondition(ids));
  if (traits !== undefined && Object.keys(traits).length > 0) {
    // The text of a record holds them just so. It may hold them elsewhere as well: they are looked at once more.
    const texts = Object.entries(traits).map(
      ([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`,
    );
    const sql = texts.map(() => 'instr(d.detail, ?) > 0').join(' AND ');
    conditions.set('traits', { sql, values: texts });
  }
  if (among !== undefined) {
    const versions = among.versions.map((version) => version ?? UNKNOWN_VERSION);
    const listed = idsCondition(among.ids);
    const marks = versions.map(() => '?').join(', ');
    conditions.set('among', {
      sql: `(d.running IN (${marks}) OR d.lock_version IS NOT NULL OR ${listed.sql})`,
      values: [...versions, ...listed.values],
    });
  }
  return conditions;
}

function idsCondition(ids: readonly string[]): DeviceSelect {
  return { sql: 'd.id IN (SELECT value FROM json_each(?))', values: [JSON.stringify(ids)] };
}

/** The sets that hold every device that matches, each along an index of its own. */
export function rareSets(
  filter: DeviceFilter,
  product: number,
  { gathered }: SearchBounds,
): readonly RareSet[] {
  const properties = propertyConditions(filter);
  const along = (index: string | null, condition: DeviceSelect): DeviceSelect => ({
    sql: `SELECT d.id FROM device AS d ${indexedBy(index)} WHERE d.product = ? AND ${condition.sql}`,
    values: [product, ...condition.values],
  });
  const sets: RareSet[] = [];
  for (const { name, serves } of indexesFor(filter)) {
    const condition = properties.get(serves);
    if (condition !== undefined) sets.push({ serves, select: along(name, condition) });
  }
  const prefix = properties.get('idPrefix');
  if (prefix !== undefined) sets.push({ serves: 'idPrefix', select: along(null, prefix) });
  const { ids, among } = filter;
  if (ids !== undefined && ids.length <= gathered) {
    sets.push({ serves: 'ids', select: along(null, idsCondition(ids)) });
  }
  if (among !== undefined) {
    const parts = [
      ...among.versions.map((version) =>
        along('device_running', { sql: 'd.running = ?', values: [version ?? UNKNOWN_VERSION] }),
      ),
      along('device_locked', { sql: 'd.lock_version IS NOT NULL', values: [] }),
      along(null, idsCondition(among.ids)),
    ];
    // Each part is cut, so that a large one is found out about without being read.
    sets.push({
      serves: 'among',
      select: {
        sql: parts.map(({ sql }) => `SELECT * FROM (${sql} LIMIT ${gathered + 1})`).join(' UNION '),
        values: parts.flatMap(({ values }) => values),
      },
    });
  }
  return sets;
}

/** From and where of all devices that match, by way of a set. */
export function matchesOf(
  filter: DeviceFilter,
  product: number,
  set: RareSet,
  bounds: SearchBounds,
): DeviceSelect {
  const conditions = conditionsOf(filter, bounds);
  conditions.delete(set.serves);
  const checks = joinConditions([
    { sql: 'd.product = ?', values: [product] },
    ...conditions.values(),
  ]);
  return {
    sql: `FROM (${set.select.sql}) AS g CROSS JOIN device AS d ON d.id = g.id
      LEFT JOIN contact AS c ON c.key = d.key WHERE ${checks.sql}`,
    values: [...set.select.values, ...checks.values],
  };
}

// What lists and searches of devices have in common: the conditions of a filter as SQL, the index that serves a property,
// and the rows that they read.

import type { SQLInputValue } from 'node:sqlite';

import type { DeviceSighting } from '../../model/device.ts';
import type { DeviceProperties } from '../device-search.ts';
import { findSlot } from './contacts.ts';
import { decodeDevice, encodeStanding, UNKNOWN_VERSION, type DeviceRow } from './device-codec.ts';
import type { Words } from './words.ts';

/** A statement, or a part of one, with the values of its parameters. */
export interface DeviceSelect {
  readonly sql: string;
  readonly values: readonly SQLInputValue[];
}

/** The columns of a `SightingRow`, of `device AS d` and `contact AS c`. */
export const SIGHTING_COLUMNS =
  'd.key, d.rev, d.standing, d.running, d.detail, d.id, c.at, c.listened, c.into_slot';

export type SightingRow = readonly [
  ...row: DeviceRow,
  id: string,
  at: number | null,
  listened: number | null,
  intoSlot: number | null,
];

/** The sighting that a row stands for. */
export function decodeSighting(product: string, row: SightingRow, words: Words): DeviceSighting {
  const [key, rev, standing, running, detail, id, at, listened, intoSlot] = row;
  return {
    device: decodeDevice(product, id, [key, rev, standing, running, detail], words),
    contact:
      at === null || listened === null ? null : { at, listened, steadyAt: findSlot(at, intoSlot) },
  };
}

/** The conditions of properties, by property. */
export function propertyConditions(
  filter: DeviceProperties,
): ReadonlyMap<keyof DeviceProperties, DeviceSelect> {
  const { idPrefix, running, locked, standing, failing, updating } = filter;
  const conditions = new Map<keyof DeviceProperties, DeviceSelect>();
  const add = (
    name: keyof DeviceProperties,
    sql: string,
    values: readonly SQLInputValue[] = [],
  ): void => void conditions.set(name, { sql, values });
  if (updating !== undefined) add('updating', `d.deadline IS ${updating ? 'NOT NULL' : 'NULL'}`);
  if (locked !== undefined) add('locked', `d.lock_version IS ${locked ? 'NOT NULL' : 'NULL'}`);
  if (failing !== undefined) add('failing', `d.failing = ${failing ? 1 : 0}`);
  if (running !== undefined) add('running', 'd.running = ?', [running ?? UNKNOWN_VERSION]);
  if (standing !== undefined) {
    // Said again as the partial index says it: the planner does not look at the values of parameters.
    const apart = standing === 'active' ? '' : ' AND d.standing <> 1';
    add('standing', `d.standing = ?${apart}`, [encodeStanding(standing)]);
  }
  if (idPrefix !== undefined) {
    const end = findPrefixEnd(idPrefix);
    if (end === null) add('idPrefix', 'd.id >= ?', [idPrefix]);
    else add('idPrefix', 'd.id >= ? AND d.id < ?', [idPrefix, end]);
  }
  return conditions;
}

/** An index in the order of ids, and the property that it answers. */
export interface PropertyIndex {
  readonly name: string;
  readonly serves: keyof DeviceProperties;
}

/** The indexes that fit what is asked for, that of the property that is rarest as a rule first. */
export function indexesFor(filter: DeviceProperties): readonly PropertyIndex[] {
  const { running, locked, standing, failing, updating } = filter;
  const indexes: PropertyIndex[] = [];
  if (failing === true) indexes.push({ name: 'device_failing', serves: 'failing' });
  if (locked === true) indexes.push({ name: 'device_locked', serves: 'locked' });
  if (updating === true) indexes.push({ name: 'device_updating', serves: 'updating' });
  if (standing !== undefined && standing !== 'active') {
    indexes.push({ name: 'device_apart', serves: 'standing' });
  }
  if (running !== undefined) indexes.push({ name: 'device_running', serves: 'running' });
  return indexes;
}

/** Says which index is walked; the primary key, which is in the order of ids too, where none is named. */
export function indexedBy(name: string | null): string {
  return name === null ? 'NOT INDEXED' : `INDEXED BY ${name}`;
}

/** Puts parts together, all of which have to hold. */
export function joinConditions(parts: readonly DeviceSelect[]): DeviceSelect {
  return {
    sql: parts.map(({ sql }) => sql).join(' AND '),
    values: parts.flatMap(({ values }) => values),
  };
}

/** The first text after all texts with this prefix, in the order of code points; null where there is none. */
export function findPrefixEnd(prefix: string): string | null {
  const points = Array.from(prefix, (character) => character.codePointAt(0) ?? 0);
  while (points.at(-1) === 0x10ffff) points.pop();
  const last = points.pop();
  if (last === undefined) return null;
  // No text holds a lone surrogate.
  return String.fromCodePoint(...points, last === 0xd7ff ? 0xe000 : last + 1);
}

// Cursors of lists of devices: where a page ended, and the list that it is a page of. They are opaque to callers, and no
// secret: a made-up one shows nothing that another list would not show.

import { hash } from 'node:crypto';

import { fail, ok, type Result } from '../base/result.ts';
import type { DevicePlace } from '../stores/device-search.ts';

/** What a list is told apart by: product, filters, order. */
export type ListName = readonly (string | number | boolean | null)[];

/** Longest cursor in characters: an id may have 256, of which some take six in JSON. */
export const CURSOR_LENGTH_MAX = 4_096;

const ID_LENGTH_MAX = 256;
const NAME_LENGTH = 12;

/** The cursor of the place where a page ended. */
export function writeCursor(list: ListName, { value, id }: DevicePlace): string {
  return Buffer.from(JSON.stringify([digest(list), value, id])).toString('base64url');
}

/** The place that a cursor stands for; `foreign`: it belongs to another list, `unreadable`: it is none. */
export function readCursor(
  list: ListName,
  cursor: string,
): Result<DevicePlace, 'foreign' | 'unreadable'> {
  const parts = parse(cursor);
  if (!Array.isArray(parts) || parts.length !== 3) return fail('unreadable');
  const [name, value, id] = parts as readonly unknown[];
  if (typeof name !== 'string' || typeof value !== 'number' || typeof id !== 'string') {
    return fail('unreadable');
  }
  if (!Number.isFinite(value) || value < 0 || id.length < 1 || id.length > ID_LENGTH_MAX)
    return fail('unreadable');
  if (name !== digest(list)) return fail('foreign');
  return ok({ value, id });
}

function parse(cursor: string): unknown {
  const bytes = Buffer.from(cursor, 'base64url');
  // Buffers read past what is no base64url; a cursor is exactly what was written.
  if (bytes.toString('base64url') !== cursor) return null;
  try {
    return JSON.parse(bytes.toString('utf8')) as unknown;
  } catch {
    // Told apart by what it is not.
    return null;
  }
}

function digest(list: ListName): string {
  return hash('sha256', JSON.stringify(list), 'base64url').slice(0, NAME_LENGTH);
}

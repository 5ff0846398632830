// Numbers that are given out once and never again, also across a crash: device keys and action ids.

import type { DatabaseSync } from 'node:sqlite';

import { assert } from '../../base/assert.ts';
import { ACTION_ID_MAX, ACTION_ID_MIN, findActionIds } from '../../devices/action-id.ts';

/** A new state starts its action ids at or below this, so that a thousand million are left. */
export const ACTION_ID_START_MAX = 1_000_000_000;

/** Keys are reserved in blocks, so that a new device does not write the counter; a restart skips the rest of one. */
const KEY_BLOCK = 256;

/** The counters of a state. Both only run inside a write. */
export interface Numbers {
  /** A key that no device has had. */
  nextKey(): number;
  /** The first of `count` consecutive ids, each usable on the wire. `count` is 1 to 900000. */
  reserveActionIds(count: number): number;
  /** Forgets what is reserved in memory, after writes were undone. */
  reload(): void;
}

/** Opens the counters. `randomStart` gives a number from 0 (included) to 1 (excluded), once for a new state. */
export function openNumbers(db: DatabaseSync, randomStart: () => number): Numbers {
  const select = db.prepare('SELECT value FROM meta WHERE name = ?');
  const save = db.prepare('INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)');
  let next = 0;
  let end = 0;

  function readValue(name: string): number | null {
    const row = select.get(name);
    return row === undefined ? null : Number(row['value']);
  }
  function pickStart(): number {
    return ACTION_ID_MIN + Math.floor(randomStart() * (ACTION_ID_START_MAX - ACTION_ID_MIN + 1));
  }
  return {
    nextKey() {
      if (next === end) {
        next = readValue('next_key') ?? 1;
        end = next + KEY_BLOCK;
        save.run('next_key', end);
      }
      return next++;
    },
    reserveActionIds(count) {
      assert(
        Number.isInteger(count) && count >= 1 && count <= 900_000,
        'a bad count of action ids',
      );
      const first = findActionIds(readValue('next_action_id') ?? pickStart(), count);
      assert(first + count - 1 <= ACTION_ID_MAX, 'action ids ran past the largest');
      save.run('next_action_id', first + count);
      return first;
    },
    reload() {
      next = 0;
      end = 0;
    },
  };
}

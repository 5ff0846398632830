// How much of each release's rate is used up: one number per meter. What the number means is in `releases/rate.ts`.

import type { DatabaseSync } from 'node:sqlite';

import type { Spending } from '../store.ts';

/** Meters that are kept per product: those that were used last. */
export const METERS_MAX = 50;

/** The meters of all products. `save` only runs inside a write. */
export interface Meters {
  /** The time at which a meter's bucket is full again; null where it was never used. */
  readFullAt(product: number, meter: Spending['meter']): number | null;
  /** Keeps that time, and drops the meters of the product that were not used for longest. */
  save(product: number, meter: Spending['meter'], fullAt: number): void;
}

/** Opens the meters of a state. */
export function openMeters(db: DatabaseSync): Meters {
  const select = db.prepare('SELECT full_at FROM meter WHERE product = ? AND name = ?');
  // The highest number is that of the meter used last.
  const update = db.prepare(`
    UPDATE meter SET full_at = ?, number = (SELECT max(number) + 1 FROM meter)
    WHERE product = ? AND name = ?`);
  const insert = db.prepare('INSERT INTO meter (product, name, full_at) VALUES (?, ?, ?)');
  const trim = db.prepare(`
    DELETE FROM meter WHERE product = ?1 AND number NOT IN (
      SELECT number FROM meter WHERE product = ?1 ORDER BY number DESC LIMIT ?2)`);
  return {
    readFullAt(product, meter) {
      const row = select.get(product, meter);
      return row === undefined ? null : Number(row['full_at']);
    },
    save(product, meter, fullAt) {
      if (Number(update.run(fullAt, product, meter).changes) > 0) return;
      insert.run(product, meter, fullAt);
      trim.run(product, METERS_MAX);
    },
  };
}

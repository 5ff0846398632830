// How releases went: samples of the rounds that are in force. They are for people to look at; nothing is decided on them.

import type { DatabaseSync } from 'node:sqlite';

import type { ReleaseSample } from '../../model/release-sample.ts';
import type { SampleChange } from '../store.ts';

/** The samples of all products, by the number of the product. `save` only runs inside a write. */
export interface ReleaseSamples {
  /** By round, oldest first. */
  list(product: number): readonly ReleaseSample[];
  save(product: number, change: SampleChange): void;
}

/** Opens the samples of a state. */
export function openReleaseSamples(db: DatabaseSync): ReleaseSamples {
  const select = db.prepare(`
    SELECT round, at, exposure, in_flight AS inFlight, succeeded, failed
    FROM release_sample WHERE product = ? ORDER BY round, at`);
  const insert = db.prepare('INSERT OR REPLACE INTO release_sample VALUES (?, ?, ?, ?, ?, ?, ?)');
  const drop = db.prepare('DELETE FROM release_sample WHERE product = ? AND round = ? AND at = ?');
  const forget = db.prepare('DELETE FROM release_sample WHERE product = ? AND round = ?');
  return {
    list: (product) => select.all(product).map((row) => ({ ...(row as unknown as ReleaseSample) })),
    save(product, { add, dropped, forgotten }) {
      for (const round of forgotten) forget.run(product, round);
      for (const { round, at } of dropped) drop.run(product, round, at);
      for (const { round, at, exposure, inFlight, succeeded, failed } of add) {
        insert.run(product, round, at, exposure, inFlight, succeeded, failed);
      }
    },
  };
}

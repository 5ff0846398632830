// What the state keeps for the forge: the last review of each pull request, and the plan of each revision as it was when
// the controller first met it. Only the newest of both; what is older is asked for by nobody.

import type { DatabaseSync } from 'node:sqlite';

import type { ArrivalRecord, ReviewRecord } from '../../model/review.ts';
import type { ReviewQuery } from '../store.ts';

/** Reviews that are kept: those that were saved last. */
export const REVIEWS_MAX = 500;

/** Arrivals that are kept: the newest. */
export const ARRIVALS_MAX = 100;

/** The tables of reviews. Everything that changes them only runs inside a write. */
export interface Reviews {
  /** Saved last first. */
  list(query?: ReviewQuery): readonly ReviewRecord[];
  save(review: ReviewRecord): void;
  readArrival(revision: string): ArrivalRecord | null;
  /** Keeps the first record of a revision; a later one changes nothing. */
  saveArrival(arrival: ArrivalRecord): void;
}

/** Opens the tables of reviews of a state. */
export function openReviews(db: DatabaseSync): Reviews {
  const select = db.prepare('SELECT record, open FROM review ORDER BY saved DESC');
  const selectOpen = db.prepare(
    'SELECT record, open FROM review WHERE open = 1 ORDER BY saved DESC',
  );
  const selectOne = db.prepare('SELECT record, open FROM review WHERE number = ?');
  const selectMerged = db.prepare(
    'SELECT record, open FROM review WHERE merged = ? ORDER BY saved DESC',
  );
  const save = db.prepare(`
    INSERT OR REPLACE INTO review (number, saved, open, record, merged)
    VALUES (?, (SELECT coalesce(max(saved), 0) + 1 FROM review), ?, ?, ?)`);
  const trim = db.prepare(`
    DELETE FROM review WHERE number NOT IN (
      SELECT number FROM review ORDER BY saved DESC LIMIT ${REVIEWS_MAX})`);
  const selectArrival = db.prepare('SELECT record FROM arrival WHERE revision = ?');
  const saveArrival = db.prepare('INSERT OR IGNORE INTO arrival (revision, record) VALUES (?, ?)');
  const trimArrivals = db.prepare(`
    DELETE FROM arrival WHERE number NOT IN (
      SELECT number FROM arrival ORDER BY number DESC LIMIT ${ARRIVALS_MAX})`);
  return {
    list({ number, open = false, merged } = {}) {
      const rows =
        number !== undefined
          ? selectOne.all(number)
          : merged !== undefined
            ? selectMerged.all(merged)
            : (open ? selectOpen : select).all();
      return rows
        .filter((row) => !open || row['open'] === 1)
        .map((row) => JSON.parse(String(row['record'])) as ReviewRecord)
        .filter((review) => merged === undefined || mergedAs(review) === merged);
    },
    save(review) {
      const open = review.outcome === null ? 1 : 0;
      save.run(review.pullRequest.number, open, JSON.stringify(review), mergedAs(review));
      trim.run();
    },
    readArrival(revision) {
      const row = selectArrival.get(revision);
      return row === undefined ? null : (JSON.parse(String(row['record'])) as ArrivalRecord);
    },
    saveArrival(arrival) {
      saveArrival.run(arrival.revision, JSON.stringify(arrival));
      trimArrivals.run();
    },
  };
}

/** The commit that a pull request was merged as; null where it was not (yet). */
function mergedAs({ outcome }: ReviewRecord): string | null {
  return outcome?.kind === 'merged' ? outcome.commit : null;
}

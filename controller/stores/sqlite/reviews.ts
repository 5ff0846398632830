// What the state keeps for the forge: the last review of each pull request, and the plan of each revision as it was when
// the controller first met it. Only the newest of both; what is older is asked for by nobody.

import type { DatabaseSync } from 'node:sqlite';

import type { ArrivalRecord, ReviewRecord } from '../../model/review.ts';

/** Reviews that are kept: those that were saved last. */
export const REVIEWS_MAX = 500;

/** Arrivals that are kept: the newest. */
export const ARRIVALS_MAX = 100;

/** The tables of reviews. Everything that changes them only runs inside a write. */
export interface Reviews {
  /** Newest first. */
  readonly list: () => readonly ReviewRecord[];
  save(review: ReviewRecord): void;
  readArrival(revision: string): ArrivalRecord | null;
  /** Keeps the first record of a revision; a later one changes nothing. */
  saveArrival(arrival: ArrivalRecord): void;
}

/** Opens the tables of reviews of a state. */
export function openReviews(db: DatabaseSync): Reviews {
  const select = db.prepare('SELECT record FROM review ORDER BY saved DESC');
  const save = db.prepare(`
    INSERT OR REPLACE INTO review (number, saved, record)
    VALUES (?, (SELECT coalesce(max(saved), 0) + 1 FROM review), ?)`);
  const trim = db.prepare(`
    DELETE FROM review WHERE number NOT IN (
      SELECT number FROM review ORDER BY saved DESC LIMIT ${REVIEWS_MAX})`);
  const selectArrival = db.prepare('SELECT record FROM arrival WHERE revision = ?');
  const saveArrival = db.prepare('INSERT OR IGNORE INTO arrival (revision, record) VALUES (?, ?)');
  const trimArrivals = db.prepare(`
    DELETE FROM arrival WHERE number NOT IN (
      SELECT number FROM arrival ORDER BY number DESC LIMIT ${ARRIVALS_MAX})`);
  return {
    list: () => select.all().map((row) => JSON.parse(String(row['record'])) as ReviewRecord),
    save(review) {
      save.run(review.pullRequest.number, JSON.stringify(review));
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

// The step from schema version 2 to 3: reviews of pull requests, and the plans of revisions as they arrived.

import type { Migration } from './migration.ts';

/** Version 2 to 3. */
export const REVIEWS: Migration = {
  version: 3,
  sql: `
    CREATE TABLE review (
      number INTEGER PRIMARY KEY, saved INTEGER NOT NULL, open INTEGER NOT NULL, record TEXT NOT NULL
    );
    CREATE INDEX review_saved ON review (saved);
    CREATE INDEX review_open ON review (saved) WHERE open = 1;
    CREATE TABLE arrival (
      number INTEGER PRIMARY KEY AUTOINCREMENT, revision TEXT NOT NULL UNIQUE, record TEXT NOT NULL
    );`,
};

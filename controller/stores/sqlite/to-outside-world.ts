// The step from schema version 2 to 3, for what the controller tells the outside world: reviews of pull requests, the
// plans of revisions as they arrived, and how far each target of notices has been told.

import type { Migration } from './migration.ts';

/** Version 2 to 3. */
export const OUTSIDE_WORLD: Migration = {
  version: 3,
  sql: `
    CREATE TABLE review (
      number INTEGER PRIMARY KEY, saved INTEGER NOT NULL, open INTEGER NOT NULL, record TEXT NOT NULL
    );
    CREATE INDEX review_saved ON review (saved);
    CREATE INDEX review_open ON review (saved) WHERE open = 1;
    CREATE TABLE arrival (
      number INTEGER PRIMARY KEY AUTOINCREMENT, revision TEXT NOT NULL UNIQUE, record TEXT NOT NULL
    );
    CREATE TABLE notice_cursor (
      target TEXT PRIMARY KEY, event INTEGER NOT NULL
    ) WITHOUT ROWID;
    ALTER TABLE device ADD COLUMN registered INTEGER NOT NULL DEFAULT 0;
    UPDATE device SET running = 0 WHERE running IS NULL;
    UPDATE device SET registered = coalesce(json_extract(detail, '$.t'), 0);
    CREATE INDEX device_registered ON device (product, registered, id);`,
};

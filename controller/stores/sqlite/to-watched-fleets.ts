// The step from schema version 3 to 4, for people who watch a fleet: how far each target of notices has been told, how
// releases went, which pull request a commit came from, and what lists of devices are ordered by.

import type { Migration } from './migration.ts';

/** Version 3 to 4. */
export const WATCHED_FLEETS: Migration = {
  version: 4,
  sql: `
    CREATE TABLE notice_cursor (
      target TEXT PRIMARY KEY, event INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE release_sample (
      product INTEGER NOT NULL, round INTEGER NOT NULL, at INTEGER NOT NULL, exposure INTEGER NOT NULL,
      in_flight INTEGER NOT NULL, succeeded INTEGER NOT NULL, failed INTEGER NOT NULL,
      PRIMARY KEY (product, round, at)
    ) WITHOUT ROWID;
    ALTER TABLE review ADD COLUMN merged TEXT;
    UPDATE review SET merged = json_extract(record, '$.outcome.commit');
    CREATE INDEX review_merged ON review (merged) WHERE merged IS NOT NULL;
    ALTER TABLE device ADD COLUMN registered INTEGER NOT NULL DEFAULT 0;
    UPDATE device SET running = 0 WHERE running IS NULL;
    UPDATE device SET registered = coalesce(json_extract(detail, '$.t'), 0);
    CREATE INDEX device_registered ON device (product, registered, id);`,
};

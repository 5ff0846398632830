// The step from schema version 4 to 5: what fleet drivers keep of a product for themselves.

import type { Migration } from './migration.ts';

/** Version 4 to 5. */
export const DRIVER_NOTES: Migration = {
  version: 5,
  sql: 'CREATE TABLE driver_notes (product TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID;',
};

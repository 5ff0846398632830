// The step from schema version 3 to 4: what fleet drivers keep of a product for themselves.

import type { Migration } from './migration.ts';

/** Version 3 to 4. */
export const DRIVER_NOTES: Migration = {
  version: 4,
  sql: 'CREATE TABLE driver_notes (product TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID;',
};

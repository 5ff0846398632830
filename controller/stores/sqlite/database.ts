// Opening the SQLite file of a state: settings, schema, and clear failures. What is in its tables is not known here.

import { DatabaseSync } from 'node:sqlite';

import { failure, messageOf, type Failure } from '../../base/failure.ts';
import { fail, type Result } from '../../base/result.ts';
import { classifySqliteError } from './sqlite-failure.ts';
import { migrateState, SCHEMA_HISTORY, type SchemaHistory } from './migrations.ts';

// WAL with full synchronisation: a commit is one flush, and is on the disk when it returns. The cache bounds the
// memory that a large fleet takes. The WAL is copied back every 64 MiB, since the pages of the contact table are
// written again and again: each copy then writes a page once that was changed many times.
const SETTINGS = `
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA cache_size = -163840;
PRAGMA temp_store = MEMORY;
PRAGMA wal_autocheckpoint = 16384;
PRAGMA journal_size_limit = 67108864;
`;

/**
 * Opens a state's file, makes it where it is missing (not its folder), and migrates it forward. `:memory:` keeps
 * nothing. What can't be opened, is no database, is damaged or newer is a failure, and is left as it is.
 */
export function openDatabase(
  file: string,
  history: SchemaHistory = SCHEMA_HISTORY,
): Result<DatabaseSync, Failure> {
  let db: DatabaseSync | null = null;
  try {
    db = new DatabaseSync(file, { timeout: 2_000 });
    // First, so that a file of something else is refused before the settings below change it.
    db.prepare('SELECT count(*) FROM sqlite_schema').get();
    db.exec(SETTINGS);
    const migrated = migrateState(db, file, history);
    if (migrated.ok) return { ok: true, value: db };
    db.close();
    return migrated;
  } catch (thrown) {
    db?.close();
    const known = classifySqliteError(thrown, file);
    return fail(
      known ?? failure('StateUnreadable', `${file} can't be opened: ${messageOf(thrown)}`, 'stall'),
    );
  }
}

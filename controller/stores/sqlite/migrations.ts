// Bringing an older state to the schema of this program, one numbered step after the other, after a copy was made.
// The newest schema itself is in `schema.ts`.

import { closeSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';

import { failure, type Failure } from '../../base/failure.ts';
import { fail, ok, type Result } from '../../base/result.ts';
import type { Migration } from './migration.ts';
import { SCHEMA, SCHEMA_VERSION } from './schema.ts';
import { DRIVER_NOTES } from './to-driver-notes.ts';
import { REVIEWS } from './to-reviews.ts';
import { STAGED_RELEASES } from './to-staged-releases.ts';
import { WATCHED_FLEETS } from './to-watched-fleets.ts';

/** What a program knows of schemas: how to make the newest, and how to get there. */
export interface SchemaHistory {
  readonly version: number;
  readonly sql: string;
  /** In order, without gaps, up to `version`. */
  readonly migrations: readonly Migration[];
}

/** The history of Lockstep's own state. */
export const SCHEMA_HISTORY: SchemaHistory = {
  version: SCHEMA_VERSION,
  sql: SCHEMA,
  migrations: [STAGED_RELEASES, REVIEWS, WATCHED_FLEETS, DRIVER_NOTES],
};

/**
 * Makes the newest schema in an empty database, or migrates an older state forward in one transaction. Before that, a
 * copy is kept as `FILE.vN.bak`, N being the old version. A newer state, or a database of something else, is refused
 * (stall) and left as it is. SQLite's own errors are thrown.
 */
export function migrateState(
  db: DatabaseSync,
  file: string,
  history: SchemaHistory = SCHEMA_HISTORY,
): Result<void, Failure> {
  const version = readSchemaVersion(db);
  if (version === history.version) return ok(undefined);
  if (version === null) {
    return fail(
      failure(
        'StateForeign',
        `${file} is a database of another program: name another file.`,
        'stall',
      ),
    );
  }
  if (version > history.version) {
    return fail(
      failure(
        'StateNewer',
        `The state ${file} has schema version ${version}, and this program knows versions up to ` +
          `${history.version}: use the newer program that wrote it, or a copy made before.`,
        'stall',
      ),
    );
  }
  if (version > 0) copyState(db, file, version);
  runInTransaction(db, () => {
    if (version === 0) db.exec(history.sql);
    for (const step of history.migrations) {
      if (version === 0 || step.version <= version) continue;
      db.exec(step.sql);
      step.run?.(db);
    }
    db.prepare("UPDATE meta SET value = ? WHERE name = 'schema_version'").run(history.version);
  });
  return ok(undefined);
}

/** The schema version of a state; 0 for an empty database, null for a database of something else. */
function readSchemaVersion(db: DatabaseSync): number | null {
  const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all();
  if (tables.length === 0) return 0;
  if (!tables.some((table) => table['name'] === 'word')) return null;
  if (!tables.some((table) => table['name'] === 'meta')) return null;
  const row = db.prepare("SELECT value FROM meta WHERE name = 'schema_version'").get();
  return row === undefined ? null : Number(row['value']);
}

function copyState(db: DatabaseSync, file: string, version: number): void {
  // Through a temporary name: a copy that a crash cut short must not look like a whole one.
  const part = `${file}.v${version}.bak.part`;
  rmSync(part, { force: true });
  db.prepare('VACUUM INTO ?').run(part);
  const handle = openSync(part, 'r+');
  fsyncSync(handle);
  closeSync(handle);
  renameSync(part, `${file}.v${version}.bak`);
}

function runInTransaction(db: DatabaseSync, work: () => void): void {
  db.exec('BEGIN IMMEDIATE');
  try {
    work();
    db.exec('COMMIT');
  } catch (thrown) {
    if (db.isTransaction) db.exec('ROLLBACK');
    throw thrown;
  }
}

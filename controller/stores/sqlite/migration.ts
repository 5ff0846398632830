// What one step from an older schema to the next is. The steps are listed in `migrations.ts`, each in a file of its own.

import type { DatabaseSync } from 'node:sqlite';

/** One step forward. */
export interface Migration {
  /** The schema version that it leads to, from the one before. */
  readonly version: number;
  /** Statements that change the tables; `meta.schema_version` is set by the framework. */
  readonly sql: string;
  /** What statements cannot do: runs after them, in the same transaction. */
  readonly run?: (db: DatabaseSync) => void;
}

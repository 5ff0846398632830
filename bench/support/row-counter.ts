// Counts the rows that are written to a state, by triggers that a bench adds to its copy: the store keeps its connection,
// and with it SQLite's own counter, to itself.

import { DatabaseSync } from 'node:sqlite';

export interface RowCounter {
  /** Rows inserted, updated and deleted since the triggers were added. */
  read(): number;
  close(): void;
}

/** Adds the triggers to every table of the state in `file`. */
export function countWrites(file: string): RowCounter {
  const db = new DatabaseSync(file);
  const tables = db
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    .all()
    .map((row) => String(row['name']));
  db.exec('CREATE TABLE bench_written (rows INTEGER); INSERT INTO bench_written VALUES (0)');
  for (const table of tables) {
    for (const verb of ['INSERT', 'UPDATE', 'DELETE']) {
      db.exec(`CREATE TRIGGER bench_${table}_${verb} AFTER ${verb} ON ${table}
        BEGIN UPDATE bench_written SET rows = rows + 1; END`);
    }
  }
  const select = db.prepare('SELECT rows FROM bench_written');
  return {
    read: () => Number(select.get()?.['rows'] ?? 0),
    close: () => db.close(),
  };
}

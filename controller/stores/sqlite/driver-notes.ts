// What fleet drivers keep of a product for themselves: one text each, which only the driver reads.

import type { DatabaseSync } from 'node:sqlite';

export interface DriverNotes {
  /** Null: there are none. */
  read(product: string): string | null;
  /** Only inside a write. */
  save(product: string, text: string): void;
}

/** Opens the notes of a state. */
export function openDriverNotes(db: DatabaseSync): DriverNotes {
  const select = db.prepare('SELECT text FROM driver_notes WHERE product = ?');
  const save = db.prepare('INSERT OR REPLACE INTO driver_notes VALUES (?, ?)');
  return {
    read(product) {
      const row = select.get(product);
      return row === undefined ? null : String(row['text']);
    },
    save: (product, text) => void save.run(product, text),
  };
}

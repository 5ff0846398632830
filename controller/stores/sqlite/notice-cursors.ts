// How far each target of notices has been told, as the id of an event in the log.

import type { DatabaseSync } from 'node:sqlite';

/** The cursors of all targets. `save` only runs inside a write. */
export interface NoticeCursors {
  readonly list: () => ReadonlyMap<string, number>;
  /** Sets cursors; null forgets the target. */
  save(changes: ReadonlyMap<string, number | null>): void;
}

/** Opens the cursors of a state. */
export function openNoticeCursors(db: DatabaseSync): NoticeCursors {
  const select = db.prepare('SELECT target, event FROM notice_cursor');
  const save = db.prepare('INSERT OR REPLACE INTO notice_cursor (target, event) VALUES (?, ?)');
  const remove = db.prepare('DELETE FROM notice_cursor WHERE target = ?');
  return {
    list: () => new Map(select.all().map((row) => [String(row['target']), Number(row['event'])])),
    save(changes) {
      for (const [target, event] of changes) {
        if (event === null) remove.run(target);
        else save.run(target, event);
      }
    },
  };
}

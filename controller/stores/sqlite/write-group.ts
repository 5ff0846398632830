// Group commit: the writes of one turn of the event loop share one transaction, and so one flush to the disk. Each
// write is atomic by itself inside it. Reads of a turn share a transaction too, and so the locks that one read takes.
// What is written and read is not known here.

import type { DatabaseSync } from 'node:sqlite';

import { assert } from '../../base/assert.ts';
import { wrapSqliteError } from './sqlite-failure.ts';

export interface WriteGroup {
  /**
   * Runs `work` at once, and resolves with what it returned when that is on the disk. `work` must not wait for
   * anything. When it throws, what it wrote is undone, the promise rejects, and the other writes go on. Rejects with a
   * StateFailure when the disk fails. `subject` names what is written, for readers of just that.
   */
  readonly write: <T>(work: () => T, subject?: string) => Promise<T>;
  /**
   * Runs `work` at once, and resolves when everything that it may have seen is on the disk: nobody may act on a write
   * that could still be lost. With a `subject`, it can only have seen writes that named the same one.
   */
  readonly read: <T>(work: () => T, subject?: string) => Promise<T>;
  /** Commits what is open, and ends what is read. */
  flush(): void;
}

interface Group {
  readonly settled: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
  readonly timer: NodeJS.Immediate;
  readonly subjects: Set<string>;
}

/**
 * Makes the group of a connection, which must not be written to in any other way. `undone` is called whenever writes
 * were undone, so that what was remembered of them can be forgotten.
 */
export function createWriteGroup(db: DatabaseSync, file: string, undone: () => void): WriteGroup {
  const begin = db.prepare('BEGIN IMMEDIATE');
  const beginRead = db.prepare('BEGIN DEFERRED');
  const commit = db.prepare('COMMIT');
  const rollback = db.prepare('ROLLBACK');
  const savepoint = db.prepare('SAVEPOINT one_write');
  const release = db.prepare('RELEASE one_write');
  const undo = db.prepare('ROLLBACK TO one_write');
  let open: Group | null = null;
  let reading: NodeJS.Immediate | null = null;

  function openGroup(): Group {
    endReads();
    begin.run();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    // Each write hangs on to this promise; a group whose only write was undone has no one who does.
    promise.catch(() => undefined);
    const timer = setImmediate(flush);
    return { settled: promise, resolve, reject, timer, subjects: new Set() };
  }

  function failGroup(group: Group, thrown: unknown): void {
    clearImmediate(group.timer);
    open = null;
    if (db.isTransaction) rollback.run();
    undone();
    group.reject(wrapSqliteError(thrown, file));
  }

  /** Taking and giving back the locks costs as much as a look-up, and a busy turn has many of those. */
  function joinReads(): void {
    if (open !== null || reading !== null) return;
    beginRead.run();
    reading = setImmediate(endReads);
  }

  function endReads(): void {
    if (reading === null) return;
    clearImmediate(reading);
    reading = null;
    // An error may have ended it already.
    if (db.isOpen && db.isTransaction) commit.run();
  }

  function flush(): void {
    endReads();
    const group = open;
    if (group === null) return;
    try {
      commit.run();
    } catch (thrown) {
      failGroup(group, thrown);
      return;
    }
    clearImmediate(group.timer);
    open = null;
    group.resolve();
  }

  function write<T>(work: () => T, subject?: string): Promise<T> {
    let value: T;
    try {
      open ??= openGroup();
      savepoint.run();
    } catch (thrown) {
      return Promise.reject(wrapSqliteError(thrown, file));
    }
    const group = open;
    try {
      value = work();
      assert(!(value instanceof Promise), 'a write to the state waits for something');
      release.run();
    } catch (thrown) {
      // A full disk makes SQLite give up the whole transaction, and with it the writes before this one.
      if (db.isTransaction) {
        undo.run();
        release.run();
        undone();
      } else {
        failGroup(group, thrown);
      }
      return Promise.reject(wrapSqliteError(thrown, file));
    }
    if (subject !== undefined) group.subjects.add(subject);
    return group.settled.then(() => value);
  }

  function read<T>(work: () => T, subject?: string): Promise<T> {
    let value: T;
    try {
      joinReads();
      value = work();
    } catch (thrown) {
      return Promise.reject(wrapSqliteError(thrown, file));
    }
    if (open === null || (subject !== undefined && !open.subjects.has(subject))) {
      return Promise.resolve(value);
    }
    return open.settled.then(() => value);
  }

  return { write, read, flush };
}

// Group commit on a real database: what is seen when, and what is left when a write, a commit or the disk fails.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { createWriteGroup, type WriteGroup } from '../../controller/stores/sqlite/write-group.ts';
import { StateFailure } from '../../controller/stores/state-failure.ts';

describe('a group of writes', () => {
  let folder: string;
  let file: string;
  let db: DatabaseSync;
  let group: WriteGroup;
  let undone: number;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'lockstep-group-'));
    file = join(folder, 'state.db');
    undone = 0;
    db = new DatabaseSync(file);
    // As a state has it: readers do not keep writers out.
    db.exec('PRAGMA journal_mode = WAL');
    db.exec(`
      CREATE TABLE one (a INTEGER UNIQUE, b TEXT);
      CREATE TABLE two (a INTEGER REFERENCES one (a) DEFERRABLE INITIALLY DEFERRED)`);
    group = createWriteGroup(db, file, () => (undone += 1));
  });
  afterEach(() => {
    db.close();
    rmSync(folder, { recursive: true });
  });

  function insert(a: number, b = ''): Promise<void> {
    return group.write(() => void db.prepare('INSERT INTO one VALUES (?, ?)').run(a, b));
  }
  function readAll(): readonly unknown[] {
    return db
      .prepare('SELECT a FROM one')
      .all()
      .map((row) => row['a']);
  }

  it('is seen by others only as a whole, once its promises resolve', async () => {
    const other = new DatabaseSync(file);
    const writes = Promise.all([insert(1), insert(2)]);
    expect(other.prepare('SELECT a FROM one').all()).toEqual([]);
    await writes;
    expect(other.prepare('SELECT a FROM one').all()).toHaveLength(2);
    other.close();
  });

  it('shows all reads of a turn one moment, and holds on to it no longer', async () => {
    const other = new DatabaseSync(file);
    await insert(1);
    const first = group.read(readAll);
    other.exec("INSERT INTO one VALUES (2, '')");
    const second = group.read(readAll);
    expect(await Promise.all([first, second])).toEqual([[1], [1]]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(await group.read(readAll)).toEqual([1, 2]);
    other.close();
  });

  it('writes after a read of the same turn, and shows the next read what was written', async () => {
    const before = group.read(readAll);
    const written = insert(1);
    const after = group.read(readAll);
    expect(await Promise.all([before, written, after])).toEqual([[], undefined, [1]]);
  });

  it('goes on after a read that throws', async () => {
    const failing = group.read(() => db.prepare('SELECT nothing FROM one'));
    await expect(failing).rejects.toThrow('nothing');
    await insert(1);
    expect(await group.read(readAll)).toEqual([1]);
  });

  it('undoes only the write that throws', async () => {
    const before = insert(1);
    const failing = group.write(() => {
      db.exec("INSERT INTO one VALUES (5, '')");
      throw new Error('a bug');
    });
    const after = insert(2);
    await expect(failing).rejects.toThrow('a bug');
    await Promise.all([before, after]);
    expect(readAll()).toEqual([1, 2]);
    expect(undone).toBe(1);
  });

  it('rejects all its writes when the commit fails, and the next group goes on', async () => {
    db.exec('PRAGMA foreign_keys = ON');
    const first = insert(1);
    const dangling = group.write(() => db.exec('INSERT INTO two VALUES (77)'));
    const reading = group.read(() => readAll());
    const results = await Promise.allSettled([first, dangling, reading]);
    expect(results.map((result) => result.status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect([db.isTransaction, undone]).toEqual([false, 1]);
    await insert(3);
    expect(readAll()).toEqual([3]);
  });

  it('fails with the cause when the disk is full, and the next group goes on', async () => {
    await insert(1);
    db.exec('PRAGMA max_page_count = 8');
    const results = await Promise.allSettled([insert(2), insert(3, 'x'.repeat(100_000))]);
    const reasons = results.flatMap((result) =>
      result.status === 'rejected' ? [result.reason] : [],
    );
    expect(reasons.length).toBeGreaterThan(0);
    for (const reason of reasons) {
      expect(reason).toBeInstanceOf(StateFailure);
      expect(reason).toMatchObject({ failure: { code: 'StateFull', disposition: 'retry' } });
    }
    expect(readAll()).not.toContain(3);
    db.exec('PRAGMA max_page_count = 1000');
    await insert(4);
    expect(readAll()).toContain(4);
  });

  it('lets readers of a subject wait for writes about that subject only', async () => {
    const order: string[] = [];
    const write = group.write(() => db.exec("INSERT INTO one VALUES (1, '')"), 'a');
    const waits = [
      write.then(() => order.push('write a')),
      group.read(readAll, 'b').then(() => order.push('read b')),
      group.read(readAll, 'a').then(() => order.push('read a')),
      group.read(readAll).then(() => order.push('read all')),
    ];
    await Promise.all(waits);
    expect(order).toEqual(['read b', 'write a', 'read a', 'read all']);
  });
});

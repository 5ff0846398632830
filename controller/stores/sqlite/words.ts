// Texts that are repeated over and over (product names, digests, revisions, manifests) as small numbers, so that rows
// stay narrow. The table is small enough to be held in memory; texts that devices choose do not belong here.

import type { DatabaseSync } from 'node:sqlite';

import { assert } from '../../base/assert.ts';

export interface Words {
  /** The number of a text, given to it now if it has none. Only inside a write. */
  intern(text: string): number;
  /** The number of a text; null where it never had one, so that no row can name it. */
  find(text: string): number | null;
  /** The text of a number that `intern` gave. */
  text(number: number): string;
  /** Reads the table again, after writes were undone. */
  reload(): void;
}

/** Loads the words of a state. */
export function loadWords(db: DatabaseSync): Words {
  const select = db.prepare('SELECT number, text FROM word');
  const insert = db.prepare('INSERT INTO word (text) VALUES (?)');
  const numbers = new Map<string, number>();
  const texts = new Map<number, string>();

  function remember(number: number, text: string): void {
    numbers.set(text, number);
    texts.set(number, text);
  }
  function reload(): void {
    numbers.clear();
    texts.clear();
    for (const row of select.all()) remember(Number(row['number']), String(row['text']));
  }
  reload();
  return {
    intern(text) {
      const known = numbers.get(text);
      if (known !== undefined) return known;
      const number = Number(insert.run(text).lastInsertRowid);
      remember(number, text);
      return number;
    },
    find: (text) => numbers.get(text) ?? null,
    text(number) {
      const text = texts.get(number);
      assert(text !== undefined, `the state names word ${number}, which it does not hold`);
      return text;
    },
    reload,
  };
}

// What every store has to do with how far the targets of notices have been told.

import { describe, expect, it } from 'vitest';

import type { Store } from '../../controller/stores/store.ts';

export function describeNotices(current: () => Store, reopen: () => Promise<Store>): void {
  describe('the cursors of notices', () => {
    it('are kept by target across a restart, and forgotten when they are told to be', async () => {
      expect(await current().noticeCursors()).toEqual(new Map());
      await current().saveNoticeCursors(
        new Map([
          ['ops', 7],
          ['hooks.example.com', 0],
          ['old', 3],
        ]),
      );
      await current().saveNoticeCursors(
        new Map<string, number | null>([
          ['ops', 9],
          ['old', null],
          ['never', null],
        ]),
      );
      const store = await reopen();
      expect(await store.noticeCursors()).toEqual(
        new Map([
          ['ops', 9],
          ['hooks.example.com', 0],
        ]),
      );
    });
  });
}

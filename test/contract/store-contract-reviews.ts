// What every store has to do with reviews of pull requests and with the plans of revisions as they arrived.

import { describe, expect, it } from 'vitest';

import type { Plan } from '../../controller/model/plan.ts';
import type { ChangeReview, ReviewRecord } from '../../controller/model/review.ts';
import type { Store } from '../../controller/stores/store.ts';

const PLAN: Plan = { revision: 'r', fingerprint: 'sha256:00', products: [], errors: [] };

const REVIEW: ChangeReview = {
  plan: PLAN,
  base: PLAN,
  unread: [],
  touchesManifests: true,
  standing: [],
  gate: 'success',
  releases: [],
  newFirmware: [],
  policyChanges: [],
};

function makeReview(number: number, head = 'h1'): ReviewRecord {
  const pullRequest = { number, title: `“${number}”`, url: `https://forge.example/${number}` };
  return { pullRequest, head, base: 'b', merge: 'm', review: REVIEW, at: 7, outcome: null };
}

export function describeReviews(current: () => Store, reopen: () => Promise<Store>): void {
  describe('reviews', () => {
    it('keeps the last of each pull request across a restart, saved last first', async () => {
      for (const number of [7, 9, 8]) await current().saveReview(makeReview(number));
      const outcome = { kind: 'merged', commit: 'c', moved: ['2 more devices'] } as const;
      const again = { ...makeReview(7, 'h2'), outcome };
      await current().saveReview(again);
      const store = await reopen();
      expect(await store.reviews()).toEqual([again, makeReview(8), makeReview(9)]);
      expect(await store.reviews({ open: true })).toEqual([makeReview(8), makeReview(9)]);
      expect(await store.reviews({ number: 7 })).toEqual([again]);
      expect(await store.reviews({ number: 7, open: true })).toEqual([]);
      expect(await store.reviews({ number: 1 })).toEqual([]);
      expect(await store.reviews({ merged: 'c' })).toEqual([again]);
      expect(await store.reviews({ merged: 'h2' })).toEqual([]);
      expect(await store.reviews({ number: 8, merged: 'c' })).toEqual([]);
      expect(await store.reviews({ open: true, merged: 'c' })).toEqual([]);
    });

    it('keeps the newest 500', async () => {
      for (let number = 1; number <= 502; number += 1) {
        await current().saveReview(makeReview(number));
      }
      const numbers = (await current().reviews()).map(({ pullRequest }) => pullRequest.number);
      expect([numbers.length, numbers.at(0), numbers.at(-1)]).toEqual([500, 502, 3]);
    });

    it('keeps the first plan of a revision, and the newest 100', async () => {
      expect(await current().arrival('r1')).toBeNull();
      await current().saveArrival({ revision: 'r1', plan: PLAN, at: 1 });
      await current().saveArrival({ revision: 'r1', plan: PLAN, at: 2 });
      const store = await reopen();
      expect(await store.arrival('r1')).toEqual({ revision: 'r1', plan: PLAN, at: 1 });
      for (let index = 2; index <= 101; index += 1) {
        await current().saveArrival({ revision: `r${index}`, plan: PLAN, at: index });
      }
      expect(await current().arrival('r1')).toBeNull();
      expect((await current().arrival('r2'))?.at).toBe(2);
    });
  });
}

// What is said of a merge: its plan as it arrived, against the one that was reviewed.

import { describe, expect, it } from 'vitest';

import type { ReviewRecord } from '../../../controller/model/review.ts';
import { compareWithReview } from '../../../controller/reconciler/compare-with-review.ts';
import { liveOf, remembered } from '../../support/plan-input.ts';
import { review } from '../../support/review-input.ts';

/** The review of a change that releases 42 to so many devices on 41. */
function reviewed(devices: number): ReviewRecord {
  const firmware = [{ version: 41 }, { version: 42 }];
  return {
    pullRequest: { number: 7, title: 'Release 42', url: 'https://example.com/7' },
    head: 'h',
    base: 'b',
    merge: 'm',
    review: review({
      base: { firmware, release: 41 },
      merged: { firmware, release: 42 },
      live: liveOf([], {
        crowd: [{ version: 41, devices }],
        firmware: [
          remembered(41, { verifiedAt: 1, finishedAt: 2 }),
          remembered(42, { verifiedAt: 3 }),
        ],
      }),
    }),
    at: 0,
    outcome: null,
  };
}

/** A store that met the commit `c1` with the plan for so many devices. */
function storeWith(devices: number) {
  const { plan } = reviewed(devices).review;
  return {
    arrival: async (revision: string) => (revision === 'c1' ? { revision, plan, at: 0 } : null),
  };
}

describe('a merge', () => {
  it('that arrived as reviewed says so', async () => {
    expect(await compareWithReview(reviewed(100), 'c1', storeWith(101))).toEqual({
      kind: 'merged',
      commit: 'c1',
      moved: [],
    });
  });

  it('that arrived otherwise says what moved, from the review to now', async () => {
    const { moved } = await compareWithReview(reviewed(100), 'c1', storeWith(200));
    expect(moved?.[0]).toBe('Devices of thermostat: 200 now, 100 in the review.');
  });

  it('that never arrived by itself is not compared', async () => {
    const { moved } = await compareWithReview(reviewed(100), 'c2', storeWith(100));
    expect(moved).toBeNull();
  });
});

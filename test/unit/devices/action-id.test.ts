// Which action ids may be given to devices.

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  ACTION_ID_MAX,
  ACTION_ID_MIN,
  findActionIds,
  isUsableActionId,
} from '../../../controller/devices/action-id.ts';

describe('action ids', () => {
  it('are usable from 1001 to the largest signed 32-bit integer', () => {
    expect([1001, 1999, 2001, 20_010, 2_147_483_647].every(isUsableActionId)).toBe(true);
    expect([-1001, 0, 5, 999, 1000, 1000.5, 2_147_483_648, NaN].some(isUsableActionId)).toBe(false);
  });

  it('are not usable when all digits after the first are 0', () => {
    expect([2000, 9000, 10_000, 700_000, 1_000_000_000, 2_000_000_000].some(isUsableActionId)).toBe(
      false,
    );
  });

  it('are found in runs of usable ids, at or after the start or from the smallest on', () => {
    const near = fc
      .constantFrom(1e3, 1e4, 1e5, 1e6, 1e9, 2e9)
      .chain((round) => fc.integer({ min: -1000, max: 1000 }).map((by) => round + by));
    const start = fc.oneof(near, fc.integer({ min: ACTION_ID_MIN, max: ACTION_ID_MAX + 1 }));
    fc.assert(
      fc.property(start, fc.integer({ min: 1, max: 3_000 }), (start, count) => {
        const first = findActionIds(start, count);
        for (let id = first; id < first + count; id++) expect(isUsableActionId(id)).toBe(true);
        expect(first >= start || start > ACTION_ID_MAX - count).toBe(true);
        expect(findActionIds(first, count)).toBe(first);
      }),
    );
  });

  it('wrap to the smallest when the largest would be passed', () => {
    expect(findActionIds(ACTION_ID_MAX - 1, 2)).toBe(ACTION_ID_MAX - 1);
    expect(findActionIds(ACTION_ID_MAX - 1, 3)).toBe(ACTION_ID_MIN);
    expect(findActionIds(ACTION_ID_MAX, 900_000)).toBeGreaterThan(900_000);
  });
});

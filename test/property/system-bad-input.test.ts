// Bad input and plans: histories as in `system-history.test.ts`, most of whose steps are commits that nobody can mean,
// which must move nothing, and plans, which must change nothing.

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { historyArbitrary } from './support/history.ts';
import { playHistory } from './support/world.ts';

const RUNS = 200;

/** Throws, with seed and path, at the first history that breaks an invariant. */
function holdsInAll(histories: ReturnType<typeof historyArbitrary>): Promise<void> {
  return fc.assert(fc.asyncProperty(histories, playHistory), { numRuns: RUNS });
}

describe('in every history of bad input', { timeout: 300_000 }, () => {
  it('nothing is unlocked, ended or flashed by it, and a plan changes nothing', async () => {
    await expect(
      holdsInAll(historyArbitrary({ defects: 12, plans: 6, steps: 12 })),
    ).resolves.toBeUndefined();
  });
});

// The invariants that hold whatever people commit, devices do and disks lose: random histories against the real
// controller, gateway and state. Each step checks all that it could have broken; a failure names the invariant of the
// design, and prints the seed and the path that replay it.

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { historyArbitrary } from './support/history.ts';
import { playHistory } from './support/world.ts';

const RUNS = 200;

/** Throws, with seed and path, at the first history that breaks an invariant. */
function holdsInAll(histories: ReturnType<typeof historyArbitrary>): Promise<void> {
  return fc.assert(fc.asyncProperty(histories, playHistory), { numRuns: RUNS });
}

describe('in every history', { timeout: 300_000 }, () => {
  it('devices get what manifests name, locked, verified, whole and traceable, and get there', async () => {
    await expect(
      holdsInAll(historyArbitrary({ defects: 1, plans: 1, steps: 24 })),
    ).resolves.toBeUndefined();
  });
});

// Half of the random histories of staged releases: people, devices, clocks and machines do whatever they do, against the
// real controller, gateway and state in virtual time, and an oracle of its own judges each offer, step and halt
// (`test/support/virtual/oracle.ts`). The other half is in the other file of this name, so that two cores share them.
//
// Seeds are fresh in each run, and printed. LOCKSTEP_SEED=… plays the history of that seed and the ones after it;
// LOCKSTEP_HISTORIES=… says how many are played in all. A failure prints both, and the history as a text that a file of
// `test/scenario/staged` can hold.

import { describe, expect, it } from 'vitest';

import { checkHistories } from '../support/virtual/run-histories.ts';

const TIMEOUT_MS = 1_800_000;

describe('in every history of staged releases', { timeout: TIMEOUT_MS }, () => {
  it('nobody gets what is not theirs, nothing moves without a reason, and the fleet gets there', async () => {
    await expect(checkHistories({ number: 2, of: 2 })).resolves.toBeUndefined();
  });
});

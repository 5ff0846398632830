// Rollouts of a real fleet that a person stopped, replayed with the strategy that `lockstep init` writes; the bench
// `incidents` plays all of them with every fault. Here a few, of the kind that nobody should have to stop.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { FAULTS, incidentCase, INCIDENTS, offeredShare } from '../../bench/support/incidents.ts';
import { readStarterStrategy } from '../../bench/support/starter-release.ts';
import { playRelease } from '../../bench/support/virtual/play-release.ts';

/** A machine that does much else at the same time takes minutes. */
const TIMEOUT_MS = 300_000;

/** A fifth of the devices, or all of them. */
const BAD_FAULTS = FAULTS.filter(({ share }) => share >= 0.2);

/** The strategy promises that: no more than this share is offered a build that fails so often. */
const OFFERED_MAX = 0.05;

describe('with the strategy of a newcomer', { timeout: TIMEOUT_MS }, () => {
  it('a build that people stopped at half of the fleet halts by itself at the canary', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'lockstep-incidents-'));
    try {
      const strategy = await readStarterStrategy(join(folder, 'starter'));
      for (const [index, fault] of BAD_FAULTS.entries()) {
        const incident = INCIDENTS[index % INCIDENTS.length];
        if (incident === undefined) throw new Error('there are no incidents');
        const played = await playRelease(incidentCase(strategy, incident, fault, 0));
        expect(played).toMatchObject({ end: 'halted', step: 'canary' });
        expect(offeredShare(played)).toBeLessThanOrEqual(OFFERED_MAX);
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('a build without a fault goes through all its steps', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'lockstep-incidents-'));
    try {
      const strategy = await readStarterStrategy(join(folder, 'starter'));
      const [incident] = INCIDENTS;
      if (incident === undefined) throw new Error('there are no incidents');
      const healthy = incidentCase(strategy, incident, { share: 0, afterMs: 0 }, 0);
      const played = await playRelease({ ...healthy, devices: 600, seed: 7 });
      expect(played).toMatchObject({ end: 'finished' });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

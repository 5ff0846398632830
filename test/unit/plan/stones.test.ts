// Stepping stones in a plan: what is flashed next, and devices to which no path leads.

import { describe, expect, it } from 'vitest';

import {
  carried,
  desired,
  live,
  liveOf,
  namedDevice,
  planOne,
  remembered,
} from '../../support/plan-input.ts';

const firmware = [
  { version: 39 },
  { version: 40 },
  { version: 41 },
  { version: 42, requiresFrom: 41 },
];
const verified = firmware.map(({ version }) => remembered(version, { verifiedAt: 1 }));
const state = desired({ firmware, release: 42 });
const unlocked = [
  { version: 39, devices: 2 },
  { version: 40, devices: 3 },
  { version: 41, devices: 4 },
];

describe('a version that needs another one first', () => {
  it('is counted as what devices are flashed with next', () => {
    const seen = live({ devices: 9, unlocked, firmware: verified });
    const { plan } = planOne({ now: state, inForce: state, live: seen });
    expect(plan.impact.flashes).toEqual([
      { from: 39, to: 41, devices: 2 },
      { from: 40, to: 41, devices: 3 },
      { from: 41, to: 42, devices: 4 },
    ]);
    expect(plan.warnings.map(({ reason }) => reason)).toEqual([]);
  });

  it('names the devices to which no path leads, also those that it has not reached yet', () => {
    const memory = verified.map((each) =>
      each.version === 41 ? { ...each, verifiedAt: null } : each,
    );
    const early = desired({ firmware, release: 42, tracks: { '': { limit: 0, base: null } } });
    for (const inForce of [state, early]) {
      const seen = live({ devices: 9, unlocked, firmware: memory });
      const { plan } = planOne({ now: state, inForce, live: seen });
      expect(plan.warnings).toMatchObject([
        {
          reason: 'SteppingStoneNeeded',
          message:
            'Version 42 needs version 41 or newer first, and no verified version leads there for these devices: 2 on version 39, 3 on version 40.',
        },
      ]);
    }
  });

  it('is named for a device that is locked to it and too old', () => {
    const locked = desired({
      firmware,
      locks: { one: { version: 42, devices: ['d1', 'd2', 'd3'] } },
    });
    const seen = liveOf(
      [
        namedDevice('d3', { running: 39, lock: carried(42, 'one') }),
        namedDevice('d1', { running: 40, lock: carried(42, 'one') }),
        namedDevice('d2', { running: 41, lock: carried(42, 'one') }),
      ],
      { firmware: verified },
    );
    const { plan } = planOne({ now: locked, inForce: locked, live: seen });
    expect(plan.warnings).toMatchObject([
      { reason: 'SteppingStoneNeeded', place: { file: 'one.yaml' } },
      { reason: 'SteppingStoneNeeded', message: expect.stringContaining('Device d3 is locked') },
    ]);
    expect(plan.warnings[0]?.message).toContain('Device d1 is locked to version 42, runs 40');
    expect(plan.impact.flashes).toEqual([{ from: 41, to: 42, devices: 1 }]);
  });
});

// Staged releases as the reports meet them: under way, waiting for a person, halted. Plain data, built anew by each call.

import type { ReleasePlan, StepPlan } from '../../../controller/model/plan.ts';

/** A Wednesday, 12:00 UTC. */
export const RELEASE_NOW = Date.UTC(2026, 10, 25, 12);

const HOUR_MS = 3_600_000;

function step(name: string, exposure: number, change: Partial<StepPlan>): StepPlan {
  return {
    name,
    state: 'ahead',
    exposure,
    limit: exposure,
    devices: exposure * 100,
    flashes: [],
    approval: 'none',
    endsAt: null,
    ...change,
  };
}

/** Version 42 in its second of four steps, on the way to a million devices. */
export function sampleRelease(change: Partial<ReleasePlan> = {}): ReleasePlan {
  return {
    version: 42,
    group: null,
    manifest: 'Release/thermostat',
    base: 41,
    rollback: false,
    attempt: 1,
    step: 'tenth',
    exposure: 1_000,
    finishedAt: null,
    devices: 100_000,
    succeeded: 98,
    failed: 2,
    inFlight: 1_200,
    steps: [
      step('canary', 5, { state: 'done' }),
      step('tenth', 1_000, {
        state: 'current',
        flashes: [
          { version: null, devices: 4 },
          { version: 40, devices: 12 },
          { version: 41, devices: 98_686 },
        ],
        endsAt: RELEASE_NOW + 5 * HOUR_MS,
      }),
      step('half', 5_000, {
        flashes: [{ version: 41, devices: 399_986 }],
        endsAt: RELEASE_NOW + 29 * HOUR_MS,
      }),
      step('all', 10_000, {
        flashes: [{ version: 41, devices: 500_000 }],
        endsAt: RELEASE_NOW + 29 * HOUR_MS,
      }),
    ],
    waits: [
      { kind: 'successes', have: 98, need: 100 },
      { kind: 'soak', leftMs: 5 * HOUR_MS + 1 },
    ],
    expectedAt: RELEASE_NOW + 29 * HOUR_MS,
    firstDevices: ['e00f01', 'e00f02', 'e00f03'],
    ...change,
  };
}

/** The same release, waiting for a person before its third step. */
export function sampleWaitingRelease(): ReleasePlan {
  const { steps } = sampleRelease();
  return sampleRelease({
    steps: steps.map((each) =>
      each.state === 'ahead'
        ? { ...each, approval: each.name === 'half' ? 'needed' : 'none', endsAt: null }
        : each,
    ),
    waits: [{ kind: 'approval', step: 'half' }],
    expectedAt: null,
    firstDevices: null,
  });
}

/** The release of a group, halted by its failures. */
export function sampleHaltedRelease(): ReleasePlan {
  return sampleRelease({
    group: 'beta',
    manifest: 'Release/beta',
    step: 'canary',
    exposure: 100,
    devices: 240,
    succeeded: 95,
    failed: 5,
    inFlight: 0,
    steps: [
      step('canary', 100, { state: 'current', devices: 240 }),
      step('all', 10_000, { devices: 24_000, flashes: [{ version: 41, devices: 23_760 }] }),
    ],
    waits: [
      {
        kind: 'halted',
        message: '5 of 100 devices failed with version 42 (5%, and 2% is the limit).',
      },
    ],
    expectedAt: null,
    firstDevices: [],
  });
}

// How a plan says that its releases go on: steps with their devices and times, and what each release waits for.

import { describe, expect, it } from 'vitest';

import type { StrategySpec } from '../../../controller/model/desired.ts';
import type { LiveState } from '../../../controller/model/live.ts';
import type { ReleasePlan } from '../../../controller/model/plan.ts';
import { assert } from '../../../controller/base/assert.ts';
import { desired, HOUR_MS, MINUTE_MS, NOW, planOne } from '../../support/plan-input.ts';
import type { TrackWords } from '../../support/tracks.ts';
import { hundred, IN_CANARY, STAGED, WORDS } from '../../support/staged.ts';

const POLL_MS = 5 * MINUTE_MS;

function forecast(
  track: TrackWords,
  live: LiveState = hundred(),
  rollout: { strategy?: StrategySpec; approved?: readonly string[]; paused?: boolean } = {},
): ReleasePlan {
  const words = { ...WORDS, rollout: { ...WORDS.rollout, ...rollout } };
  const { plan } = planOne({
    now: desired(words),
    inForce: desired({ ...words, tracks: { '': { ...IN_CANARY, ...track } } }),
    live,
  });
  const [release] = plan.releases;
  assert(release !== undefined, 'there is a release');
  return release;
}

const endsOf = ({ steps }: ReleasePlan) =>
  steps.map(({ endsAt }) => (endsAt === null ? null : endsAt - NOW));

describe('a release in a plan', () => {
  it('says how far it is, and how its devices stand', () => {
    const seen = hundred({ running: 1, rounds: [{ round: 5, inFlight: 3, failed: 2 }] });
    const lenient = { ...STAGED, halt: { ...STAGED.halt, failureRate: 100 } };
    expect(forecast({}, seen, { strategy: lenient })).toMatchObject({
      version: 42,
      group: null,
      manifest: 'Release/thermostat',
      base: 41,
      rollback: false,
      attempt: 1,
      step: 'canary',
      exposure: 1_000,
      finishedAt: null,
      devices: 10,
      succeeded: 1,
      failed: 2,
      inFlight: 3,
      firstDevices: null,
    });
  });

  it('says of each step whom it adds', () => {
    const { steps } = forecast({}, hundred({ running: 4 }));
    expect(steps).toMatchObject([
      { name: 'canary', state: 'current', exposure: 1_000, limit: 1_000, devices: 10 },
      { name: 'half', state: 'ahead', exposure: 5_000, limit: 5_000, devices: 50 },
      { name: 'all', state: 'ahead', exposure: 10_000, limit: 10_000, devices: 100 },
    ]);
    expect(steps.map(({ flashes }) => flashes)).toEqual([
      [{ version: 41, devices: 6 }],
      [{ version: 41, devices: 40 }],
      [{ version: 41, devices: 50 }],
    ]);
  });

  it('says which steps are done, and of a step ahead what its devices make it reach', () => {
    const least = STAGED.steps.map((step) =>
      step.name === 'half' ? { ...step, minDevices: 60 } : step,
    );
    const early = forecast({}, hundred(), { strategy: { ...STAGED, steps: least } });
    expect(early.steps[1]).toMatchObject({ exposure: 5_000, limit: 5_901, devices: 60 });
    const later = forecast({ step: 'half', limit: 5_000 });
    expect(later.steps.map(({ state }) => state)).toEqual(['done', 'current', 'ahead']);
    const done = forecast({ step: 'all', limit: 10_000, finishedAt: 3 }, hundred());
    expect(done.steps.map(({ state }) => state)).toEqual(['done', 'done', 'done']);
    expect(done.expectedAt).toBeNull();
  });
});

describe('when a step ends at the earliest', () => {
  it('is its soak after a device had the time to poll, step after step', () => {
    expect(endsOf(forecast({}))).toEqual([
      POLL_MS + HOUR_MS,
      2 * POLL_MS + HOUR_MS,
      3 * POLL_MS + HOUR_MS,
    ]);
  });

  it('is what is left of a soak that has begun', () => {
    const soaking = { soakSince: 100 * HOUR_MS - 20 * MINUTE_MS };
    expect(endsOf(forecast(soaking, hundred({ running: 2 })))[0]).toBe(40 * MINUTE_MS);
  });

  it('is later where the rate allows few flashes', () => {
    const steps = STAGED.steps.map((step) => ({ ...step, successes: 10 }));
    const strategy = { ...STAGED, steps, rate: { flashes: 1, perMs: HOUR_MS } };
    expect(endsOf(forecast({}, hundred(), { strategy }))[0]).toBe(9 * HOUR_MS + POLL_MS);
  });

  it('is later where no window is open', () => {
    // `NOW` is noon of a Sunday.
    const windows = [{ days: ['Sun' as const], fromMinute: 780, toMinute: 840, timezone: 'UTC' }];
    const plan = forecast({}, hundred(), { strategy: { ...STAGED, windows } });
    expect(endsOf(plan)[0]).toBe(HOUR_MS + POLL_MS + HOUR_MS);
    expect(plan.waits).toContainEqual({ kind: 'window', opensAt: NOW + HOUR_MS });
  });

  it('is unknown from the first step on that a person has to approve', () => {
    const steps = STAGED.steps.map((step) => ({ ...step, approval: step.name === 'half' }));
    const strategy = { ...STAGED, steps };
    const needed = forecast({}, hundred(), { strategy });
    expect(needed.steps.map(({ approval }) => approval)).toEqual(['none', 'needed', 'none']);
    expect(endsOf(needed)).toEqual([POLL_MS + HOUR_MS, null, null]);
    expect(needed.expectedAt).toBeNull();
    const given = forecast({}, hundred(), { strategy, approved: ['half'] });
    expect(given.steps[1]?.approval).toBe('given');
    expect(given.expectedAt).toBe(NOW + 3 * POLL_MS + HOUR_MS);
  });

  it('is unknown while the release is held', () => {
    const paused = forecast({}, hundred(), { paused: true });
    expect(endsOf(paused)).toEqual([null, null, null]);
    expect(paused.waits).toEqual([{ kind: 'paused' }]);
    const halted = forecast({}, hundred({ running: 1, failed: 9 }));
    expect(halted.waits.map(({ kind }) => kind)).toEqual(['halted']);
    expect(halted.expectedAt).toBeNull();
    expect(forecast({}, hundred({ stopped: true })).expectedAt).toBeNull();
  });
});

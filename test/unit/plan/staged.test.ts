// Staged releases in a plan: how they start, move on, wait, hold and end, and what they count.

import { describe, expect, it } from 'vitest';

import { trackOf } from '../../../controller/model/rollout.ts';
import type { Desired } from '../../../controller/model/desired.ts';
import type { LiveState } from '../../../controller/model/live.ts';
import { bucketOf, offsetOf, positionOf } from '../../../controller/releases/circle.ts';
import {
  actionsOf,
  carried,
  desired,
  HOUR_MS,
  liveOf,
  namedDevice,
  NOW,
  planAll,
  planOne,
  PRODUCT,
  refusalsOf,
  remembered,
  warningsOf,
} from '../../support/plan-input.ts';
import { buildCensus } from '../../support/census.ts';
import { CANARY, halting, hundred, IN_CANARY, STAGED, WORDS } from '../../support/staged.ts';

const released41 = desired({ ...WORDS, release: 41 });
const now = desired(WORDS);
const inCanary = desired({ ...WORDS, tracks: { '': IN_CANARY } });
const placeOf = (device: string) => positionOf(bucketOf(device), offsetOf(PRODUCT, 42));
const stateOf = (next: Desired, group: string | null = null) =>
  next.rollout === undefined ? null : trackOf(next.rollout, group);

describe('a release that starts', () => {
  const { plan, next } = planOne({ now, inForce: released41, live: hundred() });

  it('starts with its first step, in a round of its own', () => {
    expect(plan.actions).toMatchObject([{ type: 'ReleaseFirmware', version: 42, exposure: 1_000 }]);
    expect(next.rollout?.rounds).toBe(2);
    expect(stateOf(next)).toMatchObject({
      base: 41,
      release: {
        version: 42,
        round: 2,
        step: 'canary',
        limit: 1_000,
        startedAt: NOW,
        baseBefore: 41,
      },
    });
  });

  it('flashes what is within the exposure, and nobody else', () => {
    expect(plan.impact.flashes).toEqual([{ from: 41, to: 42, devices: 10 }]);
  });

  it('is bound by maxAffected at the exposure that it starts with', () => {
    const asks = (maxAffected: number) =>
      refusalsOf(
        planOne({
          now,
          inForce: desired({ ...WORDS, release: 41, guardrails: { maxAffected } }),
          live: hundred(),
        }).plan,
      );
    expect(asks(10)).toEqual([]);
    expect(asks(9)).toEqual(['TooManyAffected']);
  });

  it('over an unfinished one starts from its own first step, and leaves devices on that alone', () => {
    const next43 = desired({ ...WORDS, release: 43 });
    const { plan: over, next: after } = planOne({
      now: next43,
      inForce: inCanary,
      live: hundred({ running: 10 }),
    });
    expect(actionsOf(over)).toEqual(['ReleaseFirmware 43 from 42 group -']);
    expect(stateOf(after)).toMatchObject({
      base: 41,
      rolledBack: [],
      release: { version: 43, step: 'canary', limit: 1_000, baseBefore: 41 },
    });
    expect(over.impact.flashes.every(({ to }) => to === 43)).toBe(true);
  });

  it('gives each of two releases a round', () => {
    const words = { ...WORDS, groups: { bench: ['d1'] }, groupReleases: { bench: 42 } };
    const { next: both } = planOne({
      now: desired(words),
      inForce: released41,
      live: hundred({ named: new Map([['d1', namedDevice('d1')]]) }),
    });
    const rounds = both.rollout?.tracks.map(({ release }) => release?.round);
    expect(new Set(rounds).size).toBe(2);
    expect(both.rollout?.rounds).toBe(3);
  });

  it('is there where nothing was known of how far the release in force is', () => {
    const { plan: found, next: after } = planOne({
      now,
      inForce: desired({ ...WORDS, tracks: null }),
      live: hundred(),
    });
    expect(actionsOf(found)).toEqual(['SetExposure 42 group - step canary 0 to 1000']);
    expect(stateOf(after)?.release).toMatchObject({ round: 1, limit: 1_000 });
  });
});

describe('a release under way', () => {
  it('does nothing while its step lasts', () => {
    const { plan, next } = planOne({ now, inForce: inCanary, live: hundred() });
    expect(actionsOf(plan)).toEqual([]);
    expect(stateOf(next)?.release).toMatchObject({ step: 'canary', soakSince: null });
  });

  it('notes its first success in listening time, and goes on after the soak', () => {
    const { next } = planOne({ now, inForce: inCanary, live: hundred({ running: 2 }) });
    expect(stateOf(next)?.release?.soakSince).toBe(100 * HOUR_MS);
    const after = (listened: number) =>
      actionsOf(planOne({ now, inForce: next, live: hundred({ running: 2, listened }) }).plan);
    expect(after(101 * HOUR_MS - 1)).toEqual([]);
    expect(after(101 * HOUR_MS)).toEqual(['SetExposure 42 group - step half 1000 to 5000']);
  });

  it('finishes with its last step, and is the base then', () => {
    const last = { ...IN_CANARY, step: 'all', limit: 10_000, soakSince: 0 };
    const { plan, next } = planOne({
      now,
      inForce: desired({ ...WORDS, tracks: { '': last } }),
      live: hundred({ running: 1 }),
    });
    expect(plan.newlyFinished).toEqual([42]);
    expect(actionsOf(plan)).toEqual([]);
    expect(stateOf(next)).toMatchObject({ base: 42, release: { finishedAt: NOW } });
  });

  it('waits for an approval, which is an edit and lets the step begin', () => {
    const steps = STAGED.steps.map((step) => ({ ...step, approval: step.name === 'half' }));
    const rollout = { strategy: { ...STAGED, steps } };
    const words = { ...WORDS, rollout };
    const soaked = desired({ ...words, tracks: { '': { ...IN_CANARY, soakSince: 0 } } });
    const seen = hundred({ running: 2 });
    const waits = planOne({ now: desired(words), inForce: soaked, live: seen }).plan;
    expect(actionsOf(waits)).toEqual([]);
    expect(waits.warnings).toMatchObject([
      {
        reason: 'ApprovalNeeded',
        message: 'Step half waits for approval: add 42/half to `approved`.',
      },
    ]);
    const approved = desired({ ...words, rollout: { ...rollout, approved: ['half'] } });
    const goes = planOne({ now: approved, inForce: soaked, live: seen }).plan;
    expect(actionsOf(goes)).toEqual([
      'SetExposure 42 group - edit canary 1000 to 1000',
      'SetExposure 42 group - step half 1000 to 5000',
    ]);
  });

  it('is paused and goes on by commits, and warns meanwhile', () => {
    const paused = { ...WORDS, rollout: { strategy: STAGED, paused: true } };
    const pause = planOne({ now: desired(paused), inForce: inCanary, live: hundred() }).plan;
    expect(actionsOf(pause)).toEqual(['SetExposure 42 group - pause canary 1000 to 1000']);
    expect(warningsOf(pause)).toEqual(['ReleasePaused']);
    expect(pause.impact.flashes).toEqual([]);
    const held = desired({ ...paused, tracks: { '': IN_CANARY } });
    expect(
      actionsOf(planOne({ now: desired(paused), inForce: held, live: hundred() }).plan),
    ).toEqual([]);
    const goes = planOne({ now, inForce: held, live: hundred() }).plan;
    expect(actionsOf(goes)).toEqual(['SetExposure 42 group - unpause canary 1000 to 1000']);
  });

  it('does not go on under the emergency stop, nor while its version is not verified', () => {
    const soaked = desired({ ...WORDS, tracks: { '': { ...IN_CANARY, soakSince: 0 } } });
    const seen = hundred({ running: 2 });
    const waitsOf = (live: typeof seen) => {
      const { plan } = planOne({ now, inForce: soaked, live });
      expect(actionsOf(plan)).toEqual([]);
      return plan.releases[0]?.waits[0];
    };
    expect(waitsOf({ ...seen, stopped: true })).toEqual({ kind: 'stopped' });
    const unverified = [
      remembered(41, { verifiedAt: 1 }),
      remembered(42, { withdrawnAt: 5 }),
      remembered(43),
    ];
    expect(waitsOf({ ...seen, firmware: unverified })).toEqual({
      kind: 'firmware',
      reason: 'ReleaseUnverified',
    });
  });
});

describe('a release whose devices fail', () => {
  const words = { ...WORDS, rollout: { strategy: halting({ failureRate: 20 }) } };
  const inForce = desired({ ...words, tracks: { '': IN_CANARY } });
  const bad = hundred({ running: 4, failed: 6 });

  it('halts, which is refused until a commit says how to go on', () => {
    const { plan, next } = planOne({ now: desired(words), inForce, live: bad });
    expect(actionsOf(plan)).toEqual(['SetExposure 42 group - hold canary 1000 to 1000']);
    expect(plan.refusals).toMatchObject([
      { reason: 'ReleaseHalted', lifts: 'commit', manifest: 'Release/thermostat' },
    ]);
    expect(plan.refusals[0]?.message).toContain('6 of 10 devices failed');
    expect(plan.refusals[0]?.remedy).toContain('`attempt: 2`');
    expect(plan.impact.flashes).toEqual([]);
    const again = planOne({ now: desired(words), inForce: next, live: bad }).plan;
    expect(actionsOf(again)).toEqual([]);
    expect(refusalsOf(again)).toEqual(['ReleaseHalted']);
  });

  it('counts the failures of its own round alone', () => {
    const other = hundred({ running: 4, failed: 6, round: 4 });
    expect(actionsOf(planOne({ now: desired(words), inForce, live: other }).plan)).toEqual([]);
  });

  it('halts under the emergency stop, and once it has finished', () => {
    const stopped = planOne({ now: desired(words), inForce, live: { ...bad, stopped: true } });
    expect(actionsOf(stopped.plan)).toHaveLength(1);
    const done = desired({ ...words, tracks: { '': { round: 5 } } });
    const finished = planOne({ now: desired(words), inForce: done, live: bad });
    expect(actionsOf(finished.plan)).toEqual(['SetExposure 42 group - hold all 10000 to 10000']);
  });

  it('goes on with a higher attempt, in a new round', () => {
    const { next } = planOne({ now: desired(words), inForce, live: bad });
    const resumed = desired({ ...words, rollout: { ...words.rollout, attempt: 2 } });
    const { plan, next: after } = planOne({ now: resumed, inForce: next, live: bad });
    expect(actionsOf(plan)).toEqual(['SetExposure 42 group - resume canary 1000 to 1000']);
    expect(refusalsOf(plan)).toEqual([]);
    expect(after.rollout?.rounds).toBe(6);
    expect(stateOf(after)?.release).toMatchObject({ round: 6, attempt: 2, halt: null });
  });
});

describe('the devices of a release', () => {
  const one = { ...STAGED, steps: STAGED.steps.slice(2) };
  const words = { ...WORDS, rollout: { strategy: one }, groups: { few: ['d1', 'd2'] } };
  const under = { ...IN_CANARY, step: 'all', limit: 10_000 };
  const covered = (
    more: object,
    devices: readonly ReturnType<typeof namedDevice>[],
    tracks = {},
  ) => {
    const state = desired({ ...words, ...more, tracks: { '': under, ...tracks } });
    const { plan } = planOne({
      now: state,
      inForce: state,
      live: liveOf(devices, { firmware: hundred().firmware, listened: 5 }),
    });
    return plan.releases.map(({ group, devices: count }) => `${group ?? '-'} ${count}`);
  };

  it('are not those that are locked, nor those in quarantine', () => {
    const locks = { one: { version: 41, devices: ['d2'] } };
    const devices = [
      namedDevice('d1'),
      namedDevice('d2', { lock: carried(41, 'one') }),
      namedDevice('d3', { standing: 'quarantined' }),
    ];
    expect(covered({ locks }, devices)).toEqual(['- 1']);
  });

  it('are not those of a group’s release, unless that leaves them to it', () => {
    const devices = [namedDevice('d1'), namedDevice('d2'), namedDevice('d3')];
    const groupReleases = { few: 42 };
    expect(covered({ groupReleases }, devices)).toEqual(['- 1', 'few 2']);
    const few = { base: null, limit: 0, step: null, finishedAt: null };
    const paused = { steps: one.steps.map((step) => ({ ...step, approval: true })) };
    const waits = { strategy: { ...one, ...paused } };
    expect(covered({ groupReleases, rollout: waits }, devices, { few })).toEqual(['- 3', 'few 0']);
    // All of the group is the group’s, also where its steps have not reached it yet.
    const state = desired({
      ...words,
      groupReleases,
      rollout: waits,
      tracks: { '': under, few },
    });
    const live = liveOf(devices, { firmware: hundred().firmware, listened: 5 });
    const { plan } = planOne({ now: state, inForce: state, live });
    expect(plan.releases[1]?.steps.map((step) => step.devices)).toEqual([2]);
  });

  it('are those below the limit, to the bucket, named or not', () => {
    const position = positionOf(bucketOf('d1'), offsetOf(PRODUCT, 42));
    const reached = (limit: number, live: LiveState) => {
      const tracks = { '': { ...under, step: 'all', limit } };
      const state = desired({
        ...words,
        tracks,
        rollout: { strategy: { ...one, steps: patient } },
      });
      return planOne({ now: state, inForce: state, live }).plan.releases[0]?.devices;
    };
    const patient = [{ ...CANARY, name: 'all', exposure: 1 }, ...one.steps];
    const named = liveOf([namedDevice('d1')], { firmware: hundred().firmware });
    const nameless = { ...named, named: new Map() };
    for (const live of [named, nameless]) {
      expect(reached(position, live)).toBe(0);
      expect(reached(position + 1, live)).toBe(1);
    }
  });

  it('that are dormant are not waited for', () => {
    const entries = Array.from({ length: 9 }, (_, index) => ({
      version: index === 0 ? 42 : 41,
      bucket: (index + offsetOf(PRODUCT, 42)) % 10_000,
      traits: {},
      dormant: index > 0,
    }));
    const soaked = desired({ ...WORDS, tracks: { '': { ...IN_CANARY, soakSince: 0 } } });
    const plan = (dormant: boolean) =>
      planOne({
        now,
        inForce: soaked,
        live: hundred({
          census: buildCensus(
            entries.map((each) => ({ ...each, dormant: each.dormant && dormant })),
          ),
        }),
      }).plan;
    expect(actionsOf(plan(true))).toEqual(['SetExposure 42 group - step half 1000 to 5000']);
    expect(actionsOf(plan(false))).toEqual([]);
  });
});

describe('what a group’s release leaves to the product’s in the same look', () => {
  const byPosition = ['d1', 'd2', 'd3', 'd4'].sort((one, other) => placeOf(one) - placeOf(other));
  const [first, second, third, fourth] = byPosition as [string, string, string, string];
  const devices = [
    namedDevice(first, { running: 42 }),
    namedDevice(second, { running: 43 }),
    namedDevice(third),
    namedDevice(fourth),
  ];
  const rolledBackAt = 7;
  const failing = liveOf(devices, {
    firmware: hundred().firmware,
    listened: 100 * HOUR_MS,
    rounds: [{ round: rolledBackAt, inFlight: 0, failed: 1 }],
  });
  const canary = { ...CANARY, exposure: 1, minDevices: 2, soakMs: HOUR_MS, successes: 2 };
  const strategy = {
    ...halting({ failureRate: 2, minAttempts: 1, action: 'rollback' }),
    steps: [canary, ...STAGED.steps.slice(1)],
  };
  const words = {
    ...WORDS,
    groups: { few: [first, second] },
    groupReleases: { few: 43 },
    rollout: { strategy },
  };
  const few = { base: null, round: rolledBackAt, step: 'all', limit: 10_000, finishedAt: null };
  const counted = (inForce: Desired): Desired => ({
    ...inForce,
    rollout: { rounds: 7, tracks: [], ...inForce.rollout, growth: { devices: 4, since: 0 } },
  });

  it('is counted for the step that begins: for its exposure, and as no success of it', () => {
    const { plan, next } = planOne({
      now: desired(words),
      inForce: counted(desired({ ...words, release: 41, tracks: { few } })),
      live: failing,
    });
    expect(stateOf(next, 'few')?.release).toMatchObject({ limit: 0, halt: { action: 'rollback' } });
    const limit = placeOf(second) + 1;
    expect(stateOf(next)?.release).toMatchObject({ step: 'canary', limit, runningBefore: 1 });
    expect(plan.actions).toContainEqual(
      expect.objectContaining({ type: 'ReleaseFirmware', version: 42, exposure: limit }),
    );
    const again = planOne({ now: desired(words), inForce: next, live: failing });
    expect(stateOf(again.next)?.release).toMatchObject({ soakSince: null });
  });

  it('is counted for the step of a release under way', () => {
    const begins = { ...IN_CANARY, step: null, limit: 0 };
    const { next } = planOne({
      now: desired(words),
      inForce: counted(desired({ ...words, tracks: { '': begins, few } })),
      live: failing,
    });
    const limit = placeOf(second) + 1;
    expect(stateOf(next)?.release).toMatchObject({ step: 'canary', limit, runningBefore: 1 });
  });

  it('is counted where nothing but failures may move them', () => {
    const under = { ...IN_CANARY, step: 'all', limit: 10_000, runningBefore: 0 };
    const inForce = desired({ ...words, tracks: { '': under, few } });
    const { plan } = planAll({
      now: desired(words),
      inForce,
      live: {
        ...failing,
        rounds: [...failing.rounds, { round: under.round, inFlight: 0, failed: 1 }],
      },
      snapshot: { frozen: [PRODUCT] },
    });
    expect(plan.products[0]?.actions.map((each) => 'message' in each && each.message)).toEqual([
      '1 of 2 devices failed with version 43 (50%, and 2% is the limit).',
      '1 of 2 devices failed with version 42 (50%, and 2% is the limit).',
    ]);
  });
});

describe('the release of a group that is removed', () => {
  const words = { ...WORDS, groups: { few: ['d1'] } };
  const before = desired({
    ...words,
    groupReleases: { few: 43 },
    tracks: { few: { base: 41, rolledBack: [40] } },
  });

  it('forgets its base; the product’s keeps its own, and takes over what was rolled back', () => {
    const { next } = planOne({ now: desired(words), inForce: before, live: hundred() });
    expect(next.rollout?.tracks.map(({ group }) => group)).toEqual([null]);
    const gone = desired({ firmware: WORDS.firmware, groups: { few: ['d1'] } });
    const { next: none } = planOne({ now: gone, inForce: before, live: hundred() });
    expect(none.rollout?.tracks).toEqual([
      { group: null, base: 42, rolledBack: [40], release: null },
    ]);
  });
});

// The two ways back: by git, to everyone at once; and by a halt, to the base from before.

import { describe, expect, it } from 'vitest';

import { trackOf } from '../../../controller/model/rollout.ts';
import type { Desired } from '../../../controller/model/desired.ts';
import {
  actionsOf,
  desired,
  liveOf,
  namedDevice,
  planOne,
  refusalsOf,
  remembered,
} from '../../support/plan-input.ts';
import { halting, hundred, IN_CANARY, STAGED, WORDS } from '../../support/staged.ts';

const back = desired({ ...WORDS, release: 41 });
const stateOf = (next: Desired, group: string | null = null) =>
  next.rollout === undefined ? null : trackOf(next.rollout, group);

describe('a rollback by git', () => {
  const inForce = desired({
    ...WORDS,
    tracks: { '': { ...IN_CANARY, step: 'half', limit: 5_000 } },
  });
  const live = hundred({ running: 50 });

  it('goes to everyone at once, without steps', () => {
    const { plan, next } = planOne({ now: back, inForce, live });
    expect(plan.actions).toMatchObject([
      { type: 'ReleaseFirmware', version: 41, rollback: true, exposure: 10_000 },
    ]);
    expect(plan.impact.flashes).toEqual([{ from: 42, to: 41, devices: 50 }]);
    expect(stateOf(next)).toMatchObject({
      base: 41,
      rolledBack: [42],
      release: { rollback: true, limit: 10_000, step: 'all' },
    });
  });

  it('asks for no approval, and does not wait for its windows', () => {
    const approval = STAGED.steps.map((step) => ({ ...step, approval: true }));
    const windows = [{ days: ['Mon' as const], fromMinute: 0, toMinute: 60, timezone: 'UTC' }];
    const strategy = { ...STAGED, steps: approval, windows };
    const now = desired({ ...WORDS, release: 41, rollout: { strategy } });
    const { plan } = planOne({ now, inForce, live });
    expect(plan.impact.flashes).toHaveLength(1);
    expect(plan.releases[0]?.waits.map(({ kind }) => kind)).not.toContain('window');
  });

  it('goes through the steps where the strategy says so', () => {
    const strategy = { ...STAGED, onRollback: 'staged' as const };
    const now = desired({ ...WORDS, release: 41, rollout: { strategy } });
    const { plan, next } = planOne({ now, inForce, live });
    expect(plan.actions).toMatchObject([{ rollback: true, exposure: 1_000 }]);
    expect(stateOf(next)).toMatchObject({ rolledBack: [], release: { rollback: false } });
  });

  it('is none to an older version that never finished, where others would get it too', () => {
    const seen = hundred({ running: 50, others: 40 });
    const never = {
      ...seen,
      firmware: seen.firmware.map((each) => ({ ...each, finishedAt: null })),
    };
    const { plan } = planOne({ now: back, inForce, live: never });
    expect(plan.actions).toMatchObject([{ rollback: false, exposure: 1_000 }]);
  });

  it('is one to a version that never finished, where it takes back what is newer and nothing else', () => {
    const never = {
      ...live,
      firmware: live.firmware.map((each) => ({ ...each, finishedAt: null })),
    };
    const { plan } = planOne({ now: back, inForce, live: never });
    expect(plan.actions).toMatchObject([{ rollback: true, exposure: 10_000 }]);
    expect(plan.impact.flashes).toEqual([{ from: 42, to: 41, devices: 50 }]);
  });

  it('is none where it would reach a device that two groups disagreed on', () => {
    const words = { ...WORDS, groups: { few: ['d1', 'd2', 'd3'], many: ['d3'] } };
    const groupReleases = (few: number) => ({ few, many: 41 });
    const start = (third: number) =>
      planOne({
        now: desired({ ...words, groupReleases: groupReleases(41) }),
        inForce: desired({ ...words, groupReleases: groupReleases(42) }),
        live: liveOf(
          [
            namedDevice('d1', { running: 42 }),
            namedDevice('d2', { running: 41 }),
            namedDevice('d3', { running: third }),
          ],
          {
            firmware: [40, 41, 42].map((version) =>
              remembered(version, { verifiedAt: 1, finishedAt: null }),
            ),
          },
        ),
      });
    const ofFew = (third: number) => stateOf(start(third).next, 'few')?.release;
    expect(ofFew(41)).toMatchObject({ version: 41, rollback: true });
    expect(ofFew(40)).toMatchObject({ version: 41, rollback: false });
  });

  it('is none to a version that was taken back itself', () => {
    const state = { ...IN_CANARY, step: 'half', limit: 5_000, rolledBack: [41] };
    const { plan } = planOne({
      now: back,
      inForce: desired({ ...WORDS, tracks: { '': state } }),
      live,
    });
    expect(plan.actions).toMatchObject([{ rollback: false, exposure: 1_000 }]);
  });

  it('takes back what is newer also where the older version goes on through its steps', () => {
    const seen = hundred({ running: 50, others: 40 });
    const never = {
      ...seen,
      firmware: seen.firmware.map((each) => ({ ...each, finishedAt: null })),
    };
    expect(stateOf(planOne({ now: back, inForce, live: never }).next)?.rolledBack).toEqual([42]);
  });

  it('only holds where it fails itself', () => {
    const strategy = halting({ action: 'rollback', minAttempts: 1 });
    const words = { ...WORDS, release: 41, rollout: { strategy } };
    const state = { base: 41, rollback: true, finishedAt: null, step: 'all', round: 5 };
    const { plan, next } = planOne({
      now: desired(words),
      inForce: desired({ ...words, tracks: { '': state } }),
      live: hundred({ failed: 90 }),
    });
    expect(actionsOf(plan)).toEqual(['SetExposure 41 group - hold all 10000 to 10000']);
    expect(stateOf(next)).toMatchObject({ base: 41, rolledBack: [] });
  });

  it('is, for a group without a release of its own, one below the product’s', () => {
    const words = { ...WORDS, groups: { few: ['d1'] } };
    const start = (few: number) =>
      planOne({
        now: desired({ ...words, groupReleases: { few } }),
        inForce: desired(words),
        live: liveOf([namedDevice('d1', { running: 42 })], {
          firmware: [41, 42, 43].map((version) =>
            remembered(version, { verifiedAt: 1, finishedAt: 2 }),
          ),
        }),
      }).plan;
    expect(actionsOf(start(41))).toEqual(['ReleaseFirmware 41 from - group few rollback']);
    expect(actionsOf(start(43))).toEqual(['ReleaseFirmware 43 from - group few']);
  });
});

describe('a rollback by a halt', () => {
  it('is only a hold where few failed of a release that had finished', () => {
    const strategy = halting({ action: 'rollback', minAttempts: 5 });
    const finish = { finishedAt: 3, limit: 10_000, base: 42, baseBefore: 41 };
    const planFailed = (failed: number) =>
      planOne({
        now: desired({ ...WORDS, rollout: { strategy } }),
        inForce: desired({
          ...WORDS,
          rollout: { strategy },
          tracks: { '': { ...IN_CANARY, ...finish } },
        }),
        live: hundred({ running: 8, failed }),
      }).plan.actions;
    expect(planFailed(4)).toMatchObject([{ cause: 'hold' }]);
    expect(planFailed(5)).toMatchObject([{ cause: 'rollback' }]);
  });

  const words = {
    ...WORDS,
    rollout: { strategy: halting({ failureRate: 20, action: 'rollback' }) },
  };
  const inForce = desired({ ...words, tracks: { '': IN_CANARY } });
  const bad = hundred({ running: 4, failed: 6 });
  const { plan, next } = planOne({ now: desired(words), inForce, live: bad });

  it('reaches nobody any more, and brings back those that run the version', () => {
    expect(actionsOf(plan)).toEqual(['SetExposure 42 group - rollback canary 1000 to 0']);
    expect(refusalsOf(plan)).toEqual(['ReleaseHalted']);
    expect(plan.refusals[0]?.message).toContain('was rolled back to version 41 by itself');
    expect(plan.impact.flashes).toEqual([{ from: 42, to: 41, devices: 4 }]);
    expect(stateOf(next)).toMatchObject({ base: 41, rolledBack: [42], release: { limit: 0 } });
  });

  it('returns to the base from before, also where the release had finished', () => {
    const finished = desired({ ...words, tracks: { '': { base: 42, baseBefore: 41, round: 5 } } });
    const after = planOne({ now: desired(words), inForce: finished, live: bad });
    expect(stateOf(after.next)).toMatchObject({ base: 41, release: { finishedAt: null } });
    expect(after.plan.impact.flashes).toEqual([{ from: 42, to: 41, devices: 4 }]);
  });

  it('starts over with a higher attempt', () => {
    const again = desired({ ...words, rollout: { ...words.rollout, attempt: 2 } });
    const resumed = planOne({ now: again, inForce: next, live: bad });
    expect(actionsOf(resumed.plan)).toEqual(['SetExposure 42 group - resume - 0 to 0']);
    expect(stateOf(resumed.next)).toMatchObject({
      rolledBack: [],
      release: { step: null, round: 6 },
    });
    const first = planOne({ now: again, inForce: resumed.next, live: bad });
    expect(actionsOf(first.plan)).toEqual(['SetExposure 42 group - step canary 0 to 1000']);
  });

  it('keeps the firmware of the base, though its manifest is gone, and no longer than that', () => {
    const without41 = { ...words, firmware: WORDS.firmware.slice(1) };
    const live = hundred({ running: 100 });
    const under = planOne({ now: desired(without41), inForce, live }).plan;
    expect(under.warnings).toMatchObject([{ reason: 'FirmwareRetiring' }]);
    const rolled = desired({ ...words, tracks: { '': { rollback: true, baseBefore: 41 } } });
    const done = planOne({ now: desired(without41), inForce: rolled, live }).plan;
    expect(actionsOf(done)).toEqual(['RetireFirmware 41']);
  });
});

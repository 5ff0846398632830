// How a release moves on: its start, its steps with their exposures, soaks and successes, and its end.

import { describe, expect, it } from 'vitest';

import { DIRECT_STRATEGY } from '../../../controller/model/desired.ts';
import type { Track } from '../../../controller/model/rollout.ts';
import { limitOf, startRelease, successesNeeded } from '../../../controller/releases/advance.ts';
import {
  advance,
  ALL,
  CANARY,
  causes,
  counts,
  HALF,
  HUNDRED,
  IN_CANARY,
  kinds,
  MOMENT,
  spec,
  started,
  TRACK,
} from '../../support/advance.ts';
import { HOUR_MS } from '../../support/plan-input.ts';

describe('the start of a release', () => {
  it('has reached nobody, and remembers the base from before it', () => {
    const before: Track = {
      ...TRACK,
      rolledBack: [40, 42],
      release: { ...started(), version: 41 },
    };
    const track = startRelease(before, spec({ attempt: 3 }), { rollback: false, round: 9, at: 5 });
    expect(track).toMatchObject({ base: 41, rolledBack: [40] });
    expect(track.release).toEqual({
      version: 42,
      round: 9,
      attempt: 3,
      rollback: false,
      step: null,
      limit: 0,
      stepAt: null,
      runningBefore: 0,
      soakSince: null,
      startedAt: 5,
      finishedAt: null,
      halt: null,
      baseBefore: 41,
    });
  });

  it('takes back what it replaces where it is a rollback at once, and not through the steps', () => {
    const before: Track = { ...TRACK, release: { ...started(), version: 43 } };
    const options = { rollback: true, round: 9, at: 5 };
    const direct = startRelease(before, spec(), options);
    expect(direct).toMatchObject({ rolledBack: [43], release: { rollback: true } });
    const staged = startRelease(before, spec({}, { onRollback: 'staged' }), options);
    expect(staged).toMatchObject({ rolledBack: [], release: { rollback: false } });
  });
});

describe('the exposure of a step', () => {
  it.each([
    ['its own', { exposure: 1_000, minDevices: 1 }, 0, [5], 1_000],
    ['what holds its devices', { exposure: 1_000, minDevices: 2 }, 0, [5, 3_999, 6_000], 4_000],
    ['all there are', { exposure: 1_000, minDevices: 9 }, 0, [5, 3_999, 6_000], 6_001],
    ['what was reached', { exposure: 1_000, minDevices: 1 }, 7_000, [5], 7_000],
    ['its own, with no least number', { exposure: 1_000, minDevices: 0 }, 0, [8_000], 1_000],
  ])('is %s', (_, step, reached, at, limit) => {
    expect(limitOf({ ...CANARY, ...step }, reached, counts({ at }))).toBe(limit);
  });

  it('counts when the step begins, and not later', () => {
    const begun = advance({}, { at: [3_999] });
    expect(begun.state).toMatchObject({ step: 'canary', limit: 4_000, stepAt: MOMENT.at });
    const later = advance({ ...begun.state }, { at: [10, 3_999] });
    expect(later.state.limit).toBe(4_000);
  });

  it('is no step at all while the release covers no device, unless the step is for all', () => {
    const none = advance({}, {});
    expect(none.state).toMatchObject({ step: null, limit: 0 });
    expect(kinds(none)).toEqual(['devices']);
    expect(none.moves).toEqual([]);
    const all = advance({}, {}, { spec: spec({}, { steps: [ALL] }) });
    expect(all.state).toMatchObject({ step: 'all', limit: 10_000 });
    expect(kinds(all)).toEqual(['devices']);
  });

  it('is told as a move, with its devices and its soak', () => {
    const { moves } = advance({}, { at: HUNDRED });
    expect(moves).toEqual([
      {
        cause: 'step',
        from: 0,
        limit: 1_000,
        step: 'canary',
        message: 'Step canary begins: exposure 10% (10 devices, soak 1h).',
      },
    ]);
  });
});

describe('a soak', () => {
  const tolerant = { spec: spec({}, { halt: { ...DIRECT_STRATEGY.halt, failureRate: 100 } }) };

  it('begins with the first success of the step, in listening time', () => {
    expect(advance(IN_CANARY, { at: HUNDRED }).state.soakSince).toBeNull();
    expect(advance(IN_CANARY, { at: HUNDRED, running: 1 }).state.soakSince).toBe(MOMENT.listened);
  });

  it('does not begin with devices that ran the version before', () => {
    const before = { ...IN_CANARY, runningBefore: 1 };
    expect(advance(before, { at: HUNDRED, running: 1 }).state.soakSince).toBeNull();
    expect(advance(before, { at: HUNDRED, running: 2 }).state.soakSince).toBe(MOMENT.listened);
  });

  it('begins at once where the step has nobody left to flash', () => {
    const before = { ...IN_CANARY, runningBefore: 2 };
    const fleet = { at: [1, 2, 3], running: 2 };
    expect(advance(before, { ...fleet, dormant: [3] }).state.soakSince).toBe(MOMENT.listened);
    expect(advance(before, { ...fleet, failed: 1 }, tolerant).state.soakSince).toBe(
      MOMENT.listened,
    );
    expect(advance(before, { ...fleet, stuck: [3] }).state.soakSince).toBe(MOMENT.listened);
    expect(advance(before, fleet).state.soakSince).toBeNull();
  });

  it('is not begun anew by further successes', () => {
    const soaking = { ...IN_CANARY, soakSince: 5 };
    expect(advance(soaking, { at: HUNDRED, running: 1 }).state.soakSince).toBe(5);
  });

  it('ends when it has lasted, to the millisecond', () => {
    const soaking = (ms: number) => ({ ...IN_CANARY, soakSince: MOMENT.listened - ms });
    const early = advance(soaking(HOUR_MS - 1), { at: HUNDRED, running: 10 });
    expect(early.waits).toEqual([{ kind: 'soak', leftMs: 1 }]);
    expect(early.state.step).toBe('canary');
    expect(advance(soaking(HOUR_MS), { at: HUNDRED, running: 10 }).state.step).toBe('half');
  });

  it('begins anew with each step, and remembers who ran the version by then', () => {
    const { state } = advance({ ...IN_CANARY, soakSince: 0 }, { at: HUNDRED, running: 10 });
    expect(state).toMatchObject({ step: 'half', soakSince: null, runningBefore: 10 });
  });
});

describe('the successes of a step', () => {
  it.each([
    ['are as many as it asks for', 5, 9, 0, 5],
    ['are no more than its devices that are awake', 5, 3, 0, 3],
    ['are no more than its devices that have not failed', 9, 9, 2, 7],
    ['are at least one', 0, 9, 0, 1],
    ['are one where nobody is awake', 5, 0, 0, 1],
  ])('%s', (_, successes, awake, failed, need) => {
    expect(
      successesNeeded(
        { ...CANARY, successes },
        { devices: 9, awake, running: 0, flashable: awake },
        failed,
      ),
    ).toBe(need);
  });

  it('are waited for, however long the soak lasts', () => {
    const soaked = { ...IN_CANARY, soakSince: 0 };
    const one = advance(soaked, { at: HUNDRED, running: 1 });
    expect(one.waits).toEqual([{ kind: 'successes', have: 1, need: 2 }]);
    expect(advance(soaked, { at: HUNDRED, running: 2 }).state.step).toBe('half');
  });

  it('are not asked of dormant devices', () => {
    const fleet = { at: [1, 2, 3], dormant: [2, 3], running: 1 };
    expect(advance({ ...IN_CANARY, soakSince: 0 }, fleet).state.step).toBe('half');
  });

  it('are those inside the exposure alone', () => {
    const fleet = { at: [3_000, 4_000, 5_000], running: 3 };
    expect(kinds(advance({ ...IN_CANARY, soakSince: 0 }, fleet))).toEqual(['devices']);
  });
});

describe('a step', () => {
  it('does not end while the failure rate is above the limit, though too few failed for a halt', () => {
    const strict = spec({}, { halt: { failureRate: 10, minAttempts: 20, action: 'hold' } });
    const soaked = { ...IN_CANARY, soakSince: 0, limit: 2_000 };
    const fleet = { at: HUNDRED, running: 5, failed: 1 };
    const stays = advance(soaked, fleet, { spec: strict });
    expect(stays.waits).toEqual([{ kind: 'failureRate', failed: 1, succeeded: 5 }]);
    expect(stays.state).toMatchObject({ step: 'canary', halt: null });
    const inside = advance(soaked, { ...fleet, running: 9 }, { spec: strict });
    expect(inside.state.step).toBe('half');
  });

  it('is followed by one step at a time, however good it looks', () => {
    const result = advance({ ...IN_CANARY, soakSince: 0 }, { at: HUNDRED, running: 100 });
    expect(result.state).toMatchObject({ step: 'half', limit: 5_000 });
    expect(causes(result)).toEqual(['step']);
  });

  it('waits for its approval before it begins, whatever else is approved', () => {
    const steps = [CANARY, { ...HALF, approval: true }, ALL];
    const soaked = { ...IN_CANARY, soakSince: 0 };
    const fleet = { at: HUNDRED, running: 2 };
    const waits = advance(soaked, fleet, { spec: spec({ approved: ['all'] }, { steps }) });
    expect(waits.waits).toEqual([{ kind: 'approval', step: 'half' }]);
    expect(waits.state.step).toBe('canary');
    const goes = advance(soaked, fleet, { spec: spec({ approved: ['half'] }, { steps }) });
    expect(goes.state.step).toBe('half');
  });

  it('begins in a closed window too: only flashes wait for it', () => {
    const windows = [{ days: ['Mon'] as const, fromMinute: 0, toMinute: 60, timezone: 'UTC' }];
    const result = advance({}, { at: HUNDRED }, { spec: spec({}, { windows }) });
    expect(result.state.step).toBe('canary');
    expect(kinds(result)).toContain('window');
  });
});

describe('the end of a release', () => {
  const last = { step: 'all', limit: 10_000, stepAt: 1, soakSince: 0 };

  it('is the end of its last step, and makes the version the base', () => {
    const result = advance(last, { at: HUNDRED, running: 1 });
    expect(result.state.finishedAt).toBe(MOMENT.at);
    expect(result.track.base).toBe(42);
    expect(result.state.baseBefore).toBe(41);
    expect(causes(result)).toEqual(['finished']);
    expect(result.waits).toEqual([]);
  });

  it('is not there before, nor twice', () => {
    expect(advance(last, { at: HUNDRED }).state.finishedAt).toBeNull();
    const again = advance({ ...last, finishedAt: 3 }, { at: HUNDRED, running: 1 });
    expect(again.state.finishedAt).toBe(3);
    expect(again.moves).toEqual([]);
  });

  it('comes with the first success where no strategy is stated', () => {
    const direct = spec({}, DIRECT_STRATEGY);
    const begun = advance({}, { at: HUNDRED }, { spec: direct });
    expect(begun.state).toMatchObject({ step: 'all', limit: 10_000 });
    const ended = advance(begun.state, { at: HUNDRED, running: 1 }, { spec: direct });
    expect(ended.state.finishedAt).toBe(MOMENT.at);
  });
});

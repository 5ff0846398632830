// What stops a release, what lets it go on, and what an edit does to one that is under way.

import { describe, expect, it } from 'vitest';

import type { StepSpec } from '../../../controller/model/desired.ts';
import { currentStep, nextStep } from '../../../controller/releases/advance.ts';
import {
  advance,
  ALL,
  CANARY,
  causes,
  HALF,
  HUNDRED,
  IN_CANARY,
  MOMENT,
  spec,
  started,
  STEPS,
  TRACK,
} from '../../support/advance.ts';

describe('a halt', () => {
  const strategy = (failureRate: number, minAttempts: number, action: 'hold' | 'rollback') =>
    spec({}, { halt: { failureRate, minAttempts, action } });

  it.each([
    // failed, running, devices inside, minAttempts, failureRate
    ['needs a failure', 0, 0, 10, 1, 0, false],
    ['comes above the limit', 1, 9, 100, 5, 9, true],
    ['does not come at the limit', 1, 9, 100, 5, 10, false],
    ['does not come before enough devices were tried', 1, 3, 100, 5, 2, false],
    ['comes once enough were', 1, 4, 100, 5, 2, true],
    ['asks for no more attempts than the step has devices', 1, 1, 2, 5, 2, true],
    ['does not come while some of a small step were not tried', 1, 0, 2, 5, 2, false],
    ['never comes with a limit of all', 5, 0, 10, 1, 100, false],
  ])('%s', (_, failed, running, devices, minAttempts, failureRate, halts) => {
    const at = Array.from({ length: devices }, (_each, index) => index);
    const result = advance(
      IN_CANARY,
      { at, running, failed },
      { spec: strategy(failureRate, minAttempts, 'hold') },
    );
    expect(result.state.halt !== null).toBe(halts);
  });

  const bad = { at: HUNDRED, running: 4, failed: 6 };

  it('with hold keeps the exposure and the base, and says how many failed', () => {
    const result = advance(IN_CANARY, bad, { spec: strategy(20, 5, 'hold') });
    expect(result.state).toMatchObject({
      limit: 1_000,
      step: 'canary',
      halt: { action: 'hold', at: MOMENT.at, failed: 6, succeeded: 4 },
    });
    expect(result.track).toMatchObject({ base: 41, rolledBack: [] });
    expect(causes(result)).toEqual(['hold']);
    expect(result.state.halt?.message).toBe(
      '6 of 10 devices failed with version 42 (60%, and 20% is the limit).',
    );
    expect(result.waits).toEqual([{ kind: 'halted', message: result.state.halt?.message }]);
  });

  it('with rollback reaches nobody, marks the version and returns to the base from before', () => {
    const track = { ...TRACK, base: 42, rolledBack: [43, 40] };
    const state = { ...IN_CANARY, finishedAt: 5 };
    const result = advance(state, bad, { track, spec: strategy(20, 5, 'rollback') });
    expect(result.state).toMatchObject({
      limit: 0,
      finishedAt: null,
      halt: { action: 'rollback' },
    });
    expect(result.track).toMatchObject({ base: 41, rolledBack: [40, 42, 43] });
    expect(result.moves).toMatchObject([{ cause: 'rollback', from: 1_000, limit: 0 }]);
  });

  it('comes also where nothing else may move it, while it is paused, and once it has finished', () => {
    const held = (more: Parameters<typeof advance>[2], state = {}) =>
      advance({ ...IN_CANARY, ...state }, bad, { spec: strategy(20, 5, 'hold'), ...more }).state;
    expect(held({ leeway: 'halt' }).halt).not.toBeNull();
    expect(held({ spec: { ...strategy(20, 5, 'hold'), paused: true } }).halt).not.toBeNull();
    expect(held({}, { finishedAt: 4 }).halt).not.toBeNull();
  });

  it('comes once, and not before anybody was reached', () => {
    const halt = { action: 'hold' as const, at: 1, failed: 1, succeeded: 0, message: 'first' };
    const again = advance({ ...IN_CANARY, halt }, bad, { spec: strategy(20, 5, 'hold') });
    expect(again.moves).toEqual([]);
    expect(again.state.halt).toEqual(halt);
    const early = advance({}, { at: HUNDRED, failed: 9 }, { spec: strategy(20, 5, 'hold') });
    expect(early.state.halt).toBeNull();
  });

  it('of a rollback by git only holds, by its own limits', () => {
    const result = advance({ ...IN_CANARY, rollback: true }, bad, {
      spec: strategy(20, 5, 'rollback'),
    });
    expect(result.state.halt?.action).toBe('hold');
    expect(result.state.limit).toBe(1_000);
  });

  it('keeps the release where it is, soaked or not', () => {
    const halt = { action: 'hold' as const, at: 1, failed: 1, succeeded: 0, message: 'first' };
    const fleet = { at: HUNDRED, running: 10 };
    expect(advance({ ...IN_CANARY, soakSince: 0, halt }, fleet).state.step).toBe('canary');
  });
});

describe('what may not move', () => {
  const ready = { at: HUNDRED, running: 10 };
  const soaked = { ...IN_CANARY, soakSince: 0 };

  it('does not: no step begins, no attempt, no end', () => {
    const frozen = advance(soaked, ready, { leeway: 'halt' });
    expect([frozen.state.step, frozen.moves]).toEqual(['canary', []]);
    const raised = advance(soaked, ready, { leeway: 'halt', spec: spec({ attempt: 2 }) });
    expect(raised.state.attempt).toBe(1);
    expect(raised.usedRound).toBe(false);
  });

  it('does not while it is paused, and says that it is', () => {
    const paused = advance(soaked, ready, { spec: spec({ paused: true }) });
    expect([paused.state.step, paused.moves]).toEqual(['canary', []]);
    expect(paused.waits).toEqual([{ kind: 'paused' }]);
  });
});

describe('a higher attempt', () => {
  const halted = (action: 'hold' | 'rollback') => ({
    ...IN_CANARY,
    soakSince: 3,
    runningBefore: 1,
    limit: action === 'hold' ? 1_000 : 0,
    halt: { action, at: 1, failed: 9, succeeded: 0, message: 'bad' },
  });
  const next = { spec: spec({ attempt: 2 }) };
  const bad = { at: HUNDRED, failed: 9 };

  it('goes on where a hold was, in a new round and with its soak anew', () => {
    const result = advance(halted('hold'), bad, next);
    expect(result.state).toMatchObject({
      ...IN_CANARY,
      attempt: 2,
      round: 8,
      halt: null,
      soakSince: null,
    });
    expect(result.usedRound).toBe(true);
    expect(causes(result)).toEqual(['resume']);
  });

  it('starts over after a rollback, and the version is rolled back no more', () => {
    const track = { ...TRACK, rolledBack: [40, 42] };
    const result = advance(halted('rollback'), bad, { ...next, track });
    expect(result.state).toMatchObject({
      step: null,
      limit: 0,
      stepAt: null,
      runningBefore: 0,
      halt: null,
    });
    expect(result.track.rolledBack).toEqual([40]);
    expect(advance(result.state, { at: HUNDRED }, next).state.step).toBe('canary');
  });

  it('is what is higher than the last one', () => {
    expect(advance({ ...halted('hold'), attempt: 2 }, bad, next).usedRound).toBe(false);
    expect(advance({ ...halted('hold'), attempt: 3 }, bad, next).state.halt).not.toBeNull();
  });
});

describe('a strategy that is edited while the release is under way', () => {
  const at = (step: string | null, limit: number, steps: readonly StepSpec[]) => {
    const state = started({ step, limit });
    const approved = { all: steps, approved: ['given'] };
    const current = currentStep(state, approved);
    return [current?.name ?? null, nextStep(state, current, approved)?.name ?? null];
  };
  const gated = (name: string, exposure: number): StepSpec => ({
    ...HALF,
    name,
    exposure,
    approval: true,
  });

  it('jumps over no approval that is not given, however far it has reached', () => {
    const steps = [CANARY, gated('half', 5_000), ALL];
    expect(at('gone', 6_700, steps)).toEqual(['canary', 'half']);
    expect(at('gone', 500, [gated('half', 5_000), ALL])).toEqual([null, 'half']);
    expect(at('gone', 6_700, [CANARY, gated('given', 5_000), ALL])).toEqual(['given', 'all']);
  });

  const step = (name: string, exposure: number) => ({ ...HALF, name, exposure });

  it.each([
    ['goes on with the step of the same name', 'half', 5_000, STEPS, ['half', 'all']],
    [
      'goes on with it where it is smaller now',
      'half',
      5_000,
      [step('half', 2_000), step('more', 4_000), ALL],
      ['half', 'more'],
    ],
    [
      'goes on with the largest step within what was reached, where it is larger now',
      'half',
      5_000,
      [CANARY, step('half', 6_000), ALL],
      ['canary', 'half'],
    ],
    [
      'goes on with the largest one where the step is gone',
      'half',
      5_000,
      [CANARY, step('third', 3_000), ALL],
      ['third', 'all'],
    ],
    [
      'begins the first larger one where none is within what was reached',
      'half',
      500,
      [CANARY, ALL],
      [null, 'canary'],
    ],
    ['begins with the first step before anything was reached', null, 0, STEPS, [null, 'canary']],
    ['has no step after the last', 'all', 10_000, STEPS, ['all', null]],
  ] as const)('%s', (_, name, limit, steps, expected) => {
    expect(at(name, limit, steps)).toEqual(expected);
  });

  it('soaks anew in another step, at the exposure that was reached', () => {
    const steps = [{ ...CANARY, name: 'small' }, ALL];
    const { state } = advance(
      { step: 'half', limit: 5_000, soakSince: 0, stepAt: 3 },
      { at: HUNDRED, running: 0 },
      { spec: spec({}, { steps }) },
    );
    expect(state).toMatchObject({ step: 'small', limit: 5_000, soakSince: null });
  });

  it('never lowers the exposure', () => {
    const { state } = advance(
      { step: 'half', limit: 5_000, soakSince: 0 },
      { at: HUNDRED, running: 50 },
      { spec: spec({}, { steps: [step('half', 100), step('more', 200), ALL] }) },
    );
    expect(state).toMatchObject({ step: 'more', limit: 5_000 });
  });
});

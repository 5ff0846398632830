// A release compiled for the hot path, and the strategy that counts for a rollback.

import { describe, expect, it } from 'vitest';

import { assert } from '../../../controller/base/assert.ts';
import type { StrategySpec, WindowSpec } from '../../../controller/model/desired.ts';
import { DIRECT_STRATEGY } from '../../../controller/model/desired.ts';
import type { Rollout } from '../../../controller/model/rollout.ts';
import { NO_ROLLOUT } from '../../../controller/model/rollout.ts';
import { offsetOf } from '../../../controller/releases/circle.ts';
import { compileRelease, strategyInEffect } from '../../../controller/releases/release-policy.ts';
import type { PlanWords } from '../../support/plan-input.ts';
import { desired, PRODUCT } from '../../support/plan-input.ts';

const WINDOW: WindowSpec = { days: ['Mon'], fromMinute: 60, toMinute: 120, timezone: 'UTC' };
const STRATEGY: StrategySpec = {
  ...DIRECT_STRATEGY,
  steps: [
    { name: 'all', exposure: 10_000, minDevices: 1, soakMs: 9, successes: 4, approval: true },
  ],
  rate: { flashes: 5, perMs: 1_000 },
  windows: [WINDOW],
  halt: { failureRate: 7, minAttempts: 3, action: 'rollback' },
};

function compile(words: PlanWords = {}, rollout?: Rollout) {
  const state = desired({
    firmware: [{ version: 42 }],
    release: 42,
    rollout: { strategy: STRATEGY },
    ...words,
  });
  const [release] = state.releases;
  assert(release !== undefined, 'there is a release');
  return compileRelease(release, rollout ?? state.rollout ?? NO_ROLLOUT);
}

const halt = { at: 1, failed: 1, succeeded: 0, message: 'Too many failed.' };

describe('a compiled release', () => {
  it('reaches as far as its state says, on the turn of its version', () => {
    const tracks = { '': { limit: 700, round: 12, base: 40, rolledBack: [43, 41] } };
    expect(compile({ tracks })).toEqual({
      version: 42,
      group: null,
      manifest: 'Release/thermostat',
      revision: 'r1',
      round: 12,
      offset: offsetOf(PRODUCT, 42),
      limit: 700,
      hold: null,
      base: 40,
      rolledBack: new Set([41, 43]),
      windows: [WINDOW],
      rate: { flashes: 5, perMs: 1_000 },
      askEveryMs: null,
    });
  });

  it('reaches nobody before its state is there, or while the state is that of another version', () => {
    expect(compile({}, NO_ROLLOUT)).toMatchObject({ limit: 0, round: 0, base: null });
    const other = desired({ firmware: [{ version: 41 }], release: 41 }).rollout;
    expect(compile({}, other)).toMatchObject({ limit: 0, round: 0, base: 41 });
  });

  it.each([
    ['by a halt', { halt: { ...halt, action: 'hold' as const } }, false, 'ReleaseHalted'],
    ['by its manifest', {}, true, 'ReleasePaused'],
    [
      'by a halt rather than its manifest',
      { halt: { ...halt, action: 'hold' as const } },
      true,
      'ReleaseHalted',
    ],
    ['by nothing', {}, false, null],
    [
      'by no rollback, which returns devices',
      { halt: { ...halt, action: 'rollback' as const } },
      false,
      null,
    ],
    [
      'by no rollback, paused or not',
      { halt: { ...halt, action: 'rollback' as const } },
      true,
      null,
    ],
  ])('is held %s', (_, track, paused, reason) => {
    const { hold } = compile({ rollout: { strategy: STRATEGY, paused }, tracks: { '': track } });
    expect(hold?.reason ?? null).toBe(reason);
  });

  it('has no windows where it is a rollback, and keeps its rate', () => {
    const rolled = compile({ tracks: { '': { rollback: true } } });
    expect(rolled).toMatchObject({ windows: [], rate: { flashes: 5 } });
  });
});

describe('the strategy of a rollback', () => {
  it('is to everyone at once, with its rate and its limits, and a halt that holds', () => {
    expect(strategyInEffect({ strategy: STRATEGY }, true)).toEqual({
      ...STRATEGY,
      steps: DIRECT_STRATEGY.steps,
      windows: [],
      halt: { failureRate: 7, minAttempts: 3, action: 'hold' },
    });
    expect(strategyInEffect({ strategy: STRATEGY }, false)).toBe(STRATEGY);
  });
});

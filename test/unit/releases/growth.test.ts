// A fleet that is still registering: `minDevices` of the few that are known would be a large share of those to come.

import { describe, expect, it } from 'vitest';

import type { ReleaseState } from '../../../controller/model/rollout.ts';
import { isGrowing, noteGrowth } from '../../../controller/releases/growth.ts';
import { advance, ALL, CANARY, spec } from '../../support/advance.ts';

const MINUTE_MS = 60_000;

describe('a fleet', () => {
  it('grows for as long as it is not known at all', () => {
    expect(noteGrowth(undefined, 0, 5)).toBeUndefined();
    expect(isGrowing(undefined, 5, 1_000)).toBe(true);
  });

  it('has grown when a tenth is new, and not by less', () => {
    const known = { devices: 100, since: 1_000 };
    expect(noteGrowth(known, 110, 9_000)).toBe(known);
    expect(noteGrowth(known, 111, 9_000)).toEqual({ devices: 111, since: 9_000 });
  });

  it('that shrank has grown when it is back, but not by shrinking', () => {
    const shrunk = noteGrowth({ devices: 100, since: 1_000 }, 50, 9_000);
    expect(shrunk).toEqual({ devices: 50, since: 1_000 });
    expect(noteGrowth(shrunk, 100, 12_000)).toEqual({ devices: 100, since: 12_000 });
  });

  it('is counted after a poll interval without growth, and after a minute at the latest', () => {
    const growth = { devices: 100, since: 1_000 };
    expect(isGrowing(growth, 1_999, 1_000)).toBe(true);
    expect(isGrowing(growth, 2_000, 1_000)).toBe(false);
    expect(isGrowing(growth, 999 + MINUTE_MS, 5 * MINUTE_MS)).toBe(true);
    expect(isGrowing(growth, 1_000 + MINUTE_MS, 5 * MINUTE_MS)).toBe(false);
  });
});

describe('a step of a part', () => {
  const canary = { ...CANARY, exposure: 100, minDevices: 5 };
  const staged = spec({}, { steps: [canary, ALL] });
  const begin = (at: readonly number[], isGrowing: boolean): ReleaseState =>
    advance({}, { at }, { spec: staged, isGrowing }).state;

  it('does not begin while the fleet grows and its share holds too few', () => {
    expect(begin([50, 8_000], true).step).toBeNull();
    expect(begin([50, 8_000], false).limit).toBe(8_001);
  });

  it('that minDevices stretched halts when the fleet outgrows it, and starts over with an attempt', () => {
    const begun = begin([50, 8_000], false);
    expect(begun.meantFor).toBe(5);
    const many = Array.from({ length: 21 }, (_, index) => index * 100);
    const move = (at: readonly number[], more = {}) =>
      advance(begun, { at }, { spec: staged, ...more });
    expect(move(many.slice(1)).state.halt).toBeNull();
    const { state: halted } = move(many);
    expect(halted).toMatchObject({ limit: 8_001, halt: { action: 'hold', outgrown: true } });
    expect(halted.halt?.message).toContain('meant for 5 devices');
    const again = advance(halted, { at: many }, { spec: { ...staged, attempt: 2 } }).state;
    expect(again).toMatchObject({ step: null, limit: 0, halt: null });
    expect(again.meantFor).toBeUndefined();
  });

  it('that its own share reaches is never outgrown', () => {
    const begun = begin([1, 2, 3, 4, 5], false);
    expect(begun.meantFor).toBeUndefined();
    const many = Array.from({ length: 90 }, (_, index) => index);
    expect(advance(begun, { at: many }, { spec: staged }).state.halt).toBeNull();
  });

  it('begins at once where its share holds enough, however the fleet grows', () => {
    expect(begin([1, 2, 3, 4, 5, 8_000], true).limit).toBe(100);
  });
});

// Rounds of a fight are counted where something was really changed back.

import { describe, expect, it } from 'vitest';

import type { Call } from '../../../controller/fleets/particle/calls.ts';
import { noteFights } from '../../../controller/fleets/particle/fights.ts';
import { EMPTY_LEDGER } from '../../../controller/fleets/particle/ledger.ts';
import type { DriftNote } from '../../../controller/fleets/particle/plan-calls.ts';

const note = (thing: string, device: string | null = null): DriftNote => ({
  thing,
  device,
  version: null,
  message: thing,
  isMended: true,
});
const DRIFT = [
  note('everyone'),
  note('group bench'),
  note('member a of bench', 'a'),
  note('lock a', 'a'),
];
const release: Call = { type: 'release', version: 42, isDefault: false, groups: [], prompt: false };

function fought(...done: readonly Call[]): readonly string[] {
  return Object.keys(noteFights(EMPTY_LEDGER, DRIFT, done, 0).fights);
}

describe('a round of a fight', () => {
  it.each<[string, Call, string]>([
    ['everyone', { ...release, isDefault: true }, 'everyone'],
    ['a group', { ...release, groups: ['bench'] }, 'group bench'],
    [
      'a member',
      { type: 'editGroups', devices: ['a'], add: ['bench'], remove: [] },
      'member a of bench',
    ],
    ['a lock', { type: 'unlock', device: 'a' }, 'lock a'],
  ])('is one where a call about %s was carried out', (_, call, thing) => {
    expect(fought(call)).toEqual([thing]);
  });

  it('is none where the calls broke off before, or were about others', () => {
    expect(fought()).toEqual([]);
    expect(fought(release, { type: 'unlock', device: 'b' })).toEqual([]);
    const reported = DRIFT.map((each) => ({ ...each, isMended: false }));
    const unlock: Call = { type: 'unlock', device: 'a' };
    expect(noteFights(EMPTY_LEDGER, reported, [unlock], 0).fights).toEqual({});
  });
});

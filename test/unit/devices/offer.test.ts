// What keeps a device from being offered its target now, which failures count, and what an offer begins.

import { describe, expect, it } from 'vitest';

import { assert } from '../../../controller/base/assert.ts';
import type { StrategySpec } from '../../../controller/model/desired.ts';
import { DIRECT_STRATEGY } from '../../../controller/model/desired.ts';
import type { DeviceRecord, FailedAttempts } from '../../../controller/model/device.ts';
import type { ProductPolicy } from '../../../controller/model/policy.ts';
import { draftOf } from '../../../controller/devices/decision.ts';
import type { VersionTarget } from '../../../controller/devices/offer.ts';
import { countsFor, findOfferWait, offer } from '../../../controller/devices/offer.ts';
import { answerPoll } from '../../../controller/devices/poll.ts';
import type { TargetRule } from '../../../controller/releases/target.ts';
import { resolveTarget } from '../../../controller/releases/target.ts';
import type { PlanWords } from '../../support/plan-input.ts';
import { at, carried, desired, device, HOUR_MS, policyOf } from '../../support/plan-input.ts';

const firmware = [
  { version: 40 },
  { version: 41 },
  { version: 42, requiresFrom: 41 },
  { version: 43 },
];
/** `at(0)` is a Sunday, 01:46:40 UTC. */
const STRATEGY: StrategySpec = {
  ...DIRECT_STRATEGY,
  windows: [{ days: ['Sun'], fromMinute: 60, toMinute: 120, timezone: 'UTC' }],
  rate: { flashes: 1, perMs: 1_000 },
};
const CLOSED = at(HOUR_MS);

function policyWith(words: PlanWords = {}, stopped = false): ProductPolicy {
  const state = desired({
    firmware,
    release: 42,
    rollout: { strategy: STRATEGY },
    tracks: { '': { round: 5, base: 41, finishedAt: null } },
    ...words,
  });
  return policyOf(state, { stopped });
}

const policy = policyWith();

function targetOf(record: DeviceRecord, rules = policy): VersionTarget {
  const target = resolveTarget(record, rules);
  assert(target.kind === 'version', 'the device has a target');
  return target;
}

function failures(more: Partial<FailedAttempts> = {}): FailedAttempts {
  return {
    version: 42,
    round: 5,
    count: 2,
    retryAt: 0,
    lastAt: 0,
    lastMessage: 'no',
    ...more,
  };
}

describe('a target is not offered', () => {
  const waitOf = (more: Partial<DeviceRecord>, moment = at(0), rules = policy) => {
    const record = device(more);
    return findOfferWait(record, targetOf(record, rules), rules, moment);
  };

  it('for nothing but a reason', () => {
    expect(waitOf({})).toBeNull();
  });

  it('to a device that runs it, also as a stepping stone', () => {
    expect(waitOf({ running: 42 })).toEqual({ kind: 'runs' });
  });

  it('under the emergency stop', () => {
    expect(waitOf({}, at(0), policyWith({}, true))).toEqual({ kind: 'stopped' });
  });

  it('to a device whose on-reset lock waits', () => {
    const lock = carried(43, 'bench', { flash: 'on-reset', armed: false });
    expect(waitOf({ lock })).toEqual({ kind: 'reset' });
    expect(waitOf({ lock: { ...lock, armed: true } })).toBeNull();
  });

  it('twice to a device that does not name its version', () => {
    const mute = { running: null, reported: null };
    const rules = policyWith({ release: 43 });
    expect(waitOf({ ...mute, blindOffer: 43 }, at(0), rules)).toEqual({ kind: 'unknown' });
    expect(waitOf({ ...mute, blindOffer: 41 }, at(0), rules)).toBeNull();
  });

  it('in a back-off of the round, also one that a stepping stone brought about', () => {
    const later = { retryAt: at(500).at };
    expect(waitOf({ failures: failures(later) })).toEqual({ kind: 'backOff', leftMs: 500 });
    expect(waitOf({ failures: failures({ ...later, version: 41 }) })).toEqual({
      kind: 'backOff',
      leftMs: 500,
    });
    expect(waitOf({ failures: failures({ ...later, round: 4 }) })).toBeNull();
    expect(waitOf({ failures: failures({ retryAt: null }) })).toEqual({ kind: 'leftAlone' });
  });

  it('in a closed window, which says when it opens', () => {
    expect(waitOf({}, CLOSED)).toEqual({
      kind: 'window',
      opensAt: Date.UTC(2001, 8, 16, 1),
    });
  });
});

describe('windows', () => {
  const waits = (record: DeviceRecord, rules: ProductPolicy): boolean =>
    findOfferWait(record, targetOf(record, rules), rules, CLOSED)?.kind === 'window';
  const outside = { limit: 0, finishedAt: null, base: 41 };

  it('hold back the version, its stepping stones, and the base for older devices', () => {
    expect(waits(device(), policy)).toBe(true);
    expect(targetOf(device({ running: 40 })).firmware.version).toBe(41);
    expect(waits(device({ running: 40 }), policy)).toBe(true);
    expect(waits(device({ running: 40 }), policyWith({ tracks: { '': outside } }))).toBe(true);
  });

  it('do not hold back the return from what was rolled back, nor a lock, nor a rollback', () => {
    const back = policyWith({ tracks: { '': { ...outside, rolledBack: [43] } } });
    expect(waits(device({ running: 43 }), back)).toBe(false);
    expect(waits(device({ lock: carried(43) }), policy)).toBe(false);
    const rollback = policyWith({ tracks: { '': { rollback: true } } });
    expect(waits(device(), rollback)).toBe(false);
  });
});

describe('failures', () => {
  it.each([
    ['of the same round count, whatever the version', { round: 5, version: 41 }, 5, true],
    ['of another round do not', { round: 4, version: 42 }, 5, false],
    ['without a round do not count for a release', { round: 0, version: 42 }, 5, false],
    ['without a round count for their version', { round: 0, version: 42 }, 0, true],
    ['without a round count for no other version', { round: 0, version: 41 }, 0, false],
    ['of a release do not count for a lock', { round: 5, version: 42 }, 0, false],
    ['of a release count for its version as a base', { round: 5, version: 42 }, 0, true, 'base'],
    ['of a release count for no other base', { round: 5, version: 41 }, 0, false, 'base'],
  ] as const)('%s', (_, failed, round, expected, rule: TargetRule = 'lock') => {
    const target = { ...targetOf(device()), round, rule };
    expect(countsFor(failures(failed), target)).toBe(expected);
  });
});

describe('an offer', () => {
  const begin = (record: DeviceRecord) => {
    const draft = draftOf(record);
    const action = offer(draft, targetOf(record), policy, at(7), 1001);
    return { draft, action };
  };

  it('begins an attempt of the round, and says where it leads', () => {
    const { draft, action } = begin(device({ running: 40, reported: '40' }));
    expect(action).toMatchObject({
      id: 1001,
      version: 41,
      goal: 42,
      round: 5,
      attempt: 1,
      phase: 'offered',
      offeredAt: at(7).at,
      deadline: 24 * HOUR_MS + 7,
    });
    expect(draft.device.outcome).toEqual({ version: 41, round: 5, state: 'inFlight' });
    expect(draft.events[0]?.message).toBe('Offered version 41, from version 40, on the way to 42.');
  });

  it('to a device that failed leaves it counted as failed, and counts the attempt', () => {
    const { draft, action } = begin(device({ failures: failures() }));
    expect(action.attempt).toBe(3);
    expect(draft.device).toMatchObject({
      failures: { count: 2 },
      outcome: { version: 42, round: 5, state: 'failed' },
    });
  });

  it('forgets failures that count for another round', () => {
    const { draft, action } = begin(device({ failures: failures({ round: 4 }) }));
    expect(action.attempt).toBe(1);
    expect(draft.device).toMatchObject({
      failures: null,
      outcome: { round: 5, state: 'inFlight' },
    });
  });
});

describe('the rate of a release', () => {
  const poll = (record: DeviceRecord, exhausted: readonly number[], rules = policy) =>
    answerPoll({
      device: record,
      lastContact: null,
      policy: rules,
      moment: at(0),
      freshActionId: 1001,
      exhausted: new Set(exhausted),
    });

  it('is spent by each offer, and holds the next one back', () => {
    const offered = poll(device(), []);
    expect(offered.answer.link).toMatchObject({ kind: 'deployment' });
    expect(offered.spends).toMatchObject({ round: 5 });
    const waits = poll(device(), [5]);
    expect(waits).toMatchObject({ usedActionId: false, spends: null, answer: { link: null } });
  });

  it('is not that of another round, and is not spent by what is open already', () => {
    expect(poll(device(), [4]).answer.link).not.toBeNull();
    const open = poll(poll(device(), []).device, [5]);
    expect(open).toMatchObject({ answer: { link: { actionId: 1001 } }, spends: null });
  });

  it('is nothing to a lock, nor to the return from what was rolled back', () => {
    const lock = poll(device({ lock: carried(43) }), [5]);
    expect(lock).toMatchObject({ usedActionId: true, spends: null });
    const back = policyWith({
      tracks: { '': { round: 5, limit: 0, base: 41, rolledBack: [43], finishedAt: null } },
    });
    const rescued = poll(device({ running: 43, reported: '43' }), [5], back);
    expect(rescued).toMatchObject({ usedActionId: true, spends: null });
  });
});

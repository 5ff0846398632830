// What becomes of an open action when its release is held, its window closes, or its round changes.

import { describe, expect, it } from 'vitest';

import type { StrategySpec } from '../../../controller/model/desired.ts';
import { DIRECT_STRATEGY } from '../../../controller/model/desired.ts';
import type { DeviceRecord, Moment } from '../../../controller/model/device.ts';
import type { ProductPolicy } from '../../../controller/model/policy.ts';
import { failAction, succeed } from '../../../controller/devices/outcome.ts';
import { draftOf } from '../../../controller/devices/decision.ts';
import { answerPoll } from '../../../controller/devices/poll.ts';
import type { PlanWords } from '../../support/plan-input.ts';
import { at, desired, device, HOUR_MS, openAction, policyOf } from '../../support/plan-input.ts';

const firmware = [{ version: 41 }, { version: 42 }, { version: 43 }];
/** `at(0)` is a Sunday, 01:46:40 UTC. */
const STRATEGY: StrategySpec = {
  ...DIRECT_STRATEGY,
  windows: [{ days: ['Sun'], fromMinute: 60, toMinute: 120, timezone: 'UTC' }],
};
const OPEN = at(0);
const CLOSED = at(HOUR_MS);
const halt = { action: 'hold' as const, at: 1, failed: 1, succeeded: 0, message: 'bad' };

function policyWith(track: NonNullable<PlanWords['tracks']>[string], words: PlanWords = {}) {
  const tracks = { '': { round: 5, base: 41, finishedAt: null, ...track } };
  return policyOf(desired({ firmware, release: 42, tracks, ...words }));
}

const windowed = policyWith({}, { rollout: { strategy: STRATEGY } });
const held = policyWith({ halt });

const offered = device({
  action: openAction({ round: 5 }),
  outcome: { version: 42, round: 5, state: 'inFlight' },
});
const fetched = device({
  action: openAction({ round: 5, phase: 'fetched', fetchedAt: 3 }),
  outcome: { version: 42, round: 5, state: 'inFlight' },
});

function poll(record: DeviceRecord, policy: ProductPolicy, moment: Moment = OPEN) {
  return answerPoll({
    device: record,
    lastContact: null,
    policy,
    moment,
    freshActionId: 2001,
    exhausted: new Set(),
  });
}

const linkOf = (...words: Parameters<typeof poll>) => poll(...words).answer.link?.kind ?? null;

describe('when its window closes', () => {
  it('what nobody has fetched is taken back, and says why', () => {
    expect(linkOf(offered, windowed)).toBe('deployment');
    const { answer, events } = poll(offered, windowed, CLOSED);
    expect(answer.link?.kind).toBe('cancel');
    expect(events[0]?.message).toBe(
      'Asked to cancel version 42: the window of its release is closed.',
    );
  });

  it('what is fetched goes on, and so does what refused a cancel', () => {
    expect(linkOf(fetched, windowed, CLOSED)).toBe('deployment');
    const refused = device({ action: openAction({ round: 5, cancelRefused: true }) });
    expect(linkOf(refused, windowed, CLOSED)).toBe('deployment');
  });
});

describe('when its release is held', () => {
  const paused = policyWith({}, { rollout: { paused: true } });

  it('what nobody has fetched is taken back, and says why', () => {
    for (const policy of [held, paused]) expect(linkOf(offered, policy)).toBe('cancel');
    expect(poll(offered, held).events[0]?.message).toContain('its release is held');
  });

  it('a transfer under way finishes', () => {
    for (const policy of [held, paused]) expect(linkOf(fetched, policy)).toBe('deployment');
  });

  it('a transfer for another round does not', () => {
    expect(linkOf(fetched, policyWith({ halt, round: 6 }))).toBe('cancel');
  });

  it('a transfer of what is withdrawn is not shown any more', () => {
    const withdrawn = [{ version: 41 }, { version: 42, withdrawn: true }];
    expect(linkOf(fetched, policyWith({}, { firmware: withdrawn }))).toBe('cancel');
  });

  it('a rollback cancels also what is under way', () => {
    const back = policyWith({
      limit: 0,
      rolledBack: [42],
      halt: { ...halt, action: 'rollback' },
    });
    expect(linkOf(fetched, back)).toBe('cancel');
  });
});

describe('when its release begins a new round', () => {
  const next = policyWith({ round: 6 });

  it('what is under way counts for that one', () => {
    const { device: after } = poll(fetched, next);
    expect(after.action?.round).toBe(6);
    expect(after.outcome).toEqual({ version: 42, round: 6, state: 'inFlight' });
  });

  it('what has failed in the one before does not count as failed in that one', () => {
    const failed: DeviceRecord = {
      ...fetched,
      outcome: { version: 42, round: 5, state: 'failed' },
      failures: {
        version: 42,
        round: 5,
        count: 1,
        retryAt: 0,
        lastAt: 0,
        lastMessage: '',
      },
    };
    const { device: after } = poll(failed, next);
    expect(after).toMatchObject({
      failures: null,
      outcome: { version: 42, round: 6, state: 'inFlight' },
      action: { round: 6 },
    });
  });
});

describe('the outcome of a stepping stone', () => {
  const failures = {
    version: 42,
    round: 5,
    count: 1,
    retryAt: 0,
    lastAt: 0,
    lastMessage: '',
  };
  const stone = openAction({ version: 41, goal: 42, round: 5 });
  const failed = device({
    action: stone,
    failures,
    outcome: { version: 41, round: 5, state: 'failed' },
  });

  it('mends no failure when it succeeds', () => {
    const draft = draftOf(failed);
    succeed(draft, stone, at(1), 'Runs it.');
    expect(draft.device).toMatchObject({ failures, outcome: { round: 5, state: 'failed' } });
  });

  it('is a success of the round where nothing had failed', () => {
    const draft = draftOf({ ...failed, failures: null });
    succeed(draft, stone, at(1), 'Runs it.');
    expect(draft.device.outcome).toEqual({ version: 41, round: 5, state: 'succeeded' });
  });

  it('mends it when it is the goal that succeeds', () => {
    const draft = draftOf(failed);
    succeed(draft, openAction({ round: 5 }), at(1), 'Runs it.');
    expect(draft.device).toMatchObject({
      failures: null,
      outcome: { version: 42, round: 5, state: 'succeeded' },
    });
  });

  it('is a failure of the round when it fails, together with those of the goal', () => {
    const draft = draftOf(failed);
    failAction(draft, stone, held, at(1), 'no');
    expect(draft.device).toMatchObject({
      failures: { version: 41, round: 5, count: 2 },
      outcome: { version: 41, round: 5, state: 'failed' },
    });
  });
});

// What a device says of an action or of its cancelling.

import { describe, expect, it } from 'vitest';

import type { Execution, Feedback, Finished } from '../../../controller/devices/feedback.ts';
import {
  takeCancelFeedback,
  takeDelivery,
  takeFeedback,
  takeFetch,
} from '../../../controller/devices/feedback.ts';
import {
  at,
  desired,
  device,
  keptAction,
  MINUTE_MS,
  openAction,
  policyOf,
} from '../../support/plan-input.ts';

const firmware = [{ version: 41 }, { version: 42 }];
const policy = policyOf(desired({ firmware, release: 42 }));
const action = openAction({ phase: 'fetched', fetchedAt: 5 });

function words(
  execution: Execution,
  finished: Finished = 'none',
  details: readonly string[] = [],
): Feedback {
  return { execution, finished, progress: null, code: null, details };
}

const say = (
  feedback: Feedback,
  record = device({ action }),
  kept: Parameters<typeof takeFeedback>[1] = keptAction(action),
  under = policy,
) => takeFeedback(record, kept, feedback, under, at(1000));

const sayOfCancel = (
  feedback: Feedback,
  record = device({ action: openAction({ phase: 'cancelling', cancelPolls: 1 }) }),
  kept: Parameters<typeof takeFeedback>[1] = keptAction(action, 'cancelling'),
) => takeCancelFeedback(record, kept, feedback, at(1000));

describe('feedback on a deployment', () => {
  it('about an action that the device never had is answered with 404', () => {
    expect(say(words('closed', 'success'), device({ action }), null)).toEqual({
      status: 404,
      decision: null,
      entry: null,
    });
  });

  it('that is not final is kept, and moves nothing but the first fetch', () => {
    for (const execution of [
      'proceeding',
      'download',
      'downloaded',
      'scheduled',
      'rejected',
      'resumed',
      'canceled',
    ] as const) {
      const answer = say(words(execution, 'failure', ['10 %']));
      expect(answer.status).toBe(200);
      expect(answer.decision?.device.action).toEqual(action);
      expect(answer.entry).toMatchObject({ execution, details: ['10 %'] });
    }
    const fresh = openAction();
    const { decision } = say(words('proceeding'), device({ action: fresh }), keptAction(fresh));
    expect(decision?.device.action).toMatchObject({ phase: 'fetched', fetchedAt: at(1000).at });
    expect(decision?.events).toMatchObject([{ type: 'ActionFetched' }]);
  });

  it('of success is a claim: nothing has succeeded until the version is named', () => {
    for (const finished of ['success', 'none'] as const) {
      const { status, decision } = say(words('closed', finished), device({ action, boot: '7' }));
      expect(status).toBe(200);
      expect(decision?.device).toMatchObject({
        running: 41,
        askedSince: 1000,
        outcome: null,
        action: {
          phase: 'claimed',
          claimedAt: at(1000).at,
          graceUntil: 1000 + 15 * MINUTE_MS,
          bootAtClaim: '7',
        },
      });
      expect(decision?.actions).toMatchObject([{ state: 'succeeded', confirmed: false }]);
      expect(decision?.evidence).toEqual([]);
    }
  });

  it('of failure closes the action and sets the back-off', () => {
    const { decision } = say(words('closed', 'failure', ['no space', ' ']));
    expect(decision?.device).toMatchObject({
      action: null,
      outcome: { version: 42, state: 'failed' },
      failures: {
        version: 42,
        count: 1,
        retryAt: at(1000).at + 5 * MINUTE_MS,
        lastMessage: 'no space',
      },
    });
    expect(decision?.actions).toMatchObject([{ state: 'failed', message: 'no space' }]);
    expect(decision?.events).toMatchObject([
      { type: 'ActionFailed', manifest: 'Release/thermostat', revision: 'r1', actionId: 1500 },
    ]);
  });

  it('is accepted while the action is being cancelled; a success counts', () => {
    const cancelling = openAction({ phase: 'cancelling', cancelPolls: 2, fetchedAt: 5 });
    const busy = say(words('proceeding'), device({ action: cancelling }), keptAction(cancelling));
    expect(busy.status).toBe(200);
    expect(busy.decision?.device.action?.phase).toBe('cancelling');
    const done = say(
      words('closed', 'success'),
      device({ action: cancelling }),
      keptAction(cancelling),
    );
    expect(done.decision?.device.action?.phase).toBe('claimed');
  });
});

describe('a final word that comes again', () => {
  const closed = device({ action: null });

  it('is fine when it says the same, and is not kept twice', () => {
    const success = say(words('closed', 'success'), closed, keptAction(action, 'succeeded'));
    expect(success).toEqual({ status: 200, decision: null, entry: null });
    const failure = say(words('closed', 'failure'), closed, keptAction(action, 'failed'));
    expect(failure).toEqual({ status: 200, decision: null, entry: null });
    const claimed = openAction({ phase: 'claimed', claimedAt: 1 });
    const again = say(
      words('closed', 'success'),
      device({ action: claimed }),
      keptAction(claimed, 'succeeded'),
    );
    expect(again).toEqual({ status: 200, decision: null, entry: null });
  });

  it('is 410 when it contradicts', () => {
    const failure = say(words('closed', 'failure'), closed, keptAction(action, 'succeeded'));
    expect(failure).toMatchObject({ status: 410, decision: null });
    const claimed = openAction({ phase: 'claimed', claimedAt: 1 });
    const takenBack = say(
      words('closed', 'failure'),
      device({ action: claimed }),
      keptAction(claimed, 'succeeded'),
    );
    expect(takenBack).toMatchObject({ status: 410, decision: null });
  });

  it('asks what really runs when a success comes after a failure or a cancel', () => {
    for (const state of ['failed', 'cancelled'] as const) {
      const late = say(words('closed', 'success'), closed, keptAction(action, state));
      expect(late.status).toBe(410);
      expect(late.decision?.device.askedSince).toBe(1000);
    }
  });

  it('of progress is kept after a success, and 410 after a failure', () => {
    const kept = say(words('proceeding'), closed, keptAction(action, 'succeeded'));
    expect(kept).toMatchObject({ status: 200, decision: null, entry: { execution: 'proceeding' } });
    const gone = say(words('proceeding'), closed, keptAction(action, 'failed'));
    expect(gone).toMatchObject({ status: 410, decision: null });
  });

  it('about an older action never touches the open one', () => {
    const newer = openAction({ id: 1600 });
    const { status, decision } = say(
      words('closed', 'failure'),
      device({ action: newer }),
      keptAction(action, 'cancelled'),
    );
    expect(status).toBe(410);
    expect(decision).toBeNull();
  });
});

describe('claims as evidence', () => {
  const claims = (soakMs: number) =>
    policyOf(desired({ firmware, release: 42, verification: { evidence: 'claimed', soakMs } }), {
      firmware: [],
    });

  it('end the action with the agent’s success, and vouch for the version', () => {
    const { decision } = say(
      words('closed', 'success', ['done']),
      device({ action, running: null, reported: null }),
      keptAction(action),
      claims(0),
    );
    expect(decision?.device).toMatchObject({
      action: null,
      running: 42,
      reported: '42',
      runningSince: 1000,
      outcome: { version: 42, state: 'succeeded' },
    });
    expect(decision?.evidence).toMatchObject([
      { version: 42, level: 'claimed', passedAt: at(1000).at },
    ]);
  });

  it('do not meet a soak', () => {
    const { decision } = say(
      words('closed', 'success'),
      device({ action }),
      keptAction(action),
      claims(1),
    );
    expect(decision?.evidence).toMatchObject([{ level: 'claimed', passedAt: null }]);
  });
});

describe('feedback on a cancel', () => {
  it('is 404 for an unknown action and 405 where nothing is being cancelled', () => {
    expect(sayOfCancel(words('closed', 'success'), undefined, null).status).toBe(404);
    for (const record of [device({ action }), device({ action: null })]) {
      const answer = sayOfCancel(words('closed', 'success'), record, keptAction(action));
      expect(answer).toMatchObject({ status: 405, decision: null });
    }
  });

  it('closed with success ends it, as neither failure nor success', () => {
    for (const finished of ['success', 'none'] as const) {
      const record = device({
        action: openAction({ phase: 'cancelling' }),
        outcome: { version: 42, round: 1, state: 'inFlight' },
      });
      const { status, decision } = sayOfCancel(words('closed', finished), record);
      expect(status).toBe(200);
      expect(decision?.device).toMatchObject({ action: null, outcome: null, failures: null });
      expect(decision?.actions).toMatchObject([{ state: 'cancelled' }]);
    }
  });

  it('that is refused lets the action run on, and is not asked again', () => {
    for (const feedback of [words('rejected', 'success'), words('closed', 'failure')]) {
      const { status, decision } = sayOfCancel(feedback);
      expect(status).toBe(200);
      expect(decision?.device.action).toMatchObject({ phase: 'offered', cancelRefused: true });
      expect(decision?.actions).toMatchObject([{ state: 'open' }]);
      const busy = device({ action: openAction({ phase: 'cancelling', fetchedAt: 5 }) });
      expect(sayOfCancel(feedback, busy).decision?.device.action?.phase).toBe('fetched');
    }
  });

  it('that says neither is kept and changes nothing', () => {
    for (const execution of ['canceled', 'proceeding', 'scheduled'] as const) {
      const { status, decision, entry } = sayOfCancel(words(execution, 'success'));
      expect(status).toBe(200);
      expect(decision?.device.action?.phase).toBe('cancelling');
      expect(entry?.execution).toBe(execution);
    }
  });

  it('that was accepted once is accepted again', () => {
    const repeat = sayOfCancel(
      words('closed', 'success'),
      device(),
      keptAction(action, 'cancelled'),
    );
    expect(repeat).toEqual({ status: 200, decision: null, entry: null });
    const contradiction = sayOfCancel(
      words('closed', 'failure'),
      device(),
      keptAction(action, 'cancelled'),
    );
    expect(contradiction.status).toBe(405);
  });
});

describe('what is kept of feedback', () => {
  const kept = (details: readonly string[]) =>
    say(words('proceeding', 'none', details)).entry?.details;

  it('is bounded: lines, their length, and all together', () => {
    expect(kept(Array.from({ length: 100 }, () => 'x'))).toHaveLength(64);
    expect(kept(['y'.repeat(2000)])?.[0]).toHaveLength(512);
    const all = kept(Array.from({ length: 64 }, () => 'z'.repeat(512))) ?? [];
    expect(all.join('')).toHaveLength(8192);
  });
});

describe('a fetch', () => {
  it('is noted once, for the open action only', () => {
    const fresh = device({ action: openAction() });
    expect(takeFetch(fresh, 1500, at(9))?.device.action).toMatchObject({
      phase: 'fetched',
      fetchedAt: at(9).at,
    });
    expect(takeFetch(fresh, 1501, at(9))).toBeNull();
    expect(takeFetch(device({ action }), 1500, at(9))).toBeNull();
  });

  it('of a whole binary is remembered as what the device was given', () => {
    const before = device();
    const given = takeDelivery(before, 42, 'a');
    expect(given.given).toEqual({ version: 42, sha256: 'a' });
    expect(takeDelivery(given, 42, 'a')).toBe(given);
    expect(takeDelivery(given, 42, 'b').given).toEqual({ version: 42, sha256: 'b' });
  });
});

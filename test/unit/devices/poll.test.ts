// What a poll is answered with: targets, offers, questions, cancels.

import { describe, expect, it } from 'vitest';

import type { DeviceRecord, Moment } from '../../../controller/model/device.ts';
import type { ProductPolicy } from '../../../controller/model/policy.ts';
import type { PollDecision } from '../../../controller/devices/poll.ts';
import { answerPoll } from '../../../controller/devices/poll.ts';
import {
  at,
  carried,
  desired,
  device,
  HOUR_MS,
  MINUTE_MS,
  openAction,
  policyOf,
  remembered,
  shaOf,
} from '../../support/plan-input.ts';

const firmware = [{ version: 41 }, { version: 42 }];
const released = policyOf(desired({ firmware, release: 42 }));
const idle = policyOf(desired({ firmware }));
const POLL_MS = 5 * MINUTE_MS;

/** One poll, heard from a poll interval earlier. */
function poll(
  record: DeviceRecord,
  policy: ProductPolicy = released,
  listened = 0,
  silentMs: number | null = POLL_MS,
): PollDecision {
  return answerPoll({
    device: record,
    lastContact: silentMs === null ? null : at(listened - silentMs),
    policy,
    moment: at(listened),
    freshActionId: 1001,
    exhausted: new Set(),
  });
}

describe('a device that is not locked', () => {
  it('is offered the released version, traced to the release', () => {
    const { answer, device: after, usedActionId, events, actions } = poll(device());
    expect(answer).toEqual({ link: { kind: 'deployment', actionId: 1001 }, askAttributes: false });
    expect(usedActionId).toBe(true);
    expect(after.action).toMatchObject({
      id: 1001,
      version: 42,
      sha256: shaOf(42),
      attempt: 1,
      manifest: 'Release/thermostat',
      revision: 'r1',
      deadline: 24 * HOUR_MS,
    });
    expect(after.outcome).toEqual({ version: 42, round: 1, state: 'inFlight' });
    expect(actions).toMatchObject([{ id: 1001, state: 'open' }]);
    expect(events).toMatchObject([{ type: 'ActionOffered', manifest: 'Release/thermostat' }]);
  });

  it('is shown the same action until it answers', () => {
    const first = poll(device());
    const again = poll(first.device, released, POLL_MS);
    expect(again.answer.link).toEqual({ kind: 'deployment', actionId: 1001 });
    expect(again.usedActionId).toBe(false);
    expect(again.device).toEqual(first.device);
  });

  it('is left alone when it runs the version, and where nothing is released', () => {
    expect(poll(device({ running: 42, reported: '42' })).answer.link).toBeNull();
    expect(poll(device(), idle).answer).toEqual({ link: null, askAttributes: false });
  });

  it('follows its group’s release before the product’s', () => {
    const words = { firmware, groups: { bench: ['d1'] }, groupReleases: { bench: 41 } };
    const policy = policyOf(desired({ ...words, release: 42 }));
    const { device: after } = poll(device({ running: 40, reported: '40' }), policy);
    expect(after.action).toMatchObject({ version: 41, manifest: 'Release/thermostat-bench' });
    const other = poll(device({ id: 'd2' }), policy);
    expect(other.device.action?.version).toBe(42);
  });

  it('is offered nothing when its groups give it different versions, and one when they agree', () => {
    const groups = { a: ['d1'], b: ['d1'] };
    const policy = (a: number, b: number) =>
      policyOf(desired({ firmware, groups, groupReleases: { a, b }, release: 42 }));
    expect(poll(device({ running: 40, reported: '40' }), policy(41, 42)).answer.link).toBeNull();
    const agreed = poll(device({ running: 40, reported: '40' }), policy(41, 41));
    expect(agreed.device.action?.version).toBe(41);
  });

  it('is offered nothing that is withdrawn, and does not fall through to another release', () => {
    const withdrawn = [{ version: 41 }, { version: 42, withdrawn: true }, { version: 40 }];
    const words = { firmware: withdrawn, groups: { bench: ['d1'] }, release: 40 };
    const policy = policyOf(desired({ ...words, groupReleases: { bench: 42 } }));
    expect(poll(device(), policy).answer.link).toBeNull();
    const locked = device({ lock: carried(42) });
    expect(poll(locked, policy).answer.link).toBeNull();
  });

  it('is offered nothing whose binary is not stored, or stored under another digest', () => {
    const state = desired({ firmware, release: 42 });
    expect(poll(device(), policyOf(state, { firmware: [] })).answer.link).toBeNull();
    const lost = [remembered(42, { verifiedAt: 1, stored: false })];
    expect(poll(device(), policyOf(state, { firmware: lost })).answer.link).toBeNull();
    const other = desired({ firmware: [{ version: 42, sha256: 'f'.repeat(64) }], release: 42 });
    const records = [remembered(42, { verifiedAt: 1 })];
    expect(poll(device(), policyOf(other, { firmware: records })).answer.link).toBeNull();
  });

  it('is offered nothing while it is in quarantine, and an open action is cancelled', () => {
    const strange = device({ standing: 'quarantined', quarantine: 'no manifest names it' });
    expect(poll(strange).answer.link).toBeNull();
    const { answer } = poll({ ...strange, action: openAction() });
    expect(answer.link).toEqual({ kind: 'cancel', actionId: 1500 });
  });
});

describe('a locked device', () => {
  it('is offered its lock’s version, whatever is released', () => {
    const { device: after } = poll(device({ running: 40, reported: '40', lock: carried(41) }));
    expect(after.action).toMatchObject({
      version: 41,
      manifest: 'DeviceLock/bench-lock',
      revision: 'r1',
    });
  });

  it('is touched by no release once the locked version runs', () => {
    expect(poll(device({ lock: carried(41) })).answer.link).toBeNull();
  });

  it('is offered nothing rather than another version when the lock’s is unknown', () => {
    expect(poll(device({ lock: carried(99) })).answer.link).toBeNull();
  });

  it('on reset waits until it was silent for three polls', () => {
    const waiting = device({ lock: carried(42, 'l', { flash: 'on-reset', armed: false }) });
    const soon = poll(waiting, idle, HOUR_MS, 3 * POLL_MS - 1);
    expect(soon.answer.link).toBeNull();
    expect(soon.device.lock?.armed).toBe(false);
    const back = poll(waiting, idle, HOUR_MS, 3 * POLL_MS);
    expect(back.device.lock?.armed).toBe(true);
    expect(back.answer.link?.kind).toBe('deployment');
  });

  it('on reset goes at its first contact ever', () => {
    const waiting = device({ lock: carried(42, 'l', { flash: 'on-reset', armed: false }) });
    expect(poll(waiting, idle, HOUR_MS, null).answer.link?.kind).toBe('deployment');
  });

  it('on reset has the release’s open action cancelled meanwhile', () => {
    const lock = carried(41, 'l', { flash: 'on-reset', armed: false });
    const { answer } = poll(device({ running: 40, reported: '40', lock, action: openAction() }));
    expect(answer.link).toEqual({ kind: 'cancel', actionId: 1500 });
  });
});

describe('a device whose version is unknown', () => {
  const mute = device({ reported: null, running: null, runningSince: null, askedSince: 0 });

  it('is asked at three polls, then offered its target once, then left alone', () => {
    let record = mute;
    const answers = [1, 2, 3, 4].map((count) => {
      const made = poll(record, released, count * POLL_MS);
      record = made.device;
      return made.answer;
    });
    expect(answers.slice(0, 3)).toEqual(
      Array.from({ length: 3 }, () => ({ link: null, askAttributes: true })),
    );
    // The poll that offers may still ask.
    expect(answers[3]).toEqual({
      link: { kind: 'deployment', actionId: 1001 },
      askAttributes: true,
    });
    expect(record.blindOffer).toBe(42);
    const failed = { ...record, action: null };
    expect(poll(failed, released, 5 * POLL_MS).answer.link).toBeNull();
    expect(poll(failed, released, 500 * POLL_MS).answer.link).toBeNull();
  });

  it('is offered another target once more', () => {
    const left = { ...mute, unknownPolls: 3, blindOffer: 41 };
    expect(poll(left).device.action?.version).toBe(42);
  });

  it('is not offered anything while stopped', () => {
    const policy = policyOf(desired({ firmware, release: 42 }), { stopped: true });
    expect(poll({ ...mute, unknownPolls: 3 }, policy).answer.link).toBeNull();
  });

  it('is counted anew after it named a version', () => {
    const named = poll({ ...mute, unknownPolls: 3, running: 42, reported: '42' });
    expect(named.device.unknownPolls).toBe(0);
  });
});

describe('manifests decide what a reported text means', () => {
  it('so a commit can change it without a new report', () => {
    const texts = policyOf(
      desired({ firmware: [{ version: 42, reportedAs: '1.4.2' }], release: 42 }),
    );
    const unread = device({ reported: '1.4.2', running: null, runningSince: null });
    const { device: after, answer } = poll(unread, texts, 77);
    expect(after).toMatchObject({ running: 42, runningSince: 77 });
    expect(answer.link).toBeNull();
    // And back: the text means nothing any more.
    expect(poll(after, idle, 99).device.running).toBeNull();
  });
});

describe('changing one’s mind', () => {
  const fetched = openAction({ phase: 'fetched', fetchedAt: 5 });

  it('offers a cancel at the next poll, also in the middle of a download', () => {
    for (const action of [openAction(), fetched]) {
      const { answer, device: after, actions, events } = poll(device({ action }), idle);
      expect(answer.link).toEqual({ kind: 'cancel', actionId: 1500 });
      expect(after.action).toMatchObject({ phase: 'cancelling', cancelPolls: 1 });
      expect(actions).toMatchObject([{ id: 1500, state: 'cancelling' }]);
      expect(events).toMatchObject([{ type: 'ActionCancelling' }]);
    }
  });

  it('cancels what is withdrawn, and what is under the same number with another digest', () => {
    const withdrawn = policyOf(
      desired({ firmware: [{ version: 42, withdrawn: true }], release: 42 }),
    );
    expect(poll(device({ action: fetched }), withdrawn).answer.link?.kind).toBe('cancel');
    const other = openAction({ sha256: 'f'.repeat(64) });
    expect(poll(device({ action: other })).answer.link?.kind).toBe('cancel');
  });

  it('closes a cancel that three contacts left unanswered, and goes on with the new target', () => {
    const policy = policyOf(desired({ firmware: [...firmware, { version: 43 }], release: 43 }));
    let record = device({ action: openAction() });
    for (const expected of [1, 2, 3]) {
      const made = poll(record, policy, expected * POLL_MS);
      expect(made.answer.link).toEqual({ kind: 'cancel', actionId: 1500 });
      expect(made.device.action?.cancelPolls).toBe(expected);
      record = made.device;
    }
    const fourth = poll(record, policy, 4 * POLL_MS);
    expect(fourth.actions).toMatchObject([
      { id: 1500, state: 'cancelled' },
      { id: 1001, state: 'open' },
    ]);
    expect(fourth.answer.link).toEqual({ kind: 'deployment', actionId: 1001 });
    expect(fourth.device.action?.version).toBe(43);
  });

  it('shows a device that refused the cancel its firmware still, unless it must not be served', () => {
    const refused = device({ action: openAction({ phase: 'fetched', cancelRefused: true }) });
    expect(poll(refused, idle).answer.link).toEqual({ kind: 'deployment', actionId: 1500 });
    const withdrawn = policyOf(desired({ firmware: [{ version: 42, withdrawn: true }] }));
    expect(poll(refused, withdrawn).answer.link).toBeNull();
    expect(poll(refused, policyOf(desired({ firmware: [] }))).answer.link).toBeNull();
  });

  it('waits out the grace of a claimed success before the new target is offered', () => {
    const policy = policyOf(desired({ firmware: [...firmware, { version: 43 }], release: 43 }));
    const action = openAction({ phase: 'claimed', claimedAt: 1, graceUntil: 1000 });
    const before = poll(device({ action }), policy, 999);
    expect(before.answer).toEqual({ link: null, askAttributes: true });
    const after = poll(device({ action }), policy, 1000);
    expect(after.device.action?.version).toBe(43);
    expect(after.actions[0]).toMatchObject({ id: 1500, state: 'cancelled' });
  });

  it('asks at each ordinary poll what a device runs that claimed success', () => {
    const action = openAction({ phase: 'claimed', claimedAt: 1, graceUntil: 1000 });
    for (const listened of [1, 999, 1000, 5000]) {
      expect(poll(device({ action }), released, listened).answer).toEqual({
        link: null,
        askAttributes: true,
      });
    }
  });
});

describe('the emergency stop', () => {
  const stopped = policyOf(desired({ firmware, release: 42 }), { stopped: true });

  it('offers nothing more', () => {
    expect(poll(device(), stopped).answer.link).toBeNull();
    expect(poll(device({ running: 40, lock: carried(41) }), stopped).answer.link).toBeNull();
  });

  it('cancels what is unfetched, and lets a transfer under way finish', () => {
    expect(poll(device({ action: openAction() }), stopped).answer.link?.kind).toBe('cancel');
    const fetched = openAction({ phase: 'fetched', fetchedAt: 5 });
    expect(poll(device({ action: fetched }), stopped).answer.link).toEqual({
      kind: 'deployment',
      actionId: 1500,
    });
  });

  it('does not ask a device again that has refused the cancel', () => {
    const refused = openAction({ cancelRefused: true });
    expect(poll(device({ action: refused }), stopped).answer.link?.kind).toBe('deployment');
  });
});

describe('a device that failed', () => {
  const failures = {
    version: 42,
    round: 1,
    count: 2,
    retryAt: at(1000).at,
    lastAt: 0,
    lastMessage: 'no',
  };

  it('is offered the version again when its back-off is over, as the next attempt', () => {
    expect(poll(device({ failures }), released, 999).answer.link).toBeNull();
    const { device: after } = poll(device({ failures }), released, 1000);
    expect(after.action?.attempt).toBe(3);
    expect(after.failures).toEqual(failures);
  });

  it('waits by the clock on the wall, so that a silent fleet does not hold it back', () => {
    const input = { device: device({ failures }), lastContact: null, policy: released };
    const due = { at: at(1000).at, listened: 0 };
    const early = { at: at(999).at, listened: 1e12 };
    const linkAt = (moment: Moment) =>
      answerPoll({ ...input, moment, freshActionId: 1001, exhausted: new Set() }).answer.link;
    expect(linkAt(due)?.kind).toBe('deployment');
    expect(linkAt(early)).toBeNull();
  });

  it('waits a day at most, also when the clock was set back', () => {
    const dayMs = 24 * 3_600_000;
    const failedAt = (retryAt: number) => device({ failures: { ...failures, retryAt } });
    expect(poll(failedAt(at(dayMs).at), released).answer.link).toBeNull();
    expect(poll(failedAt(at(dayMs + 1).at), released).answer.link?.kind).toBe('deployment');
  });

  it('is left alone when its retries are used up', () => {
    const exhausted = device({ failures: { ...failures, retryAt: null } });
    expect(poll(exhausted, released, 1e12).answer.link).toBeNull();
  });

  it('ends a fight when a commit changes its target, and no sooner', () => {
    const fought = device({ running: 41, reported: '41', relapses: { version: 42, count: 3 } });
    expect(poll(fought).device.relapses).toEqual({ version: 42, count: 3 });
    const back = policyOf(desired({ firmware, release: 41 }));
    expect(poll(fought, back).device.relapses).toBeNull();
  });

  it('starts afresh when a commit changes its target, also to what it runs', () => {
    const exhausted = device({
      failures: { ...failures, retryAt: null },
      outcome: { version: 42, round: 1, state: 'failed' },
    });
    const returned = desired({ firmware, release: 41, tracks: { '': { round: 2 } } });
    const back = poll(exhausted, policyOf(returned), 5);
    expect(back.answer.link).toBeNull();
    expect(back.device).toMatchObject({ failures: null, outcome: null });
    const again = poll(back.device, released, 6);
    expect(again.device.action).toMatchObject({ version: 42, attempt: 1 });
    const other = policyOf(
      desired({
        firmware: [...firmware, { version: 43 }],
        release: 43,
        tracks: { '': { round: 2 } },
      }),
    );
    expect(poll(exhausted, other).device.action).toMatchObject({ version: 43, attempt: 1 });
  });
});

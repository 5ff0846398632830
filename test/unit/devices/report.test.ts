// What a device reports of itself: which version runs, boots, falling back, the product it was built for.

import { describe, expect, it } from 'vitest';

import type { DeviceRecord } from '../../../controller/model/device.ts';
import type { ProductPolicy } from '../../../controller/model/policy.ts';
import { expireAttempt } from '../../../controller/devices/expire.ts';
import { attributeReport, takeReport } from '../../../controller/devices/report.ts';
import { readVersion } from '../../../controller/devices/version.ts';
import {
  at,
  carried,
  desired,
  device,
  HOUR_MS,
  MINUTE_MS,
  openAction,
  policyOf,
} from '../../support/plan-input.ts';

const firmware = [{ version: 41 }, { version: 42 }];
const policy = policyOf(desired({ firmware, release: 42, fleet: { bootAttribute: 'boot' } }));

function report(
  record: DeviceRecord,
  attributes: Readonly<Record<string, string>>,
  listened = 100,
  under: ProductPolicy = policy,
) {
  const versionText = attributes['fw_version'] ?? null;
  return takeReport(record, { attributes, versionText }, under, at(listened));
}

describe('a reported text', () => {
  const texts = policyOf(
    desired({ firmware: [{ version: 41 }, { version: 42, reportedAs: '1.4.2' }] }),
  );

  it('means the firmware that is reported so, else a plain decimal', () => {
    expect(readVersion('41', texts)).toBe(41);
    expect(readVersion('1.4.2', texts)).toBe(42);
    expect(readVersion('40', texts)).toBe(40);
    expect(readVersion('1', texts)).toBe(1);
    expect(readVersion('65534', texts)).toBe(65_534);
  });

  it('is unknown when it is 0, 65535, unreadable, or the number of firmware with a text of its own', () => {
    for (const text of [null, '', '0', '65535', '99999', '042', ' 41', '4.1', 'v41', '-1', '1e3']) {
      expect(readVersion(text, texts)).toBeNull();
    }
    expect(readVersion('42', texts)).toBeNull();
  });

  it('counts only where this very report sends it', () => {
    const merged = { fw_version: '42', hw: 'B' };
    expect(attributeReport(merged, { hw: 'B' }, texts).versionText).toBeNull();
    expect(attributeReport(merged, { fw_version: '42' }, texts).versionText).toBe('42');
    expect(attributeReport({}, { fw_version: null }, texts).versionText).toBeNull();
  });
});

describe('a report', () => {
  it('ends the question, readable or not', () => {
    for (const attributes of [{ fw_version: '41' }, { fw_version: '' }, { hw: 'B' }]) {
      expect(report(device({ askedSince: 5 }), attributes).device.askedSince).toBeNull();
    }
  });

  it('of a new version starts its time; of the same one does not', () => {
    const same = report(device({ runningSince: 7 }), { fw_version: '41' });
    expect(same.device.runningSince).toBe(7);
    expect(same.events).toEqual([]);
    const other = report(device({ runningSince: 7 }), { fw_version: '42' });
    expect(other.device).toMatchObject({ running: 42, reported: '42', runningSince: 100 });
    expect(other.events).toMatchObject([{ type: 'VersionReported' }]);
  });

  it('is cut at 128 characters', () => {
    expect(report(device(), { fw_version: 'x'.repeat(500) }).device.reported).toHaveLength(128);
  });

  it('of the offered version ends the action with success, whatever its phase', () => {
    for (const phase of ['offered', 'fetched', 'claimed', 'cancelling'] as const) {
      const action = openAction({ phase, claimedAt: phase === 'claimed' ? 3 : null });
      const { device: after, actions } = report(
        device({
          action,
          blindOffer: 42,
          failures: { version: 42, round: 1, count: 1, retryAt: 0, lastAt: 0, lastMessage: '' },
        }),
        { fw_version: '42' },
      );
      expect(after).toMatchObject({
        action: null,
        failures: null,
        blindOffer: null,
        outcome: { version: 42, state: 'succeeded' },
      });
      expect(actions).toMatchObject([{ state: 'succeeded', confirmed: true }]);
    }
  });

  it('of the old version while the device installs is no failure', () => {
    const action = openAction({ phase: 'fetched', fetchedAt: 1 });
    expect(report(device({ action }), { fw_version: '41' }).device.action).toEqual(action);
  });
});

describe('after a claimed success, naming the old version', () => {
  const claimed = device({
    boot: '7',
    action: openAction({ phase: 'claimed', claimedAt: 1, graceUntil: 1000, bootAtClaim: '7' }),
  });

  it('is no failure before the grace is over and without a boot', () => {
    const { device: after } = report(claimed, { fw_version: '41', boot: '7' }, 999);
    expect(after.action?.phase).toBe('claimed');
    expect(after.failures).toBeNull();
  });

  it('is a failure once the grace is over', () => {
    const { device: after, actions } = report(claimed, { fw_version: '41', boot: '7' }, 1000);
    expect(after).toMatchObject({ action: null, failures: { version: 42, count: 1 } });
    expect(actions).toMatchObject([{ state: 'failed' }]);
  });

  it('is a failure as soon as a boot was seen', () => {
    const { device: after } = report(claimed, { fw_version: '41', boot: '8' }, 2);
    expect(after).toMatchObject({ action: null, outcome: { version: 42, state: 'failed' } });
  });
});

describe('a new boot', () => {
  it('restarts the time of the version, and is an event', () => {
    const { device: after, events } = report(device({ boot: '7', runningSince: 3 }), { boot: '8' });
    expect(after).toMatchObject({ boot: '8', runningSince: 100 });
    expect(events).toMatchObject([{ type: 'DeviceBooted' }]);
  });

  it('is not the first value that is ever sent, nor the same one again', () => {
    for (const before of [null, '8']) {
      const { device: after, events } = report(device({ boot: before, runningSince: 3 }), {
        boot: '8',
      });
      expect(after.runningSince).toBe(3);
      expect(events).toEqual([]);
    }
  });

  it('lets an on-reset lock go; no other report does', () => {
    const lock = carried(42, 'l', { flash: 'on-reset', armed: false });
    const booted = report(device({ boot: '7', lock }), { boot: '8' });
    expect(booted.device.lock?.armed).toBe(true);
    const same = report(device({ boot: '7', lock }), { boot: '7', fw_version: '41' });
    expect(same.device.lock?.armed).toBe(false);
    const without = policyOf(desired({ firmware }));
    expect(report(device({ boot: '7', lock }), { boot: '8' }, 1, without).device.lock?.armed).toBe(
      false,
    );
  });
});

describe('falling back', () => {
  const done = device({
    running: 42,
    reported: '42',
    outcome: { version: 42, round: 1, state: 'succeeded' },
  });

  it('from a version that succeeded is a failure, and drift', () => {
    const { device: after, events } = report(done, { fw_version: '41' });
    expect(after).toMatchObject({
      outcome: { version: 42, state: 'failed' },
      failures: { version: 42, count: 1, retryAt: at(100).at + 5 * MINUTE_MS },
    });
    expect(events.map(({ type }) => type)).toEqual(['VersionReported', 'DriftDetected']);
  });

  it('is counted once, not at each report of the old version', () => {
    const fallen = report(done, { fw_version: '41' }).device;
    expect(report(fallen, { fw_version: '41' }).device.failures?.count).toBe(1);
  });

  it('is over when the version runs after all: without a release it stops counting as failed', () => {
    const locked = { ...done, outcome: { version: 42, round: 0, state: 'succeeded' as const } };
    const fallen = report({ ...locked, lock: carried(42, 'bench') }, { fw_version: '41' }).device;
    const { device: after } = report(fallen, { fw_version: '42' });
    expect(after).toMatchObject({ outcome: { version: 42, state: 'succeeded' }, failures: null });
  });

  it('is drift also where the version was there before Lockstep, and the device was never flashed', () => {
    const adopted = device({ running: 42, reported: '42' });
    const { device: after, events } = report(adopted, { fw_version: '41' });
    expect(events.map(({ type }) => type)).toEqual(['VersionReported', 'DriftDetected']);
    expect(after.outcome).toEqual({ version: 42, round: 1, state: 'failed' });
  });

  it('is no drift where it leads to the target', () => {
    const other = {
      ...done,
      outcome: { version: 41, round: 1, state: 'succeeded' as const },
      running: 41,
    };
    const { device: after, events } = report(other, { fw_version: '42' });
    expect(events.map(({ type }) => type)).toEqual(['VersionReported']);
    expect(after.failures).toBeNull();
  });

  it('again and again ends the fight: after some rounds the device is left alone, and that is said', () => {
    const { retries } = policy.settings;
    let current = done;
    for (let round = 1; round <= retries; round += 1) {
      current = report(current, { fw_version: '41' }).device;
      expect(current.failures?.retryAt, `round ${round}`).not.toBeNull();
      current = report({ ...current, action: openAction() }, { fw_version: '42' }).device;
      expect(current.failures, `round ${round}`).toBeNull();
    }
    const last = report(current, { fw_version: '41' });
    expect(last.device.failures?.retryAt).toBeNull();
    expect(last.events.at(-1)).toMatchObject({ type: 'DeviceLeftAlone' });
    expect(last.events.at(-1)?.message).toContain('changing it back');
  });

  it('is not what a device does that was not seen running the version before', () => {
    const moved = { ...done, running: 40, reported: '40' };
    const { device: after, events } = report(moved, { fw_version: '41' });
    expect(after.failures).toBeNull();
    expect(events.map(({ type }) => type)).toEqual(['VersionReported']);
  });

  it('is not what a device does that never ran the version', () => {
    const { device: after } = report(
      device({ outcome: { version: 42, round: 1, state: 'failed' } }),
      {
        fw_version: '40',
      },
    );
    expect(after.failures).toBeNull();
  });
});

describe('back-off', () => {
  const failTimes = (times: number, fleet: object = {}) => {
    const under = policyOf(desired({ firmware, release: 42, fleet }));
    let record = device();
    const retries: (number | null)[] = [];
    const events: string[] = [];
    for (let count = 0; count < times; count += 1) {
      const open = { ...record, action: openAction({ attempt: count + 1, deadline: 0 }) };
      const decision = expireAttempt(open, under, at(0));
      if (decision === null) throw new Error('the attempt did not expire');
      record = decision.device;
      const retryAt = record.failures?.retryAt ?? null;
      retries.push(retryAt === null ? null : retryAt - at(0).at);
      events.push(...decision.events.map(({ type }) => type));
    }
    return { retries, events, count: record.failures?.count };
  };

  it('doubles from one poll interval on, and ends after `retries` further attempts', () => {
    const { retries, events, count } = failTimes(4);
    expect(retries).toEqual([5 * MINUTE_MS, 10 * MINUTE_MS, 20 * MINUTE_MS, null]);
    expect(events.filter((type) => type === 'DeviceLeftAlone')).toHaveLength(1);
    expect(count).toBe(4);
  });

  it('is never longer than a day', () => {
    const { retries } = failTimes(12, { retries: 20 });
    expect(retries.at(-1)).toBe(24 * HOUR_MS);
  });

  it('leaves a device alone at once where no retry is allowed', () => {
    expect(failTimes(1, { retries: 0 }).retries).toEqual([null]);
  });
});

describe('an attempt without an outcome', () => {
  it('has failed at its deadline, in listening time, not before', () => {
    const open = device({ action: openAction({ deadline: 1000 }) });
    expect(expireAttempt(open, policy, at(999))).toBeNull();
    expect(expireAttempt(open, policy, at(1000))?.device).toMatchObject({
      action: null,
      outcome: { version: 42, state: 'failed' },
      failures: { lastMessage: 'No outcome within 1d.' },
    });
    expect(expireAttempt(device(), policy, at(1e12))).toBeNull();
  });

  it('that was being cancelled is cancelled, not failed', () => {
    const open = device({ action: openAction({ phase: 'cancelling', deadline: 1 }) });
    const decision = expireAttempt(open, policy, at(5));
    expect(decision?.actions).toMatchObject([{ state: 'cancelled' }]);
    expect(decision?.device.failures).toBeNull();
  });

  it('that was claimed has failed, unless the device never names versions', () => {
    const action = openAction({ phase: 'claimed', claimedAt: 1, deadline: 1 });
    const named = expireAttempt(device({ action }), policy, at(5));
    expect(named?.actions).toMatchObject([{ state: 'failed' }]);
    const mute = expireAttempt(device({ action, reported: null, running: null }), policy, at(5));
    expect(mute?.actions).toMatchObject([{ state: 'cancelled' }]);
  });
});

describe('a device that reports another product id', () => {
  const picky = policyOf(
    desired({ firmware, release: 42, productId: 94, fleet: { productAttribute: 'product' } }),
  );

  it('is quarantined, and admitted again when it reports the right one', () => {
    const away = report(device(), { product: '95' }, 1, picky);
    expect(away.device).toMatchObject({
      standing: 'quarantined',
      quarantine: 'it reports product id 95, not 94',
    });
    expect(away.events).toMatchObject([{ type: 'DeviceQuarantined' }]);
    const back = report(away.device, { product: '94' }, 2, picky);
    expect(back.device).toMatchObject({ standing: 'active', quarantine: null });
  });

  it('is let be where it names the right one, or none, or the product has none', () => {
    const without = policyOf(desired({ firmware, fleet: { productAttribute: 'product' } }));
    expect(report(device(), { product: '94' }, 1, picky).device.standing).toBe('active');
    expect(report(device(), {}, 1, picky).device.standing).toBe('active');
    expect(report(device(), { product: '95' }, 1, without).device.standing).toBe('active');
  });

  it('stays in a quarantine that has another cause', () => {
    const strange = device({ standing: 'quarantined', quarantine: 'no manifest names it' });
    expect(report(strange, { product: '94' }, 1, picky).device.standing).toBe('quarantined');
  });
});

// Evidence: who may vouch for a version, how strongly, and when a soak is met.

import { describe, expect, it } from 'vitest';

import type { DeviceRecord } from '../../../controller/model/device.ts';
import { wantsReport } from '../../../controller/devices/evidence.ts';
import { answerPoll } from '../../../controller/devices/poll.ts';
import { takeReport } from '../../../controller/devices/report.ts';
import type { PlanWords } from '../../support/plan-input.ts';
import { at, desired, device, policyOf, remembered, shaOf } from '../../support/plan-input.ts';

const SOAK_MS = 10_000;
const firmware = [{ version: 41 }, { version: 42 }];

function unverified(
  verification: PlanWords['verification'] = {},
  more: PlanWords = {},
  withdrawnAt: number | null = null,
) {
  const fleet = { bootAttribute: 'boot' };
  return policyOf(desired({ firmware, verification, fleet, ...more }), {
    firmware: [remembered(41, { verifiedAt: 1 }), remembered(42, { withdrawnAt })],
  });
}

const on42 = (more: Partial<DeviceRecord> = {}): DeviceRecord =>
  device({ reported: '42', running: 42, runningSince: 0, ...more });

function report(
  record: DeviceRecord,
  policy: ReturnType<typeof unverified>,
  listened: number,
  attributes: Readonly<Record<string, string>> = { fw_version: '42' },
) {
  const versionText = attributes['fw_version'] ?? null;
  return takeReport(record, { attributes, versionText }, policy, at(listened));
}

describe('a device’s word counts', () => {
  it('as reported, whoever flashed it', () => {
    const { evidence, device: after } = report(device(), unverified(), 7);
    expect(evidence).toEqual([
      {
        product: 'thermostat',
        version: 42,
        sha256: shaOf(42),
        device: 'd1',
        level: 'reported',
        since: 7,
        passedAt: at(7).at,
        soakedMs: 0,
      },
    ]);
    expect(after.vouched).toMatchObject({ version: 42, passed: true });
  });

  it('as flashed where this fleet gave it the very binary', () => {
    const given = { version: 42, sha256: shaOf(42) };
    expect(report(device({ given }), unverified(), 7).evidence).toMatchObject([
      { level: 'flashed' },
    ]);
    const other = { version: 41, sha256: shaOf(41) };
    expect(report(device({ given: other }), unverified(), 7).evidence).toMatchObject([
      { level: 'reported' },
    ]);
  });

  it('never where it is known to have got another binary under that number', () => {
    const given = { version: 42, sha256: 'f'.repeat(64) };
    expect(report(device({ given }), unverified(), 7).evidence).toEqual([]);
  });

  it('only from devices that may verify, that are active, and for what is neither verified nor withdrawn', () => {
    const groups = { bench: ['d1'] };
    const policy = unverified({ group: 'bench' }, { groups });
    expect(report(device(), policy, 7).evidence).toHaveLength(1);
    expect(report(device({ id: 'd2' }), policy, 7).evidence).toEqual([]);
    expect(report(device({ standing: 'quarantined' }), unverified(), 7).evidence).toEqual([]);
    expect(report(device(), unverified(), 7, { fw_version: '41' }).evidence).toEqual([]);
    const withdrawn = unverified({}, { firmware: [{ version: 42, withdrawn: true }] });
    expect(report(device(), withdrawn, 7).evidence).toEqual([]);
    expect(report(device(), unverified(), 7, { fw_version: '77' }).evidence).toEqual([]);
  });

  it('once: the same word again is not written again, a stronger one is', () => {
    const first = report(device(), unverified(), 7).device;
    expect(report(first, unverified(), 8).evidence).toEqual([]);
    const given = { version: 42, sha256: shaOf(42) };
    expect(report({ ...first, given }, unverified(), 8).evidence).toMatchObject([
      { level: 'flashed' },
    ]);
  });

  it('no more from before a withdrawal', () => {
    const vouched = {
      version: 42,
      sha256: shaOf(42),
      level: 'reported',
      passed: true,
      soakedMs: 0,
    } as const;
    const old = on42({ vouched: { ...vouched, at: 50 } });
    expect(wantsReport(old, unverified({}, {}, 50), at(0))).toBe(true);
    expect(wantsReport(old, unverified({}, {}, 49), at(0))).toBe(false);
  });
});

describe('a soak', () => {
  const policy = unverified({ soakMs: SOAK_MS });

  it('that a commit made longer is asked for again, of devices that met the shorter one', () => {
    const { device: met } = report(device(), unverified(), 100);
    expect(met.vouched).toMatchObject({ passed: true, soakedMs: 0 });
    expect(wantsReport(met, policy, at(100 + SOAK_MS - 1))).toBe(false);
    expect(wantsReport(met, policy, at(100 + SOAK_MS))).toBe(true);
    const asked = { ...met, askedSince: 100 + SOAK_MS };
    expect(report(asked, policy, 100 + SOAK_MS + 1).evidence).toMatchObject([
      { soakedMs: SOAK_MS },
    ]);
  });

  it('runs from the first report and is met only by a report asked for after its end', () => {
    const first = report(device(), policy, 100);
    expect(first.evidence).toMatchObject([{ since: 100, passedAt: null, soakedMs: 0 }]);
    const unasked = report(first.device, policy, 100 + SOAK_MS + 5);
    expect(unasked.evidence).toMatchObject([{ passedAt: null }]);
    const early = report({ ...first.device, askedSince: 99 + SOAK_MS }, policy, 100 + SOAK_MS + 5);
    expect(early.evidence).toMatchObject([{ since: 100, passedAt: null }]);
    const late = report({ ...first.device, askedSince: 100 + SOAK_MS }, policy, 100 + SOAK_MS);
    expect(late.evidence).toMatchObject([
      { since: 100, passedAt: at(100 + SOAK_MS).at, soakedMs: SOAK_MS },
    ]);
  });

  it('restarts at a boot, also at one that the same report brings', () => {
    const soaking = on42({
      boot: '1',
      runningSince: 100,
      askedSince: 100 + SOAK_MS,
      vouched: {
        version: 42,
        sha256: shaOf(42),
        level: 'reported',
        passed: false,
        soakedMs: 0,
        at: 1,
      },
    });
    const { device: after, evidence } = report(soaking, policy, 200 + SOAK_MS, {
      fw_version: '42',
      boot: '2',
    });
    expect(after.runningSince).toBe(200 + SOAK_MS);
    expect(evidence).toMatchObject([{ since: 200 + SOAK_MS, passedAt: null }]);
  });

  it('is asked about at the first poll after its end, not before', () => {
    const soaking = report(device(), policy, 100).device;
    const asks = (listened: number) =>
      answerPoll({
        device: soaking,
        lastContact: null,
        policy,
        moment: at(listened),
        freshActionId: 1001,
        exhausted: new Set(),
      });
    expect(asks(99 + SOAK_MS).answer.askAttributes).toBe(false);
    const asked = asks(100 + SOAK_MS);
    expect(asked.answer.askAttributes).toBe(true);
    const { evidence, device: after } = report(asked.device, policy, 100 + SOAK_MS);
    expect(evidence).toMatchObject([{ passedAt: at(100 + SOAK_MS).at }]);
    expect(wantsReport(after, policy, at(1e9))).toBe(false);
  });

  it('that is not met is dropped when the device names another version', () => {
    const soaking = report(device(), policy, 100).device;
    const away = report(soaking, policy, 200, { fw_version: '41' });
    expect(away.dropUnmetEvidence).toBe(true);
    expect(away.device.vouched).toBeNull();
  });

  it('that was met is kept when the device names another version later', () => {
    const met = report(device(), unverified(), 100).device;
    const away = report(met, unverified(), 200, { fw_version: '41' });
    expect(away.dropUnmetEvidence).toBe(false);
    expect(away.device.vouched?.passed).toBe(true);
  });
});

describe('a report is wanted', () => {
  it('from a device that runs an unverified version and has not vouched for it', () => {
    expect(wantsReport(on42(), unverified(), at(0))).toBe(true);
    expect(wantsReport(device(), unverified(), at(0))).toBe(false);
    const other = { version: 42, sha256: 'f'.repeat(64), level: 'reported', passed: true } as const;
    expect(
      wantsReport(on42({ vouched: { ...other, soakedMs: 0, at: 1 } }), unverified(), at(0)),
    ).toBe(true);
  });
});

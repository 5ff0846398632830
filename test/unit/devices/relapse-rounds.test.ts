// A device that leaves the version of a release: whose failure that is, and for how long it counts.

import { describe, expect, it } from 'vitest';

import { answerPoll } from '../../../controller/devices/poll.ts';
import { takeReport } from '../../../controller/devices/report.ts';
import type { DeviceRecord } from '../../../controller/model/device.ts';
import { at, desired, device, HOUR_MS, openAction, policyOf } from '../../support/plan-input.ts';

const policyIn = (round: number) =>
  policyOf(
    desired({
      firmware: [{ version: 40 }, { version: 41 }, { version: 42 }],
      release: 42,
      tracks: { '': { round, base: 41, finishedAt: null } },
    }),
  );
const policy = policyIn(5);

const updated = device({
  running: 42,
  reported: '42',
  runningSince: 0,
  outcome: { version: 42, round: 5, state: 'succeeded' },
});

function report(record: DeviceRecord, version: string, listened: number): DeviceRecord {
  const named = { attributes: {}, versionText: version };
  return takeReport(record, named, policy, at(listened)).device;
}

describe('a device that ran the version of a release and names another', () => {
  it('fell back, and failed in its round', () => {
    expect(report(updated, '41', 47 * HOUR_MS).outcome).toEqual({
      version: 42,
      round: 5,
      state: 'failed',
    });
  });

  it('long after was changed by a hand, which fails no release and is mended', () => {
    const after = report(updated, '40', 49 * HOUR_MS);
    expect(after.outcome).toEqual({ version: 42, round: 0, state: 'failed' });
    expect(after.relapses).toEqual({ version: 42, count: 1 });
  });

  it('goes on counting as failed when it runs the version once more', () => {
    const fallen = report(updated, '41', HOUR_MS);
    const flashed = { ...fallen, action: openAction({ round: 5 }) };
    const again = report(flashed, '42', 2 * HOUR_MS);
    expect(again).toMatchObject({ action: null, failures: null, running: 42 });
    expect(again.outcome).toMatchObject({ round: 5, state: 'failed' });
    expect(report(fallen, '42', 2 * HOUR_MS).outcome?.state).toBe('failed');
  });

  it('gets its tries anew with a new round, the end of a fight included', () => {
    const fallen = report(updated, '41', HOUR_MS);
    const left: DeviceRecord = {
      ...fallen,
      relapses: { version: 42, count: 4 },
      failures: { version: 42, round: 5, count: 1, retryAt: null, lastAt: 0, lastMessage: '' },
    };
    const { device: after } = answerPoll({
      device: left,
      lastContact: null,
      policy: policyIn(6),
      moment: at(3 * HOUR_MS),
      freshActionId: 1001,
      exhausted: new Set(),
    });
    expect(after).toMatchObject({ relapses: null, failures: null, action: { round: 6 } });
  });
});

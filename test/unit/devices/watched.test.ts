// Devices that run a version whose release soaks are asked now and then what they run: many send their attributes only
// when asked, and would fall back unseen.

import { describe, expect, it } from 'vitest';

import { answerPoll } from '../../../controller/devices/poll.ts';
import type { DeviceRecord } from '../../../controller/model/device.ts';
import { DIRECT_STRATEGY } from '../../../controller/model/desired.ts';
import type { ReleaseState } from '../../../controller/model/rollout.ts';
import { at, desired, device, HOUR_MS, policyOf, shaOf } from '../../support/plan-input.ts';

const MINUTE_MS = 60_000;
const POLL_MS = 5 * MINUTE_MS;

const updated: Partial<DeviceRecord> = {
  running: 42,
  reported: '42',
  runningSince: 0,
  vouched: {
    version: 42,
    sha256: shaOf(42),
    level: 'reported',
    passed: true,
    soakedMs: 0,
    at: 1,
  },
};

/** Minutes after its success at which a device that polls every five minutes is asked, for as long as it is told. */
function askedAt(
  soakMs: number,
  forMinutes: number,
  state: Partial<ReleaseState> = {},
): readonly number[] {
  const [all] = DIRECT_STRATEGY.steps;
  const policy = policyOf(
    desired({
      firmware: [{ version: 41 }, { version: 42 }],
      release: 42,
      rollout: {
        strategy: { ...DIRECT_STRATEGY, steps: all === undefined ? [] : [{ ...all, soakMs }] },
      },
      tracks: { '': { finishedAt: null, step: 'all', ...state } },
    }),
  );
  const asked: number[] = [];
  for (let minute = 2; minute < forMinutes; minute += POLL_MS / MINUTE_MS) {
    const { answer } = answerPoll({
      device: device(updated),
      lastContact: null,
      policy,
      moment: at(minute * MINUTE_MS),
      freshActionId: 1001,
      exhausted: new Set(),
    });
    if (answer.askAttributes) asked.push(minute);
  }
  return asked;
}

describe('a device that runs the version of a release that soaks', () => {
  it('is asked once an hour in a long soak', () => {
    expect(askedAt(24 * HOUR_MS, 200)).toEqual([62, 122, 182]);
  });

  it('is asked four times in a short one, and at every poll in one that is shorter than the polls', () => {
    expect(askedAt(HOUR_MS, 60)).toEqual([17, 32, 47]);
    expect(askedAt(10_000, 20)).toEqual([2, 7, 12, 17]);
  });

  it('is left in peace without a soak, and once the release is finished', () => {
    expect(askedAt(0, 200)).toEqual([]);
    expect(askedAt(24 * HOUR_MS, 200, { finishedAt: 5 })).toEqual([]);
  });
});

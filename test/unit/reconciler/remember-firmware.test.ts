// What the state remembers of versions after a pass.

import { describe, expect, it } from 'vitest';

import { rememberFirmware } from '../../../controller/reconciler/remember-firmware.ts';
import type { PlanCase } from '../../support/plan-input.ts';
import {
  carried,
  desired,
  evidence,
  live,
  liveOf,
  namedDevice,
  planOne,
  remembered,
  shaOf,
} from '../../support/plan-input.ts';

const NOW = 5_000;

/** The records that change when the case is carried out with the binaries of the given versions at hand. */
function remember(words: PlanCase, stored: readonly number[] = []) {
  const { plan, next } = planOne(words);
  const facts = new Map(
    stored.map((version) => [
      shaOf(version),
      {
        size: 7,
        sha256: shaOf(version),
        sha1: 's1',
        md5: 'm5',
        compiled: null,
        defect: null,
        lfsPointer: false,
      },
    ]),
  );
  return rememberFirmware(plan, next, words.live ?? live(), facts, NOW);
}

const firmware = [{ version: 41 }, { version: 42 }];
const released = desired({ firmware, release: 42 });
const underWay = desired({
  firmware,
  release: 42,
  tracks: { '': { base: null, finishedAt: null } },
});
const verified = [remembered(41, { verifiedAt: 1 }), remembered(42, { verifiedAt: 1 })];

describe('the state remembers', () => {
  it('a version once its binary is stored, with the revision that brought it', () => {
    const words = { now: desired({ firmware: [{ version: 42 }], revision: 'r7' }) };
    expect(remember(words, [42])).toEqual([
      {
        product: 'thermostat',
        version: 42,
        sha256: shaOf(42),
        size: 7,
        sha1: 's1',
        md5: 'm5',
        addedAt: NOW,
        addedRevision: 'r7',
        verifiedAt: null,
        finishedAt: null,
        withdrawnAt: null,
        stored: true,
      },
    ]);
    expect(remember(words, [])).toEqual([]);
  });

  it('what it knew of a version that returns', () => {
    const words = {
      now: desired({ firmware: [{ version: 42 }], revision: 'r7' }),
      inForce: desired(),
      live: live({ firmware: [remembered(42, { verifiedAt: 3 })] }),
    };
    expect(remember(words, [42])).toMatchObject([{ verifiedAt: 3, addedRevision: 'r0', size: 7 }]);
  });

  it('when a version passed its gate', () => {
    const words = {
      now: desired({ firmware }),
      inForce: desired({ firmware }),
      live: live({
        firmware: [remembered(41, { verifiedAt: 1 }), remembered(42)],
        evidence: [evidence('d1', 42)],
      }),
    };
    expect(remember(words)).toMatchObject([{ version: 42, verifiedAt: NOW, finishedAt: null }]);
  });

  it('when a release finished, at its first success on a device that it covers', () => {
    const finished = (running: number, more: object = {}) =>
      remember({
        now: released,
        inForce: underWay,
        live: live({
          devices: 1,
          unlocked: [{ version: running, devices: 1 }],
          firmware: verified,
          ...more,
        }),
      });
    expect(finished(42)).toMatchObject([{ version: 42, finishedAt: NOW }]);
    expect(finished(41)).toEqual([]);
    expect(finished(41, { locked: [{ version: 42, devices: 1 }] })).toEqual([]);
    const done = [remembered(41), remembered(42, { verifiedAt: 1, finishedAt: 2 })];
    expect(finished(42, { firmware: done })).toEqual([]);
  });

  it('when a group’s release did, by the devices of the group alone', () => {
    const bench = { firmware, groups: { bench: ['d1'] }, groupReleases: { bench: 42 } };
    const state = desired({ ...bench, tracks: { bench: { base: null, finishedAt: null } } });
    const finished = (device: Parameters<typeof namedDevice>[1]) =>
      remember({
        now: state,
        inForce: state,
        live: liveOf([namedDevice('d1', device)], {
          crowd: [{ version: 42, devices: 5 }],
          firmware: verified,
        }),
      });
    const held = desired({
      ...bench,
      tracks: { bench: { base: null, finishedAt: null } },
      locks: { one: { version: 42, devices: ['d1'] } },
    });
    const locked = liveOf([namedDevice('d1', { running: 42, lock: carried(42, 'one') })], {
      firmware: verified,
    });
    expect(remember({ now: held, inForce: held, live: locked })).toEqual([]);
    expect(finished({ running: 42 })).toMatchObject([{ version: 42, finishedAt: NOW }]);
    expect(finished({ running: 41 })).toEqual([]);
    expect(finished({ running: 42, standing: 'quarantined' })).toEqual([]);
  });

  it('a withdrawal, and nothing of what the version had achieved', () => {
    const words = {
      now: desired({ firmware: [{ version: 41 }, { version: 42, withdrawn: true }], release: 42 }),
      inForce: released,
      live: live({
        devices: 1,
        unlocked: [{ version: 42, devices: 1 }],
        firmware: [verified[0] ?? remembered(41), remembered(42, { verifiedAt: 1, finishedAt: 2 })],
        evidence: [evidence('d1', 42)],
      }),
    };
    expect(remember(words)).toMatchObject([
      { version: 42, withdrawnAt: NOW, verifiedAt: null, finishedAt: null, stored: true },
    ]);
  });

  it('no success of a release whose withdrawal was taken back, before it is verified again', () => {
    const back = { now: released, inForce: underWay };
    const seen = (verifiedAt: number | null) =>
      live({
        devices: 1,
        unlocked: [{ version: 42, devices: 1 }],
        firmware: [remembered(41), remembered(42, { withdrawnAt: 9, verifiedAt })],
      });
    expect(remember({ ...back, live: seen(null) })).toEqual([]);
    expect(remember({ ...back, live: seen(10) })).toMatchObject([{ finishedAt: NOW }]);
  });

  it('the digest of a version that came withdrawn', () => {
    const words = { now: desired({ firmware: [{ version: 42, withdrawn: true }] }) };
    expect(remember(words)).toMatchObject([
      { version: 42, sha256: shaOf(42), withdrawnAt: NOW, stored: false },
    ]);
  });
});

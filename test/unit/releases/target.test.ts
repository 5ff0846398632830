// What a device should run: locks, the exposure of a release, the base outside of it, stepping stones.

import { describe, expect, it } from 'vitest';

import type { ProductPolicy } from '../../../controller/model/policy.ts';
import { offsetOf } from '../../../controller/releases/circle.ts';
import type { Subject } from '../../../controller/releases/target.ts';
import { resolveTarget } from '../../../controller/releases/target.ts';
import type { PlanWords } from '../../support/plan-input.ts';
import {
  carried,
  desired,
  device,
  policyOf,
  PRODUCT,
  remembered,
} from '../../support/plan-input.ts';

const firmware = [40, 41, 42, 43, 44].map((version) => ({ version }));

/** Version 42 is released to a tenth, after 41. */
function policyWith(
  track: NonNullable<PlanWords['tracks']>[string] = {},
  more: PlanWords = {},
): ProductPolicy {
  const tracks = { '': { base: 41, limit: 1_000, finishedAt: null, round: 5, ...track } };
  return policyOf(desired({ firmware, release: 42, tracks, ...more }));
}

/** The target of a device that stands at a position of the turn of version 42, in one line. */
function told(policy: ProductPolicy, subject: Partial<Subject>, position = 5_000): string {
  const bucket = (offsetOf(PRODUCT, 42) + position) % 10_000;
  const target = resolveTarget({ ...device(), ...subject }, policy, bucket);
  if (target.kind === 'none') {
    return `${target.reason}${target.finishes === null ? '' : `, finishes round ${target.finishes}`}`;
  }
  const { firmware: next, goal, rule, round, pace } = target;
  const via = next.version === goal ? '' : ` via ${next.version}`;
  return `${rule} ${goal}${via}, round ${round}, ${pace === null ? 'at once' : 'paced'}`;
}

describe('a release in force of a version that is not verified any more', () => {
  const policy = policyOf(desired({ firmware: [{ version: 42 }], release: 42 }), {
    firmware: [remembered(42, { verifiedAt: null, withdrawnAt: 5 })],
  });

  it('gives its devices no target, and says what it waits for', () => {
    expect(resolveTarget(device(), policy)).toMatchObject({
      kind: 'none',
      reason: 'ReleaseUnverified',
    });
  });

  it('leaves a locked device its target: that is how the version is verified', () => {
    const locked = device({ lock: carried(42) });
    expect(resolveTarget(locked, policy)).toMatchObject({ kind: 'version', rule: 'lock' });
  });
});

describe('the exposure of a release', () => {
  it('reaches the positions below its limit', () => {
    expect(told(policyWith(), { running: 41 }, 999)).toBe('release 42, round 5, paced');
    expect(told(policyWith(), { running: 41 }, 1_000)).toBe('OutsideExposure');
    expect(told(policyWith({ limit: 0 }), { running: 41 }, 0)).toBe('OutsideExposure');
  });

  it('finds the device by its id where no bucket is given', () => {
    const all = policyWith({ limit: 10_000 });
    expect(resolveTarget(device(), all)).toMatchObject({ goal: 42 });
    expect(resolveTarget(device(), policyWith({ limit: 0 }))).toMatchObject({
      reason: 'OutsideExposure',
    });
  });

  it('is nothing to a locked device, nor to one in quarantine', () => {
    const lock = carried(43);
    expect(told(policyWith(), { lock }, 0)).toBe('lock 43, round 0, at once');
    expect(told(policyWith(), { standing: 'quarantined' }, 0)).toBe('Quarantined');
  });
});

describe('outside the exposure', () => {
  it.each([
    ['stays on the base', 41, {}, 'OutsideExposure'],
    ['stays on what is newer, an unfinished release', 43, {}, 'OutsideExposure'],
    ['stays on the released version itself', 42, {}, 'OutsideExposure'],
    ['is brought to the base from what is older', 40, {}, 'base 41, round 0, paced'],
    ['stays where its version is unknown', null, {}, 'OutsideExposure'],
    [
      'is brought back, at once, from what was rolled back',
      43,
      { rolledBack: [43] },
      'base 41, round 0, at once',
    ],
    [
      'is brought on, at once, from what is older and was rolled back',
      40,
      { rolledBack: [40] },
      'base 41, round 0, at once',
    ],
    ['stays where no base is known', 40, { base: null }, 'OutsideExposure'],
    [
      'stays on a rolled back version without a base',
      43,
      { rolledBack: [43], base: null },
      'OutsideExposure',
    ],
    ['stays on a base that was rolled back', 41, { rolledBack: [41] }, 'OutsideExposure'],
  ])('a device %s', (_, running, track, target) => {
    expect(told(policyWith(track), { running })).toBe(target);
  });

  it('a device is brought back, at once, from what is withdrawn', () => {
    const withdrawn = [{ version: 41 }, { version: 42 }, { version: 43, withdrawn: true }];
    const policy = policyWith({}, { firmware: withdrawn });
    expect(told(policy, { running: 43 })).toBe('base 41, round 0, at once');
  });

  it('a base that is withdrawn, not stored or not verified counts as none', () => {
    const withdrawn = [{ version: 41, withdrawn: true }, { version: 42 }];
    expect(told(policyWith({}, { firmware: withdrawn }), { running: 40 })).toBe('OutsideExposure');
    const state = desired({
      firmware,
      release: 42,
      tracks: { '': { base: 41, limit: 0 } },
    });
    const seen = (base: Parameters<typeof remembered>[1]) =>
      policyOf(state, {
        firmware: [remembered(41, base), remembered(42, { verifiedAt: 1 })],
      });
    expect(told(seen({ verifiedAt: 1, stored: false }), { running: 40 })).toBe('OutsideExposure');
    expect(told(seen({ verifiedAt: null }), { running: 40 })).toBe('OutsideExposure');
    expect(told(seen({ verifiedAt: 1 }), { running: 40 })).toBe('base 41, round 0, paced');
  });
});

describe('a held release', () => {
  const halt = { action: 'hold' as const, at: 1, failed: 1, succeeded: 0, message: 'bad' };

  it('offers nothing to anybody, within and outside, but lets its transfers finish', () => {
    const policy = policyWith({ halt });
    for (const position of [0, 5_000]) {
      expect(told(policy, { running: 40 }, position)).toBe('ReleaseHalted, finishes round 5');
    }
    const paused = policyWith({}, { rollout: { paused: true } });
    expect(told(paused, { running: 40 }, 0)).toBe('ReleasePaused, finishes round 5');
  });

  it('does not hold a locked device', () => {
    expect(told(policyWith({ halt }), { lock: carried(43) }, 0)).toBe('lock 43, round 0, at once');
  });

  it('that was rolled back gives back the base, to those that run the version', () => {
    const rolledBack = policyWith({
      halt: { ...halt, action: 'rollback' },
      limit: 0,
      rolledBack: [42],
    });
    expect(told(rolledBack, { running: 42 }, 0)).toBe('base 41, round 0, at once');
    expect(told(rolledBack, { running: 41 }, 0)).toBe('OutsideExposure');
  });
});

describe('outside the exposure of a group’s release', () => {
  const members = { groups: { pilot: ['d1'] }, groupReleases: { pilot: 42 }, firmware };
  const grouped = (
    pilot: NonNullable<PlanWords['tracks']>[string],
    more: PlanWords = {},
  ): ProductPolicy => {
    const tracks = {
      '': { base: 41, limit: 10_000, round: 3 },
      pilot: { limit: 1_000, round: 9, finishedAt: null, ...pilot },
    };
    return policyOf(desired({ ...members, release: 41, tracks, ...more }));
  };

  it('a device follows the group’s base', () => {
    expect(told(grouped({ base: 43 }), { running: 41 })).toBe('base 43, round 0, paced');
    expect(told(grouped({ base: 43 }), { running: 41 }, 0)).toBe('groupRelease 42, round 9, paced');
  });

  it('a device follows the product’s release where the group has no base', () => {
    expect(told(grouped({ base: null }), { running: 40 })).toBe('release 41, round 3, paced');
    const withdrawn = [{ version: 41 }, { version: 42 }, { version: 43, withdrawn: true }];
    const policy = grouped({ base: 43 }, { firmware: withdrawn });
    expect(told(policy, { running: 40 })).toBe('release 41, round 3, paced');
  });

  it('a device is brought back from what the group rolled back, by the product’s base', () => {
    const policy = grouped({ base: null, rolledBack: [43] }, { release: 44 });
    const outside = policyOf(
      desired({
        ...members,
        release: 44,
        tracks: {
          '': { base: 41, limit: 0 },
          pilot: { limit: 0, base: null, rolledBack: [43], finishedAt: null },
        },
      }),
    );
    expect(told(policy, { running: 43 })).toBe('release 44, round 3, paced');
    expect(told(outside, { running: 43 })).toBe('base 41, round 0, at once');
  });

  it('a device stays where it is while the group’s release is held, withdrawn or unverified', () => {
    const paused = grouped({ base: null }, { rollout: { paused: true } });
    expect(told(paused, { running: 40 })).toBe('ReleasePaused, finishes round 9');
    const withdrawn = [{ version: 41 }, { version: 42, withdrawn: true }];
    expect(told(grouped({ base: null }, { firmware: withdrawn }), { running: 40 })).toBe(
      'FirmwareWithdrawn',
    );
  });

  it('a device without a product’s release is left alone', () => {
    const state = desired({ ...members, tracks: { pilot: { base: null, limit: 0 } } });
    expect(told(policyOf(state), { running: 40 })).toBe('OutsideExposure');
  });
});

describe('a stepping stone', () => {
  const stony = [
    { version: 40 },
    { version: 41 },
    { version: 42, requiresFrom: 41 },
    { version: 43 },
    { version: 44 },
  ];
  const all = policyWith({ limit: 10_000 }, { firmware: stony });

  it('comes first for a device that is too old, in the round of the release', () => {
    expect(told(all, { running: 40 })).toBe('release 42 via 41, round 5, paced');
    expect(told(all, { running: 41 })).toBe('release 42, round 5, paced');
    expect(told(all, { running: 44 })).toBe('release 42, round 5, paced');
  });

  it('comes first on the way to a base too', () => {
    const words = { firmware: stony, release: 44 };
    const tracks = { '': { base: 42, limit: 0 } };
    const policy = policyOf(desired({ ...words, tracks }));
    expect(told(policy, { running: 40 })).toBe('base 42 via 41, round 0, paced');
  });

  it('is verified, stored and not withdrawn, or there is no way', () => {
    const state = desired({ firmware: stony, release: 42 });
    const having = (stone: Parameters<typeof remembered>[1]) =>
      policyOf(state, {
        firmware: [remembered(41, stone), remembered(42, { verifiedAt: 1 })],
      });
    expect(told(having({ verifiedAt: 1 }), { running: 40 })).toBe(
      'release 42 via 41, round 1, paced',
    );
    expect(told(having({ verifiedAt: null }), { running: 40 })).toBe('SteppingStoneNeeded');
    expect(told(having({ verifiedAt: 1, stored: false }), { running: 40 })).toBe(
      'SteppingStoneNeeded',
    );
    const withdrawn = stony.map((each) => ({ ...each, withdrawn: each.version === 41 }));
    const policy = policyOf(desired({ firmware: withdrawn, release: 42 }));
    expect(told(policy, { running: 40 })).toBe('SteppingStoneNeeded');
  });

  it('cannot be chosen for a device that does not name its version', () => {
    expect(told(all, { running: null })).toBe('VersionUnknown');
  });

  it('is not given to a locked device', () => {
    const lock = carried(42);
    expect(told(all, { running: 40, lock })).toBe('SteppingStoneNeeded');
    expect(told(all, { running: null, lock })).toBe('SteppingStoneNeeded');
    expect(told(all, { running: 41, lock })).toBe('lock 42, round 0, at once');
  });
});

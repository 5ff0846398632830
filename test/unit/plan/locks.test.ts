// Locks in a plan: which devices are locked and unlocked, what refuses a lock, and what stays when one is refused.

import { describe, expect, it } from 'vitest';

import {
  actionsOf,
  carried,
  desired,
  LINES,
  liveOf,
  namedDevice,
  planOne,
  refusalsOf,
  remembered,
  TODAY,
  warningsOf,
} from '../../support/plan-input.ts';

const firmware = [{ version: 41 }, { version: 42 }];
const records = [remembered(41, { verifiedAt: 1 }), remembered(42)];
const ids = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `d${String(index).padStart(2, '0')}`);
const free = (count: number) =>
  liveOf(
    ids(count).map((id) => namedDevice(id)),
    { firmware: records },
  );
const heldOn = (version: number, count: number, manifest = 'bench') =>
  liveOf(
    ids(count).map((id) => namedDevice(id, { running: version, lock: carried(version, manifest) })),
    { firmware: records },
  );

describe('a lock', () => {
  it('locks its devices, each traced to the manifest', () => {
    const { plan, next } = planOne({
      now: desired({ firmware, locks: { bench: { version: 42, devices: ['d01', 'd00'] } } }),
      inForce: desired({ firmware }),
      live: free(2),
    });
    expect(actionsOf(plan)).toEqual(['LockDevice d00 42 now', 'LockDevice d01 42 now']);
    expect(plan.actions[0]?.trace).toMatchObject({ manifest: 'DeviceLock/bench', revision: 'r1' });
    expect(next.locks).toHaveLength(1);
  });

  it('can name a group of the same revision', () => {
    const { plan } = planOne({
      now: desired({
        firmware,
        groups: { bench: ids(2) },
        locks: { lock: { version: 42, group: 'bench', flash: 'on-reset' } },
      }),
      inForce: desired({ firmware }),
      live: free(2),
    });
    expect(actionsOf(plan)).toEqual([
      'ChangeGroup bench 2',
      'LockDevice d00 42 on-reset',
      'LockDevice d01 42 on-reset',
    ]);
  });

  it('does nothing where it is carried out already, and something where only the flash mode differs', () => {
    const state = desired({ firmware, locks: { bench: { version: 42, devices: ids(1) } } });
    expect(actionsOf(planOne({ now: state, inForce: state, live: heldOn(42, 1) }).plan)).toEqual(
      [],
    );
    const other = desired({
      firmware,
      locks: { bench: { version: 42, devices: ids(1), flash: 'on-reset' } },
    });
    const { plan } = planOne({ now: other, inForce: state, live: heldOn(42, 1) });
    expect(actionsOf(plan)).toEqual(['LockDevice d00 42 on-reset']);
  });

  it('that is removed unlocks, traced to the manifest that is gone and the revision without it', () => {
    const { plan, next } = planOne({
      now: desired({ firmware, revision: 'r2' }),
      inForce: desired({ firmware, locks: { bench: { version: 42, devices: ids(1) } } }),
      live: heldOn(42, 1),
    });
    expect(plan.actions).toMatchObject([
      {
        type: 'UnlockDevice',
        device: 'd00',
        from: 42,
        trace: { manifest: 'DeviceLock/bench', revision: 'r2' },
      },
    ]);
    expect(next.locks).toEqual([]);
  });

  it('that changed hands moves no device', () => {
    const { plan } = planOne({
      now: desired({ firmware, locks: { other: { version: 42, devices: ids(1) } } }),
      inForce: desired({ firmware, locks: { bench: { version: 42, devices: ids(1) } } }),
      live: heldOn(42, 1),
    });
    expect(actionsOf(plan)).toEqual([]);
  });

  it('that agrees with another one on the same device is no conflict', () => {
    const { plan } = planOne({
      now: desired({
        firmware,
        locks: {
          one: { version: 41, devices: ids(1) },
          two: { version: 41, devices: ids(1) },
        },
      }),
      inForce: desired({ firmware }),
      live: free(1),
    });
    expect(refusalsOf(plan)).toEqual([]);
    expect(actionsOf(plan)).toEqual(['LockDevice d00 41 now']);
  });
});

describe('a lock is refused', () => {
  it('for a version without firmware (UnknownVersion)', () => {
    const { plan, next } = planOne({
      now: desired({ firmware, locks: { bench: { version: 99, devices: ids(1) } } }),
      inForce: desired({ firmware }),
      live: free(1),
    });
    expect(plan.refusals).toMatchObject([
      {
        reason: 'UnknownVersion',
        manifest: 'DeviceLock/bench',
        place: { file: 'bench.yaml', line: LINES['spec.version'] },
      },
    ]);
    expect(plan.refusals[0]?.message).toContain('99');
    expect(next.locks).toEqual([]);
  });

  it('for a group that is not there (UnknownGroup)', () => {
    const { plan } = planOne({
      now: desired({ firmware, locks: { bench: { version: 41, group: 'nobody' } } }),
      inForce: desired({ firmware }),
    });
    expect(plan.refusals).toMatchObject([
      { reason: 'UnknownGroup', place: { line: LINES['spec.group'] } },
    ]);
    expect(plan.refusals[0]?.message).toContain('nobody');
  });

  it('against a lock that is in force, whichever name comes first (LockConflict)', () => {
    for (const [old, rival] of [
      ['a', 'b'],
      ['b', 'a'],
    ] as const) {
      const mine = { version: 41, devices: ids(1) };
      const { plan, next } = planOne({
        now: desired({
          firmware,
          locks: { [old]: mine, [rival]: { version: 42, devices: ids(1) } },
        }),
        inForce: desired({ firmware, locks: { [old]: mine } }),
        live: heldOn(41, 1, old),
      });
      expect(plan.refusals).toMatchObject([
        {
          reason: 'LockConflict',
          manifest: `DeviceLock/${rival}`,
          place: { file: `${rival}.yaml`, line: LINES.spec },
        },
      ]);
      expect(plan.refusals[0]?.message).toContain(`DeviceLock/${old}`);
      expect(actionsOf(plan)).toEqual([]);
      expect(next.locks.map(({ origin }) => origin.name)).toEqual([old]);
    }
  });

  it('against a lock that differs in nothing but its flash mode (LockConflict)', () => {
    const { plan } = planOne({
      now: desired({
        firmware,
        locks: {
          one: { version: 41, devices: ids(1) },
          two: { version: 41, devices: ids(1), flash: 'on-reset' },
        },
      }),
      inForce: desired({ firmware }),
      live: free(1),
    });
    expect(refusalsOf(plan)).toEqual(['LockConflict']);
  });

  it('when it newly names withdrawn firmware (FirmwareWithdrawn)', () => {
    const withdrawn = [{ version: 41 }, { version: 42, withdrawn: true }];
    const { plan } = planOne({
      now: desired({ firmware: withdrawn, locks: { bench: { version: 42, devices: ids(1) } } }),
      inForce: desired({ firmware: withdrawn }),
      live: free(1),
    });
    expect(plan.refusals).toMatchObject([
      { reason: 'FirmwareWithdrawn', place: { line: LINES['spec.version'] } },
    ]);
    expect(actionsOf(plan)).toEqual([]);
  });

  it('when it is added or edited after its date (LockExpired)', () => {
    const expired = { version: 41, devices: ids(1), expires: '2026-11-21' };
    const added = planOne({
      now: desired({ firmware, locks: { bench: expired } }),
      inForce: desired({ firmware }),
      live: free(1),
    });
    expect(added.plan.refusals).toMatchObject([
      { reason: 'LockExpired', place: { line: LINES['spec.expires'] } },
    ]);
    expect(added.plan.refusals[0]?.message).toContain('2026-11-21');
    const edited = planOne({
      now: desired({ firmware, locks: { bench: { ...expired, version: 42 } } }),
      inForce: desired({ firmware, locks: { bench: expired } }),
      live: heldOn(41, 1),
    });
    expect(refusalsOf(edited.plan)).toEqual(['LockExpired']);
    expect(actionsOf(edited.plan)).toEqual([]);
  });

  it('when locks of an unverified version name more devices than maxUnverified (TooManyUnverified)', () => {
    const lockOf = (count: number) =>
      planOne({
        now: desired({ firmware, locks: { bench: { version: 42, devices: ids(count) } } }),
        inForce: desired({ firmware }),
        live: free(12),
      }).plan;
    expect(refusalsOf(lockOf(10))).toEqual([]);
    expect(lockOf(11).refusals).toMatchObject([
      { reason: 'TooManyUnverified', place: { line: LINES['spec.version'] } },
    ]);
    expect(lockOf(11).refusals[0]?.message).toContain('11 devices');
    expect(actionsOf(lockOf(11))).toEqual([]);
  });

  it('counting all locks of that version together', () => {
    const [first, ...rest] = [ids(11).slice(0, 6), ids(11).slice(6)];
    const { plan } = planOne({
      now: desired({
        firmware,
        locks: {
          one: { version: 42, devices: first ?? [] },
          two: { version: 42, devices: rest.flat() },
        },
      }),
      inForce: desired({ firmware, locks: { one: { version: 42, devices: first ?? [] } } }),
      live: free(11),
    });
    expect(plan.refusals.map(({ manifest }) => manifest)).toEqual(['DeviceLock/two']);
  });

  it('but not for the number of devices once the version is verified', () => {
    const { plan } = planOne({
      now: desired({ firmware, locks: { bench: { version: 41, devices: ids(12) } } }),
      inForce: desired({ firmware }),
      live: free(12),
    });
    expect(refusalsOf(plan)).toEqual([]);
  });
});

describe('what is in force for a refused lock stays', () => {
  const group = (count: number) => ({ bench: ids(count) });
  const lock = { lock: { version: 42, group: 'bench' } };

  it('with the devices that it had, though its group grew meanwhile', () => {
    const { plan, next } = planOne({
      now: desired({ firmware, groups: group(30), locks: lock }),
      inForce: desired({ firmware, groups: group(2), locks: lock }),
      live: heldOn(42, 2, 'lock'),
    });
    expect(refusalsOf(plan)).toEqual(['TooManyUnverified']);
    expect(actionsOf(plan)).toEqual(['ChangeGroup bench 30']);
    expect(next.locks[0]?.spec).toMatchObject({ devices: ids(2), group: null });
  });

  it('also where the manifest was refused when the revision was read', () => {
    const { plan } = planOne({
      now: desired({ firmware, groups: group(30) }),
      inForce: desired({ firmware, groups: group(2), locks: lock }),
      live: heldOn(42, 2, 'lock'),
      snapshot: { refused: ['DeviceLock/thermostat/lock'] },
    });
    expect(actionsOf(plan)).toEqual(['ChangeGroup bench 30']);
  });

  it('before a new lock may have one of its devices', () => {
    const { plan, next } = planOne({
      now: desired({
        firmware,
        locks: {
          a: { version: 41, devices: ['d00'] },
          b: { version: 42, devices: ids(12).slice(1) },
        },
      }),
      inForce: desired({ firmware, locks: { b: { version: 42, devices: ['d00'] } } }),
      live: heldOn(42, 1, 'b'),
    });
    expect([...refusalsOf(plan)].sort()).toEqual(['LockConflict', 'TooManyUnverified']);
    expect(actionsOf(plan)).toEqual([]);
    expect(next.locks).toMatchObject([{ spec: { version: 42, devices: ['d00'] } }]);
  });
});

describe('the plan warns', () => {
  it('of a lock that expired while in force, which stays', () => {
    const state = (expires: string) =>
      desired({ firmware, locks: { bench: { version: 41, devices: ids(1), expires } } });
    const warned = (expires: string) => {
      const words = { now: state(expires), inForce: state(expires), live: heldOn(41, 1) };
      const { plan } = planOne(words);
      expect(actionsOf(plan)).toEqual([]);
      expect(refusalsOf(plan)).toEqual([]);
      return plan.warnings;
    };
    expect(warned('2026-11-21')).toMatchObject([
      { reason: 'LockExpired', place: { file: 'bench.yaml', line: LINES['spec.expires'] } },
    ]);
    // The date names the last day on which the lock is meant to stand.
    expect(warned(TODAY)).toEqual([]);
  });

  it('of devices that never made contact, and of offline ones that would be flashed', () => {
    const fleet = liveOf(
      [
        namedDevice('d00', { standing: 'expected', running: null }),
        namedDevice('d01', { online: false }),
        namedDevice('d02', { online: false, running: 42 }),
        namedDevice('d03'),
      ],
      { firmware: records },
    );
    const { plan } = planOne({
      now: desired({ firmware, locks: { bench: { version: 42, devices: [...ids(4), 'd99'] } } }),
      inForce: desired({ firmware }),
      live: fleet,
    });
    expect(plan.warnings).toMatchObject([
      { reason: 'UnknownDevice', place: { line: 20 } },
      { reason: 'DeviceOffline', place: { line: 21 } },
      { reason: 'UnknownDevice', place: { line: 24 } },
    ]);
    expect(plan.warnings[1]?.message).toContain('flashed when it connects');
  });

  it('of a lock that names no device', () => {
    const { plan } = planOne({
      now: desired({ firmware, locks: { bench: { version: 41, devices: [] } } }),
      inForce: desired({ firmware }),
    });
    expect(warningsOf(plan)).toEqual(['NoDevices']);
  });
});

describe('maxUnlocked', () => {
  const guardrails = { maxUnlocked: 10 };
  const locked = (count: number, more: object = {}) =>
    desired({
      firmware,
      guardrails,
      locks: { bench: { version: 41, devices: ids(count) } },
      ...more,
    });

  it('refuses to unlock a larger share of the locked devices, and keeps their locks', () => {
    const inForce = locked(20);
    const { plan, next } = planOne({
      now: desired({ firmware, guardrails }),
      inForce,
      live: heldOn(41, 20),
    });
    expect(plan.refusals).toMatchObject([
      { reason: 'TooManyUnlocked', place: { line: LINES['spec.guardrails.maxUnlocked'] } },
    ]);
    expect(plan.refusals[0]?.message).toContain('20 of 20');
    expect(actionsOf(plan)).toEqual([]);
    expect(next.locks[0]?.spec.devices).toEqual(ids(20));
  });

  it('is read from what is in force, not from the change', () => {
    const raised = planOne({
      now: desired({ firmware, guardrails: { maxUnlocked: 100 } }),
      inForce: locked(20),
      live: heldOn(41, 20),
    });
    expect(refusalsOf(raised.plan)).toEqual(['TooManyUnlocked']);
    expect(actionsOf(raised.plan)).toEqual(['ConfigureProduct guardrails']);
    const lowered = planOne({
      now: desired({ firmware, guardrails }),
      inForce: locked(20, { guardrails: { maxUnlocked: null } }),
      live: heldOn(41, 20),
    });
    expect(refusalsOf(lowered.plan)).toEqual([]);
  });

  it('binds a revision however often it is planned, and lets the next one have the new limit', () => {
    const now = desired({ firmware, guardrails: { maxUnlocked: 100 }, revision: 'r2' });
    const words = { now, live: heldOn(41, 20), snapshot: { revision: 'r2' } };
    const first = planOne({ ...words, inForce: locked(20) });
    const second = planOne({ ...words, inForce: first.next });
    expect(refusalsOf(second.plan)).toEqual(['TooManyUnlocked']);
    expect(actionsOf(second.plan)).toEqual([]);
    expect(second.next).toEqual(first.next);
    const later = planOne({ ...words, inForce: second.next, snapshot: { revision: 'r3' } });
    expect(refusalsOf(later.plan)).toEqual([]);
    expect(actionsOf(later.plan)).toHaveLength(20);
  });

  it('lets fewer than five pass, and five of fifty, but not six', () => {
    const unlock = (of: number, count: number) =>
      refusalsOf(
        planOne({ now: locked(of - count), inForce: locked(of), live: heldOn(41, of) }).plan,
      );
    expect(unlock(4, 4)).toEqual([]);
    expect(unlock(5, 5)).toEqual(['TooManyUnlocked']);
    expect(unlock(40, 4)).toEqual([]);
    expect(unlock(39, 4)).toEqual([]);
    expect(unlock(40, 5)).toEqual(['TooManyUnlocked']);
  });

  it('keeps by name the devices of a group that shrank', () => {
    const words = { firmware, guardrails, locks: { bench: { version: 41, group: 'g' } } };
    const inForce = desired({ ...words, groups: { g: ids(20) } });
    const now = desired({ ...words, groups: { g: ids(2) } });
    const { plan, next } = planOne({ now, inForce, live: heldOn(41, 20) });
    expect(refusalsOf(plan)).toEqual(['TooManyUnlocked']);
    expect(actionsOf(plan)).toEqual(['ChangeGroup g 2']);
    expect(next.locks).toMatchObject([{ spec: { devices: ids(20), group: null } }]);
    // And again at the next pass, with the shrunk group in force.
    const again = planOne({ now, inForce: next, live: heldOn(41, 20) });
    expect(refusalsOf(again.plan)).toEqual(['TooManyUnlocked']);
    expect(actionsOf(again.plan)).toEqual([]);
    expect(again.next.locks).toEqual(next.locks);
  });

  it('keeps the whole lock as it was where its manifest also moved to another version', () => {
    const { plan, next } = planOne({
      now: desired({ firmware, guardrails, locks: { bench: { version: 42, devices: ids(2) } } }),
      inForce: locked(20),
      live: heldOn(41, 20),
    });
    expect(refusalsOf(plan)).toEqual(['TooManyUnlocked']);
    expect(actionsOf(plan)).toEqual([]);
    expect(next.locks).toMatchObject([{ spec: { version: 41, devices: ids(20) } }]);
  });

  it('keeps a device whose new lock is refused under the one that it had', () => {
    const [first, second] = [ids(10).slice(0, 5), ids(10).slice(5)];
    const inForce = desired({
      firmware,
      guardrails,
      locks: { a: { version: 41, devices: first }, b: { version: 41, devices: second } },
    });
    const { plan, next } = planOne({
      now: desired({ firmware, guardrails, locks: { b: { version: 41, devices: ['d00'] } } }),
      inForce,
      live: heldOn(41, 10),
    });
    expect(refusalsOf(plan)).toEqual(['TooManyUnlocked']);
    expect(actionsOf(plan)).toEqual([]);
    expect(next.locks.map(({ spec }) => spec.devices)).toEqual([first, second]);
  });

  it('has no limit where none is given', () => {
    const { plan } = planOne({
      now: desired({ firmware }),
      inForce: locked(20, { guardrails: {} }),
      live: heldOn(41, 20),
    });
    expect(refusalsOf(plan)).toEqual([]);
    expect(actionsOf(plan)).toHaveLength(20);
  });
});

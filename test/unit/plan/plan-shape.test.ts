// The plan as data: order, groups, what the fleet is warned of, impact, fingerprint.

import { describe, expect, it } from 'vitest';

import { fingerprintOf, isSamePlan } from '../../../controller/plan/fingerprint.ts';
import { namedDevices } from '../../../controller/plan/named-devices.ts';
import type { Plan } from '../../../controller/model/plan.ts';
import {
  actionsOf,
  carried,
  desired,
  evidence,
  live,
  liveOf,
  namedDevice,
  planAll,
  planOne,
  refusalsOf,
  remembered,
  warningsOf,
} from '../../support/plan-input.ts';

const firmware = [{ version: 41 }, { version: 42 }];
const memory = [
  remembered(41, { verifiedAt: 1, finishedAt: 1 }),
  remembered(42, { verifiedAt: 1 }),
];

describe('the actions of a plan', () => {
  const inForce = desired({
    firmware: [{ version: 40 }, ...firmware],
    groups: { old: ['d9'] },
    locks: { gone: { version: 41, devices: ['d2'] } },
    release: 41,
    groupReleases: { old: 41 },
  });
  const now = desired({
    firmware: [{ version: 41, withdrawn: true }, { version: 42 }, { version: 43 }],
    groups: { bench: ['d1'] },
    locks: { bench: { version: 43, group: 'bench' } },
    release: 42,
    verification: { devices: 2 },
  });
  const fleet = liveOf(
    [
      namedDevice('d1'),
      namedDevice('d2', { lock: carried(41, 'gone') }),
      namedDevice('d9', { standing: 'expected' }),
    ],
    { firmware: [remembered(40), ...memory], crowd: [{ version: 41, devices: 5 }] },
  );

  it('take away first and start something last', () => {
    const { plan } = planOne({ now, inForce, live: fleet });
    expect(refusalsOf(plan)).toEqual([]);
    expect(actionsOf(plan)).toEqual([
      'WithdrawFirmware 41',
      'ConfigureProduct verification',
      'UploadFirmware 43',
      'ChangeGroup bench 1',
      'ChangeGroup old 0',
      'LockDevice d1 43 now',
      'UnlockDevice d2 41',
      'EndRelease 41 group old',
      'ReleaseFirmware 42 from 41 group -',
      'RetireFirmware 40',
    ]);
  });

  it('all name a manifest and a revision', () => {
    const { plan } = planOne({ now, inForce, live: fleet });
    for (const { trace } of plan.actions) {
      expect(trace.manifest).toMatch(/^(Product|Firmware|DeviceGroup|DeviceLock|Release)\/.+/);
      expect(trace.revision).toBe('r1');
      expect(trace.place.file).not.toBe('');
    }
  });

  it('leave nothing to do once they are in force', () => {
    const { next } = planOne({ now, inForce, live: fleet });
    const done = liveOf(
      [
        namedDevice('d1', { lock: carried(43, 'bench') }),
        namedDevice('d2'),
        namedDevice('d9', { standing: 'expected' }),
      ],
      {
        firmware: [
          remembered(40),
          remembered(41, { withdrawnAt: 5 }),
          remembered(42, { verifiedAt: 1 }),
          remembered(43),
        ],
        crowd: [{ version: 41, devices: 5 }],
      },
    );
    expect(actionsOf(planOne({ now, inForce: next, live: done }).plan)).toEqual([]);
  });

  it('say which settings of the product change', () => {
    const change = (words: Parameters<typeof desired>[0]) =>
      actionsOf(planOne({ now: desired(words), inForce: desired() }).plan);
    expect(change({})).toEqual([]);
    expect(change({ productId: 94 })).toEqual(['ConfigureProduct productId']);
    expect(change({ platform: 'photon' })).toEqual(['ConfigureProduct platform']);
    expect(change({ fleet: { retries: 9 }, guardrails: { maxUnverified: 1 } })).toEqual([
      'ConfigureProduct fleet,guardrails',
    ]);
  });
});

describe('groups', () => {
  it('change only with their devices, not with the order of them', () => {
    const before = desired({ groups: { bench: ['a', 'b'] } });
    const change = (devices: readonly string[]) =>
      actionsOf(planOne({ now: desired({ groups: { bench: devices } }), inForce: before }).plan);
    expect(change(['b', 'a'])).toEqual([]);
    expect(change(['a', 'c'])).toEqual(['ChangeGroup bench 2']);
    expect(change(['a'])).toEqual(['ChangeGroup bench 1']);
  });

  it('outlive their manifest while what is in force names them', () => {
    const words = { firmware, groups: { bench: ['d1'] } };
    const fleet = liveOf([namedDevice('d1', { lock: carried(41, 'lock') })], { firmware: memory });
    const keeps = (before: Parameters<typeof desired>[0], refused: readonly string[]) =>
      planOne({
        now: desired({ firmware }),
        inForce: desired({ ...words, ...before }),
        live: fleet,
        snapshot: { refused },
      });
    const byLock = keeps({ locks: { lock: { version: 41, group: 'bench' } } }, [
      'DeviceLock/thermostat/lock',
    ]);
    expect(actionsOf(byLock.plan)).toEqual([]);
    expect(byLock.next.groups).toHaveLength(1);
    const byRelease = keeps({ groupReleases: { bench: 41 } }, [
      'Release/thermostat/thermostat-bench',
    ]);
    expect(byRelease.next.groups).toHaveLength(1);
    const byRefusal = keeps({}, ['DeviceGroup/thermostat/bench']);
    expect(byRefusal.next.groups).toHaveLength(1);
    const byNothing = keeps({}, []);
    expect(byNothing.next.groups).toEqual([]);
    expect(actionsOf(byNothing.plan)).toContain('ChangeGroup bench 0');
  });

  it('outlive their manifest while verification in force names them', () => {
    const verification = { group: 'bench' };
    const { next } = planOne({
      now: { ...desired({ firmware }), config: null },
      inForce: desired({ firmware, verification, groups: { bench: ['d1'] } }),
      live: live({ firmware: memory }),
      snapshot: { revision: 'r1' },
    });
    expect(next.groups).toHaveLength(1);
  });

  it('that give one device different versions are warned of, unless a lock decides', () => {
    const words = {
      firmware,
      groups: { a: ['d1', 'd2'], b: ['d1', 'd2', 'd3'] },
      groupReleases: { a: 41, b: 42 },
      locks: { bench: { version: 41, devices: ['d2'] } },
    };
    const { plan } = planOne({
      now: desired(words),
      inForce: desired(words),
      live: liveOf(
        [
          namedDevice('d1', { running: 40 }),
          namedDevice('d2', { lock: carried(41, 'bench') }),
          namedDevice('d3'),
        ],
        { firmware: memory },
      ),
    });
    expect(plan.warnings).toMatchObject([
      { reason: 'ReleaseConflict', place: { file: 'release-thermostat-b.yaml' } },
    ]);
    expect(plan.warnings[0]?.message).toMatch(/: d1\.$/);
    expect(plan.impact.flashes).toEqual([{ from: 41, to: 42, devices: 1 }]);
  });
});

describe('what the fleet is warned of', () => {
  it('names the emergency stop, unknown versions and failing devices', () => {
    const state = desired({ firmware, release: 41 });
    const { plan } = planOne({
      now: state,
      inForce: state,
      live: live({
        devices: 9,
        stopped: true,
        unlocked: [
          { version: null, devices: 2 },
          { version: 41, devices: 6 },
        ],
        locked: [{ version: null, devices: 1 }],
        outcomes: [
          { version: 41, inFlight: 0, succeeded: 1, failed: 2 },
          { version: 40, inFlight: 0, succeeded: 0, failed: 1 },
        ],
        firmware: memory,
      }),
    });
    expect(warningsOf(plan)).toEqual(['DevicesFailing', 'EmergencyStop', 'VersionUnknown']);
    expect(plan.warnings.map(({ message }) => message)).toEqual([
      '3 devices failed with the target version.',
      'thermostat is stopped: nothing more is offered.',
      '3 devices named no version that a manifest knows.',
    ]);
  });

  it('is empty for a fleet that is well', () => {
    const state = desired({ firmware, release: 41 });
    const fleet = live({ devices: 1, unlocked: [{ version: 41, devices: 1 }], firmware: memory });
    expect(planOne({ now: state, inForce: state, live: fleet }).plan.warnings).toEqual([]);
  });
});

describe('versions that pass their gate', () => {
  const state = desired({ firmware });
  it('are to be remembered, once, whether or not they are released', () => {
    const words = { now: state, inForce: state };
    const fleet = live({
      firmware: [remembered(41, { verifiedAt: 1 }), remembered(42)],
      evidence: [evidence('d1', 42)],
    });
    expect(planOne({ ...words, live: fleet }).plan.newlyVerified).toEqual([42]);
    expect(planOne({ ...words, live: { ...fleet, firmware: memory } }).plan.newlyVerified).toEqual(
      [],
    );
  });

  it('are not remembered while they are withdrawn', () => {
    const withdrawn = desired({ firmware: [{ version: 42, withdrawn: true }] });
    const { plan } = planOne({
      now: withdrawn,
      inForce: state,
      live: live({ firmware: [remembered(42)], evidence: [evidence('d1', 42)] }),
    });
    expect(plan.newlyVerified).toEqual([]);
  });
});

describe('named devices', () => {
  it('are those of groups and locks, in whatever state is given', () => {
    const one = desired({ groups: { g: ['a', 'b'] } });
    const two = desired({ locks: { l: { version: 1, devices: ['b', 'c'] } } });
    expect([...namedDevices(one, null, undefined, two)].sort()).toEqual(['a', 'b', 'c']);
  });
});

describe('the fingerprint', () => {
  const before = desired({ firmware, release: 41 });
  const fleet = (devices: number) =>
    live({ devices, unlocked: [{ version: 41, devices }], firmware: memory });
  const planFor = (release: number, devices: number, revision = 'r2'): Plan =>
    planAll({
      now: desired({ firmware, release, revision }),
      inForce: before,
      live: fleet(devices),
      snapshot: { revision },
    }).plan;

  it('is the same for the same plan, and a digest', () => {
    expect(planFor(42, 1000).fingerprint).toBe(planFor(42, 1000).fingerprint);
    expect(planFor(42, 1000).fingerprint).toMatch(/^sha256:[0-9a-f]{64}$/);
  });

  it('changes with revision, actions and refusals', () => {
    const { fingerprint } = planFor(42, 1000);
    expect(planFor(42, 1000, 'r3').fingerprint).not.toBe(fingerprint);
    expect(planFor(41, 1000).fingerprint).not.toBe(fingerprint);
    const refused = planFor(99, 1000);
    expect(refused.fingerprint).not.toBe(planFor(41, 1000).fingerprint);
  });

  it('covers the revision also where there is nothing to do', () => {
    expect(fingerprintOf('r1', [])).not.toBe(fingerprintOf('r2', []));
  });

  it('changes when the counts move far, and is not told apart by warnings', () => {
    const plan = planFor(42, 1000);
    expect(planFor(42, 1200).fingerprint).not.toBe(plan.fingerprint);
    const warned = plan.products.map((each) => ({ ...each, warnings: [] }));
    expect(fingerprintOf('r2', warned)).toBe(plan.fingerprint);
  });
});

describe('a saved plan still holds', () => {
  const plan = (devices: number, more: Partial<Parameters<typeof desired>[0]> = {}): Plan =>
    planAll({
      now: desired({ firmware, release: 42, ...more }),
      inForce: desired({ firmware, release: 41 }),
      live: live({ devices, unlocked: [{ version: 41, devices }], firmware: memory }),
    }).plan;

  it('while each count stays within 5 %, both ways', () => {
    expect(isSamePlan(plan(1000), plan(1000))).toBe(true);
    expect(isSamePlan(plan(1000), plan(1050))).toBe(true);
    expect(isSamePlan(plan(1050), plan(1000))).toBe(true);
    expect(isSamePlan(plan(1000), plan(950))).toBe(true);
    expect(isSamePlan(plan(1000), plan(1060))).toBe(false);
    expect(isSamePlan(plan(1000), plan(940))).toBe(false);
    expect(isSamePlan(plan(0), plan(1))).toBe(false);
  });

  it('not when an action, a refusal or the revision differs', () => {
    expect(isSamePlan(plan(1000), plan(1000, { release: 41 }))).toBe(false);
    expect(isSamePlan(plan(1000), plan(1000, { groups: { g: ['x'] } }))).toBe(false);
    expect(isSamePlan(plan(1000), { ...plan(1000), revision: 'r9' })).toBe(false);
    expect(isSamePlan(plan(1000, { release: 98 }), plan(1000, { release: 41 }))).toBe(false);
  });

  it('not when one flow of flashes replaces another of the same size', () => {
    const moved = plan(1000);
    const flashes = [{ from: 40, to: 42, devices: 1000 }];
    const products = moved.products.map((each) => ({
      ...each,
      impact: { ...each.impact, flashes },
    }));
    expect(isSamePlan(moved, { ...moved, products })).toBe(false);
  });
});

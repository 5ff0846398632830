// Firmware in a plan: immutability, rising numbers, retiring, withdrawal.

import { describe, expect, it } from 'vitest';

import {
  actionsOf,
  desired,
  LINES,
  live,
  planOne,
  refusalsOf,
  remembered,
  shaOf,
  warningsOf,
} from '../../support/plan-input.ts';

const OTHER_SHA = 'e'.repeat(64);
const known = live({ firmware: [remembered(41), remembered(42)] });

describe('firmware that is new', () => {
  it('is uploaded, whatever order one revision brings versions in', () => {
    const { plan, next } = planOne({
      now: desired({ firmware: [{ version: 43 }, { version: 42 }] }),
      live: live({ firmware: [remembered(41)] }),
    });
    expect(refusalsOf(plan)).toEqual([]);
    expect(actionsOf(plan)).toEqual([
      'ConfigureProduct new',
      'UploadFirmware 42',
      'UploadFirmware 43',
    ]);
    expect(next.firmware.map(({ spec }) => spec.version)).toEqual([42, 43]);
  });

  it('is refused when it is lower than a version that the fleet remembers', () => {
    const { plan, next } = planOne({ now: desired({ firmware: [{ version: 40 }] }), live: known });
    expect(plan.refusals[0]).toMatchObject({
      reason: 'VersionNotIncreasing',
      place: { file: 'thermostat-40.yaml', line: LINES['spec.version'] },
      manifest: 'Firmware/thermostat-40',
      lifts: 'commit',
    });
    expect(plan.refusals[0]?.message).toContain('lower than 42');
    expect(next.firmware).toEqual([]);
  });

  it('is refused when it is lower than a version that a device runs, locked or not', () => {
    for (const counts of [
      { unlocked: [{ version: 50, devices: 1 }] },
      { locked: [{ version: 50, devices: 1 }] },
    ]) {
      const { plan } = planOne({
        now: desired({ firmware: [{ version: 42 }] }),
        live: live(counts),
      });
      expect(refusalsOf(plan)).toEqual(['VersionNotIncreasing']);
    }
  });

  it('is accepted below the highest where devices run it already', () => {
    const { plan } = planOne({
      now: desired({ firmware: [{ version: 40 }] }),
      live: live({ firmware: [remembered(42)], unlocked: [{ version: 40, devices: 2 }] }),
    });
    expect(refusalsOf(plan)).toEqual([]);
  });

  it('waits for its binary, and lets the rest of its revision go ahead', () => {
    const now = desired({ revision: 'r2', firmware: [{ version: 42 }, { version: 43 }] });
    const missing = new Map([['thermostat', new Map([[42, 'The server did not answer.']])]]);
    const { plan, next } = planOne({ now, context: { unavailable: missing } });
    expect(plan.refusals).toMatchObject([
      { reason: 'BinaryMissing', message: 'The server did not answer.', lifts: 'devices' },
    ]);
    expect(plan.refusals[0]?.place.line).toBe(LINES['spec.binary']);
    expect(next.firmware.map(({ spec }) => spec.version)).toEqual([43]);
  });

  it('is not too low later because a higher version of its own revision came through first', () => {
    const now = desired({ revision: 'r2', firmware: [{ version: 42 }, { version: 43 }] });
    const half = desired({ revision: 'r2', firmware: [{ version: 43 }] });
    const { plan } = planOne({
      now,
      inForce: half,
      live: live({
        firmware: [remembered(41), remembered(43, { addedRevision: 'r2' })],
        locked: [{ version: 43, devices: 1 }],
      }),
    });
    expect(refusalsOf(plan)).toEqual([]);
    expect(actionsOf(plan)).toEqual(['UploadFirmware 42']);
  });
});

describe('firmware is immutable', () => {
  it('so another digest under a remembered version is refused, and what is in force stays', () => {
    const before = desired({ firmware: [{ version: 42 }] });
    const { plan, next } = planOne({
      now: desired({ firmware: [{ version: 42, sha256: OTHER_SHA }] }),
      inForce: before,
      live: known,
    });
    expect(plan.refusals).toMatchObject([
      { reason: 'FirmwareChanged', place: { line: LINES['spec.binary.sha256'] } },
    ]);
    expect(plan.refusals[0]?.message).toContain(shaOf(42));
    expect(next.firmware).toEqual(before.firmware);
  });

  it('for good: also long after its manifest went', () => {
    const { plan } = planOne({
      now: desired({ firmware: [{ version: 42, sha256: OTHER_SHA }] }),
      inForce: desired(),
      live: known,
    });
    expect(refusalsOf(plan)).toEqual(['FirmwareChanged']);
  });

  it('so the same digest may return, also below the highest', () => {
    const { plan } = planOne({
      now: desired({ firmware: [{ version: 41 }] }),
      inForce: desired(),
      live: known,
    });
    expect(refusalsOf(plan)).toEqual([]);
    expect(actionsOf(plan)).toEqual(['UploadFirmware 41']);
  });

  it('so nothing is uploaded twice', () => {
    const state = desired({ firmware: [{ version: 42 }] });
    expect(actionsOf(planOne({ now: state, inForce: state, live: known }).plan)).toEqual([]);
    const lost = live({ firmware: [remembered(42, { stored: false })] });
    const { plan } = planOne({ now: state, inForce: state, live: lost });
    expect(actionsOf(plan)).toEqual(['UploadFirmware 42']);
  });
});

describe('firmware whose manifest is gone', () => {
  const before = desired({ firmware: [{ version: 41 }, { version: 42 }] });

  it('is kept as retiring, with a warning and no refusal, while devices run it', () => {
    const { plan, next } = planOne({
      now: desired({ firmware: [{ version: 42 }] }),
      inForce: before,
      live: live({ firmware: known.firmware, unlocked: [{ version: 41, devices: 3 }] }),
    });
    expect(refusalsOf(plan)).toEqual([]);
    expect(plan.warnings).toMatchObject([
      { reason: 'FirmwareRetiring', place: { file: 'thermostat-41.yaml' } },
    ]);
    expect(plan.warnings[0]?.message).toContain('it runs on 3 devices');
    expect(next.firmware.map(({ spec }) => [spec.version, spec.retiring])).toEqual([
      [41, true],
      [42, false],
    ]);
  });

  it('is kept while it is released or locked to, though no device runs it', () => {
    const words = { release: 41, firmware: [{ version: 41 }] };
    const released = desired(words);
    const kept = planOne({
      now: desired({ release: 41 }),
      inForce: released,
      live: live({ devices: 1, firmware: known.firmware }),
    });
    expect(warningsOf(kept.plan)).toEqual(['FirmwareRetiring']);
    expect(refusalsOf(kept.plan)).toEqual([]);
    const locks = { bench: { version: 41, devices: ['d1'] } };
    const locked = planOne({
      now: desired({ locks }),
      inForce: desired({ locks, firmware: [{ version: 41 }] }),
      live: known,
    });
    expect(warningsOf(locked.plan)).toContain('FirmwareRetiring');
    expect(refusalsOf(locked.plan)).toEqual([]);
  });

  it('is retired, traced to the revision that removed it, once nothing needs it', () => {
    const { plan, next } = planOne({
      now: desired({ revision: 'r9', firmware: [{ version: 42 }] }),
      inForce: before,
      live: known,
      snapshot: { revision: 'r9' },
    });
    expect(plan.actions).toMatchObject([
      {
        type: 'RetireFirmware',
        version: 41,
        trace: { revision: 'r9', manifest: 'Firmware/thermostat-41' },
      },
    ]);
    expect(next.firmware.map(({ spec }) => spec.version)).toEqual([42]);
  });

  it('stays in force as it is when its manifest is there but refused', () => {
    const { plan, next } = planOne({
      now: desired({ firmware: [{ version: 42 }] }),
      inForce: before,
      live: known,
      snapshot: { refused: ['Firmware/thermostat/thermostat-41'] },
    });
    expect(actionsOf(plan)).toEqual([]);
    expect(next.firmware.map(({ spec }) => [spec.version, spec.retiring])).toEqual([
      [41, false],
      [42, false],
    ]);
  });
});

describe('withdrawal', () => {
  const before = desired({ firmware: [{ version: 42 }], release: 42 });
  const withdrawn = { version: 42, withdrawn: true };

  it('comes before all other actions', () => {
    const { plan } = planOne({
      now: desired({
        firmware: [withdrawn, { version: 43 }],
        locks: { bench: { version: 43, devices: ['d1'] } },
        release: 42,
        guardrails: { maxAffected: 5 },
      }),
      inForce: before,
      live: known,
    });
    expect(actionsOf(plan)).toEqual([
      'WithdrawFirmware 42',
      'ConfigureProduct guardrails',
      'UploadFirmware 43',
      'LockDevice d1 43 now',
    ]);
  });

  it('keeps a release and a lock that named it: they hold, with a warning', () => {
    const locks = { bench: { version: 42, devices: ['d1'] } };
    const inForce = desired({ firmware: [{ version: 42 }], release: 42, locks });
    const { plan, next } = planOne({
      now: desired({ firmware: [withdrawn], release: 42, locks }),
      inForce,
      live: live({ devices: 4, unlocked: [{ version: 41, devices: 4 }], firmware: known.firmware }),
    });
    expect(refusalsOf(plan)).toEqual([]);
    expect(warningsOf(plan).filter((reason) => reason === 'FirmwareWithdrawn')).toHaveLength(2);
    expect(next.releases).toHaveLength(1);
    expect(next.locks).toHaveLength(1);
    expect(plan.impact.flashes).toEqual([]);
  });

  it('is said once', () => {
    const state = desired({ firmware: [withdrawn] });
    expect(actionsOf(planOne({ now: state, inForce: state, live: known }).plan)).toEqual([]);
  });

  it('is not refused for a binary that cannot be had, a low number or a changed digest', () => {
    const missing = new Map([['thermostat', new Map([[42, 'gone']])]]);
    const unavailable = planOne({
      now: desired({ firmware: [withdrawn] }),
      inForce: before,
      live: known,
      context: { unavailable: missing },
    });
    expect(refusalsOf(unavailable.plan)).toEqual([]);

    const low = planOne({
      now: desired({ firmware: [{ version: 30, withdrawn: true }] }),
      live: known,
    });
    expect(refusalsOf(low.plan)).toEqual([]);
    expect(actionsOf(low.plan)).toContain('WithdrawFirmware 30');

    const changed = planOne({
      now: desired({ firmware: [{ ...withdrawn, sha256: OTHER_SHA }] }),
      inForce: desired({ firmware: [{ version: 42 }] }),
      live: known,
    });
    expect(refusalsOf(changed.plan)).toEqual(['FirmwareChanged']);
    expect(actionsOf(changed.plan)).toContain('WithdrawFirmware 42');
    expect(changed.next.firmware[0]?.spec).toMatchObject({
      withdrawn: { reason: 'test' },
      binary: { sha256: shaOf(42) },
    });
  });

  it('can be taken back; the version then has to be verified again', () => {
    const { plan } = planOne({
      now: desired({ firmware: [{ version: 42 }], release: 42 }),
      inForce: desired({ firmware: [withdrawn] }),
      live: live({ firmware: [remembered(42, { withdrawnAt: 9 })] }),
    });
    expect(refusalsOf(plan)).toEqual(['ReleaseUnverified']);
  });
});

// Releases in a plan: what starts one, what refuses it, what stays meanwhile, and rollback.

import { describe, expect, it } from 'vitest';

import {
  actionsOf,
  carried,
  desired,
  evidence,
  LINES,
  live,
  liveOf,
  namedDevice,
  planOne,
  refusalsOf,
  remembered,
  warningsOf,
} from '../../support/plan-input.ts';

const firmware = [{ version: 41 }, { version: 42 }];
const verified41 = remembered(41, { verifiedAt: 1, finishedAt: 2 });
const crowd = [{ version: 41, devices: 100 }];
const fleet = (more: Parameters<typeof live>[0] = {}) =>
  live({ devices: 100, unlocked: crowd, firmware: [verified41, remembered(42)], ...more });
const before = desired({ firmware, release: 41 });
const after = desired({ firmware, release: 42, revision: 'r2' });

describe('the verification gate', () => {
  it('refuses a version that nobody has verified, with what it would flash and what would lift it', () => {
    const { plan, next } = planOne({ now: after, inForce: before, live: fleet() });
    expect(plan.refusals).toMatchObject([
      {
        reason: 'ReleaseUnverified',
        manifest: 'Release/thermostat',
        place: { file: 'release-thermostat.yaml', line: LINES['spec.version'], column: 12 },
        lifts: 'commit',
        flashes: [{ from: 41, to: 42, devices: 100 }],
      },
    ]);
    expect(plan.refusals[0]?.message).toContain('0 of 1 device');
    expect(plan.refusals[0]?.remedy).toContain('DeviceLock');
    expect(plan.refusals[0]?.remedy).toContain('version: 42, flash: now');
    expect(actionsOf(plan)).toEqual([]);
    expect(plan.impact.flashes).toEqual([]);
    expect(next.releases.map(({ spec }) => spec.version)).toEqual([41]);
  });

  it('does not wait for a locked device in quarantine, which is never flashed', () => {
    const locks = { bench: { version: 42, devices: ['d1'] } };
    const { plan } = planOne({
      now: desired({ firmware, release: 42, locks }),
      inForce: before,
      live: liveOf([namedDevice('d1', { standing: 'quarantined' })], {
        crowd,
        firmware: [verified41, remembered(42)],
      }),
    });
    expect(plan.refusals).toMatchObject([{ reason: 'ReleaseUnverified', lifts: 'commit' }]);
  });

  it('lets the lock go ahead that is in the same commit, and names its device as on the way', () => {
    const locks = { bench: { version: 42, devices: ['d1'] } };
    const { plan, next } = planOne({
      now: desired({ firmware, release: 42, locks }),
      inForce: before,
      live: liveOf([namedDevice('d1')], { crowd, firmware: [verified41, remembered(42)] }),
    });
    expect(actionsOf(plan)).toEqual(['LockDevice d1 42 now']);
    expect(plan.refusals).toMatchObject([{ reason: 'ReleaseUnverified', lifts: 'devices' }]);
    expect(plan.refusals[0]?.message).toContain('On the way: d1.');
    expect(plan.refusals[0]?.remedy).toContain('Nothing to commit');
    expect(plan.gates).toMatchObject([
      { version: 41, verdict: 'passed' },
      { version: 42, verdict: 'waiting', reason: 'ReleaseUnverified' },
    ]);
    expect(next.releases.map(({ spec }) => spec.version)).toEqual([41]);
  });

  it('passes once enough devices have verified the version, and says so once', () => {
    const words = { now: after, inForce: before };
    const { plan, next } = planOne({ ...words, live: fleet({ evidence: [evidence('d1', 42)] }) });
    expect(actionsOf(plan)).toEqual(['ReleaseFirmware 42 from 41 group -']);
    expect(plan.newlyVerified).toEqual([42]);
    expect(plan.impact.flashes).toEqual([{ from: 41, to: 42, devices: 100 }]);
    expect(plan.actions[0]?.trace).toMatchObject({
      revision: 'r2',
      manifest: 'Release/thermostat',
    });
    expect(next.releases.map(({ spec }) => spec.version)).toEqual([42]);
    const known = fleet({ firmware: [verified41, remembered(42, { verifiedAt: 7 })] });
    expect(planOne({ ...words, live: known }).plan.newlyVerified).toEqual([]);
  });

  it('asks as many devices as the product says, and never none', () => {
    const asks = (devices: number, words: number) => {
      const verification = { devices };
      const { plan } = planOne({
        now: desired({ firmware, release: 42, verification }),
        inForce: desired({ firmware, release: 41, verification }),
        live: fleet({
          evidence: Array.from({ length: words }, (_, index) => evidence(`d${index}`, 42)),
        }),
      });
      return refusalsOf(plan);
    };
    expect(asks(2, 1)).toEqual(['ReleaseUnverified']);
    expect(asks(2, 2)).toEqual([]);
    expect(asks(0, 0)).toEqual(['ReleaseUnverified']);
    expect(asks(0, 1)).toEqual([]);
  });

  it('needs a commit when the devices on the way are not enough', () => {
    const verification = { devices: 3 };
    const locks = { bench: { version: 42, devices: ['d1', 'd2'] } };
    const held = ['d1', 'd2'].map((id) => namedDevice(id, { running: 42, lock: carried(42) }));
    const words = { firmware, verification, locks };
    const { plan } = planOne({
      now: desired({ ...words, release: 42 }),
      inForce: desired({ ...words, release: 41 }),
      live: liveOf(held, {
        crowd,
        firmware: [verified41, remembered(42)],
        evidence: [evidence('d1', 42)],
      }),
    });
    // d1 has done its part already; only d2 is on the way, and that makes two of three.
    expect(plan.refusals).toMatchObject([{ reason: 'ReleaseUnverified', lifts: 'commit' }]);
    expect(plan.refusals[0]?.message).toContain('1 of 3');
    expect(plan.refusals[0]?.message).toContain('On the way: d2.');
    expect(plan.gates.find(({ version }) => version === 42)?.verdict).toBe('blocked');
  });

  it('counts only devices of the verification group', () => {
    const words = { firmware, groups: { bench: ['d1'] }, verification: { group: 'bench' } };
    const asks = (device: string) =>
      refusalsOf(
        planOne({
          now: desired({ ...words, release: 42 }),
          inForce: desired({ ...words, release: 41 }),
          live: fleet({ evidence: [evidence(device, 42)] }),
        }).plan,
      );
    expect(asks('d2')).toEqual(['ReleaseUnverified']);
    expect(asks('d1')).toEqual([]);
  });

  it('does not ask again what passed once, nor what finished a release', () => {
    for (const memory of [{ verifiedAt: 3 }, { finishedAt: 3 }]) {
      const { plan } = planOne({
        now: after,
        inForce: before,
        live: fleet({ firmware: [verified41, remembered(42, memory)] }),
      });
      expect(refusalsOf(plan)).toEqual([]);
    }
  });

  it('says how weak evidence is that agents only claim', () => {
    const verification = { evidence: 'claimed' as const };
    const { plan } = planOne({
      now: desired({ firmware, release: 41, verification }),
      inForce: desired({ firmware, release: 41, verification }),
      live: fleet(),
    });
    expect(plan.warnings).toMatchObject([
      {
        reason: 'WeakEvidence',
        place: { file: 'thermostat.yaml', line: LINES['spec.verification.evidence'] },
      },
    ]);
  });
});

describe('a release is refused', () => {
  it('for a version or a group without a manifest', () => {
    const { plan, next } = planOne({
      now: desired({ firmware, release: 99, groupReleases: { nobody: 41 } }),
      inForce: before,
      live: fleet(),
    });
    expect(plan.refusals).toMatchObject([
      {
        reason: 'UnknownGroup',
        manifest: 'Release/thermostat-nobody',
        place: { line: LINES['spec.group'] },
      },
      {
        reason: 'UnknownVersion',
        manifest: 'Release/thermostat',
        place: { line: LINES['spec.version'] },
      },
    ]);
    expect(next.releases.map(({ spec }) => spec.version)).toEqual([41]);
  });

  it('when it newly names withdrawn firmware, however well verified', () => {
    const withdrawn = [{ version: 41 }, { version: 42, withdrawn: true }];
    const { plan, next } = planOne({
      now: desired({ firmware: withdrawn, release: 42 }),
      inForce: desired({ firmware: withdrawn, release: 41 }),
      live: fleet({ firmware: [verified41, remembered(42, { verifiedAt: 3 })] }),
    });
    expect(plan.refusals).toMatchObject([
      { reason: 'FirmwareWithdrawn', place: { line: LINES['spec.version'] }, lifts: 'commit' },
    ]);
    expect(next.releases.map(({ spec }) => spec.version)).toEqual([41]);
  });

  it('but the rest of its revision goes ahead', () => {
    const { plan } = planOne({
      now: desired({
        firmware: [...firmware, { version: 43 }],
        release: 43,
        groups: { bench: ['d1'] },
      }),
      inForce: before,
      live: fleet(),
    });
    expect(refusalsOf(plan)).toEqual(['ReleaseUnverified']);
    expect(actionsOf(plan)).toEqual(['UploadFirmware 43', 'ChangeGroup bench 1']);
  });
});

describe('maxAffected', () => {
  const ready = fleet({ firmware: [verified41, remembered(42, { verifiedAt: 3 })] });
  const limited = (maxAffected: number | null, release: number) =>
    desired({ firmware, release, guardrails: { maxAffected } });

  it('refuses a release that would flash a larger share of the devices', () => {
    const { plan, next } = planOne({ now: limited(25, 42), inForce: limited(25, 41), live: ready });
    expect(plan.refusals).toMatchObject([
      {
        reason: 'TooManyAffected',
        place: { line: LINES['spec.version'] },
        flashes: [{ from: 41, to: 42, devices: 100 }],
        lifts: 'commit',
      },
    ]);
    expect(plan.refusals[0]?.message).toContain('100 of 100');
    expect(next.releases.map(({ spec }) => spec.version)).toEqual([41]);
  });

  it('is read from what is in force, not from the change', () => {
    const raised = planOne({ now: limited(100, 42), inForce: limited(25, 41), live: ready });
    expect(refusalsOf(raised.plan)).toEqual(['TooManyAffected']);
    const lowered = planOne({ now: limited(1, 42), inForce: limited(null, 41), live: ready });
    expect(refusalsOf(lowered.plan)).toEqual([]);
  });

  it('passes at the limit and below five devices', () => {
    const asks = (older: number, newer: number, maxAffected: number) =>
      refusalsOf(
        planOne({
          now: limited(maxAffected, 42),
          inForce: limited(maxAffected, 41),
          live: live({
            firmware: ready.firmware,
            devices: older + newer,
            unlocked: [
              { version: 41, devices: older },
              { version: 42, devices: newer },
            ],
          }),
        }).plan,
      );
    expect(asks(25, 75, 25)).toEqual([]);
    expect(asks(26, 74, 25)).toEqual(['TooManyAffected']);
    expect(asks(4, 0, 1)).toEqual([]);
    expect(asks(5, 0, 1)).toEqual(['TooManyAffected']);
  });

  it('counts what the release changes, not what locks and other releases are doing already', () => {
    const group = ['g1', 'g2', 'g3', 'g4', 'g5'];
    const words = {
      firmware,
      release: 42,
      groups: { few: group, bench: ['b1', 'b2', 'b3', 'b4', 'b5', 'b6'] },
      locks: { bench: { version: 42, group: 'bench' } },
      guardrails: { maxAffected: 4 },
    };
    const devices = [
      ...group.map((id) => namedDevice(id)),
      ...words.groups.bench.map((id) => namedDevice(id, { lock: carried(42) })),
    ];
    const { plan } = planOne({
      now: desired({ ...words, groupReleases: { few: 42 } }),
      inForce: desired(words),
      live: liveOf(devices, {
        crowd,
        firmware: [verified41, remembered(42, { verifiedAt: 3 })],
      }),
    });
    expect(refusalsOf(plan)).toEqual([]);
    expect(actionsOf(plan)).toEqual(['ReleaseFirmware 42 from - group few']);
  });

  it('does not hold up a rollback', () => {
    const { plan } = planOne({
      now: limited(1, 41),
      inForce: limited(1, 42),
      live: live({
        firmware: ready.firmware,
        devices: 100,
        unlocked: [{ version: 42, devices: 100 }],
      }),
    });
    expect(refusalsOf(plan)).toEqual([]);
    expect(actionsOf(plan)).toEqual(['ReleaseFirmware 41 from 42 group - rollback']);
  });
});

describe('rollback', () => {
  const done42 = remembered(42, { verifiedAt: 3, finishedAt: 4 });
  const running42 = (memory = [verified41, done42]) =>
    live({ devices: 9, unlocked: [{ version: 42, devices: 9 }], firmware: memory });

  it('is the release of an older version that once finished, shown as a downgrade', () => {
    const { plan } = planOne({
      now: desired({ firmware, release: 41 }),
      inForce: desired({ firmware, release: 42 }),
      live: running42(),
    });
    expect(actionsOf(plan)).toEqual(['ReleaseFirmware 41 from 42 group - rollback']);
    expect(plan.warnings).toMatchObject([
      { reason: 'Downgrade', place: { file: 'release-thermostat.yaml' } },
    ]);
    expect(plan.warnings[0]?.message).toBe('From version 42 down to 41: 9 devices.');
  });

  it('is not what an older version gets that never finished', () => {
    const { plan } = planOne({
      now: desired({ firmware, release: 41 }),
      inForce: desired({ firmware, release: 42 }),
      live: running42([remembered(41, { verifiedAt: 1 }), done42]),
    });
    expect(actionsOf(plan)).toEqual(['ReleaseFirmware 41 from 42 group -']);
  });

  it('works as the revert of the commit that brought firmware, lock and release together', () => {
    const one = desired({ firmware: [{ version: 41 }], release: 41 });
    const two = desired({
      firmware,
      release: 42,
      locks: { bench: { version: 42, devices: ['d1'] } },
    });
    const fleet42 = liveOf([namedDevice('d1', { running: 42, lock: carried(42, 'bench') })], {
      crowd: [{ version: 42, devices: 99 }],
      firmware: [verified41, done42],
    });
    const revert = planOne({ now: one, inForce: two, live: fleet42 });
    expect(refusalsOf(revert.plan)).toEqual([]);
    expect(actionsOf(revert.plan)).toEqual([
      'UnlockDevice d1 42',
      'ReleaseFirmware 41 from 42 group - rollback',
    ]);
    expect(revert.plan.impact.flashes).toEqual([{ from: 42, to: 41, devices: 100 }]);
    expect(warningsOf(revert.plan)).toContain('FirmwareRetiring');

    const back = live({ devices: 100, unlocked: [{ version: 41, devices: 100 }] });
    const named = new Map([['d1', namedDevice('d1')]]);
    const again = planOne({
      now: two,
      inForce: revert.next,
      live: { ...back, named, firmware: [verified41, done42] },
    });
    expect(refusalsOf(again.plan)).toEqual([]);
    expect(actionsOf(again.plan)).toEqual([
      'LockDevice d1 42 now',
      'ReleaseFirmware 42 from 41 group -',
    ]);
  });
});

describe('a release that is removed', () => {
  it('leaves devices on what they run, and the plan says so', () => {
    const { plan, next } = planOne({
      now: desired({ firmware, revision: 'r2' }),
      inForce: before,
      live: fleet({ unlocked: [{ version: 40, devices: 3 }] }),
    });
    expect(plan.actions).toMatchObject([
      {
        type: 'EndRelease',
        version: 41,
        group: null,
        trace: { revision: 'r2', manifest: 'Release/thermostat' },
      },
    ]);
    expect(warningsOf(plan)).toEqual(['ReleaseRemoved']);
    expect(plan.impact.flashes).toEqual([]);
    expect(next.releases).toEqual([]);
  });

  it('of a group hands its devices to the product’s release, and counts those flashes', () => {
    const words = { firmware, groups: { bench: ['d1', 'd2'] }, release: 41 };
    const { plan } = planOne({
      now: desired(words),
      inForce: desired({ ...words, groupReleases: { bench: 42 } }),
      live: liveOf([namedDevice('d1', { running: 42 }), namedDevice('d2', { running: 42 })], {
        crowd,
        firmware: [verified41, remembered(42, { verifiedAt: 3 })],
      }),
    });
    expect(actionsOf(plan)).toEqual(['EndRelease 42 group bench']);
    expect(plan.impact.flashes).toEqual([{ from: 42, to: 41, devices: 2 }]);
    expect(warningsOf(plan)).toContain('Downgrade');
    expect(warningsOf(plan)).not.toContain('ReleaseRemoved');
  });

  it('stays in force where its manifest is there but refused', () => {
    const { plan, next } = planOne({
      now: desired({ firmware }),
      inForce: before,
      live: fleet(),
      snapshot: { refused: ['Release/thermostat/thermostat'] },
    });
    expect(actionsOf(plan)).toEqual([]);
    expect(next.releases).toEqual(before.releases);
  });
});

describe('a state that never saw the product', () => {
  const now = desired({
    firmware,
    release: 41,
    locks: { bench: { version: 42, devices: ['d1'] } },
  });
  const fresh = liveOf([namedDevice('d1')], {
    crowd: [{ version: 40, devices: 100 }],
    firmware: [verified41, remembered(42)],
    adopted: false,
  });

  it('does not start its releases, and shows the counts (StateNew)', () => {
    const { plan, next } = planOne({ now, live: fresh });
    expect(plan.warnings).toMatchObject([
      {
        reason: 'StateNew',
        place: { file: 'release-thermostat.yaml', line: LINES['spec.version'] },
      },
    ]);
    expect(plan.warnings[0]?.message).toContain('101 devices and would flash 100');
    expect(next.releases).toEqual([]);
    expect(plan.impact.flashes.filter(({ to }) => to === 41)).toEqual([]);
  });

  it('starts them once a person adopts it', () => {
    const { plan } = planOne({ now, live: fresh, context: { adopt: true } });
    expect(actionsOf(plan)).toContain('ReleaseFirmware 41 from - group -');
    expect(warningsOf(plan)).not.toContain('StateNew');
  });

  it('asks the gate first: an adopted state releases nothing unverified either', () => {
    const unverified = { ...fresh, firmware: [remembered(41), remembered(42)] };
    const { plan } = planOne({ now, live: unverified, context: { adopt: true } });
    expect(refusalsOf(plan)).toEqual(['ReleaseUnverified']);
  });
});

describe('zero is not success', () => {
  it('so a release that matches no device warns', () => {
    const empty = planOne({
      now: desired({ firmware, release: 41 }),
      inForce: before,
      live: live({ firmware: [verified41, remembered(42)] }),
    });
    expect(empty.plan.warnings).toMatchObject([
      { reason: 'NoDevices', place: { line: LINES.spec } },
    ]);
    const words = { firmware, groups: { bench: ['d1'] }, groupReleases: { bench: 41 } };
    const ghosts = planOne({
      now: desired(words),
      inForce: desired(words),
      live: liveOf([namedDevice('d1', { standing: 'expected' })], {
        crowd,
        firmware: [verified41, remembered(42)],
      }),
    });
    expect(warningsOf(ghosts.plan)).toEqual(['NoDevices']);
  });
});

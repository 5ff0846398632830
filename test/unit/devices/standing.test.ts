// Who is let in and out, what is counted, and what is served.

import { describe, expect, it } from 'vitest';

import {
  admitDevice,
  NOT_LISTED,
  reviewQuarantine,
} from '../../../controller/devices/admission.ts';
import { forgetDevice } from '../../../controller/devices/forget.ts';
import { compilePolicy } from '../../../controller/devices/policy.ts';
import { downloadableFirmware, shownFirmware } from '../../../controller/devices/serving.ts';
import { tallyDifference, tallyKeys } from '../../../controller/devices/tally.ts';
import { DIRECT_STRATEGY, emptyDesired } from '../../../controller/model/desired.ts';
import { expectedDevice } from '../../../controller/model/device.ts';
import {
  at,
  carried,
  desired,
  device,
  keptAction,
  openAction,
  policyOf,
  remembered,
} from '../../support/plan-input.ts';

const firmware = [{ version: 41 }, { version: 42 }];
const open = policyOf(desired({ firmware, release: 42 }));
const listed = policyOf(
  desired({
    firmware,
    fleet: { admission: 'listed' },
    groups: { bench: ['g1'] },
    locks: { l: { version: 41, devices: ['l1'] } },
  }),
);

describe('the first contact of a device', () => {
  it('registers it, and asks what it runs', () => {
    const { device: made, events } = admitDevice(null, 'new', [], open, at(9));
    expect(made).toMatchObject({
      id: 'new',
      standing: 'active',
      registeredAt: at(9).at,
      askedSince: 9,
      running: null,
    });
    expect(events).toMatchObject([{ type: 'DeviceRegistered' }]);
  });

  it('keeps the lock and the token that were there before it', () => {
    const known = { ...expectedDevice('thermostat', 'x'), lock: carried(42), tokenHash: 'abc' };
    const { device: made } = admitDevice(known, 'x', [], open, at(9));
    expect(made).toMatchObject({ standing: 'active', lock: { version: 42 }, tokenHash: 'abc' });
  });

  it('of a stranger is quarantine where only listed devices are admitted', () => {
    const { device: made, events } = admitDevice(null, 'x', [], listed, at(9));
    expect(made).toMatchObject({ standing: 'quarantined', quarantine: NOT_LISTED });
    expect(events).toMatchObject([{ type: 'DeviceQuarantined' }]);
    for (const id of ['g1', 'l1'])
      expect(admitDevice(null, id, [], listed, at(9)).device.standing).toBe('active');
    const token = { ...expectedDevice('thermostat', 'x'), tokenHash: 'abc' };
    expect(admitDevice(token, 'x', [], listed, at(9)).device.standing).toBe('active');
  });

  it('under a second product is quarantine there', () => {
    const { device: made } = admitDevice(null, 'x', ['valve'], open, at(9));
    expect(made).toMatchObject({ standing: 'quarantined' });
    expect(made.quarantine).toContain('valve');
  });
});

describe('a quarantine', () => {
  const stranger = device({ id: 'x', standing: 'quarantined', quarantine: NOT_LISTED });

  it('ends when a manifest names the device, or when admission is open', () => {
    expect(reviewQuarantine(stranger, listed, at(1))).toBeNull();
    expect(reviewQuarantine({ ...stranger, id: 'g1' }, listed, at(1))?.device).toMatchObject({
      standing: 'active',
      quarantine: null,
      askedSince: 1,
    });
    expect(reviewQuarantine(stranger, open, at(1))?.events).toMatchObject([
      { type: 'DeviceAdmitted' },
    ]);
  });

  it('that has another cause does not end so', () => {
    const foreign = { ...stranger, id: 'g1', quarantine: 'it is registered under product valve' };
    expect(reviewQuarantine(foreign, listed, at(1))).toBeNull();
    expect(reviewQuarantine(device({ id: 'g1' }), listed, at(1))).toBeNull();
  });
});

describe('a device that is forgotten', () => {
  it('leaves all counts and keeps its lock', () => {
    const decision = forgetDevice(device({ lock: carried(42) }), open, at(1));
    expect(decision?.device).toMatchObject({ standing: 'expected', lock: { version: 42 } });
    expect(tallyKeys(decision?.device ?? null)).toEqual([]);
    expect(forgetDevice(expectedDevice('thermostat', 'x'), open, at(1))).toBeNull();
  });
});

describe('the counters of a device', () => {
  it('are by standing, lock, running version and outcome', () => {
    expect(tallyKeys(device())).toEqual(['standing:active', 'unlocked:41']);
    expect(
      tallyKeys(
        device({
          running: null,
          lock: carried(42),
          outcome: { version: 42, round: 3, state: 'failed' },
        }),
      ),
    ).toEqual(['standing:active', 'locked:?', 'outcome:42:3:failed']);
    expect(tallyKeys(device({ standing: 'quarantined' }))).toEqual(['standing:quarantined']);
    expect(tallyKeys(null)).toEqual([]);
  });

  it('change by exactly what a write changes', () => {
    expect([...tallyDifference(device(), device({ running: 42 }))]).toEqual([
      ['unlocked:41', -1],
      ['unlocked:42', 1],
    ]);
    expect(tallyDifference(device(), device()).size).toBe(0);
  });
});

describe('what is served', () => {
  const fetched = openAction({ phase: 'fetched', fetchedAt: 1 });
  const withdrawn = policyOf(
    desired({ firmware: [{ version: 42, withdrawn: true }], release: 42 }),
  );
  const other = policyOf(desired({ firmware, release: 41 }));

  it('is the firmware of the device’s open action', () => {
    for (const action of [openAction(), fetched]) {
      expect(shownFirmware(device({ action }), keptAction(action), open, at(0))?.version).toBe(42);
      expect(downloadableFirmware(device({ action }), 42, open, at(0))?.version).toBe(42);
    }
    expect(downloadableFirmware(device({ action: fetched }), 41, open, at(0))).toBeNull();
    expect(downloadableFirmware(device(), 42, open, at(0))).toBeNull();
    expect(shownFirmware(device(), null, open, at(0))).toBeNull();
  });

  it('is nothing withdrawn, not stored or under another digest, running transfers included', () => {
    const state = desired({ firmware, release: 42 });
    const unstored = policyOf(state, { firmware: [remembered(42, { stored: false })] });
    const changed = desired({ firmware: [{ version: 42, sha256: 'f'.repeat(64) }] });
    const renumbered = policyOf(changed, {
      firmware: [remembered(42, { sha256: 'f'.repeat(64) })],
    });
    for (const policy of [withdrawn, unstored, renumbered]) {
      expect(downloadableFirmware(device({ action: fetched }), 42, policy, at(0))).toBeNull();
      expect(
        shownFirmware(device({ action: fetched }), keptAction(fetched), policy, at(0)),
      ).toBeNull();
    }
  });

  it('is nothing that is being cancelled, nor to a device in quarantine', () => {
    const cancelling = openAction({ phase: 'cancelling', fetchedAt: 1 });
    expect(downloadableFirmware(device({ action: cancelling }), 42, open, at(0))).toBeNull();
    const away = device({ standing: 'quarantined', action: fetched });
    expect(downloadableFirmware(away, 42, open, at(0))).toBeNull();
  });

  it('is nothing unfetched while the window of its release is closed', () => {
    const windows = [{ days: ['Mon' as const], fromMinute: 0, toMinute: 60, timezone: 'UTC' }];
    const rollout = { strategy: { ...DIRECT_STRATEGY, windows } };
    const closed = policyOf(desired({ firmware, release: 42, rollout }));
    expect(downloadableFirmware(device({ action: openAction() }), 42, closed, at(0))).toBeNull();
    expect(downloadableFirmware(device({ action: fetched }), 42, closed, at(0))).not.toBeNull();
  });

  it('is nothing unfetched that the next poll would cancel; a transfer under way goes on', () => {
    const stopped = policyOf(desired({ firmware, release: 42 }), { stopped: true });
    for (const policy of [other, stopped]) {
      expect(downloadableFirmware(device({ action: openAction() }), 42, policy, at(0))).toBeNull();
      expect(downloadableFirmware(device({ action: fetched }), 42, policy, at(0))?.version).toBe(
        42,
      );
    }
    const refused = openAction({ cancelRefused: true });
    expect(downloadableFirmware(device({ action: refused }), 42, other, at(0))?.version).toBe(42);
  });

  it('is still the document of an action that succeeded, and of no other closed one', () => {
    const shown = (state: 'succeeded' | 'failed' | 'cancelled') =>
      shownFirmware(device(), keptAction(fetched, state), open, at(0))?.version ?? null;
    expect(shown('succeeded')).toBe(42);
    expect(shown('failed')).toBeNull();
    expect(shown('cancelled')).toBeNull();
  });
});

describe('the policy of a product', () => {
  it('does not exist before its Product manifest is accepted', () => {
    expect(compilePolicy(emptyDesired('x'), [], { stopped: false })).toBeNull();
  });

  it('names files so that every client can take them, and keeps the ending', () => {
    const nameOf = (path: string) =>
      policyOf(desired({ firmware: [{ version: 42, path }] })).firmware.get(42)?.fileName;
    expect(nameOf('firmware/42.swu')).toBe('42.swu');
    expect(nameOf('firmware/a b&c.swu?x=1#y')).toBe('a_b_c.swu');
    expect(nameOf(`${'x'.repeat(100)}.swu`)).toMatch(/^x{60}\.swu$/);
    expect(nameOf('firmware/')).toBe('firmware.bin');
  });

  it('knows from the records what is verified, stored and withdrawn', () => {
    const state = desired({ firmware });
    const policy = policyOf(state, {
      firmware: [remembered(41, { verifiedAt: 3 }), remembered(42, { withdrawnAt: 8 })],
    });
    expect(policy.firmware.get(41)).toMatchObject({ verified: true, evidenceSince: 0 });
    expect(policy.firmware.get(42)).toMatchObject({ verified: false, evidenceSince: 8 });
  });
});

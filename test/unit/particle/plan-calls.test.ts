// The calls that bring about at Particle what is in force, and what is said of another hand's changes.

import { describe, expect, it } from 'vitest';

import { noteCall } from '../../../controller/fleets/particle/calls.ts';
import { EMPTY_LEDGER, readLedger } from '../../../controller/fleets/particle/ledger.ts';
import { planCalls } from '../../../controller/fleets/particle/plan-calls.ts';
import { EDIT_DEVICES_MAX } from '../../../controller/fleets/particle/plan-edits.ts';
import { isReserved } from '../../../controller/fleets/particle/wanted-releases.ts';
import { bucketOf, offsetOf, positionOf } from '../../../controller/releases/circle.ts';
import { START } from '../../support/particle/mirror-play.ts';
import type { SceneWords } from '../../support/particle/plan-scene.ts';
import {
  calls,
  FLEET,
  HALT,
  inputOf,
  lockTo,
  plan,
  told,
} from '../../support/particle/plan-scene.ts';

describe('a release at Particle', () => {
  it('is one call for everyone, however many they are', () => {
    const devices = Array.from({ length: 2_000 }, (_, number) => ({
      id: `d${number}`,
      version: 41,
    }));
    expect(calls({ words: { release: 42 }, devices, everyone: 41 })).toEqual([
      'release 42 to everyone at once',
    ]);
  });

  it('is one call for a group that is filled, and a few for one that is not there yet', () => {
    const words = { groups: { bench: ['a', 'b'] }, groupReleases: { bench: 42 } };
    expect(calls({ words, devices: FLEET, everyone: 41 })).toEqual([
      'createGroup bench',
      'release 42 to bench at once',
      'edit a b +bench',
      'release 42 to bench at once',
    ]);
  });

  it('names all targets of its version, since a call may replace them', () => {
    const words = { release: 42, groups: { bench: ['a'] }, groupReleases: { bench: 42 } };
    const devices = [{ id: 'a', version: 42, groups: ['bench'] }];
    expect(calls({ words, devices, everyone: 41, groups: { bench: 42, console: 42 } })).toEqual([
      'release 42 to everyone bench console at once',
    ]);
  });

  it('waits until Particle holds its binary', () => {
    const words = { release: 42 };
    const input = inputOf({ words, devices: FLEET, everyone: 41 });
    const firmware = new Map(input.policy.firmware);
    const known = firmware.get(42);
    if (known === undefined) throw new Error('no firmware');
    firmware.set(42, { ...known, stored: false });
    const planned = planCalls({ ...input, policy: { ...input.policy, firmware } });
    expect(planned.calls.map(told)).toEqual([]);
  });
});

describe('a step at Particle', () => {
  const words = { release: 42 };
  const limit = 5_000;
  const tracks = { '': { limit, base: 41 } };
  const ids = Array.from({ length: 40 }, (_, number) => `d${number}`);
  const exposed = ids.filter((id) => positionOf(bucketOf(id), offsetOf('thermostat', 42)) < limit);
  const devices = ids.map((id) => ({ id, version: 41 }));

  it('puts the devices that it reaches into a reserved group, and leaves everyone else alone', () => {
    const planned = plan({ words, tracks, devices, everyone: 41 });
    expect(planned.calls.map(told)).toEqual([
      'createGroup lockstep-v42',
      'release 42 to lockstep-v42',
      `edit ${exposed.length} +lockstep-v42`,
      'release 42 to lockstep-v42 at once',
    ]);
    expect(planned.calls[2]).toMatchObject({ devices: exposed });
  });

  it('edits as many devices at a time as was decided, not one by one', () => {
    const many = Array.from({ length: 3_000 }, (_, number) => ({ id: `d${number}`, version: 41 }));
    const edits = plan({ words, tracks, devices: many, everyone: 41 }).calls.filter(
      ({ type }) => type === 'editGroups',
    );
    expect(edits.length).toBeLessThanOrEqual(3_000 / EDIT_DEVICES_MAX);
  });

  it('is over with one release to everyone, and the end of its group', () => {
    const arrived = devices.map((each) => ({ ...each, version: 42, groups: ['lockstep-v42'] }));
    const scene = { words, devices: arrived, everyone: 41, groups: { 'lockstep-v42': 42 } };
    expect(calls(scene)).toEqual([
      'release 42 to everyone lockstep-v42 at once',
      'deleteGroup lockstep-v42',
    ]);
    expect(calls({ ...scene, mayDelete: false })).toEqual([
      'release 42 to everyone lockstep-v42 at once',
      'edit 40 -lockstep-v42',
    ]);
  });

  it('that is halted lets go of those that it has not reached, and keeps those that run it', () => {
    const [first = '', ...others] = exposed;
    const staged = ids.map((id) => ({
      id,
      version: id === first ? 42 : 41,
      groups: exposed.includes(id) ? ['lockstep-v42'] : [],
    }));
    const scene = {
      words,
      tracks: { '': { limit, base: 41, halt: HALT } },
      devices: staged,
      everyone: 41,
      groups: { 'lockstep-v42': 42 },
    };
    expect(calls(scene)).toEqual([`edit ${others.length} -lockstep-v42`]);
  });

  it('that is rolled back takes the group away, and tells everyone who was in it to return to the base at once', () => {
    const staged = ids.map((id) => ({
      id,
      version: exposed.includes(id) ? 42 : 41,
      groups: exposed.includes(id) ? ['lockstep-v42'] : [],
    }));
    const halt = { ...HALT, action: 'rollback' as const };
    const scene = {
      words,
      tracks: { '': { limit: 0, base: 41, rolledBack: [42], halt } },
      devices: staged,
      everyone: 41,
      groups: { 'lockstep-v42': 42 },
    };
    expect(calls(scene)).toEqual(['deleteGroup lockstep-v42', 'release 41 to everyone at once']);
  });
});

describe('a halt at Particle', () => {
  it('releases the version before to everyone, once those that run the new one are kept on it', () => {
    const devices = [...FLEET, { id: 'd', version: 42 }];
    const scene = {
      words: { release: 42 },
      tracks: { '': { base: 41, halt: HALT } },
      devices,
      everyone: 42,
    };
    expect(calls(scene)).toEqual([
      'createGroup lockstep-v42',
      'release 42 to everyone lockstep-v42',
      'edit d +lockstep-v42',
      'release 41 to everyone',
    ]);
  });

  it('holds each device on what it runs where there is no version before', () => {
    const scene = {
      words: { release: 42 },
      tracks: { '': { halt: HALT } },
      devices: FLEET,
      everyone: 42,
    };
    expect(calls(scene)).toEqual([
      'createGroup lockstep-v41',
      'release 41 to lockstep-v41',
      'edit a b c +lockstep-v41',
    ]);
  });

  it('is what the emergency stop does too, locks included', () => {
    const scene = {
      words: { release: 42 },
      stopped: true,
      devices: [
        { id: 'a', version: 41 },
        { id: 'b', version: 41, lockedTo: 42 },
      ],
      records: { b: lockTo(42) },
      everyone: 42,
      ledger: { locks: { b: 42 } },
    };
    expect(calls(scene)).toEqual([
      'lock b to 41 (own)',
      'createGroup lockstep-v41',
      'release 41 to lockstep-v41',
      'edit a +lockstep-v41',
    ]);
  });

  it('releases no version before that was not verified', () => {
    const scene = {
      words: { release: 42 },
      tracks: { '': { base: 41, halt: HALT } },
      verified: [42],
      everyone: 42,
    };
    expect(calls(scene)).toEqual([]);
    expect(calls({ ...scene, verified: [41, 42] })).toEqual(['release 41 to everyone']);
  });

  it('does not hurry', () => {
    const scene = {
      words: { release: 42 },
      tracks: { '': { base: 41, halt: HALT } },
      devices: FLEET,
      everyone: 42,
    };
    expect(calls(scene)).toEqual(['release 41 to everyone']);
  });
});

describe('a rollback at Particle', () => {
  it('is one release to everyone', () => {
    const devices = FLEET.map((each) => ({ ...each, version: 42 }));
    expect(calls({ words: { release: 41 }, devices, everyone: 42 })).toEqual([
      'release 41 to everyone at once',
    ]);
  });

  it('leaves no reserved group behind that would win with its higher version', () => {
    const devices = FLEET.map((each) => ({ ...each, version: 42, groups: ['lockstep-v42'] }));
    const scene = { words: { release: 41 }, devices, everyone: 40, groups: { 'lockstep-v42': 42 } };
    expect(calls(scene)).toEqual([
      'release 41 to everyone at once',
      'deleteGroup lockstep-v42',
      'release 41 to everyone at once',
    ]);
  });

  it('in steps through a group of a manifest keeps those outside on the higher version', () => {
    const words = { groups: { bench: ['a', 'b', 'c'] }, groupReleases: { bench: 41 } };
    const devices = FLEET.map((each) => ({ ...each, version: 42, groups: ['bench'] }));
    const scene = {
      words,
      tracks: { bench: { base: 42, limit: 1 } },
      devices,
      groups: { bench: 42 },
      ledger: { groups: { bench: 42 }, members: { bench: ['a', 'b', 'c'] } },
    };
    expect(calls(scene)).toEqual([
      'createGroup lockstep-v42',
      'release 42 to bench lockstep-v42',
      'edit a b c +lockstep-v42',
      'release 41 to bench at once',
    ]);
  });

  it('below a version that somebody released to a group takes a lock, since the highest wins', () => {
    const devices = [{ id: 'a', version: 42, groups: ['console'] }];
    const planned = plan({
      words: { release: 41 },
      devices,
      everyone: 41,
      groups: { console: 42 },
    });
    expect(planned.calls.map(told)).toEqual(['lock a to 41 and flash (own)']);
    expect(planned.calls[0]).toMatchObject({ own: { version: 41, target: 42 } });
  });
});

describe('a lock at Particle', () => {
  it.each([
    ['flashes a device that is online', 'now', true, 'lock a to 42 and flash'],
    ['is left for a device that is not', 'now', false, 'lock a to 42'],
    ['waits for the next handshake on reset', 'on-reset', true, 'lock a to 42'],
  ] as const)('%s', (_, flash, online, expected) => {
    const devices = [{ id: 'a', version: 41, online }];
    expect(calls({ devices, records: { a: lockTo(42, flash) } })).toEqual([expected]);
  });

  it('is asked to flash once more when the device came online without a handshake, and only then', () => {
    const scene = {
      devices: [{ id: 'a', version: 41, lockedTo: 42 }],
      records: { a: lockTo(42) },
      ledger: { locks: { a: 42 } },
    };
    expect(calls(scene)).toEqual([]);
    expect(calls({ ...scene, awoken: ['a'] })).toEqual(['lock a to 42 and flash']);
  });

  it('does not go back to Particle before its back-off is over, on reset neither', () => {
    const failures = { version: 42, round: 0, count: 1, lastAt: START, lastMessage: 'No.' };
    const devices = [{ id: 'a', version: 41, lockedTo: 42 }];
    for (const flash of ['now', 'on-reset'] as const) {
      const failed = (retryAt: number) => ({
        devices,
        records: { a: { ...lockTo(42, flash), failures: { ...failures, retryAt } } },
        ledger: { locks: { a: 42 } },
      });
      expect(calls(failed(START + 1))).toEqual(['lock a to 41 (own)']);
      expect(calls(failed(START))).toEqual([]);
    }
  });

  it('ends after everything else, when its device is kept on what it runs', () => {
    const scene = {
      words: { release: 41 },
      devices: [{ id: 'a', version: 42, lockedTo: 42 }],
      tracks: { '': { limit: 0, base: 41 } },
      everyone: 41,
      ledger: { locks: { a: 42 } },
    };
    expect(calls(scene)).toEqual([
      'createGroup lockstep-v42',
      'release 42 to lockstep-v42',
      'edit a +lockstep-v42',
      'unlock a',
    ]);
  });
});

describe('a device that loops', () => {
  const failures = { version: 42, round: 0, count: 4, lastAt: START, lastMessage: 'No outcome.' };
  const scene: SceneWords = {
    words: { release: 42 },
    tracks: { '': { round: 0 } },
    devices: FLEET,
    everyone: 42,
    records: { a: { failures: { ...failures, retryAt: null } } },
  };

  it('is locked to what it runs by the driver itself, which says so', () => {
    const planned = plan(scene);
    expect(planned.calls.map(told)).toEqual(['lock a to 41 (own)']);
    expect(planned.calls[0]).toMatchObject({
      own: { version: 41, target: 42, cause: 'It failed 4 times with version 42: No outcome.' },
    });
    expect(planned.drift).toEqual([]);
  });

  it('is no drift while it stands, also after a restart, and is let go when its cause ends', () => {
    const call = plan(scene).calls[0];
    if (call === undefined) throw new Error('no call');
    const ledger = readLedger(JSON.stringify(noteCall(EMPTY_LEDGER, call, isReserved)));
    expect(ledger.own).toHaveProperty('a');
    const devices = [{ id: 'a', version: 41, lockedTo: 41 }, ...FLEET.slice(1)];
    for (const drift of ['mend', 'report'] as const) {
      const standing = plan({ ...scene, devices, ledger, drift });
      expect(standing).toMatchObject({ calls: [], drift: [] });
      const ended = plan({ ...scene, devices, ledger, drift, records: {} });
      expect(ended.calls.map(told)).toEqual(['unlock a', 'release 42 to everyone at once']);
      expect(ended.drift).toEqual([]);
      const after = ended.calls.reduce((known, each) => noteCall(known, each, isReserved), ledger);
      expect(after).toMatchObject({ own: {}, locks: {} });
    }
  });

  it('is only taken back from its version by a group while it is to be tried again', () => {
    const records = { a: { failures: { ...failures, count: 1, retryAt: START + 60_000 } } };
    expect(calls({ ...scene, records })).toEqual([
      'createGroup lockstep-v41',
      'release 41 to lockstep-v41',
      'edit a +lockstep-v41',
    ]);
  });
});

describe('what somebody else changed', () => {
  const words = { release: 41, groups: { bench: ['a'] } };
  const devices = [
    { id: 'a', version: 41, groups: ['bench'] },
    { id: 'b', version: 41 },
  ];
  const ledger = { everyone: 41, members: { bench: ['a'] } };
  const base: SceneWords = { words, devices, everyone: 41, groups: { bench: null }, ledger };

  it('is nothing while all is as it was left', () => {
    expect(plan(base)).toMatchObject({ calls: [], drift: [] });
  });

  it.each([
    [
      'a release',
      { everyone: 43 },
      ['release 41 to everyone at once'],
      'version 43 is released to everyone else, not 41',
    ],
    [
      'a lock',
      { devices: [devices[0], { id: 'b', version: 41, lockedTo: 40 }] },
      ['unlock b'],
      'b is locked to 40, and no manifest locks it',
    ],
    [
      'a member more',
      { devices: [devices[0], { id: 'b', version: 41, groups: ['bench'] }] },
      ['edit b -bench'],
      'b is in group bench, which does not list it',
    ],
    [
      'a member less',
      { devices: [{ id: 'a', version: 41 }, devices[1]] },
      ['edit a +bench'],
      'a is not in group bench, which lists it',
    ],
  ] as const)(
    'such as %s is named, and mended or left as the product says',
    (_, change, mending, message) => {
      const scene = { ...base, ...(change as SceneWords) };
      const mended = plan(scene);
      expect(mended.calls.map(told)).toEqual(mending);
      expect(mended.drift).toMatchObject([{ message, isMended: true }]);
      const reported = plan({ ...scene, drift: 'report' });
      expect(reported.calls).toEqual([]);
      expect(reported.drift).toMatchObject([{ message, isMended: false }]);
    },
  );

  it('is not mistaken for what a commit changed meanwhile', () => {
    const scene = { ...base, words: { ...words, release: 42 }, drift: 'report' as const };
    expect(plan(scene)).toMatchObject({ drift: [] });
    expect(calls(scene)).toEqual(['release 42 to everyone at once']);
  });

  it('is left as it is after some rounds in a day', () => {
    const fights = { everyone: { rounds: 3, since: START - 3_600_000 } };
    const scene = { ...base, everyone: 43, ledger: { ...ledger, fights } };
    expect(plan(scene)).toMatchObject({ calls: [], drift: [{ isMended: false }] });
    const later = { everyone: { rounds: 3, since: START - 86_400_000 } };
    expect(plan({ ...scene, ledger: { ...ledger, fights: later } }).calls).toHaveLength(1);
  });

  it('is known as ours once it is as wanted', () => {
    const fresh = plan({ ...base, ledger: {} });
    expect(fresh.calls).toEqual([]);
    expect(fresh.ledger).toMatchObject(ledger);
  });
});

describe('devices that cannot be held', () => {
  it('are told: what they run is no version that Particle holds', () => {
    const devices = [
      { id: 'a', version: 77 },
      { id: 'b', version: null },
      { id: 'c', version: 41 },
    ];
    const scene = { words: { release: 42 }, tracks: { '': { halt: HALT } }, devices, everyone: 42 };
    expect(plan(scene).unheld).toEqual(['a', 'b']);
  });

  it('are left to what is released to everyone, and not to a step that does not reach them', () => {
    const devices = [{ id: 'a', version: 77, groups: ['lockstep-v42'] }];
    const scene = {
      words: { release: 42 },
      tracks: { '': { limit: 0, base: 41 } },
      devices,
      everyone: 41,
      groups: { 'lockstep-v42': 42 },
    };
    expect(plan(scene).unheld).toEqual(['a']);
    expect(calls(scene)).toEqual(['deleteGroup lockstep-v42']);
  });
});

describe('the ledger', () => {
  it('is empty where it cannot be read', () => {
    expect(readLedger(null)).toEqual(EMPTY_LEDGER);
    expect(readLedger('{"locks":')).toEqual(EMPTY_LEDGER);
  });
});

describe('without the right to make groups', () => {
  it('devices are held by locks, and no group is made or filled', () => {
    const scene = {
      words: { release: 42, groups: { bench: ['a'] }, groupReleases: { bench: 42 } },
      tracks: { '': { base: 41, limit: 0 } },
      devices: [
        { id: 'a', version: 41 },
        { id: 'b', version: 40 },
      ],
      records: { b: { lock: null } },
      everyone: 42,
      mayGroup: false,
    };
    const sent = calls({ ...scene, stopped: true });
    expect(sent).toContain('lock b to 40 (own)');
    expect(sent.join()).not.toMatch(/createGroup|edit/);
    expect(calls({ ...scene, stopped: true, mayGroup: true })).toContain(
      'createGroup lockstep-v40',
    );
  });
});

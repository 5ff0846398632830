// Devices are led nowhere else by the order of the calls that edit their groups and change what is released.

import { describe, expect, it } from 'vitest';

import { calls, HALT } from '../../support/particle/plan-scene.ts';

describe('a device whose groups are edited', () => {
  it('joins the group that holds it before everyone else is led back to the base', () => {
    const scene = {
      words: { release: 42 },
      tracks: { '': { limit: 9_999, base: 40 } },
      devices: [{ id: 'a', version: 41 }],
      everyone: 41,
    };
    expect(calls(scene)).toEqual([
      'createGroup lockstep-v42',
      'release 42 to lockstep-v42',
      'edit a +lockstep-v42',
      'release 40 to everyone at once',
      'release 42 to lockstep-v42 at once',
    ]);
  });

  it('is held in a reserved group first where it joins one of the manifests too', () => {
    const scene = {
      words: { release: 42, groups: { bench: ['a'] }, groupReleases: { bench: 42 } },
      tracks: { '': { limit: 0, base: 40 }, bench: { limit: 0, base: 40 } },
      devices: [{ id: 'a', version: 41 }],
      everyone: 41,
      groups: { bench: 42 },
    };
    expect(calls(scene)).toEqual([
      'createGroup lockstep-v41',
      'release 41 to everyone lockstep-v41',
      'edit a +lockstep-v41',
      'release 40 to everyone bench at once',
      'edit a +bench',
    ]);
  });

  it('joins a group between two releases where it would else be led astray', () => {
    const scene = {
      words: { release: 42, groups: { lab: ['a'] }, groupReleases: { lab: 40 } },
      devices: [{ id: 'a', version: 40 }],
      everyone: 40,
      groups: { lab: 41 },
    };
    expect(calls(scene)).toEqual([
      'release 40 to everyone lab at once',
      'edit a +lab',
      'release 42 to everyone at once',
    ]);
  });

  it('is locked meanwhile where every order leads it astray', () => {
    const scene = {
      words: {
        release: 40,
        groups: { bench: ['a'], lab: ['b'] },
        groupReleases: { bench: 40, lab: 40 },
      },
      tracks: {
        '': { limit: 0, base: 41, halt: HALT },
        bench: { limit: 0, base: 42, halt: HALT },
        lab: { limit: 0, base: 40 },
      },
      devices: [
        { id: 'a', version: 42 },
        { id: 'b', version: null },
      ],
      groups: { bench: null, lab: null },
    };
    expect(calls(scene)).toEqual([
      'lock a to 42 (own)',
      'edit b +lab',
      'release 40 to lab',
      'release 41 to everyone',
      'release 42 to bench at once',
      'edit a +bench',
      'unlock a',
    ]);
  });
});

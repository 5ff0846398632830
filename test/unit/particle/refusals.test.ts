// A release that Particle refuses holds up nothing else, and is asked for again.

import { describe, expect, it } from 'vitest';

import type { Failure } from '../../../controller/base/failure.ts';
import type { Call } from '../../../controller/fleets/particle/calls.ts';
import type { Refusals } from '../../../controller/fleets/particle/refusals.ts';
import { leftOut, nextRefusals } from '../../../controller/fleets/particle/refusals.ts';
import { filed } from '../../support/particle/cloud-model.ts';
import { calls } from '../../support/particle/plan-scene.ts';

const release: Call = {
  type: 'release',
  version: 42,
  isDefault: true,
  groups: [],
  prompt: false,
};
const failure: Failure = {
  code: 'ParticleRefused',
  message: 'Nobody runs it.',
  disposition: 'stall',
};
const running = (devices: number) => ({ firmware: new Map([[42, { ...filed(42), devices }]]) });
const NONE: Refusals = new Map();
const REFUSED = [{ call: release, failure }];

describe('a release that Particle refuses', () => {
  const twice = nextRefusals(nextRefusals(NONE, REFUSED, running(0)), REFUSED, running(0));

  it('is asked for once more at once, since a moment may have been bad', () => {
    const once = nextRefusals(NONE, REFUSED, running(0));
    expect(leftOut(once, running(0)).size).toBe(0);
    const later = nextRefusals(once, [], running(0));
    expect(leftOut(later, running(0)).size).toBe(0);
    // Its window may have been closed meanwhile.
    expect(leftOut(nextRefusals(later, REFUSED, running(0)), running(0)).size).toBe(1);
  });

  it('is then left out of ten readings, asked for again, and left out again', () => {
    let known = twice;
    for (let reading = 0; reading < 10; reading += 1) {
      expect([...leftOut(known, running(0)).keys()]).toEqual([42]);
      known = nextRefusals(known, [], running(0));
    }
    expect(leftOut(known, running(0)).size).toBe(0);
    expect(leftOut(nextRefusals(known, REFUSED, running(0)), running(0)).size).toBe(1);
  });

  it('is asked for again as soon as another number of devices runs its version', () => {
    expect(leftOut(twice, running(1)).size).toBe(0);
  });

  it('is none where a scope is missing, or another call was refused', () => {
    const forbidden = { ...failure, code: 'ParticleForbidden' } as const;
    const call: Call = { type: 'unlock', device: 'a' };
    for (const each of [
      { call: release, failure: forbidden },
      { call, failure },
    ]) {
      expect(nextRefusals(NONE, [each], running(0)).size).toBe(0);
    }
  });

  it('keeps nobody else from what is theirs, and those who would get it on what they run', () => {
    const scene = {
      words: { release: 42, groups: { bench: ['a'] }, groupReleases: { bench: 41 } },
      devices: [
        { id: 'a', version: 40, groups: ['bench'] },
        { id: 'b', version: 41 },
        { id: 'c', version: 42 },
      ],
      everyone: 41,
      groups: { bench: 40 },
      ledger: { members: { bench: ['a'] } },
    };
    expect(calls({ ...scene, refused: [42] })).toEqual([
      'createGroup lockstep-v42',
      'release 42 to lockstep-v42',
      'edit c +lockstep-v42',
      'release 41 to everyone bench at once',
    ]);
  });

  it('leaves who has it already where they are', () => {
    const scene = {
      words: { release: 42 },
      devices: [{ id: 'a', version: 42 }],
      everyone: 42,
    };
    expect(calls({ ...scene, refused: [42] })).toEqual([]);
  });
});

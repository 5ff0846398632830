// A device that is to stay, and that Particle has begun to bring elsewhere before the driver could know of it.

import { describe, expect, it } from 'vitest';

import { NORMAL, START } from '../../support/particle/mirror-play.ts';
import type { SceneWords } from '../../support/particle/plan-scene.ts';
import { plan, told } from '../../support/particle/plan-scene.ts';

const MINUTE = 60_000;

/** Held on 41, it has come back with 42, which a transfer brought that could not be called back. */
function scene(
  change: { readonly handshakeAt?: number; readonly takesUpdates?: boolean } = {},
): SceneWords {
  const { handshakeAt = START - 2 * MINUTE, takesUpdates = true } = change;
  return {
    words: { release: 42 },
    tracks: { '': { limit: 0, base: 40 } },
    devices: [
      {
        id: 'a',
        version: 42,
        groups: ['lockstep-v41'],
        handshakeAt,
        details: { ...NORMAL, takesUpdates },
      },
    ],
    groups: { 'lockstep-v41': 41 },
    everyone: 40,
    arrived: ['a'],
  };
}

const LED_BACK = [
  'createGroup lockstep-v42',
  'release 42 to lockstep-v42',
  'edit a +lockstep-v42 -lockstep-v41',
  'deleteGroup lockstep-v41',
];

function tell(words: SceneWords): readonly string[] {
  return plan(words).calls.map(told);
}

describe('a device that is being brought back already', () => {
  it('is let arrive, and then stays there', () => {
    const first = plan(scene());
    expect(first.calls).toEqual([]);
    expect(first.ledger.headings).toMatchObject({ a: { from: 42, to: 41 } });
    const later = plan({ ...scene(), arrived: [], ledger: first.ledger });
    expect(later.calls).toEqual([]);
    const there = scene();
    const devices = there.devices?.map((each) => ({ ...each, version: 41 })) ?? [];
    const arrived = plan({ ...there, devices, ledger: later.ledger });
    expect(arrived.calls).toEqual([]);
    expect(arrived.ledger.headings).toEqual({});
  });

  it('is led back once it shakes hands without having arrived, or after half an hour', () => {
    const { ledger } = plan(scene());
    expect(tell({ ...scene({ handshakeAt: START }), arrived: [], ledger })).toEqual(LED_BACK);
    const { a } = ledger.headings;
    if (a === undefined) throw new Error('no heading');
    const old = { headings: { a: { ...a, since: START - 30 * MINUTE } } };
    expect(tell({ ...scene(), arrived: [], ledger: old })).toEqual(LED_BACK);
  });

  it.each([
    ['has shaken hands only now: nothing has begun', scene({ handshakeAt: START - 1 })],
    ['takes no updates: nothing has begun', scene({ takesUpdates: false })],
    ['was seen on it before', { ...scene(), arrived: [] }],
    [
      'would come to what was rolled back',
      { ...scene(), tracks: { '': { limit: 0, base: 40, rolledBack: [41] } } },
    ],
    [
      'is read more seldom than a transfer takes',
      { ...scene(), words: { release: 42, fleet: { pollIntervalMs: 31 * MINUTE } } },
    ],
  ])('is led back at once where it %s', (_, words) => {
    expect(tell(words)).toEqual(LED_BACK);
  });

  it('is not let go by the lock of another hand', () => {
    const { devices = [], ...words } = scene();
    const locked = devices.map((each) => ({ ...each, lockedTo: 41 }));
    expect(tell({ ...words, devices: locked })).toContain('unlock a');
  });
});

// Devices that were silent for a week.

import { describe, expect, it } from 'vitest';

import { awaken, DORMANT_AFTER_MS, makeDormant } from '../../../controller/devices/dormancy.ts';
import { censusPlace } from '../../../controller/devices/tally.ts';
import { carried, device, HOUR_MS } from '../../support/plan-input.ts';

describe('a dormant device', () => {
  it('is one that was silent for seven days', () => {
    expect(DORMANT_AFTER_MS).toBe(7 * 24 * HOUR_MS);
  });

  it('is an active one, and made so once', () => {
    const asleep = makeDormant(device());
    expect(asleep).toMatchObject({ dormant: true, running: 41 });
    expect(makeDormant(device({ dormant: true }))).toBeNull();
    expect(makeDormant(device({ standing: 'expected' }))).toBeNull();
    expect(makeDormant(device({ standing: 'quarantined' }))).toBeNull();
  });

  it('is awake again with its next contact; one that was awake is the very same', () => {
    expect(awaken(device({ dormant: true })).dormant).toBe(false);
    const awake = device();
    expect(awaken(awake)).toBe(awake);
  });

  it('keeps its place in the census, apart from those that are awake', () => {
    const asleep = censusPlace(device({ dormant: true, traits: { hw: 'B' } }));
    const awake = censusPlace(device({ traits: { hw: 'B' } }));
    expect(asleep).toEqual({ ...awake, dormant: true });
  });

  it('is in no census while it is locked, in quarantine, or was never heard', () => {
    expect(censusPlace(device({ lock: carried(41) }))).toBeNull();
    expect(censusPlace(device({ standing: 'quarantined' }))).toBeNull();
    expect(censusPlace(device({ standing: 'expected' }))).toBeNull();
    expect(censusPlace(null)).toBeNull();
  });
});

// When a product's listening time runs, who is offline, and how long an outage of ours is forgiven.

import { describe, expect, it } from 'vitest';

import type { FleetHeard, ListeningState } from '../../../controller/devices/listening.ts';
import {
  advanceListening,
  expectedWithinMs,
  isFleetHeard,
  isOnline,
  onlineSince,
  startListening,
} from '../../../controller/devices/listening.ts';

const POLL_MS = 1_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

describe('a fleet', () => {
  const cases: readonly (readonly [
    what: string,
    heard: number,
    expected: number,
    devices: number,
    isHeard: boolean,
  ])[] = [
    ['of nobody', 0, 0, 0, true],
    ['of a lone device', 1, 1, 1, true],
    ['of a lone device that fell silent', 0, 1, 1, true],
    ['of a lone device that was lost long ago', 0, 0, 1, true],
    ['of two', 2, 2, 2, true],
    ['of two, one of them dead for an hour', 1, 2, 2, true],
    ['of two, one of them dead for two days', 1, 1, 2, true],
    ['of two, without a network for an hour', 0, 2, 2, false],
    ['of two, without a network for two days', 0, 0, 2, false],
    ['of two, the second dead an hour after the first was dead for long', 0, 1, 2, false],
    ['of three, one of them dead', 2, 3, 3, true],
    ['of three, two of them dead', 1, 3, 3, false],
    ['of three, two of them dead for two days', 1, 1, 3, true],
    ['of eleven, five of them dead', 6, 11, 11, true],
    ['of eleven, six of them dead: half of the others are not most', 5, 11, 11, false],
    ['of many, without a network for an hour', 0, 1_000, 1_000, false],
    ['of many, without a network for two days', 0, 0, 1_000, false],
    ['of many, the first back after an outage of two days', 1, 1, 1_000, true],
    ['of many, the first back after an outage of an hour', 1, 1_000, 1_000, false],
    ['of two and strangers in quarantine', 4, 5, 2, true],
  ];
  it.each(cases)('%s (%i heard of %i expected, %i in all) is heard: %s', (_, ...counts) => {
    const [heard, expected, devices, isHeard] = counts;
    expect(isFleetHeard({ heard, expected, devices })).toBe(isHeard);
  });

  it('expects whoever was heard within a day, and longer where polls are rarer', () => {
    expect(expectedWithinMs(5 * 60_000)).toBe(DAY_MS);
    expect(expectedWithinMs(4 * HOUR_MS)).toBe(DAY_MS);
    expect(expectedWithinMs(12 * HOUR_MS)).toBe(3 * DAY_MS);
  });
});

describe('listening time', () => {
  const all: FleetHeard = { heard: 4, expected: 4, devices: 4 };
  const few: FleetHeard = { heard: 1, expected: 4, devices: 4 };
  const none: FleetHeard = { heard: 0, expected: 4, devices: 4 };

  /** Ticks once a second, and tells the listening time gained. */
  function createProduct(wasHeard: boolean, pollIntervalMs = POLL_MS) {
    let state: ListeningState = startListening(0, wasHeard);
    let now = 50_000;
    return {
      hear(fleet: FleetHeard, forMs: number, tickMs = 1_000): number {
        const before = state.listened;
        for (let left = forMs; left > 0; left -= tickMs) {
          now += tickMs;
          const tick = { nowMonotonic: now, elapsedMs: tickMs, gapMaxMs: 5_000, pollIntervalMs };
          state = advanceListening(state, tick, fleet);
        }
        return state.listened - before;
      },
      runs: () => state.runs,
    };
  }

  it('runs at once for a product of which nobody was ever heard', () => {
    const product = createProduct(false);
    expect(product.hear({ heard: 0, expected: 0, devices: 0 }, 1_000)).toBe(1_000);
    expect(product.hear({ heard: 2, expected: 2, devices: 2 }, 10_000)).toBe(10_000);
  });

  it('waits for three polls at the start of the process, a lone device or many', () => {
    for (const fleet of [all, { heard: 0, expected: 1, devices: 1 }]) {
      const product = createProduct(true);
      expect(product.hear(fleet, 3_000)).toBe(0);
      expect(product.runs()).toBe(false);
      expect(product.hear(fleet, 10_000)).toBe(10_000);
      expect(product.runs()).toBe(true);
    }
  });

  it('stops at once when most are silent, and comes on after three polls without a break', () => {
    const product = createProduct(false);
    expect(product.hear(all, 5_000)).toBe(5_000);
    expect(product.hear(none, 60_000)).toBe(0);
    expect(product.runs()).toBe(false);
    for (let n = 0; n < 20; n += 1) {
      expect(product.hear(all, 3_000)).toBe(0);
      expect(product.hear(none, 1_000)).toBe(0);
    }
    expect(product.hear(all, 8_000)).toBe(5_000);
  });

  it('comes on after a day in which somebody was heard all along, though most never are', () => {
    const product = createProduct(false);
    product.hear(none, 60_000);
    expect(product.hear(few, DAY_MS)).toBe(0);
    expect(product.hear(few, 60_000)).toBe(60_000);
    // Most of the others are heard for a moment: no reason to begin again.
    expect(product.hear(all, 2_000)).toBe(2_000);
    expect(product.hear(few, 60_000)).toBe(60_000);
    expect(product.hear(none, 1_000)).toBe(0);
    expect(product.hear(few, HOUR_MS)).toBe(0);
  });

  it('does not take a long healthy time for a day of few', () => {
    const product = createProduct(false);
    product.hear(all, 2 * DAY_MS, 5_000);
    expect(product.hear(few, HOUR_MS)).toBe(0);
  });

  it('takes no gap of ours for silence, and never goes back', () => {
    const product = createProduct(false);
    expect(product.hear(all, HOUR_MS, HOUR_MS)).toBe(5_000);
    const tick = { nowMonotonic: 0, elapsedMs: -50, gapMaxMs: 5_000, pollIntervalMs: POLL_MS };
    expect(advanceListening(startListening(7, false), tick, all).listened).toBe(7);
  });
});

describe('a device', () => {
  it('is offline after three missed polls of listening time', () => {
    expect(isOnline({ listened: 0 }, 2_999, POLL_MS)).toBe(true);
    expect(isOnline({ listened: 0 }, 3_000, POLL_MS)).toBe(false);
    expect(isOnline(null, 0, POLL_MS)).toBe(false);
  });

  it('counts as online for three polls after its last contact', () => {
    const gap = { stoppedAt: 10 * HOUR_MS, resumedAt: 20 * HOUR_MS };
    const never = { stoppedAt: null, resumedAt: 20 * HOUR_MS };
    expect(onlineSince(gap, 20 * HOUR_MS + 3_000, POLL_MS)).toBe(20 * HOUR_MS);
    expect(onlineSince(never, 20 * HOUR_MS, POLL_MS)).toBe(20 * HOUR_MS - 3_000);
  });

  it('that was online when we stopped still is for three polls after we resumed', () => {
    const gap = { stoppedAt: 10 * HOUR_MS, resumedAt: 20 * HOUR_MS };
    const since = 10 * HOUR_MS - 3_000;
    expect(onlineSince(gap, 20 * HOUR_MS, POLL_MS)).toBe(since);
    expect(onlineSince(gap, 20 * HOUR_MS + 2_999, POLL_MS)).toBe(since);
  });
});

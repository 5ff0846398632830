// Whatever devices do, listening time stands while nobody is heard, and goes on again as long as somebody is.

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { FleetHeard, ListeningState } from '../../controller/devices/listening.ts';
import {
  advanceListening,
  expectedWithinMs,
  offlineAfterMs,
  startListening,
} from '../../controller/devices/listening.ts';

const POLL_MS = 10 * 60_000;
/** Longer than a gateway's, so that days pass quickly. */
const TICK_MS = 60_000;
const LIFE_MS = 4 * 86_400_000;
const OFFLINE_AFTER_MS = offlineAfterMs(POLL_MS);
const EXPECTED_WITHIN_MS = expectedWithinMs(POLL_MS);

/** One device: heard at `offsetMs`, then each time after the next of these pauses, over and over. */
interface Habit {
  readonly offsetMs: number;
  readonly pausesMs: readonly number[];
}

const pause = fc.oneof(
  { weight: 4, arbitrary: fc.constant(POLL_MS) },
  { weight: 2, arbitrary: fc.integer({ min: POLL_MS, max: 6 * POLL_MS }) },
  { weight: 1, arbitrary: fc.integer({ min: POLL_MS, max: 30 * 3_600_000 }) },
);
const habit = fc.record({
  offsetMs: fc.integer({ min: 0, max: 30 * 3_600_000 }),
  pausesMs: fc.array(pause, { minLength: 1, maxLength: 12 }),
});
const steady: Habit = { offsetMs: 0, pausesMs: [POLL_MS] };

/** A fleet under its gateway, one tick at a time. */
interface Look {
  readonly atMs: number;
  /** Since anybody was heard. */
  readonly silentMs: number;
  readonly gainedMs: number;
}

/** Lets time pass; the first devices die for good at a moment of their own. */
function live(habits: readonly Habit[], diesAtMs: readonly number[], endMs: number): Look[] {
  const contacts = habits.map(({ offsetMs, pausesMs }, device) => {
    const times: number[] = [];
    const end = Math.min(endMs, diesAtMs[device] ?? Infinity);
    for (let at = offsetMs, n = 0; at < end; n += 1) {
      times.push(at);
      at += pausesMs[n % pausesMs.length] ?? POLL_MS;
    }
    return times;
  });
  const next = contacts.map(() => 0);
  const last = contacts.map(() => -Infinity);
  const looks: Look[] = [];
  let state: ListeningState = startListening(0, true);
  for (let atMs = 0; atMs < endMs; atMs += TICK_MS) {
    for (const [device, times] of contacts.entries()) {
      for (let time = times[next[device] ?? 0]; time !== undefined && time <= atMs;) {
        last[device] = time;
        next[device] = (next[device] ?? 0) + 1;
        time = times[next[device] ?? 0];
      }
    }
    const within = (ms: number): number => last.filter((time) => atMs - time <= ms).length;
    const fleet: FleetHeard = {
      heard: within(OFFLINE_AFTER_MS),
      expected: within(EXPECTED_WITHIN_MS),
      devices: habits.length,
    };
    const tick = {
      nowMonotonic: atMs,
      elapsedMs: TICK_MS,
      gapMaxMs: 5 * TICK_MS,
      pollIntervalMs: POLL_MS,
    };
    const after = advanceListening(state, tick, fleet);
    looks.push({
      atMs,
      silentMs: atMs - Math.max(...last),
      gainedMs: after.listened - state.listened,
    });
    state = after;
  }
  return looks;
}

const deaths = fc.array(fc.integer({ min: 0, max: 3 * 86_400_000 }), { maxLength: 4 });

describe('listening time', () => {
  it('stands while nobody of several devices is heard', () => {
    fc.assert(
      fc.property(fc.array(habit, { minLength: 2, maxLength: 6 }), deaths, (habits, diesAtMs) => {
        const wrong = live(habits, diesAtMs, LIFE_MS).filter(
          ({ silentMs, gainedMs }) => silentMs > OFFLINE_AFTER_MS && gainedMs > 0,
        );
        expect(wrong).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });

  it('never stalls for good while one device keeps polling, whatever the others do', () => {
    const patienceMs = EXPECTED_WITHIN_MS + 2 * OFFLINE_AFTER_MS;
    fc.assert(
      fc.property(fc.array(habit, { maxLength: 6 }), deaths, (others, diesAtMs) => {
        const looks = live([...others, steady], diesAtMs.slice(0, others.length), LIFE_MS);
        const gainsAtMs = looks.filter(({ gainedMs }) => gainedMs > 0).map(({ atMs }) => atMs);
        const moments = [0, ...gainsAtMs, LIFE_MS];
        const pausesMs = moments.slice(1).map((atMs, n) => atMs - (moments[n] ?? 0));
        expect(Math.max(...pausesMs)).toBeLessThan(patienceMs);
      }),
      { numRuns: 100 },
    );
  });
});

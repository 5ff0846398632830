// A clock that only the test moves: real waits do not exist in virtual time, and the wall clock can be set against the
// monotonic one as people and time servers do.

import type { Clock } from '../../../controller/base/clock.ts';

/** A Monday, 06:00 UTC. */
const START = Date.UTC(2026, 10, 23, 6);

export interface VirtualClock extends Clock {
  /** Lets milliseconds pass, on both clocks. */
  advance(ms: number): void;
  /** Sets the wall clock ahead (or, negative, back) by milliseconds; the monotonic one does not notice. */
  jump(ms: number): void;
  /** By how much the wall clock was set in all. */
  jumpedMs(): number;
}

/** Creates a clock at the start of a Monday's work. */
export function createVirtualClock(): VirtualClock {
  let passed = 0;
  let jumped = 0;
  return {
    now: () => START + passed + jumped,
    monotonicMs: () => passed,
    advance(ms) {
      passed += ms;
    },
    jump(ms) {
      jumped += ms;
    },
    jumpedMs: () => jumped,
  };
}

// A wall clock that does not jump: it starts at the wall clock of the moment, and moves on with the monotonic one. What
// is compared across restarts and must not be moved by a clock that is set goes by it.

import type { Clock, EpochMs } from '../base/clock.ts';

/**
 * Makes such a clock; it starts now, or at `earliest` where that is later: what an earlier clock has read is never ahead
 * of this one, also where the wall clock was set back between the two. Each call of the result reads it.
 */
export function createSteadyClock(clock: Clock, earliest: EpochMs = -Infinity): () => EpochMs {
  const offset = Math.max(clock.now(), earliest) - clock.monotonicMs();
  return () => offset + clock.monotonicMs();
}

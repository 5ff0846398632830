// A wall clock that does not jump: it starts at the wall clock of the process's start, and moves on with the monotonic
// one. What is compared across restarts and must not be moved by a clock that is set goes by it.

import type { Clock, EpochMs } from '../base/clock.ts';

/** Makes such a clock; it starts now. Each call of the result reads it. */
export function createSteadyClock(clock: Clock): () => EpochMs {
  const offset = clock.now() - clock.monotonicMs();
  return () => offset + clock.monotonicMs();
}

// Spreads polls in time, so that many controllers do not ask a forge in step. Pure: chance comes in as a value.

/** Share of the interval by which a delay may be shorter or longer. */
const JITTER = 0.1;

/** Milliseconds until the next poll: the interval, 10 % less at `random01` 0 and 10 % more as it nears 1. */
export function nextPollDelay(intervalMs: number, random01: number): number {
  return Math.round(intervalMs * (1 - JITTER + 2 * JITTER * random01));
}

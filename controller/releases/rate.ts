// The rate of a release, as a token bucket over flashes started. Kept as one number, the time at which the bucket would
// be full again, so that a restart neither gives nor takes a token.

import type { RateSpec } from '../model/desired.ts';

/** What comes of asking for a token: the meter as it is from then on, or when one will be there. */
export type TokenResult =
  { readonly ok: true; readonly fullAt: number } | { readonly ok: false; readonly freeAt: number };

/** A bucket holds what this part of its span brings, so that polls that come in bursts do not waste the rate. */
const BURST_PART = 60;

/**
 * Times are counted in parts of a millisecond that a number holds exactly until the year 2109: what is added up many
 * times must not drift.
 */
const TICKS_PER_MS = 2048;

/**
 * Takes a token at `at` (milliseconds of a clock that does not jump); `fullAt` is the meter as it was kept, null where
 * none was ever taken. In no half-open span of `perMs` more than `flashes` tokens are given. A meter further ahead than
 * an empty bucket comes from a clock that was set back between two runs: one token is given then, and the bucket counts
 * as empty from there on, since a refusal is not kept and would go on for as long as the clock was set back.
 */
export function takeToken(rate: RateSpec, fullAt: number | null, at: number): TokenResult {
  const { burst, intervalMs } = bucketFor(rate);
  const now = Math.floor(at * TICKS_PER_MS) / TICKS_PER_MS;
  const emptyMs = burst * intervalMs;
  const full = Math.max(fullAt ?? now, now);
  if (full > now + emptyMs) return { ok: true, fullAt: now + emptyMs };
  const freeAt = full - (burst - 1) * intervalMs;
  return freeAt > now ? { ok: false, freeAt } : { ok: true, fullAt: full + intervalMs };
}

/** A full bucket and what flows in while a span lasts are together no more than the rate. */
function bucketFor({ flashes, perMs }: RateSpec): {
  readonly burst: number;
  readonly intervalMs: number;
} {
  const burst = Math.max(1, Math.floor(flashes / BURST_PART));
  // Rounded up by more than `at` is rounded down.
  const ticks = Math.floor((perMs * TICKS_PER_MS) / (flashes - burst + 1)) + 1;
  return { burst, intervalMs: ticks / TICKS_PER_MS };
}

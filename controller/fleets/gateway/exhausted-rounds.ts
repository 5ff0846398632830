// Rounds of releases whose rate has no token left, as far as this process was told. A hint that spares the state a
// question at each poll; whether there is a token is decided by the state alone.

import type { EpochMs } from '../../base/clock.ts';

export interface ExhaustedRounds {
  /** Notes that a round has no token before `freeAt`, on the steady clock. */
  note(round: number, freeAt: EpochMs): void;
  /** The rounds without a token at a moment of the steady clock. */
  at(now: EpochMs): ReadonlySet<number>;
}

const NO_ROUNDS: ReadonlySet<number> = new Set();

/** Creates an empty list; it is dropped with the policy that its rates are from. */
export function createExhaustedRounds(): ExhaustedRounds {
  const freeAtOf = new Map<number, EpochMs>();
  return {
    note: (round, freeAt) => void freeAtOf.set(round, freeAt),
    at(now) {
      if (freeAtOf.size === 0) return NO_ROUNDS;
      for (const [round, freeAt] of freeAtOf) if (freeAt <= now) freeAtOf.delete(round);
      return new Set(freeAtOf.keys());
    },
  };
}

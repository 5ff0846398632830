// The budgets of an address: all calls, sign-ins, event streams, look-ups of serial numbers. Each is a sliding window,
// which is the strictest reading of "so many in five minutes".

import { errorList } from './api-error.ts';
import type { ApiError } from './api-error.ts';
import type { CloudTime } from './time.ts';

export interface Budgets {
  /** All routes, in 5 minutes. */
  readonly calls: number;
  /** `POST /oauth/token`, in 5 minutes. */
  readonly signIns: number;
  /** Failures in a row after which sign-ins are blocked for 30 minutes. */
  readonly failedSignIns: number;
  /** Event streams opened in 5 minutes. */
  readonly streamOpens: number;
  /** Event streams open at once. */
  readonly streamsOpen: number;
  /** Look-ups of serial numbers in an hour. */
  readonly serialNumbers: number;
  /** What too many streams are answered with: the documents say 429 here and 529 there. */
  readonly streamRefusal: 429 | 529;
}

export const PARTICLE_BUDGETS: Budgets = {
  calls: 10_000,
  signIns: 100,
  failedSignIns: 10,
  streamOpens: 100,
  streamsOpen: 100,
  serialNumbers: 50,
  streamRefusal: 429,
};

export type Counted = 'calls' | 'signIns' | 'streamOpens' | 'serialNumbers';

export interface RateLimits {
  /** May be replaced at any time. */
  budgets: Budgets;
  /** Counts one, or refuses it; a refused one counts as well. */
  spend(kind: Counted): void;
  /** How many were counted within the window. */
  spent(kind: Counted): number;
  refuseStream(open: number): void;
  noteSignIn(isGood: boolean): void;
  checkSignIn(): void;
}

const MINUTE_MS = 60_000;
const WINDOW_MS = {
  calls: 5 * MINUTE_MS,
  signIns: 5 * MINUTE_MS,
  streamOpens: 5 * MINUTE_MS,
  serialNumbers: 60 * MINUTE_MS,
} as const;
const BLOCK_MS = 30 * MINUTE_MS;

export function createRateLimits(time: CloudTime, budgets: Budgets): RateLimits {
  const seen: Record<Counted, number[]> = {
    calls: [],
    signIns: [],
    streamOpens: [],
    serialNumbers: [],
  };
  let failuresInRow = 0;
  let blockedUntil = 0;

  const recent = (kind: Counted): number[] => {
    const since = time.now() - WINDOW_MS[kind];
    const times = seen[kind];
    if ((times[0] ?? Infinity) > since) return times;
    const kept = times.filter((at) => at > since);
    seen[kind] = kept;
    return kept;
  };

  const limits: RateLimits = {
    budgets,
    spend: (kind) => {
      const times = recent(kind);
      // What is refused counts too, but is not remembered without end.
      if (times.length <= limits.budgets[kind]) times.push(time.now());
      if (times.length > limits.budgets[kind]) {
        throw tooMany(kind === 'streamOpens' ? limits.budgets.streamRefusal : 429);
      }
    },
    spent: (kind) => recent(kind).length,
    refuseStream: (open) => {
      if (open >= limits.budgets.streamsOpen) throw tooMany(limits.budgets.streamRefusal);
    },
    noteSignIn: (isGood) => {
      failuresInRow = isGood ? 0 : failuresInRow + 1;
      if (failuresInRow < limits.budgets.failedSignIns) return;
      failuresInRow = 0;
      blockedUntil = time.now() + BLOCK_MS;
    },
    checkSignIn: () => {
      if (time.now() < blockedUntil) throw tooMany(429);
    },
  };
  return limits;
}

/** The body is the fake's own pick. */
function tooMany(status: number): ApiError {
  return errorList(status, ['Too many requests'], true);
}

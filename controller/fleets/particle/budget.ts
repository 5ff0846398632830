// How many calls may be made to one address: Particle limits them per public IP, so all products share one budget. Nobody
// is refused; whoever comes too early waits.

import type { Clock } from '../../base/clock.ts';

/** Documented: 10,000 calls in 5 minutes over all routes. */
export const CALLS_MAX = 10_000;
export const CALLS_SPAN_MS = 300_000;
/** So many at once, out of a full bucket; what flows in while the span lasts brings the rest, and never more. */
const BURST = 1_000;

export interface Budget {
  /** Resolves when a call may be made. In the order of asking. */
  take(): Promise<void>;
  /** Particle asked for patience: no call before so many milliseconds are over. */
  pause(ms: number): void;
  /** Calls that were let through. */
  readonly taken: number;
}

export interface BudgetPorts {
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly sleep: (ms: number) => Promise<void>;
}

/** A full budget. `calls` within `spanMs` are let through at most. */
export function createBudget(
  { clock, sleep }: BudgetPorts,
  {
    calls = CALLS_MAX,
    spanMs = CALLS_SPAN_MS,
  }: { readonly calls?: number; readonly spanMs?: number } = {},
): Budget {
  const burst = Math.max(1, Math.floor((BURST * calls) / CALLS_MAX));
  const intervalMs = spanMs / Math.max(1, calls - burst);
  let tokens = burst;
  let filledAt = clock.monotonicMs();
  let pausedUntil = -Infinity;
  let turn: Promise<void> = Promise.resolve();
  let taken = 0;

  async function takeNow(): Promise<void> {
    for (;;) {
      const now = clock.monotonicMs();
      tokens = Math.min(burst, tokens + (now - filledAt) / intervalMs);
      filledAt = now;
      const waitMs = Math.max(pausedUntil - now, tokens >= 1 ? 0 : (1 - tokens) * intervalMs);
      if (waitMs <= 0) break;
      await sleep(Math.ceil(waitMs));
    }
    tokens -= 1;
    taken += 1;
  }

  return {
    take() {
      turn = turn.then(takeNow);
      return turn;
    },
    pause(ms) {
      pausedUntil = Math.max(pausedUntil, clock.monotonicMs() + ms);
    },
    get taken() {
      return taken;
    },
  };
}

// The primary rate limit: so many requests per credentials and hour, told in the headers of every answer.

import { ApiError } from './api-error.ts';
import type { Caller } from './credentials.ts';

export interface RateLimit {
  /** Requests per hour and credentials. */
  limit: number;
  /** Counts a request; throws when nothing remains. */
  spend(caller: Caller): void;
  /** Takes the last one back: its answer was that nothing has changed. */
  giveBack(caller: Caller): void;
  headers(caller: Caller): Readonly<Record<string, string>>;
  /** How many these credentials have spent in this hour. */
  used(token: string): number;
}

interface Account {
  used: number;
  readonly resetAt: number;
}

const WINDOW_MS = 3_600_000;
const LIMIT = 5000;

export function createRateLimit(now: () => number): RateLimit {
  const accounts = new Map<string, Account>();

  const accountOf = (key: string): Account => {
    const known = accounts.get(key);
    if (known !== undefined && known.resetAt > now()) return known;
    const account = { used: 0, resetAt: now() + WINDOW_MS };
    accounts.set(key, account);
    return account;
  };

  const rateLimit: RateLimit = {
    limit: LIMIT,
    spend(caller) {
      const account = accountOf(keyOf(caller));
      if (account.used >= rateLimit.limit) throw rateLimitExceeded(caller);
      account.used += 1;
    },
    giveBack(caller) {
      accountOf(keyOf(caller)).used -= 1;
    },
    headers(caller) {
      const { used, resetAt } = accountOf(keyOf(caller));
      return rateLimitHeaders(rateLimit.limit, used, resetAt);
    },
    used: (token) => accountOf(token).used,
  };
  return rateLimit;
}

export function rateLimitHeaders(
  limit: number,
  used: number,
  resetAt: number,
): Readonly<Record<string, string>> {
  return {
    'x-ratelimit-limit': String(limit),
    'x-ratelimit-remaining': String(limit - used),
    'x-ratelimit-used': String(used),
    'x-ratelimit-reset': String(Math.ceil(resetAt / 1000)),
    'x-ratelimit-resource': 'core',
  };
}

export function rateLimitExceeded(caller: Caller): ApiError {
  const whose = caller.kind === 'user' ? `user ID ${caller.login}` : caller.kind;
  return new ApiError(403, `API rate limit exceeded for ${whose}.`);
}

export function secondaryLimitExceeded(retryAfterS: number): ApiError {
  return new ApiError(
    403,
    'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.',
    { headers: { 'retry-after': String(retryAfterS) } },
  );
}

function keyOf(caller: Caller): string {
  return caller.kind === 'user' || caller.kind === 'installation' ? caller.token : caller.kind;
}

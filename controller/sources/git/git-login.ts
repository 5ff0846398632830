// With which credentials git speaks to the server now: those of the address, or those that somebody is asked for.

import type { Failure } from '../../base/failure.ts';
import { fail, ok, type Result } from '../../base/result.ts';
import type { AskCredentials } from '../git-credentials.ts';
import { sourceUnavailable } from '../source-failure.ts';
import { addCredentials, type GitUrl } from './git-url.ts';

export interface GitLoginOptions {
  readonly url: GitUrl;
  readonly description: string;
  /** Asked where the address is http(s) and carries no credentials of its own. */
  readonly credentials: AskCredentials | undefined;
  /** Bound on the answer. */
  readonly timeoutMs: number;
  readonly closing: AbortSignal;
}

/** Gives the address with the credentials of now. An answer that does not come in time is worth another try. */
export async function logIn({
  url,
  description,
  credentials,
  timeoutMs,
  closing,
}: GitLoginOptions): Promise<Result<GitUrl, Failure>> {
  if (credentials === undefined || url.transport !== 'http' || url.credentials !== null) {
    return ok(url);
  }
  const given = await Promise.race([credentials(), giveUp(timeoutMs, closing)]);
  if (given === null) {
    const why = closing.aborted ? 'it was closed' : 'its credentials did not come in time';
    const disposition = closing.aborted ? 'stall' : 'retry';
    return fail(sourceUnavailable(`${description} cannot be read: ${why}.`, disposition));
  }
  if (!given.ok || given.value === null) return given.ok ? ok(url) : given;
  return ok(addCredentials(url, given.value));
}

async function giveUp(timeoutMs: number, closing: AbortSignal): Promise<null> {
  const end = AbortSignal.any([AbortSignal.timeout(timeoutMs), closing]);
  if (end.aborted) return null;
  return new Promise((resolve) => {
    end.addEventListener('abort', () => resolve(null), { once: true });
  });
}

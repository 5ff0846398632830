// One HTTP request for a firmware binary, and what its outcome means: shared by the openers of URLs.

import { type Dispatcher, request } from 'undici';
import { type Failure, failure, messageOf } from '../base/failure.ts';

export const REDIRECTS_MAX = 5;

const HEADERS_TIMEOUT_MS = 30_000;
const BODY_TIMEOUT_MS = 60_000;

/** Asks for a URL. Throws where there is no answer. */
export function requestUrl(
  url: string,
  options: { readonly dispatcher: Dispatcher; readonly signal?: AbortSignal },
): Promise<Dispatcher.ResponseData> {
  return request(url, {
    ...options,
    headersTimeout: HEADERS_TIMEOUT_MS,
    bodyTimeout: BODY_TIMEOUT_MS,
  });
}

/** An answer without the content. A 4xx stalls (a person must correct the URL); everything else is worth a retry. */
export function refusedByServer(url: string, status: number): Failure {
  const isFinal = status >= 400 && status < 500 && status !== 429;
  const text = `${describeUrl(url)} answered ${status}.`;
  return failure('BinaryUnavailable', text, isFinal ? 'stall' : 'retry');
}

/** No answer. */
export function unreachable(url: string, thrown: unknown): Failure {
  const text = `${describeUrl(url)} cannot be reached: ${messageOf(thrown)}`;
  return failure('BinaryUnavailable', text, 'retry');
}

/** Pre-signed URLs carry their secret in the query, others in front of the host: neither is shown. */
export function describeUrl(url: string): string {
  try {
    const { origin, pathname } = new URL(url);
    return `${origin}${pathname}`;
  } catch {
    return 'the URL';
  }
}

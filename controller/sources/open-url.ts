// Opens a firmware binary by its URL: streamed, redirects followed, failures classified. Whether the content is the
// right one is for the digest to say.

import { request, interceptors, Agent } from 'undici';
import type { Failure } from '../base/failure.ts';
import { failure, messageOf } from '../base/failure.ts';
import type { Result } from '../base/result.ts';
import { fail, ok } from '../base/result.ts';

const HEADERS_TIMEOUT_MS = 30_000;
const BODY_TIMEOUT_MS = 60_000;
const REDIRECTS_MAX = 5;

const dispatcher = new Agent().compose(interceptors.redirect({ maxRedirections: REDIRECTS_MAX }));

/** The bytes behind a URL. A 4xx answer stalls (a person must correct the URL); everything else is worth a retry. */
export async function openUrl(url: string): Promise<Result<AsyncIterable<Uint8Array>, Failure>> {
  const shown = withoutSecrets(url);
  try {
    const answer = await request(url, {
      dispatcher,
      headersTimeout: HEADERS_TIMEOUT_MS,
      bodyTimeout: BODY_TIMEOUT_MS,
    });
    if (answer.statusCode === 200) return ok(answer.body);
    await answer.body.dump();
    const final = answer.statusCode >= 400 && answer.statusCode < 500 && answer.statusCode !== 429;
    return fail(
      failure(
        'BinaryUnavailable',
        `${shown} answered ${answer.statusCode}.`,
        final ? 'stall' : 'retry',
      ),
    );
  } catch (thrown) {
    return fail(
      failure('BinaryUnavailable', `${shown} cannot be reached: ${messageOf(thrown)}`, 'retry'),
    );
  }
}

/** Pre-signed URLs carry their secret in the query, others in front of the host: neither is shown. */
function withoutSecrets(url: string): string {
  try {
    const { origin, pathname } = new URL(url);
    return `${origin}${pathname}`;
  } catch {
    return 'the URL';
  }
}

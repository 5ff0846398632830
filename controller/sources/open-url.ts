// Opens a firmware binary by its URL: streamed, redirects followed, failures classified. Whether the content is the
// right one is for the digest to say.

import { Agent, interceptors } from 'undici';
import type { Failure } from '../base/failure.ts';
import { fail, ok, type Result } from '../base/result.ts';
import { REDIRECTS_MAX, refusedByServer, requestUrl, unreachable } from './url-request.ts';

const dispatcher = new Agent().compose(interceptors.redirect({ maxRedirections: REDIRECTS_MAX }));

/** The bytes behind a URL. A 4xx answer stalls (a person must correct the URL); everything else is worth a retry. */
export async function openUrl(url: string): Promise<Result<AsyncIterable<Uint8Array>, Failure>> {
  try {
    const answer = await requestUrl(url, { dispatcher });
    if (answer.statusCode === 200) return ok(answer.body);
    await answer.body.dump();
    return fail(refusedByServer(url, answer.statusCode));
  } catch (thrown) {
    return fail(unreachable(url, thrown));
  }
}

// Reads a stream to its end. Streams throw when the disk or the network fails under them; here that becomes a failure
// of the read, so that half a file is never taken for a whole one.

import { type Failure, failure, messageOf } from '../base/failure.ts';
import { fail, ok, type Result } from '../base/result.ts';
import { StreamBroken } from '../sources/source-failure.ts';

/**
 * Hands every chunk to `take` until the stream ends or `take` returns false. `name` is for the message. A stream that
 * breaks off is the failure that it says, or else one to be tried again.
 */
export async function drain(
  name: string,
  content: AsyncIterable<Uint8Array>,
  take: (chunk: Uint8Array) => boolean,
): Promise<Result<null, Failure>> {
  try {
    for await (const chunk of content) {
      if (!take(chunk)) break;
    }
    return ok(null);
  } catch (thrown) {
    if (thrown instanceof StreamBroken) return fail(thrown.failure);
    return fail(failure('ReadFailed', `Reading ${name} broke off: ${messageOf(thrown)}`, 'retry'));
  }
}

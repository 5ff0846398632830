// Takes a forge's webhooks in: each delivery once, as a hint to whom it concerns. A webhook decides nothing and carries
// nothing into the program but where to look; a lost one is made up for by polling.

import type { Result } from '../base/result.ts';
import { fail, ok } from '../base/result.ts';
import type { Forge, ForgeHint, WebhookRefusal, WebhookRequest } from '../forges/forge.ts';

/** Deliveries that are remembered. One that is sent again after more than these only makes the program look again. */
const REMEMBERED_MAX = 10_000;

export interface WebhookInbox {
  /** `repeated`: this very delivery was taken before, and leads to nothing now. */
  receive(request: WebhookRequest): Promise<Result<'taken' | 'repeated', WebhookRefusal>>;
}

/** Creates an inbox. `onHint` is called for each new delivery that Lockstep listens to, and must not throw. */
export function createWebhookInbox(
  forge: Pick<Forge, 'readWebhook'>,
  onHint: (hint: ForgeHint) => void,
): WebhookInbox {
  const seen = new Set<string>();
  return {
    async receive(request) {
      const read = await forge.readWebhook(request);
      if (!read.ok) return fail(read.error);
      const { delivery, hint } = read.value;
      if (seen.has(delivery)) return ok('repeated');
      seen.add(delivery);
      for (const oldest of seen) {
        if (seen.size <= REMEMBERED_MAX) break;
        seen.delete(oldest);
      }
      onHint(hint);
      return ok('taken');
    },
  };
}

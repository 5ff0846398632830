// Where a forge's webhooks arrive. A webhook carries no token of ours: its signature is checked by the forge's adapter,
// over the very bytes that came.

import type { FastifyInstance } from 'fastify';

import { sendError } from './errors.ts';
import type { WebhookReceiver } from './ports.ts';

/** GitHub sends no larger payload. */
const BODY_BYTES_MAX = 25 * 1024 * 1024;

/** Bodies are held in memory before their signature can be checked; more at a time are told to come back. */
const AT_A_TIME_MAX = 8;

/** Adds `POST /webhooks/github`. Without a receiver there is nothing at that address. */
export async function addWebhooks(
  app: FastifyInstance,
  receiver: WebhookReceiver | null,
): Promise<void> {
  if (receiver === null) return;
  let underWay = 0;
  await app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser(
      '*',
      { parseAs: 'buffer', bodyLimit: BODY_BYTES_MAX },
      (_, body, done) => done(null, body),
    );
    scope.post('/webhooks/github', {
      bodyLimit: BODY_BYTES_MAX,
      onRequest: async (_request, reply) => {
        if (underWay >= AT_A_TIME_MAX) {
          const remedy = 'Nothing to do: what it tells is found by polling.';
          return sendError(reply, 503, 'Busy', 'Too many webhooks arrive at a time.', remedy);
        }
        underWay += 1;
        reply.raw.once('close', () => (underWay -= 1));
        return undefined;
      },
      handler: async ({ headers, body }, reply) => {
        const bytes = Buffer.isBuffer(body) ? body : Buffer.alloc(0);
        const taken = await receiver.receive({ headers, body: bytes });
        if (taken.ok) return reply.code(202).send({ delivery: taken.value });
        const { status, code, message, remedy } = taken.error;
        return sendError(reply, status, code, message, remedy);
      },
    });
  });
}

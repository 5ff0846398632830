// The stream of changes, as server-sent events. It tells what has changed, never what it is now: whoever shows that asks
// for it, so that a stream stays small and nothing is missed by one that was away.

import type { FastifyInstance, FastifyReply } from 'fastify';

import { sendError } from '../errors.ts';
import type { Reader, Streams } from '../live/streams.ts';
import { ref } from '../schemas/build.ts';

const DESCRIPTION = `A stream of server-sent events that ends when the server does. Needs the role viewer.

- \`hello\`, once: \`{"version", "server", "event"}\`: of Lockstep, of the process (random), id of the newest event.
- \`change\`, at most one a second: \`{"topics", "event"}\`. \`status\` stands for anything in \`GET /status\`, \`events\` for new
  lines of the log, \`product:NAME\` for the product: its counts, releases, firmware, locks and groups.
- a comment every 15 seconds, so that both ends know that the other is there.

What has changed is not in the stream: ask for it, with \`If-None-Match\`. After a reconnect ask for everything.`;

/** Adds `GET /live`. `mayStay` says whether the caller of a request still has a role. */
export function addLiveRoute(
  app: FastifyInstance,
  streams: Streams,
  mayStay: (request: FastifyReply['request']) => Promise<boolean>,
): void {
  app.addHook('preClose', async () => streams.close());
  app.get(
    '/live',
    {
      config: { role: 'viewer' },
      // It would never end.
      exposeHeadRoute: false,
      schema: {
        operationId: 'streamChanges',
        summary: 'What changes, as it changes',
        description: DESCRIPTION,
        tags: ['fleet'],
        response: {
          200: {
            description: 'Success.',
            content: { 'text/event-stream': { schema: { type: 'string' } } },
          },
          default: { description: 'Any error.', ...ref('Error') },
        },
      },
    },
    async (request, reply) => {
      const reader = createReader(reply, () => mayStay(request));
      reply.raw.once('close', () => streams.leave(reader));
      const joined = await streams.join(reader);
      if (joined) return reply.hijack();
      if (reply.raw.headersSent || reply.raw.destroyed) return reply.hijack();
      const message = 'As many streams are open as this server keeps.';
      return sendError(reply, 503, 'Busy', message, 'Try again in a while, or close some pages.');
    },
  );
}

/** The head goes out with the first event. */
function createReader({ raw }: FastifyReply, mayStay: () => Promise<boolean>): Reader {
  return {
    write(text) {
      if (!raw.headersSent) {
        raw.writeHead(200, {
          'content-type': 'text/event-stream; charset=utf-8',
          'cache-control': 'no-store',
          'x-content-type-options': 'nosniff',
          // nginx would hold events back.
          'x-accel-buffering': 'no',
          // The connection is of no use after the stream, and would keep a closing server waiting.
          connection: 'close',
        });
      }
      raw.write(text);
    },
    isBehind: () => raw.writableLength > 0,
    mayStay,
    end: () => void raw.end(),
    cut: () => void raw.destroy(),
  };
}

// How answers look on the wire. Bodies are whole strings, so that every answer carries its length and none is chunked.

import type { FastifyReply } from 'fastify';

import type { JsonType } from './accept.ts';
import { errorDocument } from './documents.ts';
import type { BodyDefect } from './request-bodies.ts';

const ERROR_CODES: Readonly<Record<number, readonly [code: string, message: string]>> = {
  400: ['lockstep.badRequest', 'The request cannot be read.'],
  404: ['hawkbit.server.error.repo.entityNotFound', 'There is nothing here for this device.'],
  405: ['hawkbit.server.error.action.notCancelable', 'The action is not being cancelled.'],
  410: ['lockstep.actionClosed', 'The action is closed.'],
  429: ['hawkbit.server.error.quota.tooManyEntries', 'Too many at once; come back later.'],
  503: ['lockstep.unavailable', 'The state cannot be reached; come back later.'],
};

/** An accepted POST or PUT: 200 and nothing else, the only answer that every client takes for success. */
export function sendAccepted(reply: FastifyReply): FastifyReply {
  return reply.code(200).send('');
}

/** A document. */
export function sendDocument(reply: FastifyReply, type: JsonType, document: string): FastifyReply {
  return reply.header('content-type', type).send(document);
}

/**
 * A document of plain ASCII that is sent as it is, past Fastify's own steps: the answer to nearly every poll.
 */
export function sendIdle(reply: FastifyReply, type: JsonType, document: string): FastifyReply {
  reply.hijack();
  reply.raw.writeHead(200, { 'content-type': type, 'content-length': document.length });
  reply.raw.end(document, 'latin1');
  return reply;
}

/** A refusal, with an error body where hawkBit has one. */
export function sendRefusal(
  reply: FastifyReply,
  status: number,
  defect?: Pick<BodyDefect, 'code' | 'message'>,
): FastifyReply {
  const known = ERROR_CODES[status];
  if (defect === undefined && known === undefined) return reply.code(status).send('');
  const [code, message] = known ?? ['', ''];
  return reply
    .code(status)
    .header('content-type', 'application/json')
    .send(errorDocument(defect?.code ?? code, defect?.message ?? message));
}

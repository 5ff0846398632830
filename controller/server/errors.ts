// Errors of the API, all in one form: `{ "error": { "code", "message", "remedy" } }`. What a caller did wrong is told apart
// from what the outside world failed at, and from bugs, whose details go to the log only.

import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';

import type { Failure } from '../base/failure.ts';
import { messageOf } from '../base/failure.ts';
import { StateFailure } from '../stores/state-failure.ts';
import type { ServerLog } from './ports.ts';

/** The body of every answer that is not a success. */
export interface ErrorBody {
  readonly error: { readonly code: string; readonly message: string; readonly remedy: string };
}

/** Builds the body. `code`: a stable PascalCase word. */
export function errorBody(code: string, message: string, remedy: string): ErrorBody {
  return { error: { code, message, remedy } };
}

/** Answers with an error. */
export function sendError(
  reply: FastifyReply,
  status: number,
  code: string,
  message: string,
  remedy: string,
): FastifyReply {
  return reply
    .code(status)
    .header('cache-control', 'no-store')
    .send(errorBody(code, message, remedy));
}

/** Answers that there is no such product. */
export function sendUnknownProduct(reply: FastifyReply, product: string): FastifyReply {
  const message = `No product named ${JSON.stringify(product)} is known here.`;
  const remedy = 'Products come from manifests: check the name, or wait until they are in force.';
  return sendError(reply, 404, 'UnknownProduct', message, remedy);
}

/** Answers that there is no such device. */
export function sendUnknownDevice(
  reply: FastifyReply,
  product: string,
  device: string,
): FastifyReply {
  const message = `${product} has no device ${JSON.stringify(device)}.`;
  const remedy = 'Check the id. A device appears at its first poll, or when it is given a token.';
  return sendError(reply, 404, 'UnknownDevice', message, remedy);
}

/**
 * Answers with a failure of the outside world: 404 for what is not known, 409 for what needs a person, 503 (with
 * `Retry-After` where the failure says when) for what passes by itself.
 */
export function sendFailure(reply: FastifyReply, failure: Failure): FastifyReply {
  const { code, message, disposition, retryAfterMs } = failure;
  if (code.startsWith('Unknown')) {
    return sendError(reply, 404, code, message, 'Check the name.');
  }
  if (disposition === 'stall') {
    return sendError(reply, 409, code, message, 'A person has to mend the cause; then try again.');
  }
  if (retryAfterMs !== undefined) {
    void reply.header('retry-after', String(Math.ceil(retryAfterMs / 1_000)));
  }
  return sendError(reply, 503, code, message, 'Try again in a while.');
}

/** Answers with whatever Fastify or a handler threw. */
export function sendThrown(
  log: ServerLog,
  error: FastifyError,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  if (error instanceof StateFailure) return sendFailure(reply, error.failure);
  const { statusCode = 500 } = error;
  if (error.validation !== undefined) {
    return sendError(reply, 400, 'InvalidRequest', `${error.message}.`, SEE_DOCUMENT);
  }
  if (statusCode === 413) {
    const remedy = 'Send a smaller body.';
    return sendError(reply, 413, 'BodyTooLarge', 'The body is larger than this takes.', remedy);
  }
  if (statusCode === 415) {
    const remedy = 'Send JSON, with `Content-Type: application/json`.';
    return sendError(reply, 415, 'UnsupportedMediaType', 'The body is not JSON.', remedy);
  }
  if (statusCode === 429) {
    // The limiter has set `Retry-After`.
    return sendError(reply, 429, 'TooManyTries', messageOf(error), 'Wait a minute.');
  }
  if (statusCode >= 400 && statusCode < 500) {
    // The message may repeat the URL.
    const message = `${messageOf(error).slice(0, 300)}.`;
    return sendError(reply, statusCode, 'InvalidRequest', message, SEE_DOCUMENT);
  }
  // The URL is cut: it may be long, and nothing of a request belongs in a log in full.
  log.warn(`${request.method} ${request.url.slice(0, 200)} failed: ${describeBug(error)}`);
  const remedy = 'Please report it; the log of the server says more.';
  return sendError(reply, 500, 'InternalError', 'Internal error.', remedy);
}

/** What to do where a request does not fit. */
export const SEE_DOCUMENT = 'See /api/v1/openapi.json for what is expected.';

function describeBug(error: Error): string {
  return error.stack ?? messageOf(error);
}

// Answers that the caller has already: an answer to a GET carries a tag of its content, and where the caller names that
// tag, the content is left out.

import { hash } from 'node:crypto';

import type { onSendAsyncHookHandler } from 'fastify';

/** Fastify's hook. A tag that a route has set itself is taken as it is. */
export const tagAnswer: onSendAsyncHookHandler = async (request, reply, payload) => {
  if (request.method !== 'GET' || reply.statusCode !== 200 || typeof payload !== 'string') {
    return payload;
  }
  const known = reply.getHeader('etag');
  const etag = typeof known === 'string' ? known : `W/"${hash('sha1', payload, 'base64url')}"`;
  void reply.header('etag', etag);
  const named = request.headers['if-none-match']?.split(',').map((each) => each.trim());
  if (named === undefined || !named.some((each) => isSameTag(each, etag))) return payload;
  void reply.code(304).removeHeader('content-length');
  return null;
};

/** Weakly: the same answer, if maybe in other bytes. */
function isSameTag(named: string, etag: string): boolean {
  return named === '*' || named.replace(/^W\//, '') === etag.replace(/^W\//, '');
}

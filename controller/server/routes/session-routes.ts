// A browser's session: who one is here, signing in with a token, signing out.

import { randomBytes } from 'node:crypto';

import rateLimit from '@fastify/rate-limit';
import { stringifySetCookie } from 'cookie';
import type { FastifyInstance, FastifyReply } from 'fastify';

import type { SessionJson } from '../../reports/answers.ts';
import { findToken, type Caller } from '../access.ts';
import { sendError } from '../errors.ts';
import { SESSION_COOKIE, type Guard } from '../guard.ts';
import type { ApiContext } from '../ports.ts';
import { object, ref } from '../schemas/build.ts';
import { sealSession, SESSION_MS } from '../session-cookie.ts';

/** Tries to sign in, from one address in a minute. */
export const TRIES_MAX = 20;

const IV_BYTES = 12;

const errors = { default: { description: 'Any error.', ...ref('Error') } };
const success = { 200: { description: 'Success.', ...ref('Session') }, ...errors };

/** Adds the routes. They need no role: that is what they are for. */
export async function addSessionRoutes(
  app: FastifyInstance,
  { store, clock, log }: ApiContext,
  guard: Guard,
): Promise<void> {
  await app.register(rateLimit, {
    global: false,
    // Thrown, and answered like any other error.
    errorResponseBuilder: () =>
      Object.assign(new Error('There were too many tries to sign in.'), { statusCode: 429 }),
  });

  app.get(
    '/session',
    {
      schema: {
        operationId: 'getSession',
        summary: 'Who one is here, and by what',
        description: 'Needs no role; the role is null where the caller has none.',
        tags: ['access'],
        response: success,
      },
    },
    async (request) => sessionAnswer(await guard.identify(request)),
  );

  app.post<{ Body: { readonly token: string } }>(
    '/session',
    {
      config: { rateLimit: { max: TRIES_MAX, timeWindow: 60_000 } },
      schema: {
        operationId: 'signIn',
        summary: 'Sign a browser in with a token',
        description: `Needs no role. The answer sets a cookie, good for ${SESSION_MS / 86_400_000} days, that stands for the token until that is taken back. At most ${TRIES_MAX} tries a minute from one address.`,
        tags: ['access'],
        body: object({ token: { type: 'string', minLength: 1, maxLength: 256 } }),
        response: success,
      },
    },
    async (request, reply) => {
      if (guard.refusesPage(request, reply)) return reply;
      const shown = request.body.token.trim();
      const token = findToken(await store.tokens(), shown);
      if (token === null) {
        const remedy = 'Check that all of it was copied. `lockstep token create` makes another.';
        return sendError(reply, 401, 'Unauthorized', 'The token is not known here.', remedy);
      }
      const iv = randomBytes(IV_BYTES);
      const value = sealSession(token, shown, clock.now() + SESSION_MS, iv);
      setSession(reply, value, SESSION_MS, guard.isSecure(request));
      log.info(`a browser was signed in with the token ${token.name}`);
      return sessionAnswer({ role: token.role, name: token.name, how: 'cookie' });
    },
  );

  app.delete(
    '/session',
    {
      schema: {
        operationId: 'signOut',
        summary: 'Sign a browser out',
        description: 'Needs no role.',
        tags: ['access'],
        response: { 204: { description: 'Success.', type: 'null' }, ...errors },
      },
    },
    async (request, reply) => {
      if (guard.refusesPage(request, reply)) return reply;
      setSession(reply, '', 0, guard.isSecure(request));
      return reply.code(204).send();
    },
  );
}

function sessionAnswer(caller: Caller | null): SessionJson {
  if (caller === null) return { role: null, name: null, how: null, mayLogOut: false };
  const { role, name, how } = caller;
  return { role, name, how, mayLogOut: how === 'cookie' };
}

/** No script gets at it, and no other site's page can have it sent. */
function setSession(reply: FastifyReply, value: string, ms: number, secure: boolean): void {
  const cookie = stringifySetCookie({
    name: SESSION_COOKIE,
    value,
    httpOnly: true,
    sameSite: 'strict',
    path: '/',
    maxAge: ms / 1_000,
    secure,
  });
  void reply.header('set-cookie', cookie);
}

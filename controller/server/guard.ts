// Lets requests in, or answers that they may not: the decision itself is `access.ts`'s.

import type { FastifyReply, FastifyRequest } from 'fastify';

import type { Role } from '../stores/store.ts';
import { decideAccess, type Access } from './access.ts';
import { sendError } from './errors.ts';
import type { ApiContext } from './ports.ts';

export interface Guard {
  /** Whether a request that carries a role's routes is let in; answers itself where it is not. */
  admit(request: FastifyRequest, reply: FastifyReply, role: Role): Promise<boolean>;
  /** Whether it would be let in now; answers nothing. */
  allows(request: FastifyRequest, role: Role): Promise<boolean>;
}

const FORWARDED = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'via'];

/** Builds the guard. Tokens are read at each request that shows one, so a new one is good at once. */
export function createGuard(context: ApiContext, requireTokens: boolean): Guard {
  const decide = async ({ headers, socket }: FastifyRequest, role: Role): Promise<Access> => {
    const shows = headers.authorization !== undefined;
    return decideAccess(
      {
        remoteAddress: socket.remoteAddress,
        authorization: headers.authorization,
        host: headers.host,
        origin: headers.origin,
        isForwarded: FORWARDED.some((name) => headers[name] !== undefined),
      },
      role,
      shows ? await context.store.tokens() : [],
      requireTokens,
    );
  };
  return {
    async admit(request, reply, role) {
      const access = await decide(request, role);
      if (access.allowed) {
        request.caller =
          access.name === null ? 'someone on this machine' : `the token ${access.name}`;
        return true;
      }
      if (access.status === 401) void reply.header('www-authenticate', 'Bearer realm="lockstep"');
      sendError(reply, access.status, access.code, access.message, access.remedy);
      return false;
    },
    allows: async (request, role) => (await decide(request, role)).allowed,
  };
}

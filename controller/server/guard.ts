// Lets requests in, or answers that they may not: what a request shows is gathered here, the decision itself is
// `access.ts`'s.

import { parseCookie } from 'cookie';
import type { FastifyReply, FastifyRequest } from 'fastify';

import type { Role } from '../stores/store.ts';
import {
  decideAccess,
  identifyCaller,
  isLoopbackHost,
  type Access,
  type AccessRequest,
  type AccessRules,
  type Caller,
  refuseForeignPage,
} from './access.ts';
import { sendError } from './errors.ts';
import type { ApiContext, ServerOptions } from './ports.ts';
import { createProxyRules } from './proxy-trust.ts';
import { createSessionReader } from './session-cookie.ts';

export interface Guard {
  /** Whether a request that carries a role's routes is let in; answers itself where it is not. */
  admit(request: FastifyRequest, reply: FastifyReply, role: Role): Promise<boolean>;
  /** Whether it would be let in now; answers nothing. */
  allows(request: FastifyRequest, role: Role): Promise<boolean>;
  /** Who asks; null: nobody with a role. */
  identify(request: FastifyRequest): Promise<Caller | null>;
  /** Whether a request that needs no role comes from a page of another site; answers itself where it does. */
  refusesPage(request: FastifyRequest, reply: FastifyReply): boolean;
  /** Whether the browser of a request speaks TLS, to a proxy. */
  isSecure(request: FastifyRequest): boolean;
}

/** Name of the cookie that holds a browser's session. */
export const SESSION_COOKIE = 'lockstep_session';

const FORWARDED = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'via'];

/** Builds the guard. Tokens are read at each request that shows one, so a new one is good at once, and a gone one gone. */
export function createGuard(
  { store, clock }: Pick<ApiContext, 'store' | 'clock'>,
  options: Pick<ServerOptions, 'auth' | 'publicUrl'>,
): Guard {
  const trust = options.auth?.proxy ?? null;
  const publicUrl = readUrl(options.publicUrl ?? null);
  const known = {
    requireTokens: asksForTokens(options),
    proxy: trust === null ? null : createProxyRules(trust),
    publicHost: publicUrl?.host ?? null,
    openSession: createSessionReader(),
  };

  const read = ({ method, headers, socket, raw }: FastifyRequest): AccessRequest => {
    const valueOf = (name: string | undefined): string | undefined =>
      name === undefined ? undefined : raw.headersDistinct[name]?.join(',');
    return {
      method,
      remoteAddress: socket.remoteAddress,
      authorization: headers.authorization,
      host: headers.host,
      origin: headers.origin,
      contentType: headers['content-type'],
      isForwarded: FORWARDED.some((name) => headers[name] !== undefined),
      session:
        headers.cookie === undefined ? undefined : parseCookie(headers.cookie)[SESSION_COOKIE],
      user: valueOf(trust?.userHeader),
      roles: valueOf(trust?.rolesHeader ?? undefined),
    };
  };

  const settleRules = async (shown: AccessRequest): Promise<AccessRules> => {
    const showsToken = shown.authorization !== undefined || shown.session !== undefined;
    return { ...known, tokens: showsToken ? await store.tokens() : [], now: clock.now() };
  };

  const decide = async (request: FastifyRequest, role: Role): Promise<Access> => {
    const shown = read(request);
    return decideAccess(shown, role, await settleRules(shown));
  };

  const send = (reply: FastifyReply, access: Access & { readonly allowed: false }): false => {
    if (access.status === 401) void reply.header('www-authenticate', 'Bearer realm="lockstep"');
    sendError(reply, access.status, access.code, access.message, access.remedy);
    return false;
  };

  return {
    async admit(request, reply, role) {
      const access = await decide(request, role);
      if (!access.allowed) return send(reply, access);
      request.caller = describeCaller(access);
      return true;
    },
    allows: async (request, role) => (await decide(request, role)).allowed,
    async identify(request) {
      const shown = read(request);
      const found = identifyCaller(shown, await settleRules(shown));
      return found.allowed ? found : null;
    },
    refusesPage(request, reply) {
      const refusal = refuseForeignPage(read(request), known, 'loopback');
      if (refusal === null) return false;
      send(reply, refusal);
      return true;
    },
    isSecure: ({ headers }) =>
      publicUrl?.protocol === 'https:' || headers['x-forwarded-proto'] === 'https',
  };
}

/** For the log. */
function describeCaller({ name, how }: Caller): string {
  if (name === null) return 'someone on this machine';
  return how === 'proxy' ? `${name} (by the proxy)` : `the token ${name}`;
}

/** Behind a proxy every request seems to come from this machine. */
function asksForTokens({ auth, publicUrl }: Pick<ServerOptions, 'auth' | 'publicUrl'>): boolean {
  if (auth?.requireTokens === true) return true;
  if (publicUrl === undefined || publicUrl === null) return false;
  const url = readUrl(publicUrl);
  return url === null || !isLoopbackHost(url.host);
}

function readUrl(text: string | null): URL | null {
  return text === null || !URL.canParse(text) ? null : new URL(text);
}

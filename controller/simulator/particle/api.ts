// How the fake cloud answers a request: trouble first, then the budget, the token, the route, and whatever spoils the
// answer on its way out.

import type { IncomingHttpHeaders, ServerResponse } from 'node:http';

import { finish, refuse, spoil, toAnswer, write } from './answers.ts';
import type { Answer } from './answers.ts';
import { notFound, oauthError, permissionDenied } from './api-error.ts';
import { readRequestBody, takeText } from './bodies.ts';
import type { RequestBody } from './bodies.ts';
import type { EventStreams } from './event-streams.ts';
import type { RateLimits } from './rate-limits.ts';
import { findRoute } from './routes.ts';
import type { Reply, Route } from './routes.ts';
import type { TokenDesk, TokenRecord } from './tokens.ts';
import { checkScope } from './tokens.ts';
import type { Trouble } from './trouble.ts';
import type { Product, World } from './world.ts';

export interface IncomingRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
  /** Is told the status before it is sent. */
  readonly note: (status: number) => void;
}

export interface ApiParts {
  readonly world: World;
  readonly routes: readonly Route[];
  readonly desk: TokenDesk;
  readonly limits: RateLimits;
  readonly streams: EventStreams;
  readonly trouble: Trouble;
}

const NOBODY: TokenRecord = {
  token: '',
  actor: { id: '', username: '' },
  client: '',
  refreshToken: '',
  scopes: [],
  productId: -1,
  expiresAt: null,
};

export function createApi(
  parts: ApiParts,
): (request: IncomingRequest, response: ServerResponse) => Promise<void> {
  const { world, desk, limits, streams, trouble } = parts;
  let requests = 0;

  const carryOut = (request: IncomingRequest, body: RequestBody, seen: Seen): Reply => {
    const { method, url } = request;
    limits.spend('calls');
    const { route, parameters } = findRoute(parts.routes, method, url.pathname);
    const { access } = route;
    const caller = access === 'open' ? NOBODY : desk.admit(readToken(request, body));
    if (access === 'person' && caller.scopes !== null) {
      throw oauthError(400, 'unauthorized', 'API users are not allowed to call this endpoint');
    }
    const product = findProduct(world, parameters['product'], caller);
    if (typeof access === 'object') {
      seen.scope = access.scope;
      checkScope(caller, product, access.scope);
    }
    return route.handle({
      path: parameters,
      query: url.searchParams,
      body,
      // Only routes with a product in their path look at it.
      product: product ?? (undefined as unknown as Product),
      caller,
      authorization: request.headers.authorization ?? null,
    });
  };

  // Clients tell the cloud's clock by it, which need not be this machine's.
  const stamp = (response: ServerResponse): void => {
    response.setHeader('date', new Date(world.time.now()).toUTCString());
  };

  return async (request, response) => {
    const name = `${request.method} ${request.url.pathname}`;
    const mood = trouble.moodOf(name);
    if (mood === 'silent') return;
    if (mood === 'cut-before') {
      response.destroy();
      return;
    }
    const spoiled = spoil(mood);
    if (spoiled !== null) {
      request.note(spoiled.status);
      stamp(response);
      write(response, spoiled);
      return;
    }
    for (const call of trouble.callsFor('before', name)) await call(request.url.searchParams);
    const seen: Seen = { scope: null };
    requests += 1;
    let answer: Answer;
    try {
      const contentType = request.headers['content-type'] ?? '';
      const body = await readRequestBody(request.bytes, contentType);
      const reply = carryOut(request, body, seen);
      if ('stream' in reply) {
        request.note(200);
        stamp(response);
        streams.attach(response, reply.stream);
        return;
      }
      answer = toAnswer(trouble, reply);
    } catch (error) {
      answer = refuse(error, world.quirks.retryAfterS);
    }
    for (const call of trouble.callsFor('after', name)) await call(request.url.searchParams);
    const headers = {
      ...answer.headers,
      'x-request-id': `fake-${requests}`,
      ...(seen.scope === null ? {} : { 'x-requested-scope': seen.scope }),
    };
    if (mood !== 'cut-after') request.note(mood === 'html-after' ? 502 : answer.status);
    stamp(response);
    finish(response, mood, { ...answer, headers });
  };
}

interface Seen {
  scope: string | null;
}

/** By number or by name; null where the path has none. */
function findProduct(world: World, name: string | undefined, caller: TokenRecord): Product | null {
  if (name === undefined) return null;
  const found = world.products.find(({ id, slug }) => String(id) === name || slug === name);
  if (found === undefined) throw notFound('Product');
  if (caller.productId !== null && caller.productId !== found.id) throw permissionDenied();
  return found;
}

function readToken({ headers, url }: IncomingRequest, body: RequestBody): string | null {
  const bearer = /^Bearer (.+)$/i.exec(headers.authorization ?? '')?.[1];
  return bearer ?? url.searchParams.get('access_token') ?? takeText(body, 'access_token') ?? null;
}

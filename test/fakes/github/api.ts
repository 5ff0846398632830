// How the fake GitHub answers a REST request: mood, credentials, rate limit, redirect, route, ETag, and whatever fault
// was planted for it.

import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';

import { ApiError, notFound } from './api-error.ts';
import { checkRoutes } from './check-routes.ts';
import type { Caller, CredentialDesk } from './credentials.ts';
import { badCredentials, canSee, checkAccess } from './credentials.ts';
import { apiUrlOf } from './documents.ts';
import { answerGraphql } from './graphql.ts';
import { gitDataRoutes } from './git-data-routes.ts';
import type { Mood, Moods } from './moods.ts';
import { pullRequestRoutes } from './pull-request-routes.ts';
import type { RateLimit } from './rate-limit.ts';
import { rateLimitExceeded, rateLimitHeaders, secondaryLimitExceeded } from './rate-limit.ts';
import { repositoryRoutes } from './repository-routes.ts';
import type { RawReply } from './routes.ts';
import { findRoute, readBody, readQuery } from './routes.ts';
import type { InTurn } from './turns.ts';
import type { World } from './world.ts';

export interface IncomingApiRequest {
  readonly method: string;
  /** Without `/api/v3` and the query. */
  readonly path: string;
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Empty: none. */
  readonly body: string;
}

const BAD_GATEWAY = '<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>\n';
const PRIMARY_RESET_MS = 3_600_000;

export function createApi({
  world,
  desk,
  moods,
  rateLimit,
  inTurn,
}: {
  readonly world: World;
  readonly desk: CredentialDesk;
  readonly moods: Moods;
  readonly rateLimit: RateLimit;
  readonly inTurn: InTurn;
}): (request: IncomingApiRequest, response: ServerResponse) => Promise<void> {
  const routes = [
    ...pullRequestRoutes(world),
    ...checkRoutes(world),
    ...gitDataRoutes(world),
    ...repositoryRoutes(world, desk),
  ];

  /** The path by the repository's present name, where it may be served; a redirect where it has an old one. */
  const locate = (path: string, method: string, url: URL, caller: Caller): string => {
    const { repository } = world;
    const byId = /^\/repositories\/(\d+)(\/.*)?$/.exec(path);
    const byName = /^\/repos\/([^/]+)\/([^/]+)(\/.*)?$/.exec(path);
    if (byId === null && byName === null) return path;
    const rest = byId?.[2] ?? byName?.[3] ?? '';
    const isOwner = byName?.[1]?.toLowerCase() === repository.owner.toLowerCase();
    const name = byName?.[2] ?? '';
    const isFormer = isOwner && repository.formerNames.has(name);
    const isPresent = isOwner && name.toLowerCase() === repository.name.toLowerCase();
    const isMeant = byId === null ? isFormer || isPresent : Number(byId[1]) === repository.id;
    if (!isMeant || !canSee(caller, repository.isPrivate)) throw notFound();
    if (isFormer) {
      const status = method === 'GET' ? 301 : 307;
      const location = `${apiUrlOf(world)}/repositories/${repository.id}${rest}${url.search}`;
      throw new ApiError(status, status === 301 ? 'Moved Permanently' : 'Temporary Redirect', {
        headers: { location },
      });
    }
    return `/repos/${repository.owner}/${repository.name}${rest}`;
  };

  const handle = async (request: IncomingApiRequest, caller: Caller): Promise<RawReply> => {
    const { method, url, body } = request;
    if (request.path === '/graphql') return answerGraphql(caller, readBody(body));
    const path = locate(request.path, method, url, caller);
    const found = findRoute(routes, method, path);
    if (found === null) {
      throw new ApiError(501, `The fake GitHub does not know ${method} ${path}.`);
    }
    const { route } = found;
    checkAccess(caller, route.access);
    const raw = { path: found.path, query: readQuery(url), body: readBody(body), caller, url };
    const work = async () => (await route.handle(raw)) as RawReply;
    return method === 'GET' ? work() : inTurn(work);
  };

  const answer = async (request: IncomingApiRequest): Promise<Answer> => {
    let caller: Caller = { kind: 'anonymous' };
    try {
      caller = desk.callerOf(request.headers.authorization);
      rateLimit.spend(caller);
      const reply = await handle(request, caller);
      const body = reply.body === undefined ? '' : JSON.stringify(reply.body);
      const etag = `W/"${createHash('sha256')
        .update(`${keyOf(caller)}${body}`)
        .digest('hex')}"`;
      const isCached =
        request.method === 'GET' && matchesTag(request.headers['if-none-match'], etag);
      if (isCached) rateLimit.giveBack(caller);
      return {
        status: isCached ? 304 : reply.status,
        headers: {
          ...rateLimit.headers(caller),
          ...(request.method === 'GET' ? { etag, 'cache-control': 'private, max-age=60' } : {}),
          ...(reply.link ? { link: reply.link } : {}),
        },
        body: isCached ? '' : body,
      };
    } catch (error) {
      return errorAnswer(error, rateLimit.headers(caller));
    }
  };

  /** What a mood answers without looking at the request; null: it is carried out. */
  const spoil: Readonly<Record<Mood, () => Answer | null>> = {
    ok: () => null,
    cut: () => null,
    silent: () => null,
    down: () => errorAnswer(new ApiError(503, 'Service Unavailable'), {}),
    'bad-gateway': () => ({
      status: 502,
      headers: { 'content-type': 'text/html' },
      body: BAD_GATEWAY,
    }),
    unauthorized: () => errorAnswer(badCredentials(), {}),
    'secondary-limit': () => errorAnswer(secondaryLimitExceeded(moods.retryAfterS), {}),
    'primary-limit': () => {
      const resetAt = world.now() + PRIMARY_RESET_MS;
      const headers = rateLimitHeaders(rateLimit.limit, rateLimit.limit, resetAt);
      return errorAnswer(rateLimitExceeded({ kind: 'anonymous' }), headers);
    },
  };

  return async (request, response) => {
    const name = `${request.method} ${request.path}`;
    const mood = moods.moodOf(name);
    if (mood === 'silent') return;
    const spoiled = spoil[mood]();
    const { status, headers, body } = spoiled ?? (await answer(request));
    const fault = spoiled === null ? moods.takeFault(name) : null;
    if (fault !== null && (await fault()) === 'cut') {
      response.destroy();
      return;
    }
    response.writeHead(status, {
      ...(body === '' ? {} : { 'content-type': 'application/json; charset=utf-8' }),
      date: new Date(world.now()).toUTCString(),
      'x-github-request-id': `FAKE:${world.nextId()}`,
      'x-github-media-type': 'github.v3; format=json',
      'x-github-enterprise-version': '3.17.0',
      'content-length': Buffer.byteLength(body),
      ...headers,
    });
    if (mood === 'cut') {
      response.write(body.slice(0, body.length / 2), () => response.destroy());
      return;
    }
    response.end(body);
  };
}

function errorAnswer(error: unknown, headers: Readonly<Record<string, string>>): Answer {
  // A mistake of the fake itself is shown to the test that met it.
  const refusal = error instanceof ApiError ? error : new ApiError(500, String(error));
  return {
    status: refusal.status,
    headers: { ...headers, ...refusal.headers },
    body: JSON.stringify(refusal.body()),
  };
}

function keyOf(caller: Caller): string {
  return 'token' in caller ? caller.token : caller.kind;
}

/** Weakly, as GitHub compares. */
function matchesTag(given: string | undefined, etag: string): boolean {
  if (given === undefined) return false;
  const bare = (tag: string) => tag.trim().replace(/^W\//, '');
  return given.split(',').some((tag) => tag.trim() === '*' || bare(tag) === bare(etag));
}

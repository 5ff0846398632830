// The routes of the fake GitHub: each is a path and a method of octokit's own endpoint types, and its handler gets the
// parameters and gives the answer that these types name. So what the fake does not know of the real API is a type error.

import type { components, paths } from '@octokit/openapi-types';

import { ApiError } from './api-error.ts';
import type { Caller } from './credentials.ts';

export type Schema<Name extends keyof components['schemas']> = components['schemas'][Name];

/** Permissions of an app's installation, as GitHub names them: any one of a route's is enough. */
export type Need =
  `${'checks' | 'contents' | 'issues' | 'metadata' | 'pull_requests' | 'statuses'}:${
    'read' | 'write'}`;

/** Who may call a route: the app itself by its JWT, any credentials, or those with one of these permissions. */
export type Access = 'app' | 'any' | readonly Need[];

/**
 * Where octokit's types are narrower than the API: the repository of a pull request's head is null when it was deleted,
 * as the types of the webhooks have it.
 */
export type AsSent<Body> = Body extends readonly (infer Item)[]
  ? AsSent<Item>[]
  : Body extends { readonly head: { readonly label: string; readonly repo: unknown } }
    ? Omit<Body, 'head'> & {
        head: Omit<Body['head'], 'repo'> & { repo: Body['head']['repo'] | null };
      }
    : Body;

type PathOf<Operation> = Operation extends { parameters: { path: infer Path } } ? Path : object;
type QueryOf<Operation> = Operation extends { parameters: { query?: infer Query } }
  ? NonNullable<Query>
  : object;
type BodyOf<Operation> = Operation extends {
  requestBody?: { content: { 'application/json': infer Body } };
}
  ? NonNullable<Body>
  : object;

export interface ApiRequest<Operation> {
  readonly path: PathOf<Operation>;
  readonly query: QueryOf<Operation>;
  readonly body: BodyOf<Operation>;
  readonly caller: Caller;
  /** As it was asked for, for the links to other pages. */
  readonly url: URL;
}

type ReplyWith<Status, Response> = Response extends { content?: never }
  ? { readonly status: Status }
  : Response extends { content: { 'application/json': infer Body } }
    ? { readonly status: Status; readonly body: AsSent<Body>; readonly link?: string | null }
    : { readonly status: Status };

/** One of the answers that octokit's types know for the operation. */
export type ApiReply<Operation> = Operation extends { responses: infer Responses }
  ? { [Status in keyof Responses]: ReplyWith<Status, Responses[Status]> }[keyof Responses]
  : never;

export type Handler<Operation> = (
  request: ApiRequest<Operation>,
) => ApiReply<Operation> | Promise<ApiReply<Operation>>;

export interface Route {
  readonly method: string;
  readonly pattern: RegExp;
  readonly parameters: readonly string[];
  readonly access: Access;
  readonly handle: (request: RawRequest) => unknown;
}

export interface RawRequest {
  readonly path: Readonly<Record<string, string | number>>;
  readonly query: Readonly<Record<string, string | number>>;
  readonly body: object;
  readonly caller: Caller;
  readonly url: URL;
}

/** What any handler answers, once its types have been checked. */
export interface RawReply {
  readonly status: number;
  readonly body?: unknown;
  readonly link?: string | null;
}

const NUMBERS = new Set([
  'app_id',
  'check_run_id',
  'comment_id',
  'installation_id',
  'issue_number',
  'page',
  'per_page',
  'pull_number',
]);

/** Parameters that may hold slashes. */
const LONG = new Set(['ref']);

export function route<
  Path extends keyof paths,
  Method extends keyof paths[Path] & Lowercase<string>,
>(
  method: Method,
  path: Path,
  access: Access,
  handler: NoInfer<Handler<paths[Path][Method]>>,
): Route {
  const parameters: string[] = [];
  const pattern = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    parameters.push(name);
    if (NUMBERS.has(name)) return '(\\d+)';
    return LONG.has(name) ? '(.+)' : '([^/]+)';
  });
  return {
    method: method.toUpperCase(),
    pattern: new RegExp(`^${pattern}$`),
    parameters,
    access,
    // The one place that takes a client at its word; the handlers refuse what GitHub refuses.
    handle: (request) => handler(request as unknown as ApiRequest<paths[Path][Method]>),
  };
}

export interface FoundRoute {
  readonly route: Route;
  readonly path: RawRequest['path'];
}

/** Null: the fake has no such route. */
export function findRoute(
  routes: readonly Route[],
  method: string,
  path: string,
): FoundRoute | null {
  for (const route of routes) {
    const match = route.method === method ? route.pattern.exec(path) : null;
    if (match === null) continue;
    const values = route.parameters.map((name, index) => {
      const value = decodeURIComponent(match[index + 1] ?? '');
      return [name, NUMBERS.has(name) ? Number(value) : value] as const;
    });
    return { route, path: Object.fromEntries(values) };
  }
  return null;
}

export function readQuery(url: URL): RawRequest['query'] {
  return Object.fromEntries(
    [...url.searchParams].map(([name, value]) => [name, NUMBERS.has(name) ? Number(value) : value]),
  );
}

export function readBody(bytes: Buffer): object {
  if (bytes.length === 0) return {};
  try {
    const body: unknown = JSON.parse(bytes.toString('utf8'));
    if (typeof body === 'object' && body !== null) return body;
  } catch {
    // Answered below, like any other body that is no object.
  }
  throw new ApiError(400, 'Problems parsing JSON');
}

const PER_PAGE = 30;
const PER_PAGE_MAX = 100;

export interface Page<Item> {
  readonly items: Item[];
  /** The `Link` header; null where one page holds everything. */
  readonly link: string | null;
}

/** The page that was asked for, with links to the others. */
export function takePage<Item>(
  request: {
    readonly query: { readonly per_page?: number | undefined; readonly page?: number | undefined };
    url: URL;
  },
  all: readonly Item[],
): Page<Item> {
  const size = Math.min(Math.max(request.query.per_page ?? PER_PAGE, 1), PER_PAGE_MAX);
  const page = Math.max(request.query.page ?? 1, 1);
  const last = Math.max(Math.ceil(all.length / size), 1);
  const linkTo = (number: number, rel: string) => {
    const url = new URL(request.url);
    url.searchParams.set('page', String(number));
    return `<${url.href}>; rel="${rel}"`;
  };
  const links = [
    ...(page > 1 ? [linkTo(page - 1, 'prev')] : []),
    ...(page < last ? [linkTo(page + 1, 'next'), linkTo(last, 'last')] : []),
    ...(page > 1 ? [linkTo(1, 'first')] : []),
  ];
  return {
    items: all.slice((page - 1) * size, page * size),
    link: links.length === 0 ? null : links.join(', '),
  };
}

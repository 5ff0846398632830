// The router of the fake cloud: a route is a method, a path with parameters, and who may use it.

import { notFound } from './api-error.ts';
import type { RequestBody } from './bodies.ts';
import type { EventFilter } from './event-streams.ts';
import type { TokenRecord } from './tokens.ts';
import type { Product } from './world.ts';

/** `open`: without a token. `any`: with any. `person`: API users are refused. Else a scope. */
export type Access = 'open' | 'any' | 'person' | { readonly scope: string };

export type Reply =
  | { readonly status: number; readonly body?: unknown }
  | { readonly status: number; readonly bytes: Uint8Array; readonly fileName: string }
  | { readonly stream: EventFilter };

export interface ApiRequest {
  readonly path: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly body: RequestBody;
  /** Of `:product` in the path. */
  readonly product: Product;
  readonly caller: TokenRecord;
  readonly authorization: string | null;
}

export interface Route {
  readonly method: string;
  readonly path: string;
  readonly pattern: RegExp;
  readonly parameters: readonly string[];
  readonly access: Access;
  readonly handle: (request: ApiRequest) => Reply;
}

export function route(
  method: 'GET' | 'POST' | 'PUT' | 'DELETE',
  path: string,
  access: Access,
  handle: (request: ApiRequest) => Reply,
): Route {
  const parameters = [...path.matchAll(/:(\w+)/g)].map(([, name]) => name ?? '');
  const pattern = new RegExp(`^${path.replaceAll(/:\w+/g, '([^/]+)')}/?$`);
  return { method, path, pattern, parameters, access, handle };
}

/** The first that fits. */
export function findRoute(
  routes: readonly Route[],
  method: string,
  path: string,
): { readonly route: Route; readonly parameters: Readonly<Record<string, string>> } {
  for (const route of routes) {
    if (route.method !== method) continue;
    const match = route.pattern.exec(path);
    if (match === null) continue;
    const parameters = route.parameters.map((name, index) => [
      name,
      decodeURIComponent(match[index + 1] ?? ''),
    ]);
    return { route, parameters: Object.fromEntries(parameters) as Record<string, string> };
  }
  throw notFound('Endpoint');
}

export function ok(body: unknown): Reply {
  return { status: 200, body };
}

export const NO_CONTENT: Reply = { status: 204 };

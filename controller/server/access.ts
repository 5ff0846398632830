// Who may use the API: a bearer token with a role, or no token at all from this very machine. Pure; where a request came
// from and which tokens there are is given.

import { hash, timingSafeEqual } from 'node:crypto';

import type { ApiToken, Role } from '../stores/store.ts';

/** What of a request decides. */
export interface AccessRequest {
  /** Address of the socket's other end. */
  readonly remoteAddress: string | undefined;
  readonly authorization: string | undefined;
  readonly host: string | undefined;
  readonly origin: string | undefined;
  /** A header that only a proxy adds is there. */
  readonly isForwarded: boolean;
}

export type Access =
  | { readonly allowed: true; readonly role: Role; readonly name: string | null }
  | {
      readonly allowed: false;
      readonly status: 401 | 403;
      readonly code: 'Unauthorized' | 'Forbidden';
      readonly message: string;
      readonly remedy: string;
    };

/** The stored form of an API token: SHA-256, lower-case hex. */
export function hashApiToken(token: string): string {
  return hash('sha256', token, 'hex');
}

/**
 * Decides on a request that needs `role`. A request without a token is as good as a deployer's if it comes from this
 * machine and names this machine as its host: a page in a browser that tricked the name system cannot do the latter,
 * and one that sends from another origin says so.
 */
export function decideAccess(
  request: AccessRequest,
  role: Role,
  tokens: readonly ApiToken[],
  requireTokens: boolean,
): Access {
  const { authorization } = request;
  if (authorization === undefined) {
    if (!requireTokens && isLocal(request)) return { allowed: true, role: 'deployer', name: null };
    return refuse(401, describeMissing(request), TOKEN_REMEDY);
  }
  const shown = /^bearer +(\S+)\s*$/i.exec(authorization)?.[1];
  const token = shown === undefined ? null : findToken(tokens, hashApiToken(shown));
  if (token === null) {
    return refuse(401, 'The bearer token is not known here.', TOKEN_REMEDY);
  }
  if (role === 'deployer' && token.role !== 'deployer') {
    const message = `The token ${token.name} has the role viewer, which may only look.`;
    return refuse(403, message, 'Use a token with the role deployer.');
  }
  return { allowed: true, role: token.role, name: token.name };
}

/** Whether an address, as a socket names it, is this machine's. */
export function isLoopbackAddress(address: string): boolean {
  const plain = address.startsWith('::ffff:') ? address.slice(7) : address;
  return plain === '::1' || /^127(?:\.\d{1,3}){3}$/.test(plain);
}

/** Whether a host, as a URL or a `Host` header names it (with or without a port), is this machine. */
export function isLoopbackHost(host: string): boolean {
  const name = host.toLowerCase().replace(/:\d{1,5}$/, '');
  return name === 'localhost' || name === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(name);
}

const TOKEN_REMEDY =
  'Send `Authorization: Bearer TOKEN`; `lockstep token create NAME --role viewer` makes a token.';

function describeMissing(request: AccessRequest): string {
  return isLoopbackAddress(request.remoteAddress ?? '')
    ? 'A token is needed: the request does not come straight from this machine, or tokens are required.'
    : 'A token is needed for requests from another machine.';
}

function isLocal({ remoteAddress, host, origin, isForwarded }: AccessRequest): boolean {
  if (isForwarded || remoteAddress === undefined || host === undefined) return false;
  if (!isLoopbackAddress(remoteAddress) || !isLoopbackHost(host)) return false;
  return origin === undefined || isLoopbackHost(origin.replace(/^https?:\/\//, ''));
}

/** Every token is compared, and each in constant time, so that the answer's time tells nothing. */
function findToken(tokens: readonly ApiToken[], shown: string): ApiToken | null {
  const wanted = Buffer.from(shown, 'latin1');
  let found: ApiToken | null = null;
  for (const token of tokens) {
    const known = Buffer.from(token.hash, 'latin1');
    if (known.length === wanted.length && timingSafeEqual(known, wanted)) found = token;
  }
  return found;
}

function refuse(status: 401 | 403, message: string, remedy: string): Access {
  const code = status === 401 ? 'Unauthorized' : 'Forbidden';
  return { allowed: false, status, code, message, remedy };
}

// Who may use the API: a bearer token with a role, a browser's session that was begun with one, a person whom a reverse proxy
// vouches for, or nobody in particular on this very machine. Pure; where a request came from, which tokens there are and
// what time it is are given.

import { hash, timingSafeEqual } from 'node:crypto';

import type { ApiToken, Role } from '../stores/store.ts';
import type { OpenSession } from './session-cookie.ts';

/** What of a request decides. */
export interface AccessRequest {
  readonly method: string;
  /** Address of the socket's other end. */
  readonly remoteAddress: string | undefined;
  readonly authorization: string | undefined;
  readonly host: string | undefined;
  readonly origin: string | undefined;
  readonly contentType: string | undefined;
  /** A header that only a proxy adds is there. */
  readonly isForwarded: boolean;
  /** Value of the session's cookie. */
  readonly session: string | undefined;
  /** What the headers say in which a trusted proxy names a person and their roles, whoever sent them. */
  readonly user: string | undefined;
  readonly roles: string | undefined;
}

/** What is known here of who may do what. */
export interface AccessRules {
  readonly tokens: readonly ApiToken[];
  readonly openSession: OpenSession;
  /** True: being on this machine is not enough. */
  readonly requireTokens: boolean;
  /** Null: no proxy is trusted to name anyone. */
  readonly proxy: ProxyRules | null;
  /** Host that browsers reach this server by, where it is not the one that requests name; null: it is. */
  readonly publicHost: string | null;
  /** Epoch milliseconds. */
  readonly now: number;
}

/** A reverse proxy that signs people in. */
export interface ProxyRules {
  /** Whether an address, as a socket names it, is one of the proxy's. */
  readonly isFrom: (address: string) => boolean;
  /** Whom it names as deployers; null: their roles come with the request. */
  readonly deployers: ReadonlySet<string> | null;
}

/** By what a caller was known. */
export type AccessWay = 'loopback' | 'token' | 'cookie' | 'proxy';

/** Who asks. */
export interface Caller {
  readonly role: Role;
  /** Of the token or the person; null where there is neither. */
  readonly name: string | null;
  readonly how: AccessWay;
}

export interface Refusal {
  readonly status: 401 | 403;
  readonly code: 'Unauthorized' | 'Forbidden';
  readonly message: string;
  readonly remedy: string;
}

export type Access =
  ({ readonly allowed: true } & Caller) | ({ readonly allowed: false } & Refusal);

/** The stored form of an API token: SHA-256, lower-case hex. */
export function hashApiToken(token: string): string {
  return hash('sha256', token, 'hex');
}

/** Decides on a request that needs `role`. */
export function decideAccess(request: AccessRequest, role: Role, rules: AccessRules): Access {
  const found = identifyCaller(request, rules);
  if (!found.allowed) return found;
  const foreign = found.how === 'token' ? null : refuseForeignPage(request, rules, found.how);
  if (foreign !== null) return foreign;
  if (role === 'deployer' && found.role !== 'deployer') {
    const who = found.how === 'proxy' ? (found.name ?? '') : `The token ${found.name}`;
    const message = `${who} has the role viewer, which may only look.`;
    const remedy =
      found.how === 'proxy'
        ? 'Ask whoever runs this server to be made a deployer, or sign in with a token that is one.'
        : 'Use a token with the role deployer.';
    return refuse(403, message, remedy);
  }
  return found;
}

/**
 * Who asks, whatever for. What says most about the caller counts: a bearer token, which has to be a good one, before a
 * session, before a proxy's word, before being here.
 *
 * A request without any of them is as good as a deployer's if it comes from this machine and names this machine as its
 * host: a page in a browser that tricked the name system cannot do the latter, and one of another origin says so.
 */
export function identifyCaller(request: AccessRequest, rules: AccessRules): Access {
  const { authorization } = request;
  const { tokens, now, openSession } = rules;
  if (authorization !== undefined) {
    const shown = /^bearer +(\S+)\s*$/i.exec(authorization)?.[1];
    const token = shown === undefined ? null : findToken(tokens, shown);
    return token === null
      ? refuse(401, 'The bearer token is not known here.', TOKEN_REMEDY)
      : { allowed: true, role: token.role, name: token.name, how: 'token' };
  }
  const session = request.session === undefined ? null : openSession(request.session, tokens, now);
  if (session !== null) {
    return { allowed: true, role: session.role, name: session.name, how: 'cookie' };
  }
  const vouched = identifyVouched(request, rules.proxy);
  if (vouched !== null) return vouched;
  if (!rules.requireTokens && isLocal(request, rules.proxy)) {
    return { allowed: true, role: 'deployer', name: null, how: 'loopback' };
  }
  return refuse(401, describeMissing(request), TOKEN_REMEDY);
}

/** The token that was shown; null where there is none like it. */
export function findToken(tokens: readonly ApiToken[], shown: string): ApiToken | null {
  const wanted = Buffer.from(hashApiToken(shown), 'latin1');
  let found: ApiToken | null = null;
  // Every token is compared, and each in constant time, so that the answer's time tells nothing.
  for (const token of tokens) {
    const known = Buffer.from(token.hash, 'latin1');
    if (known.length === wanted.length && timingSafeEqual(known, wanted)) found = token;
  }
  return found;
}

/**
 * Browsers send cookies, and what a proxy knows them by, with requests that any page of any site makes. What changes
 * something is taken only from a page of this server, and as JSON, which no plain form can send. Null: nothing is wrong.
 */
export function refuseForeignPage(
  request: AccessRequest,
  { publicHost }: Pick<AccessRules, 'publicHost'>,
  how: Exclude<AccessWay, 'token'>,
): (Access & { readonly allowed: false }) | null {
  const { method, host, origin, contentType } = request;
  // Without a cookie and a proxy, only a request without a page comes without its origin.
  if (method === 'GET' || method === 'HEAD' || (how === 'loopback' && origin === undefined)) {
    return null;
  }
  const from = hostOf(origin);
  const isOwn = from !== null && (from === host?.toLowerCase() || from === publicHost);
  if (!isOwn) {
    const remedy =
      'Do it on the dashboard of this server, or use a bearer token. Behind a proxy, let it pass on `Host`, or give --public-url.';
    return refuse(403, 'The request was not made by a page of this server.', remedy);
  }
  if (how !== 'loopback' && (method === 'POST' || contentType !== undefined)) {
    const type = contentType?.split(';', 1)[0]?.trim().toLowerCase();
    if (type !== 'application/json') {
      return refuse(403, 'The body is not JSON.', 'Send `Content-Type: application/json`.');
    }
  }
  return null;
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
  'Send `Authorization: Bearer TOKEN`, or sign in on the dashboard. `lockstep token create NAME --role viewer` makes a token: beside the state before the controller starts, or with --server and the token of a deployer.';

function describeMissing(request: AccessRequest): string {
  return isLoopbackAddress(request.remoteAddress ?? '')
    ? 'A token is needed: the request does not come straight from this machine, or tokens are required.'
    : 'A token is needed for requests from another machine.';
}

/** A name as it is shown and kept: one line, without what separates names. Two headers would be joined by a comma. */
const PERSON = /^[^\s,;][^\p{C},;]{0,199}$/u;

/** Whom a proxy vouches for; null where none does. The word of anyone else counts for nothing. */
function identifyVouched(request: AccessRequest, proxy: ProxyRules | null): Access | null {
  const { remoteAddress, user, roles } = request;
  if (proxy === null || remoteAddress === undefined || !proxy.isFrom(remoteAddress)) return null;
  if (user === undefined || !PERSON.test(user)) return null;
  const role = roleOfPerson(user, roles, proxy);
  if (role === null) {
    const message = `${user} has no role here.`;
    return refuse(403, message, 'Let the proxy name the role viewer or deployer.');
  }
  return { allowed: true, role, name: user, how: 'proxy' };
}

function roleOfPerson(user: string, roles: string | undefined, proxy: ProxyRules): Role | null {
  if (proxy.deployers !== null) return proxy.deployers.has(user) ? 'deployer' : 'viewer';
  const named = new Set(roles?.split(/[\s,]+/));
  return named.has('deployer') ? 'deployer' : named.has('viewer') ? 'viewer' : null;
}

/** A proxy on this machine makes everyone else look local. */
function isLocal(request: AccessRequest, proxy: ProxyRules | null): boolean {
  const { remoteAddress, host, origin, isForwarded } = request;
  if (isForwarded || remoteAddress === undefined || host === undefined) return false;
  if (!isLoopbackAddress(remoteAddress) || !isLoopbackHost(host)) return false;
  if (proxy?.isFrom(remoteAddress) === true) return false;
  return origin === undefined || hostOf(origin) === host.toLowerCase();
}

/** The host of an origin, as `Host` would name it; null where it has none. */
function hostOf(origin: string | undefined): string | null {
  return /^https?:\/\/([^/\s]+)$/i.exec(origin ?? '')?.[1]?.toLowerCase() ?? null;
}

function refuse(
  status: 401 | 403,
  message: string,
  remedy: string,
): Access & { readonly allowed: false } {
  const code = status === 401 ? 'Unauthorized' : 'Forbidden';
  return { allowed: false, status, code, message, remedy };
}

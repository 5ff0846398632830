// Who calls the fake GitHub: people by personal tokens, apps by a signed JWT, and their installations by tokens that end
// after an hour.

import { createPublicKey, generateKeyPairSync, randomBytes, verify } from 'node:crypto';

import { ApiError } from './api-error.ts';
import type { Actor, AppRecord } from './identity.ts';
import { botOf, person } from './identity.ts';
import type { Access } from './routes.ts';
import type { Permissions } from './world.ts';

export interface UserToken {
  readonly login: string;
  /** What its user may do with the repository. */
  readonly access: 'write' | 'read' | 'none';
}

export type Caller =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'app'; readonly app: AppRecord }
  | ({ readonly kind: 'user'; readonly token: string } & UserToken)
  | InstallationCaller;

export interface InstallationCaller {
  readonly kind: 'installation';
  readonly token: string;
  readonly app: AppRecord;
  readonly permissions: Permissions;
  readonly expiresAt: number;
}

export interface CredentialDesk {
  /** Throws what GitHub answers to credentials that it does not know. */
  callerOf(authorization: string | undefined): Caller;
  mint(app: AppRecord, permissions: Permissions): InstallationCaller;
  /** Ends every installation's token, and this personal one. */
  revoke(token?: string): void;
  setAccess(token: string, access: UserToken['access']): void;
  /** PKCS #8, PEM; made when first asked for. */
  privateKey(): string;
}

const TOKEN_LIFE_MS = 3_600_000;
const JWT_LIFE_MAX_S = 600;
const CLOCK_LENIENCE_S = 60;

interface KeyPair {
  readonly publicKey: string;
  readonly privateKey: string;
}

let keys: KeyPair | null = null;

/** One pair per process: making one takes a tenth of a second. */
function appKeys(): KeyPair {
  keys ??= generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  return keys;
}

export function createCredentialDesk(
  app: AppRecord,
  users: Readonly<Record<string, UserToken>>,
  now: () => number,
): CredentialDesk {
  const userTokens = new Map(Object.entries(users));
  const installationTokens = new Map<string, InstallationCaller>();

  const callerWith = (token: string): Caller => {
    const user = userTokens.get(token);
    if (user !== undefined) return { kind: 'user', token, ...user };
    const installation = installationTokens.get(token);
    if (installation !== undefined && installation.expiresAt > now()) return installation;
    if (token.split('.').length === 3) {
      checkJwt(token, app, now());
      return { kind: 'app', app };
    }
    throw badCredentials();
  };

  return {
    callerOf(authorization) {
      if (authorization === undefined) return { kind: 'anonymous' };
      const token = tokenOf(authorization);
      if (token === null) throw badCredentials();
      return callerWith(token);
    },
    mint(app, permissions) {
      const token = `ghs_${randomBytes(18).toString('hex')}`;
      const expiresAt = now() + TOKEN_LIFE_MS;
      const caller = { kind: 'installation', token, app, permissions, expiresAt } as const;
      installationTokens.set(token, caller);
      return caller;
    },
    revoke(token) {
      installationTokens.clear();
      if (token !== undefined) userTokens.delete(token);
    },
    setAccess(token, access) {
      const known = userTokens.get(token);
      if (known === undefined) throw new Error('There is no such personal token.');
      userTokens.set(token, { ...known, access });
    },
    privateKey: () => appKeys().privateKey,
  };
}

export function badCredentials(): ApiError {
  return new ApiError(401, 'Bad credentials');
}

/** `token X`, `Bearer X`, or the password of Basic. */
function tokenOf(authorization: string): string | null {
  const [, scheme = '', value = ''] = /^(\w+) +(\S+)$/.exec(authorization) ?? [];
  switch (scheme.toLowerCase()) {
    case 'token':
    case 'bearer':
      return value;
    case 'basic':
      return Buffer.from(value, 'base64').toString('utf8').split(':').slice(1).join(':');
    default:
      return null;
  }
}

function checkJwt(token: string, app: AppRecord, now: number): void {
  const [header = '', payload = '', signature = ''] = token.split('.');
  const claims = readSegment(payload);
  const isGenuine =
    readSegment(header)['alg'] === 'RS256' &&
    verify(
      'RSA-SHA256',
      Buffer.from(`${header}.${payload}`),
      createPublicKey(appKeys().publicKey),
      Buffer.from(signature, 'base64url'),
    );
  if (!isGenuine) throw new ApiError(401, 'A JSON web token could not be decoded');
  const seconds = now / 1000;
  const { iat, exp, iss } = claims;
  if (typeof iat !== 'number' || iat > seconds + CLOCK_LENIENCE_S) {
    throw new ApiError(
      401,
      "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
    );
  }
  if (typeof exp !== 'number' || exp < seconds) {
    throw new ApiError(
      401,
      "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
    );
  }
  if (exp > seconds + JWT_LIFE_MAX_S + CLOCK_LENIENCE_S) {
    throw new ApiError(401, "'Expiration time' claim ('exp') is too far in the future");
  }
  if (String(iss) !== String(app.id) && iss !== app.clientId) {
    throw new ApiError(404, 'Integration not found');
  }
}

function readSegment(segment: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(Buffer.from(segment, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

/** In whose name a write is done. */
export function actorOf(caller: Caller): Actor {
  if (caller.kind === 'anonymous') throw new ApiError(401, 'Requires authentication');
  return caller.kind === 'user' ? person(caller.login) : botOf(caller.app);
}

/** Whether the repository exists, as far as these credentials can tell. */
export function canSee(caller: Caller, isPrivate: boolean): boolean {
  if (!isPrivate || caller.kind === 'installation' || caller.kind === 'app') return true;
  return caller.kind === 'user' && caller.access !== 'none';
}

/** Throws unless the caller has what the route asks for. */
export function checkAccess(caller: Caller, access: Access): void {
  if (access === 'app') {
    if (caller.kind !== 'app') throw new ApiError(401, 'A JSON web token could not be decoded');
    return;
  }
  if (caller.kind === 'app') throw badCredentials();
  if (access === 'any') return;
  const isWrite = access.some((need) => need.endsWith(':write'));
  if (caller.kind === 'anonymous') {
    if (isWrite) throw new ApiError(401, 'Requires authentication');
  } else if (caller.kind === 'user') {
    // Whoever can read may comment.
    if (isWrite && caller.access !== 'write' && !access.includes('issues:write')) {
      throw new ApiError(403, 'Resource not accessible by personal access token');
    }
  } else {
    const isGranted = access.some((need) => {
      const [name = '', level] = need.split(':');
      const granted = new Map<string, string | undefined>(Object.entries(caller.permissions)).get(
        name,
      );
      return granted === 'write' || (granted === 'read' && level === 'read');
    });
    if (!isGranted) {
      const accepted = access.map((need) => need.replace(':', '=')).join('; ');
      throw new ApiError(403, 'Resource not accessible by integration', {
        headers: { 'x-accepted-github-permissions': accepted },
      });
    }
  }
}

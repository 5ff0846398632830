// Who may do what: people with tokens for everything, and API users with one token each, which never expires, is bound to
// a product and has scopes. New scopes mean a new token, and the end of the old one.

import {
  invalidRequest,
  oauthError,
  permissionDenied,
  missingScope,
  notFound,
} from './api-error.ts';
import type { Actor, Product, World } from './world.ts';
import { drawHex } from './world.ts';

export interface TokenRecord {
  readonly token: string;
  readonly actor: Actor;
  readonly client: string;
  readonly refreshToken: string;
  /** Null: everything. */
  scopes: readonly string[] | null;
  /** Null: every product. */
  readonly productId: number | null;
  /** Epoch milliseconds; null: never. */
  expiresAt: number | null;
}

export interface ApiUser {
  readonly actor: Actor;
  readonly friendlyName: string;
  readonly productId: number;
  scopes: readonly string[];
  token: string;
}

/** What Lockstep's driver needs, with what it may use besides. */
export const DRIVER_SCOPES: readonly string[] = [
  'devices:list',
  'devices:get',
  'devices:update',
  'devices:import',
  'devices:remove',
  'devices:ping',
  'firmware:list',
  'firmware:get',
  'firmware:create',
  'firmware:update',
  'firmware:release',
  'firmware:remove',
  'firmware.binary:get',
  'groups:list',
  'groups:get',
  'groups:create',
  'groups:update',
  'groups:remove',
  'groups.impact:get',
  'events:get',
  'products:get',
];

export const PASSWORD = 'correct horse battery staple';
const TOKEN_LENGTH = 40;
const USER_TOKEN_MS = 7_776_000_000;

export interface TokenDesk {
  readonly apiUsers: ReadonlyMap<string, ApiUser>;
  /** A person, made at the first mention of the name. */
  person(username: string): Actor;
  /** A token of a person, for everything. */
  issueUserToken(username: string, expiresInMs?: number | null, client?: string): TokenRecord;
  createApiUser(product: Product, friendlyName: string, scopes: readonly string[]): ApiUser;
  /** Returns the new token; the old one is dead. */
  changeScopes(username: string, scopes: readonly string[]): string;
  rotate(username: string): string;
  removeApiUser(username: string): void;
  find(token: string): TokenRecord | undefined;
  /** From now on it has expired. */
  expire(token: string): void;
  /** Takes scopes off a token that stays, for tests of a scope that is missing. */
  narrow(token: string, without: readonly string[]): void;
  revoke(token: string): void;
  revokeAllOf(actor: Actor): void;
  /** The token's record; refuses what is missing, unknown or expired. */
  admit(token: string | null): TokenRecord;
}

export function createTokenDesk(world: World): TokenDesk {
  const tokens = new Map<string, TokenRecord>();
  const people = new Map<string, Actor>();
  const apiUsers = new Map<string, ApiUser>();

  const issue = (record: Omit<TokenRecord, 'token' | 'refreshToken'>): TokenRecord => {
    const token = drawHex(world, TOKEN_LENGTH);
    const issued = { ...record, token, refreshToken: drawHex(world, TOKEN_LENGTH) };
    tokens.set(token, issued);
    return issued;
  };
  const person = (username: string): Actor => {
    const known = people.get(username);
    if (known !== undefined) return known;
    const actor = { id: drawHex(world, 24), username };
    people.set(username, actor);
    return actor;
  };
  const findUser = (username: string): ApiUser => {
    const user = apiUsers.get(username);
    if (user === undefined) throw notFound('Team member');
    return user;
  };
  const renew = (user: ApiUser): string => {
    tokens.delete(user.token);
    user.token = issue({
      actor: user.actor,
      client: '__PASSWORD_ONLY__',
      scopes: user.scopes,
      productId: user.productId,
      expiresAt: null,
    }).token;
    return user.token;
  };

  return {
    apiUsers,
    person,
    issueUserToken: (username, expiresInMs = USER_TOKEN_MS, client = 'particle') =>
      issue({
        actor: person(username),
        client,
        scopes: null,
        productId: null,
        expiresAt: expiresInMs === null ? null : world.time.now() + expiresInMs,
      }),
    createApiUser: (product, friendlyName, scopes) => {
      const username = `${friendlyName.toLowerCase()}+${drawHex(world, 10)}@api.particle.io`;
      const actor = person(username);
      const user: ApiUser = { actor, friendlyName, productId: product.id, scopes, token: '' };
      apiUsers.set(username, user);
      renew(user);
      return user;
    },
    changeScopes: (username, scopes) => {
      const user = findUser(username);
      user.scopes = scopes;
      return renew(user);
    },
    rotate: (username) => renew(findUser(username)),
    removeApiUser: (username) => {
      tokens.delete(findUser(username).token);
      apiUsers.delete(username);
    },
    find: (token) => tokens.get(token),
    expire: (token) => {
      const record = tokens.get(token);
      if (record !== undefined) record.expiresAt = world.time.now();
    },
    narrow: (token, without) => {
      const record = tokens.get(token);
      if (record === undefined || record.scopes === null)
        throw new Error('Only the token of an API user has scopes.');
      record.scopes = record.scopes.filter((scope) => !without.includes(scope));
    },
    revoke: (token) => {
      tokens.delete(token);
    },
    revokeAllOf: (actor) => {
      for (const record of tokens.values()) {
        if (record.actor === actor) tokens.delete(record.token);
      }
    },
    admit: (token) => {
      if (token === null) throw invalidRequest('The access token was not found');
      const record = tokens.get(token);
      if (record === undefined) {
        throw oauthError(401, 'invalid_token', 'The access token provided is invalid.');
      }
      if (record.expiresAt !== null && record.expiresAt <= world.time.now()) {
        throw oauthError(401, 'invalid_token', 'The access token provided has expired.');
      }
      return record;
    },
  };
}

/** Refuses a token of another product, and one without the scope. */
export function checkScope(record: TokenRecord, product: Product | null, scope: string): void {
  if (product !== null && record.productId !== null && record.productId !== product.id) {
    throw permissionDenied();
  }
  if (record.scopes !== null && !record.scopes.includes(scope)) throw missingScope(scope);
}

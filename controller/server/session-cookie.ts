// A browser's session, as the value of a cookie: the token that it was begun with, sealed with a key that is made of what
// the state keeps of that token. So a session needs no memory and outlives a restart, ends when its token is taken back,
// can't be turned into the token by who finds it, and can't be made from the state alone, where only hashes are.

import { createCipheriv, createDecipheriv, hash, hkdfSync } from 'node:crypto';

import type { ApiToken } from '../stores/store.ts';

/** How long a browser stays signed in. */
export const SESSION_MS = 14 * 86_400_000;

/** Longer values are none of ours. */
const VALUE_MAX = 1_024;

/** Sessions that a reader remembers. */
const REMEMBERED_MAX = 1_000;

const CIPHER = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** Seals a session. `shown`: the token as it was shown; `iv`: 12 random bytes, never the same twice. */
export function sealSession(
  token: ApiToken,
  shown: string,
  expiresAt: number,
  iv: Uint8Array,
): string {
  const cipher = createCipheriv(CIPHER, keyOf(token), iv);
  const sealed = Buffer.concat([cipher.update(`${expiresAt} ${shown}`, 'utf8'), cipher.final()]);
  const bytes = Buffer.concat([iv, cipher.getAuthTag(), sealed]);
  return `${token.name}.${bytes.toString('base64url')}`;
}

/** Finds the token that a session was begun with; null where it is none, has expired, or its token is another now. */
export type OpenSession = (
  value: string,
  tokens: readonly ApiToken[],
  now: number,
) => ApiToken | null;

/** Opens sessions as `openSession` does, and remembers what the last ones hold: an open page sends its own again and again. */
export function createSessionReader(): OpenSession {
  const opened = new Map<string, { readonly hash: string; readonly expiresAt: number }>();
  return (value, tokens, now) => {
    const known = opened.get(value);
    if (known !== undefined && known.expiresAt > now) {
      const token = tokens.find(({ hash: each }) => each === known.hash);
      if (token !== undefined) return token;
    }
    opened.delete(value);
    const session = unsealSession(value, tokens);
    if (session === null || session.expiresAt <= now) return null;
    if (opened.size >= REMEMBERED_MAX) opened.clear();
    opened.set(value, { hash: session.token.hash, expiresAt: session.expiresAt });
    return session.token;
  };
}

/** Opens one session. */
export const openSession: OpenSession = (value, tokens, now) => {
  const session = unsealSession(value, tokens);
  return session !== null && session.expiresAt > now ? session.token : null;
};

function unsealSession(
  value: string,
  tokens: readonly ApiToken[],
): { readonly token: ApiToken; readonly expiresAt: number } | null {
  const dot = value.lastIndexOf('.');
  if (dot < 1 || value.length > VALUE_MAX) return null;
  const token = tokens.find(({ name }) => name === value.slice(0, dot));
  if (token === undefined) return null;
  const text = unseal(Buffer.from(value.slice(dot + 1), 'base64url'), keyOf(token));
  const [, expiresAt, shown] = /^(\d{1,16}) (\S+)$/.exec(text ?? '') ?? [];
  // That it was sealed with the hash says nothing: whoever reads the state could. The token itself has to be in it.
  if (shown === undefined || hash('sha256', shown, 'hex') !== token.hash) return null;
  return { token, expiresAt: Number(expiresAt) };
}

function keyOf(token: ApiToken): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', token.hash, token.name, 'lockstep session 1', 32));
}

function unseal(bytes: Buffer, key: Uint8Array): string | null {
  if (bytes.length <= IV_BYTES + TAG_BYTES) return null;
  const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, IV_BYTES));
  decipher.setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
  try {
    const opened = decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES));
    return Buffer.concat([opened, decipher.final()]).toString('utf8');
  } catch {
    // Changed, made up, or of a token that is another now.
    return null;
  }
}

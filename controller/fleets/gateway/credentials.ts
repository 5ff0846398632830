// Who may speak for a device: its own token, the gateway's token, or anyone where that is allowed. Only hashes are
// kept and compared.

import { hash, timingSafeEqual } from 'node:crypto';

import type { DeviceRecord } from '../../model/device.ts';

/**
 * What a request shows. `unreadable`: an Authorization header of another kind. `admitted`: the caller is part of this
 * process and is taken at its word; no header reads as this.
 */
export type Credentials =
  | { readonly kind: 'none' | 'unreadable' | 'admitted' }
  | { readonly kind: 'target' | 'gateway'; readonly hash: string };

export interface AccessRules {
  /** SHA-256 (hex) of the gateway token; null: there is none. */
  readonly gatewayTokenHash: string | null;
  /** Whether devices without a token of their own may come without any. */
  readonly allowAnonymous: boolean;
}

const NONE: Credentials = { kind: 'none' };
const UNREADABLE: Credentials = { kind: 'unreadable' };

/** For callers inside this process. */
export const ADMITTED: Credentials = { kind: 'admitted' };

/** The stored form of a token: SHA-256, lower-case hex. */
export function hashToken(token: string): string {
  return hash('sha256', token, 'hex');
}

/** Reads an `Authorization` header: `TargetToken …` or `GatewayToken …`. */
export function readCredentials(header: string | undefined): Credentials {
  if (header === undefined) return NONE;
  const blank = header.indexOf(' ');
  const scheme = header.slice(0, blank).toLowerCase();
  const token = header.slice(blank + 1).trim();
  if (blank < 0 || token === '') return UNREADABLE;
  if (scheme === 'targettoken') return { kind: 'target', hash: hashToken(token) };
  if (scheme === 'gatewaytoken') return { kind: 'gateway', hash: hashToken(token) };
  return UNREADABLE;
}

/**
 * Whether the credentials are good for a device; `device` is null where it is not known. An unknown device has no
 * token of its own, so it needs the gateway's. A device that was given a token has to show one.
 */
export function isAllowed(
  credentials: Credentials,
  device: DeviceRecord | null,
  rules: AccessRules,
): boolean {
  switch (credentials.kind) {
    case 'target':
      return device !== null && equalsHash(credentials.hash, device.tokenHash);
    case 'gateway':
      return equalsHash(credentials.hash, rules.gatewayTokenHash);
    case 'none':
      return rules.allowAnonymous && (device === null || device.tokenHash === null);
    case 'admitted':
      return true;
    case 'unreadable':
    default:
      return false;
  }
}

function equalsHash(shown: string, known: string | null): boolean {
  if (known === null || known.length !== shown.length) return false;
  return timingSafeEqual(Buffer.from(shown, 'latin1'), Buffer.from(known, 'latin1'));
}

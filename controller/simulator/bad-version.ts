// Versions that fail on a share of the devices, as a bad release does: how a flag writes them, and on which devices they
// fail. What failing looks like is in `attempt.ts` and `boot.ts`; faults of a device whatever it is offered are in
// `faults.ts`.

import { parseDuration } from '../base/duration.ts';
import { drawShares, parseShare } from './draw.ts';

/** Every way in which a version can fail, with what the device does. */
export const BAD_WAYS = {
  fail: 'cannot install it, and reports the failure where its client does',
  'fall-back': 'runs it, then returns to the version before',
  'go-silent': 'runs it, then is never heard of again',
} as const;

export type BadWay = keyof typeof BAD_WAYS;

export interface BadVersion {
  /** As devices report it. */
  readonly version: string;
  /** Share of the devices on which it fails, 0..1. */
  readonly share: number;
  readonly how: BadWay;
  /** How long it runs before it fails; nothing to `fail`. */
  readonly afterMs: number;
}

const AFTER_DEFAULT_MS = 0;

/**
 * Reads `VERSION=SHARE[:HOW[:DELAY]]`, such as `42=10%`, `42=10%:go-silent` or `42=10%:fall-back:30s`; null where the
 * text is not one. Without a way it is `fail`, which takes no delay; without a delay the others fail at the boot.
 */
export function parseBadVersion(text: string): BadVersion | null {
  const match = /^(.+)=([^:=]+)(?::([^:]+))?(?::([^:]+))?$/s.exec(text);
  if (match === null) return null;
  const [, version = '', shareText = '', how = 'fail', delay] = match;
  const share = parseShare(shareText);
  const afterMs = delay === undefined ? AFTER_DEFAULT_MS : parseDuration(delay);
  if (share === null || afterMs === null || !isBadWay(how)) return null;
  if (how === 'fail' && delay !== undefined) return null;
  return { version, share, how, afterMs };
}

/**
 * Bad versions by device, drawn by the seed among the ids. A version fails on one device in one way only; versions are
 * drawn apart.
 */
export function assignBadVersions(
  seed: number,
  ids: readonly string[],
  badVersions: readonly BadVersion[],
): ReadonlyMap<string, readonly BadVersion[]> {
  const byId = new Map<string, BadVersion[]>();
  for (const [version, ways] of Map.groupBy(badVersions, (bad) => bad.version)) {
    const shares = ways.map(({ share }) => share);
    const drawn = drawShares(seed, `bad/${version}`, ids, shares);
    ways.forEach((bad, at) => {
      for (const id of drawn[at] ?? []) byId.set(id, [...(byId.get(id) ?? []), bad]);
    });
  }
  return byId;
}

function isBadWay(text: string): text is BadWay {
  return Object.hasOwn(BAD_WAYS, text);
}

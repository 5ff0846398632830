// How many devices of a product were heard in a span of time. The store counts contacts in slots; how long those are,
// and what to make of contacts that lie in the future, is settled here.

import type { Store } from '../stores/store.ts';

/** Slots of contacts are at most this long. */
const SLOT_MS_MAX = 60_000;

/** A span of epoch milliseconds, both ends in it. */
export interface Span {
  readonly since: number;
  readonly until: number;
}

/** Length of the slots in which contacts are counted: short against the silence that makes a device offline. */
export function slotMsFor(pollIntervalMs: number): number {
  return Math.min(SLOT_MS_MAX, Math.max(1_000, Math.round(pollIntervalMs / 4)));
}

/**
 * Devices last heard in a span, to about a slot. A contact beyond its end was recorded while the wall clock was wrong,
 * and says nothing of who is heard now.
 */
export async function countHeard(
  store: Pick<Store, 'heardSince'>,
  product: string,
  { since, until }: Span,
): Promise<number> {
  const heard = await store.heardSince(product, since);
  if (until === Infinity || heard === 0) return heard;
  return heard - (await store.heardSince(product, until + SLOT_MS_MAX));
}

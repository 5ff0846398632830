// The rule by which a binary's compiled-in product id belongs to a product. It reads facts only; `check.ts` turns a
// mismatch into a message.

import type { CompiledFacts } from '../model/firmware.ts';

/** `product`: the product's own id; `platform`: the platform's id, which stands for any product; `none`: neither. */
export type ProductIdRule = 'product' | 'platform' | 'none';

export interface ProductIdMatch {
  readonly matches: boolean;
  readonly rule: ProductIdRule;
}

/**
 * Whether a binary may run on devices of the product with this id. Device OS up to 3.x compiles the product's id in.
 * Since 4.0 (and as a wildcard since 1.5.3) a Particle module carries its platform's id instead, and then serves every
 * product of that platform. A binary without a product id matches none.
 */
export function productIdMatches(facts: CompiledFacts, productId: number): ProductIdMatch {
  if (facts.productId === null) return { matches: false, rule: 'none' };
  if (facts.productId === productId) return { matches: true, rule: 'product' };
  const isWildcard = facts.format === 'particle' && facts.productId === facts.platform?.id;
  return isWildcard ? { matches: true, rule: 'platform' } : { matches: false, rule: 'none' };
}

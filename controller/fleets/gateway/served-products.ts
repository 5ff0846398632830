// The products that this gateway serves now: their policies, found by the tenant in a device's URL, and how they are
// listened to. A policy is swapped in one synchronous step, so no contact ever sees half of a change.

import type { EpochMs } from '../../base/clock.ts';
import type { ListeningState, ServingGap } from '../../devices/listening.ts';
import type { Contact, Moment } from '../../model/device.ts';
import type { ProductPolicy } from '../../model/policy.ts';
import { pollDocument } from './documents.ts';
import type { ExhaustedRounds } from './exhausted-rounds.ts';
import { createExhaustedRounds } from './exhausted-rounds.ts';
import { createTraffic, type Traffic } from './traffic.ts';

/** A product under service. One object per product for as long as the process runs; its fields change. */
export interface ServedProduct {
  readonly name: string;
  /** Null: nothing of the product is in force, its devices get 404. */
  policy: ProductPolicy | null;
  /** Listening time so far, and whether it runs. */
  listening: ListeningState;
  /** The clock by which it is counted who was heard: never behind the contacts that are kept of the product. */
  readonly steadyNow: () => EpochMs;
  /** The last time that the product was not served, by the steady clock. */
  gap: ServingGap;
  /** What a poll is answered with when there is nothing to do, as JSON text. */
  idleDocument: string;
  /** Rounds under this policy whose rate has no token left, as a hint. */
  exhausted: ExhaustedRounds;
  readonly traffic: Traffic;
}

/** What a product begins with in this process. */
export type ServingStart = Pick<ServedProduct, 'listening' | 'steadyNow' | 'gap'>;

export interface ServedProducts {
  /** The product under a tenant of a URL, in any case; null where none is served. */
  byTenant(tenant: string): ServedProduct | null;
  byName(name: string): ServedProduct | null;
  /** Every product that has a policy. */
  all(): readonly ServedProduct[];
  /** Puts a policy in force (null: none). `start` counts only for a product that was never served before. */
  swap(name: string, policy: ProductPolicy | null, start: ServingStart): ServedProduct;
}

/** Creates an empty table. */
export function createServedProducts(): ServedProducts {
  const products = new Map<string, ServedProduct>();
  let tenants = new Map<string, ServedProduct>();

  return {
    byTenant: (tenant) => tenants.get(tenant) ?? tenants.get(tenant.toLowerCase()) ?? null,
    byName: (name) => products.get(name) ?? null,
    all: () => [...products.values()].filter((product) => product.policy !== null),
    swap(name, policy, { listening, steadyNow, gap }) {
      const product = products.get(name) ?? {
        name,
        policy: null,
        listening,
        steadyNow,
        gap,
        idleDocument: '',
        exhausted: createExhaustedRounds(),
        traffic: createTraffic(),
      };
      product.policy = policy;
      product.idleDocument =
        policy === null ? '' : pollDocument(policy.settings.pollIntervalMs, {});
      product.exhausted = createExhaustedRounds();
      products.set(name, product);
      tenants = nameTenants(products.values());
      return product;
    },
  };
}

/** The moment of a contact with a product's device. */
export function momentFor(product: ServedProduct, at: number): Moment {
  return { at, listened: product.listening.listened };
}

/** The contact of a device that is heard at a moment that is now. */
export function contactFor({ steadyNow }: ServedProduct, { at, listened }: Moment): Contact {
  return { at, listened, steadyAt: steadyNow() };
}

/** A tenant that a manifest sets wins over another product of that name. */
function nameTenants(products: Iterable<ServedProduct>): Map<string, ServedProduct> {
  const byName = new Map<string, ServedProduct>();
  const bySetting = new Map<string, ServedProduct>();
  for (const product of products) {
    if (product.policy === null) continue;
    byName.set(product.name.toLowerCase(), product);
    const { settings } = product.policy;
    const tenant = settings.driver === 'gateway' ? settings.tenant : null;
    if (tenant !== null) bySetting.set(tenant.toLowerCase(), product);
  }
  return new Map([...byName, ...bySetting]);
}

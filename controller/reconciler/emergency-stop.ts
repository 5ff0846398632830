// The emergency stop and its end: written to the state and in effect at the gateway before the call returns.

import type { Failure } from '../base/failure.ts';
import { failure } from '../base/failure.ts';
import type { Result } from '../base/result.ts';
import { fail, ok } from '../base/result.ts';
import type { HeldProducts } from './held-products.ts';
import { driverOf } from './held-products.ts';
import type { ReconcilerPorts } from './ports.ts';

/** Pulls (or ends) the stop of one product, or of all where `product` is null. Answers with the products concerned. */
export async function setEmergencyStop(
  product: string | null,
  stopped: boolean,
  held: HeldProducts,
  { store, drivers, clock }: Pick<ReconcilerPorts, 'store' | 'drivers' | 'clock'>,
): Promise<Result<readonly string[], Failure>> {
  const products = product === null ? held.names() : [product];
  for (const name of products) {
    const known = held.get(name);
    if (known === undefined) {
      return fail(failure('UnknownProduct', `No product named ${name} is known here.`, 'stall'));
    }
    const at = clock.now();
    const stoppedAt = stopped ? (known.record.stoppedAt ?? at) : null;
    const record = { ...known.record, stoppedAt };
    const event = {
      type: stopped ? ('EmergencyStopped' as const) : ('EmergencyResumed' as const),
      at,
      product: name,
      revision: null,
      manifest: null,
      device: null,
      actionId: null,
      message: stopped ? 'The emergency stop was pulled.' : 'The emergency stop was ended.',
    };
    await store.saveProduct({ product: record, events: [event] });
    held.set(name, { ...known, record });
    const enforced = await driverOf(drivers, null, record.inForce)?.enforce(record.inForce);
    if (enforced?.ok === false) return enforced;
  }
  return ok(products);
}

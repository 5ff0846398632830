// The emergency stop and its end: written to the state and in effect at the gateway before the call returns. It waits
// for no pass: one may hang on a slow download.

import type { Failure } from '../base/failure.ts';
import { failure } from '../base/failure.ts';
import type { Result } from '../base/result.ts';
import { fail, ok } from '../base/result.ts';
import type { EventDraft } from '../model/event.ts';
import type { HeldProducts } from './held-products.ts';
import { driverOf } from './held-products.ts';
import type { ReconcilerPorts } from './ports.ts';

type Ports = Pick<ReconcilerPorts, 'store' | 'drivers' | 'clock'>;

/**
 * Pulls (or ends) the stop of one product, or of all where `product` is null. Answers with the products concerned. A
 * product whose fleet does not take it over is the failure; the stop is durable there too, and the others are stopped.
 */
export async function setEmergencyStop(
  product: string | null,
  stopped: boolean,
  held: HeldProducts,
  ports: Ports,
): Promise<Result<readonly string[], Failure>> {
  const products = product === null ? held.names() : [product];
  let failed: Failure | null = null;
  for (const name of products) {
    if (held.get(name) === undefined) {
      return fail(failure('UnknownProduct', `No product named ${name} is known here.`, 'stall'));
    }
    const done = await held.inTurn(name, () => setStopOf(name, stopped, held, ports));
    if (!done.ok) failed ??= done.error;
  }
  return failed === null ? ok(products) : fail(failed);
}

async function setStopOf(
  product: string,
  stopped: boolean,
  held: HeldProducts,
  { store, drivers, clock }: Ports,
): Promise<Result<void, Failure>> {
  const record = held.recordOf(product);
  if ((record.stoppedAt !== null) !== stopped) {
    const at = clock.now();
    const after = { ...record, stoppedAt: stopped ? at : null };
    await store.saveProduct({ product: after, events: [eventOf(product, stopped, at)] });
    held.change(product, { record: after, enforced: false });
  }
  if (held.get(product)?.enforced !== false) return ok(undefined);
  const enforced = await driverOf(drivers, null, record.inForce)?.enforce(record.inForce);
  if (enforced?.ok === false) return enforced;
  held.change(product, { enforced: true });
  return ok(undefined);
}

function eventOf(product: string, stopped: boolean, at: number): EventDraft {
  return {
    type: stopped ? 'EmergencyStopped' : 'EmergencyResumed',
    at,
    product,
    revision: null,
    manifest: null,
    device: null,
    actionId: null,
    message: stopped ? 'The emergency stop was pulled.' : 'The emergency stop was ended.',
  };
}

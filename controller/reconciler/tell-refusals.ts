// The audit log's lines about releases that are refused: one per revision, manifest and reason, however many passes
// refuse it and however often the process is started.

import type { EventDraft } from '../model/event.ts';
import type { ProductPlan } from '../model/plan.ts';
import type { Store } from '../stores/store.ts';
import type { HeldProducts } from './held-products.ts';

/** Lines of the log that are looked at after a start; releases that are refused at a time are far fewer. */
const READ_MAX = 200;

/** Writes what is refused now and was not in the pass before. */
export async function tellRefusals(
  plan: ProductPlan,
  revision: string,
  held: HeldProducts,
  store: Store,
  at: number,
): Promise<void> {
  const { product } = plan;
  // A halt has its own line in the log, with its numbers.
  const refusals = plan.refusals.filter(
    ({ manifest, reason }) => manifest.startsWith('Release/') && reason !== 'ReleaseHalted',
  );
  const known = held.get(product)?.told ?? null;
  const keys = new Set(
    refusals.map(({ manifest, reason }) => refusedKey(revision, manifest, reason)),
  );
  const told = known ?? (keys.size === 0 ? keys : await readTold(product, store));
  const events = refusals
    .filter(({ manifest, reason }) => !told.has(refusedKey(revision, manifest, reason)))
    .map(({ manifest, reason, message }): EventDraft => ({
      type: 'ReleaseRefused',
      at,
      product,
      revision,
      manifest,
      device: null,
      actionId: null,
      message: `${reason}: ${message}`,
    }));
  if (events.length > 0) await store.addEvents(events);
  held.change(product, { told: keys });
}

async function readTold(product: string, store: Store): Promise<ReadonlySet<string>> {
  const events = await store.events({ product, type: 'ReleaseRefused', limit: READ_MAX });
  return new Set(
    events.map(({ revision, manifest, message }) =>
      refusedKey(revision ?? '', manifest ?? '', message.split(':', 1)[0] ?? ''),
    ),
  );
}

function refusedKey(revision: string, manifest: string, reason: string): string {
  return `${revision} ${manifest} ${reason}`;
}

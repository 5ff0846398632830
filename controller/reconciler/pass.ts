// One pass: observe, plan, carry out, record, and look again. It does the same whatever woke it; made twice, the second
// does nothing more.

import type { Failure } from '../base/failure.ts';
import { failure, messageOf } from '../base/failure.ts';
import type { Result } from '../base/result.ts';
import { fail, ok } from '../base/result.ts';
import { emptyDesired } from '../model/desired.ts';
import type { EventDraft } from '../model/event.ts';
import type { LiveState } from '../model/live.ts';
import type { ProductPlan, Refusal } from '../model/plan.ts';
import type { Snapshot } from '../model/revision.ts';
import type { PlanResult } from '../plan/build-plan.ts';
import { buildPlan } from '../plan/build-plan.ts';
import { isSamePlan } from '../plan/fingerprint.ts';
import { stateConditions } from '../releases/conditions.ts';
import type { ProductRecord } from '../stores/store.ts';
import type { CarryOutInput } from './carry-out.ts';
import { carryOut } from './carry-out.ts';
import type { SyncReport, SyncRequest } from './controller.ts';
import type { HeldProduct, HeldProducts } from './held-products.ts';
import { driverOf } from './held-products.ts';
import { observeFleets } from './observe-fleets.ts';
import type { ReconcilerPorts } from './ports.ts';
import type { SourceReader } from './source-reader.ts';
import type { Unavailable } from './store-binaries.ts';
import { storeBinaries } from './store-binaries.ts';

export interface Reconciler {
  /** Makes a pass. The report holds the plan as it was before it was carried out. */
  pass(request: SyncRequest, adopt: boolean): Promise<Result<SyncReport, Failure>>;
  /** Plans a snapshot against the live fleets; changes nothing. */
  plan(snapshot: Snapshot, adopt: boolean): Promise<Result<PlanResult, Failure>>;
}

/** Creates the reconciler over what the controller holds and reads. */
export function createReconciler(
  ports: ReconcilerPorts,
  held: HeldProducts,
  reader: SourceReader,
): Reconciler {
  const { store, clock, drivers } = ports;

  const planFor = (
    snapshot: Snapshot,
    live: ReadonlyMap<string, LiveState>,
    adopt: boolean,
    unavailable: Unavailable = new Map(),
  ): PlanResult =>
    buildPlan({
      snapshot,
      inForce: held.inForce(),
      live,
      context: { today: new Date(clock.now()).toISOString().slice(0, 10), adopt, unavailable },
      sourceProblems: reader.current().problems,
    });

  const carryOutSafely = async (input: CarryOutInput): Promise<Result<ProductRecord, Failure>> => {
    const driver = driverOf(drivers, input.next, input.record.inForce);
    // No manifest of the product was ever accepted, so there is no fleet to carry anything out on.
    if (driver === null) return ok(input.record);
    try {
      return await carryOut(input, driver, ports);
    } catch (thrown) {
      // One product's trouble must not keep the others from their part.
      return fail(failure('StateUnavailable', messageOf(thrown), 'retry'));
    }
  };

  /** Writes a product's conditions where they changed. */
  const saveConditions = async (
    product: string,
    next: HeldProduct,
    failed: Failure | null,
  ): Promise<void> => {
    const { record, live, plan } = next;
    const conditions = stateConditions({
      previous: record.conditions,
      observedRevision: reader.current().revisionSeen,
      live,
      plan,
      failure: failed,
      now: clock.now(),
    });
    const changed = JSON.stringify(conditions) !== JSON.stringify(record.conditions);
    const after = { ...record, conditions };
    held.set(product, { ...next, record: after });
    const isKnown = record.inForce.config !== null || record.adoptedAt !== null;
    if (changed && isKnown) await store.saveProduct({ product: after });
  };

  /** What is left after carrying out: the fleets read again, the remaining plan, the conditions. */
  const lookAgain = async (
    snapshot: Snapshot,
    adopt: boolean,
    failures: ReadonlyMap<string, Failure>,
    unavailable: Unavailable,
  ): Promise<void> => {
    const { live } = await observeFleets(snapshot, held, drivers);
    const { plan } = planFor(snapshot, live, adopt, unavailable);
    const plans = new Map(plan.products.map((each) => [each.product, each]));
    for (const product of new Set([...held.names(), ...plans.keys()])) {
      const next = {
        record: held.recordOf(product),
        live: live.get(product) ?? null,
        plan: plans.get(product) ?? held.get(product)?.plan ?? null,
      };
      await saveConditions(product, next, failures.get(product) ?? null);
    }
  };

  return {
    async plan(snapshot, adopt) {
      const { live, failures } = await observeFleets(snapshot, held, drivers);
      const [first] = failures.values();
      return first === undefined ? ok(planFor(snapshot, live, adopt)) : fail(first);
    },
    async pass(request, adopt) {
      const { snapshot, tree, failure: unread, problems } = reader.current();
      if (snapshot === null) return fail(unread ?? NOT_READ);
      const observed = await observeFleets(snapshot, held, drivers);
      const failures = new Map(observed.failures);
      const first = planFor(snapshot, observed.live, adopt);
      if (request.expectedPlan !== undefined && !isSamePlan(request.expectedPlan, first.plan)) {
        return fail(STALE_PLAN);
      }
      const unavailable = await storeBinaries(first.plan, first.next, tree, ports);
      const planned =
        unavailable.size === 0 ? first : planFor(snapshot, observed.live, adopt, unavailable);
      // A source that waits for a person carries nothing out, not even what the last good revision asks for.
      const products = problems.length > 0 ? [] : planned.plan.products;
      for (const plan of products) {
        const { product } = plan;
        const before = held.get(product)?.plan ?? null;
        const done = await carryOutSafely({
          record: held.recordOf(product),
          plan,
          next: planned.next.get(product) ?? emptyDesired(product),
          live: observed.live.get(product) as LiveState,
          revision: snapshot.revision,
          adopt,
          now: clock.now(),
        });
        if (!done.ok) {
          failures.set(product, done.error);
          continue;
        }
        // The driver answers by it already, so from here on the view may name it as in force.
        held.set(product, { record: done.value, live: observed.live.get(product) ?? null, plan });
        await store.addEvents(newRefusals(plan, before, snapshot.revision, clock.now()));
      }
      await lookAgain(snapshot, adopt, failures, unavailable);
      return ok({
        revision: snapshot.revision,
        plan: first.plan,
        failures: Object.fromEntries(failures),
      });
    },
  };
}

const NOT_READ = failure('SourceUnavailable', 'No revision has been read yet.', 'retry');

const STALE_PLAN = failure(
  'StalePlan',
  'The manifests or the fleet have changed since the plan was made. Make the plan again and review it.',
  'stall',
);

/** Releases that are refused now and were not in the pass before. */
function newRefusals(
  plan: ProductPlan,
  before: ProductPlan | null,
  revision: string,
  at: number,
): readonly EventDraft[] {
  const keyOf = ({ manifest, reason }: Refusal): string => `${manifest} ${reason}`;
  const known = new Set(before?.refusals.map(keyOf));
  return plan.refusals
    .filter(({ manifest }) => manifest.startsWith('Release/'))
    .filter((refusal) => !known.has(keyOf(refusal)))
    .map(({ manifest, reason, message }) => ({
      type: 'ReleaseRefused',
      at,
      product: plan.product,
      revision,
      manifest,
      device: null,
      actionId: null,
      message: `${reason}: ${message}`,
    }));
}

// One pass: observe, plan, carry out, record, and look again. It does the same whatever woke it; made twice, the second
// does nothing more.

import { assert } from '../base/assert.ts';
import type { Failure } from '../base/failure.ts';
import { failure, messageOf } from '../base/failure.ts';
import type { Result } from '../base/result.ts';
import { fail, ok } from '../base/result.ts';
import { emptyDesired } from '../model/desired.ts';
import type { LiveState } from '../model/live.ts';
import type { Plan, ProductPlan } from '../model/plan.ts';
import type { Problem } from '../model/problem.ts';
import type { ChangeReview } from '../model/review.ts';
import type { Snapshot } from '../model/revision.ts';
import type { PlanContext, PlanResult } from '../plan/build-plan.ts';
import { buildPlan, findEmptySource } from '../plan/build-plan.ts';
import { isSamePlan } from '../plan/fingerprint.ts';
import { reviewChange } from '../plan/review-change.ts';
import { stateConditions } from '../releases/conditions.ts';
import type { CarryOutInput } from './carry-out.ts';
import { carryOut } from './carry-out.ts';
import type { ProposedChange, SyncReport, SyncRequest } from './controller.ts';
import type { HeldProducts } from './held-products.ts';
import { driverOf } from './held-products.ts';
import { nameFirstDevices } from './first-devices.ts';
import { createSampleNotes } from './note-samples.ts';
import { observeFleets } from './observe-fleets.ts';
import type { ReconcilerPorts } from './ports.ts';
import type { SourceReader } from './source-reader.ts';
import type { Unavailable } from './store-binaries.ts';
import { storeBinaries } from './store-binaries.ts';
import { tellRefusals } from './tell-refusals.ts';
import { createWaitingTeller } from './tell-waiting.ts';

export interface Reconciler {
  /** Makes a pass. The report holds the plan as it was before it was carried out. */
  pass(request: SyncRequest, adopt: boolean): Promise<Result<SyncReport, Failure>>;
  /** Plans a snapshot against the live fleets; changes nothing. */
  plan(snapshot: Snapshot, adopt: boolean): Promise<Result<PlanResult, Failure>>;
  /** Judges a change against the live fleets; changes nothing. */
  review(change: ProposedChange, adopt: boolean): Promise<Result<ChangeReview, Failure>>;
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
      context: planContextAt(clock.now(), adopt, unavailable),
      sourceProblems: reader.current().problems,
    });

  /** Keeps the plan of a revision as it is first met, before anything of it is carried out. */
  let arrived: string | null = null;
  const keepArrival = async (plan: Plan): Promise<void> => {
    if (arrived === plan.revision || ports.source?.kind !== 'git') return;
    await store.saveArrival({ revision: plan.revision, plan, at: clock.now() });
    arrived = plan.revision;
  };

  const noteSamples = createSampleNotes(store);
  const tellWaiting = createWaitingTeller(store);
  /** What the source as a whole waits for, whatever else stands in its manifests. */
  const sourceProblemsOf = (snapshot: Snapshot | null): readonly Problem[] => [
    ...reader.current().problems,
    ...(snapshot === null ? [] : findEmptySource(snapshot, held.inForce())),
  ];

  const recordsOf = (products: readonly ProductPlan[]): readonly unknown[] =>
    products.map(({ product, actions }) =>
      // A lock that is carried out again may leave the record as it is.
      actions.length === 0 ? held.recordOf(product) : null,
    );

  const carryOutSafely = async (input: CarryOutInput): Promise<Result<void, Failure>> => {
    const { product } = input.plan;
    const driver = driverOf(drivers, input.next, held.recordOf(product).inForce);
    // No manifest of the product was ever accepted, so there is no fleet to carry anything out on.
    if (driver === null) return ok(undefined);
    try {
      return await carryOut(input, driver, { ...ports, held });
    } catch (thrown) {
      // One product's trouble must not keep the others from their part.
      return fail(failure('StateUnavailable', messageOf(thrown), 'retry'));
    }
  };

  /** Sets a product's conditions, and writes them where they changed. */
  const saveConditions = (
    product: string,
    failed: Failure | null,
    sourceProblem: Problem | null,
  ): Promise<void> =>
    held.inTurn(product, async () => {
      const { live = null, plan = null } = held.get(product) ?? {};
      const record = held.recordOf(product);
      const isKnown = record.inForce.config !== null || record.adoptedAt !== null;
      // A product that is gone, carried out, has nothing left to be said of it.
      const isGone = isKnown && record.inForce.config === null && plan === null && failed === null;
      const conditions = isGone
        ? []
        : stateConditions({
            previous: record.conditions,
            observedRevision: reader.current().revisionSeen,
            live,
            plan,
            failure: failed,
            sourceProblem,
            now: clock.now(),
          });
      const after = { ...record, conditions };
      const changed = JSON.stringify(conditions) !== JSON.stringify(record.conditions);
      if (changed && isKnown) await store.saveProduct({ product: after });
      held.change(product, { record: after });
    });

  /** The fleets read again after something was carried out, and the plan that remains. */
  const lookAgain = async (
    snapshot: Snapshot,
    adopt: boolean,
    unavailable: Unavailable,
  ): Promise<Look> => {
    const { live, failures } = await observeFleets([snapshot], held, ports);
    return { live, failures, plan: planFor(snapshot, live, adopt, unavailable).plan };
  };

  /** Holds what the last look shows, and says what it means. */
  const conclude = async (
    snapshot: Snapshot,
    { live, failures, plan }: Look,
    carriedOut: ReadonlyMap<string, Failure>,
  ): Promise<void> => {
    const plans = new Map(plan.products.map((each) => [each.product, each]));
    const [sourceProblem = null] = sourceProblemsOf(snapshot);
    for (const product of new Set([...held.names(), ...plans.keys(), ...failures.keys()])) {
      const failed = carriedOut.get(product) ?? failures.get(product) ?? null;
      // A fleet that is away for a moment does not make the last plan untrue.
      const earlier = failed === null ? null : (held.get(product)?.plan ?? null);
      held.change(product, {
        live: live.get(product) ?? null,
        plan: plans.get(product) ?? earlier,
      });
      await saveConditions(product, failed, sourceProblem);
      const after = held.get(product);
      if (failed === null && after !== undefined) await noteSamples(product, after, clock.now());
    }
  };

  return {
    async plan(snapshot, adopt) {
      const { live, failures } = await observeFleets([snapshot], held, ports);
      const [first] = failures.values();
      if (first !== undefined) return fail(first);
      return ok(await nameFirstDevices(planFor(snapshot, live, adopt), held, drivers));
    },
    async review({ merged, base }, adopt) {
      // A fleet that cannot be read is part of the review: nothing of it is known, and that is no pass.
      const { live } = await observeFleets([merged, base], held, ports);
      const { review, next } = reviewChange({
        merged,
        base,
        inForce: held.inForce(),
        live,
        context: planContextAt(clock.now(), adopt, new Map()),
        sourceProblems: reader.current().problems,
      });
      const { plan } = await nameFirstDevices({ plan: review.plan, next }, held, drivers);
      return ok({ ...review, plan });
    },
    async pass(request, adopt) {
      const { snapshot, tree, failure: unread, problems, revisionSeen } = reader.current();
      const seen = revisionSeen ?? snapshot?.revision ?? '';
      await tellWaiting(sourceProblemsOf(snapshot), seen, clock.now());
      if (snapshot === null) return fail(unread ?? notAccepted(problems[0]) ?? NOT_READ);
      const observed = await observeFleets([snapshot], held, ports);
      const failures = new Map(observed.failures);
      const first = planFor(snapshot, observed.live, adopt);
      if (failures.size === 0) await keepArrival(first.plan);
      if (request.expectedPlan !== undefined && !isSamePlan(request.expectedPlan, first.plan)) {
        return fail(STALE_PLAN);
      }
      const unavailable = await storeBinaries(first.plan, first.next, tree, ports);
      const planned =
        unavailable.size === 0 ? first : planFor(snapshot, observed.live, adopt, unavailable);
      // A source that waits for a person carries nothing out, not even what the last good revision asks for. Only a
      // release whose devices fail halts all the same.
      const products = planned.plan.products.filter(
        ({ actions }) => problems.length === 0 || actions.length > 0,
      );
      const before = recordsOf(products);
      for (const plan of products) {
        const { product } = plan;
        const live = observed.live.get(product);
        assert(live !== undefined, `${product} is planned without having been observed`);
        const next = planned.next.get(product) ?? emptyDesired(product);
        const now = clock.now();
        const { revision } = snapshot;
        const lost = observed.lost.get(product) ?? new Set();
        const done = await carryOutSafely({ plan, next, live, lost, revision, adopt, now });
        if (!done.ok) failures.set(product, done.error);
        else await tellRefusals(plan, revision, held, store, now);
      }
      // Most passes find nothing to do; what they have seen is still so then.
      const isIdle = failures.size === 0 && isSameList(recordsOf(products), before);
      const look = isIdle
        ? { live: observed.live, failures, plan: planned.plan }
        : await lookAgain(snapshot, adopt, unavailable);
      await conclude(snapshot, look, failures);
      return ok({
        revision: snapshot.revision,
        plan: first.plan,
        failures: Object.fromEntries(failures),
      });
    },
  };
}

function isSameList(one: readonly unknown[], other: readonly unknown[]): boolean {
  return one.every((each, index) => each !== null && each === other[index]);
}

/** What a pass knows of the fleets at its end. */
interface Look {
  readonly live: ReadonlyMap<string, LiveState>;
  readonly failures: ReadonlyMap<string, Failure>;
  readonly plan: Plan;
}

function planContextAt(now: number, adopt: boolean, unavailable: Unavailable): PlanContext {
  return { now, today: new Date(now).toISOString().slice(0, 10), adopt, unavailable };
}

/** Why the first revision that was read is not in force. */
function notAccepted(problem: Problem | undefined): Failure | null {
  if (problem === undefined) return null;
  return failure(problem.reason, `${problem.message} ${problem.remedy}`, 'stall');
}

const NOT_READ = failure('SourceUnavailable', 'No revision has been read yet.', 'retry');

const STALE_PLAN = failure(
  'StalePlan',
  'The manifests or the fleet have changed since the plan was made. Make the plan again and review it.',
  'stall',
);

// The controller: keeps what is in force, makes one pass at a time (observe, plan, carry out, record), and answers for
// what it knows. When a pass is made is `loop.ts`'s business; a pass does the same whatever woke it.

import type { Failure } from '../base/failure.ts';
import { failure, messageOf } from '../base/failure.ts';
import type { Result } from '../base/result.ts';
import { fail, ok } from '../base/result.ts';
import type { FleetDriver } from '../fleets/driver.ts';
import type { Desired } from '../model/desired.ts';
import { emptyDesired } from '../model/desired.ts';
import type { EventDraft } from '../model/event.ts';
import type { LiveState } from '../model/live.ts';
import type { Plan } from '../model/plan.ts';
import type { Snapshot } from '../model/revision.ts';
import { buildPlan } from '../plan/build-plan.ts';
import type { PlanResult } from '../plan/build-plan.ts';
import { isSamePlan } from '../plan/fingerprint.ts';
import { namedDevices } from '../plan/named-devices.ts';
import { stateConditions } from '../releases/conditions.ts';
import type { ProductRecord } from '../stores/store.ts';
import { carryOut } from './carry-out.ts';
import type {
  Controller,
  ControllerView,
  ProductView,
  SyncReport,
  SyncRequest,
} from './controller.ts';
import { readConvergence } from './convergence.ts';
import { createLoop } from './loop.ts';
import type { ReconcilerOptions, ReconcilerPorts } from './ports.ts';
import { createSourceReader } from './source-reader.ts';
import { storeBinaries } from './store-binaries.ts';
import type { Unavailable } from './store-binaries.ts';

/** A product as the controller holds it in memory: its record, and what the last pass saw. */
interface Held {
  readonly record: ProductRecord;
  readonly live: LiveState | null;
  readonly plan: ProductView['plan'];
}

/** Creates a controller over its adapters. Nothing happens before `start`. */
export function createController(ports: ReconcilerPorts, options: ReconcilerOptions): Controller {
  const { store, clock, log } = ports;
  const reader = createSourceReader(ports);
  const held = new Map<string, Held>();
  let passes = 0;
  let isRestored = false;
  let waiters: (() => void)[] = [];
  let queue: Promise<unknown> = Promise.resolve();

  /** One at a time: whatever reads or changes what is in force goes through here. */
  const inTurn = async <T>(work: () => Promise<T>): Promise<T> => {
    const turn = queue.then(work);
    queue = turn.catch(() => undefined);
    return turn;
  };

  const driverFor = (desired: Desired | null, current: Desired): FleetDriver | null => {
    const name = desired?.config?.spec.fleet.driver ?? current.config?.spec.fleet.driver;
    return name === undefined ? null : (ports.drivers.get(name) ?? null);
  };

  const inForceOf = (product: string): Desired =>
    held.get(product)?.record.inForce ?? emptyDesired(product);

  /** Reads the fleet of every product that the snapshot or the state in force speaks of. */
  const observe = async (
    snapshot: Snapshot,
  ): Promise<{ live: Map<string, LiveState>; failures: Map<string, Failure> }> => {
    const live = new Map<string, LiveState>();
    const failures = new Map<string, Failure>();
    for (const product of new Set([
      ...Object.keys(snapshot.products),
      ...refusedProducts(snapshot),
      ...held.keys(),
    ])) {
      const desired = snapshot.products[product] ?? null;
      const current = inForceOf(product);
      const record = held.get(product)?.record;
      const flags = { adopted: record?.adoptedAt != null, stopped: record?.stoppedAt != null };
      const driver = driverFor(desired, current);
      if (driver === null) {
        live.set(product, { ...emptyLive(product), ...flags });
        continue;
      }
      const seen = await driver.observe(product, namedDevices(desired, current));
      if (seen.ok) live.set(product, { ...seen.value, ...flags });
      else failures.set(product, seen.error);
    }
    return { live, failures };
  };

  const planFor = (
    snapshot: Snapshot,
    live: ReadonlyMap<string, LiveState>,
    adopt: boolean,
    unavailable: Unavailable = new Map(),
  ): PlanResult =>
    buildPlan({
      snapshot,
      inForce: new Map([...held].map(([product, { record }]) => [product, record.inForce])),
      live,
      context: { today: new Date(clock.now()).toISOString().slice(0, 10), adopt, unavailable },
      sourceProblems: reader.current().problems,
    });

  /** Writes a product's conditions where they changed. */
  const saveHeld = async (product: string, next: Held, failed: Failure | null): Promise<void> => {
    const conditions = stateConditions({
      previous: next.record.conditions,
      observedRevision: reader.current().revisionSeen,
      live: next.live,
      plan: next.plan,
      failure: failed,
      now: clock.now(),
    });
    const record = { ...next.record, conditions };
    const before = JSON.stringify(next.record.conditions);
    held.set(product, { ...next, record });
    if (
      JSON.stringify(conditions) !== before &&
      (record.inForce.config !== null || record.adoptedAt !== null)
    ) {
      await store.saveProduct({ product: record });
    }
  };

  /** One pass: observe, plan, carry out, record. The report holds the plan as it was before it was carried out. */
  const pass = async (request: SyncRequest): Promise<Result<SyncReport, Failure>> => {
    const { snapshot, tree } = reader.current();
    if (snapshot === null) {
      return fail(
        reader.current().failure ??
          failure('SourceUnavailable', 'No revision has been read yet.', 'retry'),
      );
    }
    const adopt = options.adopt || request.adopt === true;
    const { live, failures } = await observe(snapshot);
    let planned = planFor(snapshot, live, adopt);
    if (request.expectedPlan !== undefined && !isSamePlan(request.expectedPlan, planned.plan)) {
      return fail(
        failure(
          'StalePlan',
          'The manifests or the fleet have changed since the plan was made. Make the plan again and review it.',
          'stall',
        ),
      );
    }
    const report = planned.plan;
    const unavailable = await storeBinaries(planned.plan, planned.next, tree, ports);
    if (unavailable.size > 0) planned = planFor(snapshot, live, adopt, unavailable);
    for (const plan of planned.plan.products) {
      const { product } = plan;
      const next = planned.next.get(product) ?? emptyDesired(product);
      const driver = driverFor(next, inForceOf(product));
      const seen = live.get(product) ?? emptyLive(product);
      const record = held.get(product)?.record ?? newRecord(product);
      const before = held.get(product)?.plan ?? null;
      if (
        driver === null ||
        (planned.plan.errors.length > 0 && reader.current().problems.length > 0)
      ) {
        held.set(product, { record, live: seen, plan });
        continue;
      }
      const done = await carryOutSafely(
        { record, plan, next, live: seen, revision: snapshot.revision, adopt, now: clock.now() },
        driver,
      );
      if (!done.ok) {
        failures.set(product, done.error);
        held.set(product, { record, live: seen, plan });
        continue;
      }
      // In force from here on: the driver answers by it already, so the view may name it.
      held.set(product, { record: done.value, live: seen, plan });
      await store.addEvents(newRefusals(plan, before, snapshot.revision, clock.now()));
    }
    await look(snapshot, adopt, failures);
    return ok({
      revision: snapshot.revision,
      plan: report,
      failures: Object.fromEntries(failures),
    });
  };

  const carryOutSafely = async (
    input: Parameters<typeof carryOut>[0],
    driver: FleetDriver,
  ): Promise<Result<ProductRecord, Failure>> => {
    try {
      return await carryOut(input, driver, ports);
    } catch (thrown) {
      // One product's trouble must not keep the others from their part.
      return fail(failure('StateUnavailable', messageOf(thrown), 'retry'));
    }
  };

  /** What is left after carrying out: the fleet read again, the remaining plan, the conditions. */
  const look = async (
    snapshot: Snapshot,
    adopt: boolean,
    failures: ReadonlyMap<string, Failure>,
  ): Promise<void> => {
    const { live } = await observe(snapshot);
    const { plan } = planFor(snapshot, live, adopt);
    const plans = new Map(plan.products.map((each) => [each.product, each]));
    for (const product of new Set([...held.keys(), ...plans.keys()])) {
      const known = held.get(product);
      await saveHeld(
        product,
        {
          record: known?.record ?? newRecord(product),
          live: live.get(product) ?? null,
          plan: plans.get(product) ?? known?.plan ?? null,
        },
        failures.get(product) ?? null,
      );
    }
    passes += 1;
    const woken = waiters;
    waiters = [];
    for (const wake of woken) wake();
  };

  const restore = (): Promise<Result<void, Failure>> =>
    attempt(() =>
      inTurn(async () => {
        for (const record of await store.products()) {
          held.set(record.name, { record, live: null, plan: null });
          await driverFor(null, record.inForce)?.enforce(record.inForce);
        }
        await reader.restore();
        isRestored = true;
      }),
    );

  const loop = createLoop({
    ports,
    options,
    readSource: async () => {
      const before = reader.current().failure?.message;
      const read = await reader.read({});
      if (!read.ok && read.error.message !== before) log.warn(`source: ${read.error.message}`);
    },
    makePass: async () => {
      const made = await pass({});
      if (!made.ok && reader.current().failure === null) log.warn(`pass: ${made.error.message}`);
      for (const [product, error] of made.ok ? Object.entries(made.value.failures) : []) {
        log.warn(`${product}: ${error.message}`);
      }
    },
    inTurn,
  });

  const setStop = async (
    product: string | null,
    stopped: boolean,
  ): Promise<Result<readonly string[], Failure>> => {
    if (product !== null && !held.has(product)) {
      return fail(failure('UnknownProduct', `No product named ${product} is known here.`, 'stall'));
    }
    const products = product === null ? [...held.keys()].sort() : [product];
    for (const name of products) {
      const known = held.get(name);
      if (known === undefined) continue;
      const at = clock.now();
      const record = {
        ...known.record,
        stoppedAt: stopped ? (known.record.stoppedAt ?? at) : null,
      };
      await store.saveProduct({ product: record, events: [stopEvent(name, stopped, at)] });
      held.set(name, { ...known, record });
      const enforced = await driverFor(null, record.inForce)?.enforce(record.inForce);
      if (enforced?.ok === false) return enforced;
    }
    return ok(products);
  };

  return {
    async start() {
      if (!isRestored) {
        const restored = await restore();
        if (!restored.ok) return restored;
      }
      const begun = await attempt(() =>
        inTurn(async () => {
          await reader.read({});
          await pass({});
        }),
      );
      if (begun.ok) loop.start();
      return begun;
    },
    restore,
    view: (): ControllerView => {
      const reading = reader.current();
      return {
        source: ports.source?.description ?? null,
        revisionSeen: reading.revisionSeen,
        subjectSeen: reading.subject,
        sourceReadAt: reading.readAt,
        sourceFailure: reading.failure,
        problems: [...reading.problems, ...(reading.snapshot?.problems ?? [])],
        products: [...held.values()]
          .map(({ record, live, plan }): ProductView => ({
            product: record.name,
            revision: record.revision,
            inForce: record.inForce,
            live,
            plan,
            conditions: record.conditions,
            stoppedAt: record.stoppedAt,
            adoptedAt: record.adoptedAt,
          }))
          .sort((a, b) => (a.product < b.product ? -1 : 1)),
        ready: passes > 0 && reading.snapshot !== null,
        passes,
      };
    },
    sync: (request) =>
      inTurn(async () => {
        if (ports.source !== null) {
          const read = await reader.read(request);
          if (!read.ok) return read;
        }
        return pass(request);
      }),
    plan: (snapshot, request) =>
      inTurn(async () => {
        const wanted = snapshot ?? reader.current().snapshot;
        if (wanted === null)
          return fail(failure('SourceUnavailable', 'No revision has been read yet.', 'retry'));
        const { live, failures } = await observe(wanted);
        const [first] = failures.values();
        if (first !== undefined) return fail(first);
        return ok(planFor(wanted, live, options.adopt || request.adopt === true).plan);
      }),
    stop: (product) =>
      inTurn(async () => {
        const done = await setStop(product, true);
        loop.wake();
        return done;
      }),
    resume: (product) =>
      inTurn(async () => {
        const done = await setStop(product, false);
        loop.wake();
        return done;
      }),
    convergence: async (product) => {
      const known = held.get(product);
      if (known?.plan == null || known.live === null) {
        return fail(
          failure('UnknownProduct', `No product named ${product} is in force here.`, 'stall'),
        );
      }
      const { live, plan, record } = known;
      const sum = (of: 'inFlight' | 'failed'): number =>
        live.outcomes.reduce((total, outcome) => total + outcome[of], 0);
      return ok(
        await readConvergence(
          {
            product,
            inForce: record.inForce,
            plan,
            stopped: record.stoppedAt !== null,
            inFlight: sum('inFlight'),
            failed: sum('failed'),
          },
          store,
        ),
      );
    },
    nextPass: (timeoutMs) =>
      new Promise((resolve) => {
        const timer = setTimeout(resolve, timeoutMs);
        waiters.push(() => {
          clearTimeout(timer);
          resolve();
        });
      }),
    async close() {
      loop.close();
      await queue.catch(() => undefined);
    },
  };
}

/** The state throws when it cannot be used; for a caller outside, that is a failure that a person must look at. */
async function attempt(work: () => Promise<void>): Promise<Result<void, Failure>> {
  try {
    await work();
    return ok(undefined);
  } catch (thrown) {
    return fail(failure('StateUnavailable', messageOf(thrown), 'stall'));
  }
}

function refusedProducts(snapshot: Snapshot): readonly string[] {
  return snapshot.refused.flatMap((key) => key.split('/')[1] ?? []);
}

function newRecord(product: string): ProductRecord {
  return {
    name: product,
    adoptedAt: null,
    stoppedAt: null,
    inForce: emptyDesired(product),
    revision: null,
    listenedMs: 0,
    conditions: [],
  };
}

function emptyLive(product: string): LiveState {
  return {
    product,
    adopted: false,
    stopped: false,
    devices: 0,
    offline: 0,
    quarantined: 0,
    unlocked: [],
    locked: [],
    outcomes: [],
    named: new Map(),
    firmware: [],
    evidence: [],
  };
}

function stopEvent(product: string, stopped: boolean, at: number): EventDraft {
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

/** Releases that are refused now and were not in the pass before. */
function newRefusals(
  plan: NonNullable<Held['plan']>,
  before: Held['plan'],
  revision: string,
  at: number,
): readonly EventDraft[] {
  const key = (refusal: Plan['products'][number]['refusals'][number]): string =>
    `${refusal.manifest} ${refusal.reason}`;
  const known = new Set(before?.refusals.map(key));
  return plan.refusals
    .filter((refusal) => refusal.manifest.startsWith('Release/') && !known.has(key(refusal)))
    .map((refusal) => ({
      type: 'ReleaseRefused',
      at,
      product: plan.product,
      revision,
      manifest: refusal.manifest,
      device: null,
      actionId: null,
      message: `${refusal.reason}: ${refusal.message}`,
    }));
}

// The controller: one turn at a time, it reads the source, makes passes, and answers for what it knows. When a pass is
// made is `loop.ts`'s business, what a pass does is `pass.ts`'s.

import type { Failure } from '../base/failure.ts';
import { failure, messageOf } from '../base/failure.ts';
import type { Result } from '../base/result.ts';
import { fail, ok } from '../base/result.ts';
import { freezeByHistory } from '../manifests/freeze.ts';
import type { OutcomeCount } from '../model/live.ts';
import { findEmptySource } from '../plan/build-plan.ts';
import { createSerial } from '../sources/serial.ts';
import type { Controller, ControllerView } from './controller.ts';
import { readConvergence } from './convergence.ts';
import { setEmergencyStop } from './emergency-stop.ts';
import { createExcerptReader } from './excerpts.ts';
import { createHeldProducts, driverOf } from './held-products.ts';
import { createLoop } from './loop.ts';
import { nextDueMs } from './next-due.ts';
import { createReconciler } from './pass.ts';
import type { PassReport, ReconcilerOptions, ReconcilerPorts } from './ports.ts';
import { createSourceReader } from './source-reader.ts';

/** Creates a controller over its adapters. Nothing happens before `start` or `restore`. */
export function createController(ports: ReconcilerPorts, options: ReconcilerOptions): Controller {
  const { store, log } = ports;
  const reader = createSourceReader(ports);
  const held = createHeldProducts();
  const readExcerpts = createExcerptReader();
  const reconciler = createReconciler(ports, held, reader);
  let passes = 0;
  let isRestored = false;
  let waiters: (() => void)[] = [];
  /** One at a time: whatever reads the source or makes a pass goes through here. */
  const inTurn = createSerial();

  const timed = async (
    make: () => ReturnType<typeof reconciler.pass>,
  ): ReturnType<typeof reconciler.pass> => {
    const begun = ports.clock.monotonicMs();
    let outcome: PassReport['outcome'] = 'failed';
    try {
      const made = await make();
      if (made.ok && Object.keys(made.value.failures).length === 0) outcome = 'ok';
      return made;
    } finally {
      ports.onPass?.({ seconds: (ports.clock.monotonicMs() - begun) / 1_000, outcome });
    }
  };

  const pass: typeof reconciler.pass = async (request, adopt) => {
    const made = await timed(() => reconciler.pass(request, adopt));
    if (made.ok) passes += 1;
    const woken = waiters;
    waiters = [];
    for (const wake of woken) wake();
    return made;
  };

  const restore = (): Promise<Result<void, Failure>> =>
    attempt(() =>
      inTurn(async () => {
        for (const record of await store.products()) {
          const driver = driverOf(ports.drivers, null, record.inForce);
          const enforced = (await driver?.enforce(record.inForce)) ?? ok(undefined);
          // A fleet that is away now is told by the first pass that reaches it.
          if (!enforced.ok) log.warn(`${record.name}: ${enforced.error.message}`);
          held.change(record.name, { record, enforced: enforced.ok });
        }
        await reader.restore();
        isRestored = true;
        return ok(undefined);
      }),
    );

  /** Reads the source; a failure that lasts is told once. */
  const readSource = async (): Promise<void> => {
    const before = reader.current().failure?.message;
    const read = await reader.read({});
    if (!read.ok && read.error.message !== before) log.warn(`source: ${read.error.message}`);
  };

  let toldPass: string | null = null;
  /** So is why no pass can be made. */
  const tellPass = (error: Failure | null): void => {
    if (error !== null && error.message !== toldPass) log.warn(`pass: ${error.message}`);
    toldPass = error?.message ?? null;
  };

  const loop = createLoop({
    ports,
    options,
    inTurn,
    readSource,
    makePass: async () => {
      const made = await pass({}, options.adopt);
      tellPass(made.ok || reader.current().failure !== null ? null : made.error);
      for (const [product, error] of made.ok ? Object.entries(made.value.failures) : []) {
        log.warn(`${product}: ${error.message}`);
      }
      const hasFailed = !made.ok || Object.keys(made.value.failures).length > 0;
      return hasFailed ? null : nextDueMs(held);
    },
  });

  const setStop = async (
    product: string | null,
    stopped: boolean,
  ): Promise<Result<readonly string[], Failure>> => {
    const done = await attempt(() => setEmergencyStop(product, stopped, held, ports));
    loop.wake();
    return done;
  };

  return {
    async start() {
      if (!isRestored) {
        const restored = await restore();
        if (!restored.ok) return restored;
      }
      const begun = await attempt(() =>
        inTurn(async () => {
          if (!options.followSource) return ok(undefined);
          await readSource();
          await pass({}, options.adopt);
          return ok(undefined);
        }),
      );
      // What is due by the clock alone is found by a first pass of the loop.
      if (begun.ok) {
        loop.start();
        loop.wake();
      }
      return begun;
    },
    restore,
    view: (): ControllerView => {
      const reading = reader.current();
      return {
        source: ports.source?.description ?? null,
        sourceKind: ports.source?.kind ?? null,
        snapshot: reading.snapshot,
        revisionSeen: reading.revisionSeen,
        subjectSeen: reading.subject,
        sourceReadAt: reading.readAt,
        sourceFailure: reading.failure,
        problems: [
          ...reading.problems,
          ...(reading.snapshot === null ? [] : findEmptySource(reading.snapshot, held.inForce())),
          ...(reading.snapshot?.problems ?? []),
        ],
        products: held.views(),
        ready: passes > 0 && reading.snapshot !== null,
        passes,
      };
    },
    sync: (request) =>
      attempt(() =>
        inTurn(async () => {
          if (ports.source !== null) {
            const read = await reader.read(request);
            if (!read.ok) return read;
          }
          return pass(request, options.adopt || request.adopt === true);
        }),
      ),
    plan: (snapshot, request) =>
      attempt(() =>
        inTurn(async () => {
          const newest = reader.current().snapshot;
          const wanted =
            snapshot === null ? newest : freezeByHistory(snapshot, newest?.productsByFile ?? null);
          if (wanted === null) {
            return fail(failure('SourceUnavailable', 'No revision has been read yet.', 'retry'));
          }
          const planned = await reconciler.plan(wanted, options.adopt || request.adopt === true);
          return planned.ok ? ok(planned.value.plan) : planned;
        }),
      ),
    review: ({ merged, base }, request = {}) =>
      attempt(() =>
        inTurn(async () => {
          const frozen = freezeByHistory(merged, base.productsByFile);
          return reconciler.review(
            { merged: frozen, base },
            options.adopt || request.adopt === true,
          );
        }),
      ),
    excerpts: async (revision, places) => {
      const { tree } = reader.current();
      if (tree?.revision !== revision) return places.map(() => null);
      return readExcerpts(tree, places);
    },
    hint: () => loop.readNow(),
    stop: (product) => setStop(product, true),
    resume: (product) => setStop(product, false),
    convergence: async (product) => {
      const known = held.get(product);
      if (known === undefined || known.plan === null || known.live === null) {
        return fail(
          failure('UnknownProduct', `No product named ${product} is in force here.`, 'stall'),
        );
      }
      const { live, plan, record } = known;
      return ok(
        await readConvergence(
          {
            product,
            inForce: record.inForce,
            plan,
            stopped: record.stoppedAt !== null,
            inFlight: sumOf(live.outcomes, 'inFlight'),
            failed: sumOf(live.outcomes, 'failed'),
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
      await inTurn(async () => undefined);
    },
  };
}

/** The state throws when it cannot be used; for a caller outside, that is a failure that a person must look at. */
async function attempt<T>(work: () => Promise<Result<T, Failure>>): Promise<Result<T, Failure>> {
  try {
    return await work();
  } catch (thrown) {
    return fail(failure('StateUnavailable', messageOf(thrown), 'stall'));
  }
}

function sumOf(outcomes: readonly OutcomeCount[], of: 'inFlight' | 'failed'): number {
  return outcomes.reduce((total, outcome) => total + outcome[of], 0);
}

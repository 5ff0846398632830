// The driver of products that live in Particle's cloud. What is decided is decided by `devices/`, `releases/` and the pure
// files of this folder; here is what keeps it going: sessions by product, timers, hints, and the interface of a driver.

import type { Clock } from '../../base/clock.ts';
import type { Failure } from '../../base/failure.ts';
import { failure, messageOf } from '../../base/failure.ts';
import type { Result } from '../../base/result.ts';
import { fail, ok } from '../../base/result.ts';
import { compilePolicy } from '../../devices/policy.ts';
import type { Desired } from '../../model/desired.ts';
import type { Moment } from '../../model/device.ts';
import type { ProductPolicy } from '../../model/policy.ts';
import type { BinaryStore } from '../../stores/binaries.ts';
import type { Store } from '../../stores/store.ts';
import { createActionIds } from '../action-ids.ts';
import type { FleetDriver } from '../driver.ts';
import { findFirstDevices } from '../first-devices.ts';
import type { Vantage } from '../live-state.ts';
import { readLiveState } from '../live-state.ts';
import { lockDevice, unlockDevice } from '../locks.ts';
import { createSteadyClock } from '../steady-clock.ts';
import { createBudget } from './budget.ts';
import { createClient } from './client.ts';
import { followEvents } from './follow-events.ts';
import type { Force, ProductSession } from './product-session.ts';
import { createProductSession } from './product-session.ts';

/** Where Particle's API is. */
export const PARTICLE_API = 'https://api.particle.io';

export interface ParticlePorts {
  readonly store: Store;
  readonly binaries: BinaryStore;
  readonly clock: Clock;
  readonly log: { info(line: string): void; warn(line: string): void };
}

export interface ParticleOptions {
  /** Of an API user. Null: none was given, and no product can be managed. */
  readonly token: string | null;
  /** `PARTICLE_API`, or where a fake of it is. */
  readonly api: string;
  /** 0 up to 1: spreads rounds and reconnections. */
  readonly random: () => number;
  /** A request without an answer after so long has failed; 30 s where it is left out. */
  readonly timeLimitMs?: number;
  /** How pauses are made; the machine's timers where it is left out. */
  readonly sleep?: (ms: number) => Promise<void>;
}

export interface ParticleDriver extends FleetDriver {
  readonly name: 'particle';
  /** Begins to talk to Particle; before, nothing is read and nothing is sent. `timers`: rounds by themselves, and hints. */
  start(options?: { readonly timers: boolean }): void;
  /** Makes a round of a product now. */
  round(product: string): Promise<Result<void, Failure>>;
  policyOf(product: string): ProductPolicy | null;
  momentOf(product: string): Moment | null;
  isListening(product: string): boolean;
}

/** A change of what is in force waits so long for its calls; then they go on by themselves. */
const ENFORCE_WAIT_MS = 20_000;
/** Hints that come within this time are taken together. */
const HINT_GAP_MS = 1_000;
/** More devices than this at a time wait for the next round. */
const HINTED_MAX = 20;

interface Running {
  readonly session: ProductSession;
  timer: NodeJS.Timeout | null;
  hintTimer: NodeJS.Timeout | null;
  readonly hinted: Set<string>;
  follows: { readonly slug: string; readonly end: () => Promise<void> } | null;
}

/** Creates a driver that manages no product until `enforce` is called, and talks to nobody before `start`. */
export function createParticleDriver(
  ports: ParticlePorts,
  options: ParticleOptions,
): ParticleDriver {
  const { store, clock, log } = ports;
  const sleep = options.sleep ?? pause;
  const budget = createBudget({ clock, sleep });
  const client = createClient({
    api: options.api,
    token: options.token ?? '',
    budget,
    now: () => clock.now(),
    sleep,
    ...(options.timeLimitMs !== undefined && { timeLimitMs: options.timeLimitMs }),
  });
  const actionIds = createActionIds((count) => store.reserveActionIds(count));
  const steadyNow = createSteadyClock(clock);
  const watchers = new Set<(product: string) => void>();
  const running = new Map<string, Running>();
  let mode: 'off' | 'manual' | 'timers' = 'off';

  function runOf(product: string): Running {
    const known = running.get(product);
    if (known !== undefined) return known;
    const session = createProductSession(product, {
      ...ports,
      steadyNow,
      client,
      budget,
      actionIds,
      notify: () => {
        for (const changed of watchers) changed(product);
      },
    });
    const run: Running = {
      session,
      timer: null,
      hintTimer: null,
      hinted: new Set(),
      follows: null,
    };
    running.set(product, run);
    return run;
  }

  async function makeRound(run: Running): Promise<Result<void, Failure>> {
    if (options.token === null) return fail(NO_TOKEN);
    return run.session.round();
  }

  /** The next round by itself, after an interval that is spread a little. */
  function schedule(run: Running): void {
    if (run.timer !== null) clearTimeout(run.timer);
    run.timer = null;
    const { force } = run.session;
    if (mode !== 'timers' || force === null) return;
    const delayMs = force.settings.pollIntervalMs * (0.95 + options.random() / 10);
    run.timer = setTimeout(() => {
      void makeRound(run).finally(() => schedule(run));
    }, delayMs);
  }

  /** Follows the events of whatever product is in force now. */
  function follow(run: Running): void {
    const slug = mode === 'timers' ? (run.session.force?.settings.product ?? null) : null;
    if (run.follows?.slug === slug) return;
    void run.follows?.end();
    run.follows = null;
    if (slug === null || options.token === null) return;
    const end = followEvents(
      slug,
      { client, random: options.random, warn: (line) => log.warn(line) },
      {
        opened: () => void makeRound(run),
        event(event) {
          const device = run.session.hear(event);
          if (device !== null) hint(run, device);
          else if (event.name === 'particle/firmware/release') void makeRound(run);
        },
      },
    );
    run.follows = { slug, end };
  }

  function hint(run: Running, device: string): void {
    run.hinted.add(device);
    run.hintTimer ??= setTimeout(() => {
      run.hintTimer = null;
      const ids = [...run.hinted];
      run.hinted.clear();
      // A whole fleet on the move is read at the next round.
      if (ids.length <= HINTED_MAX) void run.session.look(ids);
    }, HINT_GAP_MS);
  }

  async function forceOf(desired: Desired): Promise<Force | null> {
    const settings = desired.config?.spec.fleet;
    if (settings === undefined || settings.driver !== 'particle') return null;
    const record = (await store.products()).find(({ name }) => name === desired.product);
    const records = await store.firmware(desired.product);
    const stopped = record !== undefined && record.stoppedAt !== null;
    const policy = compilePolicy(desired, records, { stopped });
    return policy === null ? null : { desired, policy, settings };
  }

  async function enforceNow(desired: Desired): Promise<Result<void, Failure>> {
    const run = runOf(desired.product);
    await run.session.open();
    const next = await forceOf(desired);
    const { force } = run.session;
    if (next === null && force !== null && mode !== 'off') {
      // What is released can't be taken back: each device is held on what it runs before nobody looks after it.
      run.session.swap(withoutReleases(force, desired));
      const held = await makeRound(run);
      // Where only a person can help, such as with a token that is gone, nobody is kept here by it.
      if (!held.ok && held.error.disposition !== 'stall') return held;
      if (!held.ok) log.warn(`${desired.product}: ${held.error.message}`);
    }
    run.session.swap(next);
    follow(run);
    schedule(run);
    if (mode === 'off' || run.session.force === null) return ok(undefined);
    const late = Symbol('late');
    const done = await Promise.race([makeRound(run), pause(ENFORCE_WAIT_MS).then(() => late)]);
    // What takes long goes on, call by call, and is seen by the next passes.
    return typeof done === 'symbol' ? ok(undefined) : done;
  }

  /** How a product is looked at: as of its last reading. */
  function vantageOf(session: ProductSession): Vantage | null {
    const { force } = session;
    if (force === null) return null;
    const { pollIntervalMs } = force.settings;
    const now = clock.now();
    const ageMs = Math.max(0, now - (session.reading()?.readAt ?? now));
    const onlineSince = steadyNow() - ageMs - pollIntervalMs;
    const { listened } = session.moment();
    return { listened, listening: session.isListening(), pollIntervalMs, onlineSince };
  }

  /** Why the last reading cannot be shown as the fleet; null where it can. */
  function whyUnread(session: ProductSession): Failure | null {
    const { force } = session;
    const failed = session.failure();
    if (failed === null || force === null) return null;
    const readAt = session.reading()?.readAt ?? null;
    const isOld = readAt === null || clock.now() - readAt > 3 * force.settings.pollIntervalMs;
    return isOld || failed.disposition === 'stall' ? failed : null;
  }

  return {
    name: 'particle',
    start({ timers } = { timers: true }) {
      mode = timers ? 'timers' : 'manual';
      for (const run of running.values()) {
        follow(run);
        if (run.session.force !== null && timers) void makeRound(run).finally(() => schedule(run));
      }
    },
    round: (product) => makeRound(runOf(product)),
    policyOf: (product) => running.get(product)?.session.force?.policy ?? null,
    momentOf: (product) => running.get(product)?.session.moment() ?? null,
    isListening: (product) => running.get(product)?.session.isListening() ?? true,
    observe: (product, named) =>
      guard(async () => {
        const run = running.get(product);
        if (run === undefined) return ok(await readLiveState(store, product, named, null));
        const { session } = run;
        if (mode !== 'off' && session.force !== null && session.reading() === null) {
          const made = await makeRound(run);
          if (!made.ok) return made;
        }
        const unread = mode === 'off' ? null : whyUnread(session);
        if (unread !== null) return fail(unread);
        const live = await readLiveState(store, product, named, vantageOf(session));
        const reading = session.reading();
        return ok(reading === null ? live : { ...live, reading });
      }),
    firstDevices: (product, span, count) =>
      guard(async () => ok(await findFirstDevices(store, product, span, count))),
    execute: (product, action) =>
      guard(async () => {
        if (action.type === 'LockDevice') return lockDevice(ports, product, action);
        // The calls that free it come with the next round, after those that keep it on what it runs.
        if (action.type === 'UnlockDevice') return unlockDevice(ports, product, action);
        return ok(undefined);
      }),
    enforce: (desired) => guard(() => enforceNow(desired)),
    watch(changed) {
      watchers.add(changed);
      return () => void watchers.delete(changed);
    },
    async close() {
      mode = 'off';
      for (const run of running.values()) {
        if (run.timer !== null) clearTimeout(run.timer);
        if (run.hintTimer !== null) clearTimeout(run.hintTimer);
        await run.follows?.end();
        run.follows = null;
        run.session.swap(null);
        await run.session.round();
      }
      await client.close();
    },
  };
}

/** The same fleet, to which nothing is released any more. */
function withoutReleases({ settings, policy }: Force, desired: Desired): Force {
  const none = { release: null, groupReleases: new Map(), groupsOf: new Map(), matchGroups: [] };
  return { settings, desired, policy: { ...policy, ...none } };
}

const NO_TOKEN = failure(
  'ParticleUnauthorized',
  'No token for Particle was given: set LOCKSTEP_PARTICLE_TOKEN to that of an API user.',
  'stall',
);

/** The store throws when the state cannot be reached; that is the outside world, and worth another try. */
async function guard<T>(work: () => Promise<Result<T, Failure>>): Promise<Result<T, Failure>> {
  try {
    return await work();
  } catch (thrown) {
    return fail(failure('StateUnavailable', messageOf(thrown), 'retry'));
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}

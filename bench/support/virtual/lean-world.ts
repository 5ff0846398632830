// The real store, gateway and reconciler around a lean fleet, in virtual time: no timers, no network, no git. Time jumps
// from one thing that happens to the next; passes are made as the loop makes them, at most one per slot.

import { assert } from '../../../controller/base/assert.ts';
import {
  createGatewayDriver,
  type GatewayDriver,
} from '../../../controller/fleets/gateway/gateway-driver.ts';
import type { Desired, StrategySpec } from '../../../controller/model/desired.ts';
import { DIRECT_STRATEGY, emptyDesired } from '../../../controller/model/desired.ts';
import type { FirmwareRecord } from '../../../controller/model/firmware.ts';
import type { ReleasePlan } from '../../../controller/model/plan.ts';
import type { ProductPolicy } from '../../../controller/model/policy.ts';
import type { ReleaseState } from '../../../controller/model/rollout.ts';
import { NO_ROLLOUT, trackOf } from '../../../controller/model/rollout.ts';
import type { Controller, ProductView } from '../../../controller/reconciler/controller.ts';
import { createController } from '../../../controller/reconciler/create-controller.ts';
import type { Store } from '../../../controller/stores/store.ts';
import { buildDesired } from '../../../test/support/desired.ts';
import {
  createMemoryBinaries,
  createMemorySource,
} from '../../../test/support/virtual/memory-source.ts';
import {
  createVirtualClock,
  type VirtualClock,
} from '../../../test/support/virtual/virtual-clock.ts';
import { must } from '../must.ts';
import { takeAsHeard } from './heard-store.ts';
import type { LeanFleet } from './lean-fleet.ts';

/** The product of every world. */
export const PRODUCT = 'thermostat';

/** What every fleet runs to begin with, and what is released to it. */
export const VERSIONS = { before: 1, released: 2 } as const;

export interface LeanWorldOptions {
  readonly store: Store;
  readonly devices: number;
  readonly pollMs: number;
  readonly slotMs: number;
  /** How far apart the gateway's ticks are; `pollMs` where it is left out. */
  readonly tickMs?: number;
  /** The fleet polls only when it would be told something: its contacts are made up. */
  readonly takenAsHeard: boolean;
  readonly makeFleet: () => LeanFleet;
  /** Makes the devices known to the store, as heard at `at` (epoch milliseconds); left out: it knows them. */
  readonly register?: (at: number) => Promise<void>;
}

export interface LeanWorld {
  readonly clock: VirtualClock;
  readonly fleet: LeanFleet;
  readonly gateway: GatewayDriver;
  /** Commits the release of `VERSIONS.released`, and makes a pass. */
  release(strategy: StrategySpec): Promise<void>;
  /** Lets time pass until `isDone` says so after a slot, or until `limitMs` have passed. */
  run(limitMs: number, isDone: () => boolean): Promise<void>;
  pass(): Promise<void>;
  /** How far the release is; null before its start. */
  state(): ReleaseState | null;
  /** Whether the release has halted, and whether its last step has ended. */
  isHalted(): boolean;
  isFinished(): boolean;
  /** The release as the last pass saw it. */
  plan(): ReleasePlan | null;
  /** What passes took, in real milliseconds, in their order. */
  readonly passesMs: readonly number[];
  close(): Promise<void>;
}

/** Epoch milliseconds at which every world begins. */
export const WORLD_STARTS_AT = createVirtualClock().now();

const SILENT = { info: () => undefined, warn: () => undefined };

/** Opens a world over a state that holds the devices, all of them on `VERSIONS.before`, which is released to them. */
export async function openLeanWorld(options: LeanWorldOptions): Promise<LeanWorld> {
  const { devices, pollMs, slotMs } = options;
  const tickMs = options.tickMs ?? pollMs;
  const clock = createVirtualClock();
  const store = options.takenAsHeard ? takeAsHeard(options.store, clock, devices) : options.store;
  const source = createMemorySource();
  const binaries = createMemoryBinaries();
  const gateway = createGatewayDriver(
    { store, binaries, clock, log: SILENT },
    { gatewayTokenHash: null, allowAnonymous: true, publicUrl: null, tickMs },
  );
  const controller: Controller = createController(
    {
      store,
      binaries,
      source,
      loader: source.loader,
      drivers: new Map([['gateway', gateway]]),
      openUrl: async () => {
        throw new Error('no binary of a bench has a URL');
      },
      clock,
      log: SILENT,
    },
    { adopt: true, followSource: false, intervalMs: pollMs, random: () => 0.5 },
  );
  const fleet = options.makeFleet();
  const passesMs: number[] = [];
  let isPassDue = false;
  let soakDueMs: number | null = null;
  let followed: ProductPolicy | null = null;
  let nextTickMs = clock.monotonicMs() + tickMs;
  gateway.watch(() => {
    isPassDue = true;
  });

  function commit(revision: string, release: number, strategy: StrategySpec): void {
    const desired = desiredOf(revision, pollMs, release, strategy);
    source.commit({
      revision,
      products: { [PRODUCT]: desired },
      problems: [],
      frozen: [],
      productsByFile: { 'fleet.yaml': [PRODUCT] },
      refused: [],
      binaries: {},
    });
  }

  async function pass(): Promise<void> {
    isPassDue = false;
    const started = performance.now();
    const { failures } = must(await controller.sync({}));
    passesMs.push(performance.now() - started);
    assert(Object.keys(failures).length === 0, `a pass failed: ${JSON.stringify(failures)}`);
    const policy = gateway.policyOf(PRODUCT);
    if (policy !== null && policy !== followed) {
      followed = policy;
      fleet.follow(policy, clock.monotonicMs());
    }
    const { plan = null } = view() ?? {};
    const soaks = (plan?.releases ?? []).flatMap(({ waits }) =>
      waits.flatMap((wait) => (wait.kind === 'soak' ? [wait.leftMs] : [])),
    );
    soakDueMs = soaks.length === 0 ? null : clock.monotonicMs() + Math.min(...soaks);
    // A release moves one step at a time, and is looked at again at once.
    isPassDue ||=
      (plan?.newlyFinished.length ?? 0) > 0 ||
      (plan?.actions ?? []).some(({ type }) => type === 'SetExposure');
  }

  function view(): ProductView | null {
    return controller.view().products.find(({ product }) => product === PRODUCT) ?? null;
  }

  function state(): ReleaseState | null {
    const { release } = trackOf(view()?.inForce.rollout ?? NO_ROLLOUT, null);
    return release?.version === VERSIONS.released ? release : null;
  }

  /** Goes on to the next thing that happens. */
  async function step(): Promise<void> {
    const nowMs = clock.monotonicMs();
    const fleetMs = fleet.nextDueMs() ?? Infinity;
    const passMs = isPassDue ? nowMs + slotMs : (soakDueMs ?? Infinity);
    const nextMs = Math.max(nowMs, Math.min(fleetMs, nextTickMs, passMs));
    clock.advance(nextMs - nowMs);
    if (fleetMs <= nextMs) await fleet.act(fleetMs, gateway.desk);
    if (nextTickMs <= nextMs) {
      await gateway.tick();
      nextTickMs += tickMs;
    }
    if (isPassDue || (soakDueMs !== null && soakDueMs <= nextMs)) await pass();
  }

  await prepare(options.store, clock.now());
  await options.register?.(clock.now());
  commit('r1', VERSIONS.before, DIRECT_STRATEGY);
  must(await controller.restore());
  await pass();

  return {
    clock,
    fleet,
    gateway,
    passesMs,
    pass,
    async release(strategy) {
      commit('r2', VERSIONS.released, strategy);
      await pass();
    },
    async run(limitMs, isDone) {
      const untilMs = clock.monotonicMs() + limitMs;
      while (clock.monotonicMs() < untilMs && !isDone()) await step();
    },
    state,
    isHalted: () => (state()?.halt ?? null) !== null,
    isFinished: () => (state()?.finishedAt ?? null) !== null,
    plan: () => view()?.plan?.releases.find(({ version }) => version === VERSIONS.released) ?? null,
    async close() {
      await controller.close();
      await gateway.close();
      await store.close();
    },
  };
}

function desiredOf(
  revision: string,
  pollIntervalMs: number,
  release: number,
  strategy: StrategySpec,
): Desired {
  return buildDesired({
    product: PRODUCT,
    revision,
    fleet: { pollIntervalMs },
    firmware: Object.values(VERSIONS).map((version) => ({ version })),
    release,
    rollout: { strategy },
  });
}

/** Makes the product known, with versions that have passed their gate before. */
async function prepare(store: Store, now: number): Promise<void> {
  const firmware = Object.values(VERSIONS).map((version): FirmwareRecord => ({
    product: PRODUCT,
    version,
    sha256: String(version).padStart(64, '0'),
    size: 100,
    sha1: 'a'.repeat(40),
    md5: 'b'.repeat(32),
    addedAt: now,
    addedRevision: 'r0',
    verifiedAt: now,
    finishedAt: null,
    withdrawnAt: null,
    stored: true,
  }));
  await store.saveProduct({
    product: {
      name: PRODUCT,
      adoptedAt: now,
      stoppedAt: null,
      inForce: emptyDesired(PRODUCT),
      revision: null,
      listenedMs: 0,
      conditions: [],
    },
    firmware,
  });
}

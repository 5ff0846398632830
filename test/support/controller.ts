// A started controller for tests: the real reconciler, gateway, SQLite state and binaries in a folder of its own,
// devices over real HTTP, a source whose revisions the test commits, and a clock that only the test moves.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import Fastify from 'fastify';

import { failure, type Failure } from '../../controller/base/failure.ts';
import { fail, ok, type Result } from '../../controller/base/result.ts';
import type { FleetDriver } from '../../controller/fleets/driver.ts';
import { hashToken } from '../../controller/fleets/gateway/credentials.ts';
import type { GatewayDriver } from '../../controller/fleets/gateway/gateway-driver.ts';
import { createGatewayDriver } from '../../controller/fleets/gateway/gateway-driver.ts';
import { GATEWAY_ROUTER_OPTIONS } from '../../controller/fleets/gateway/routes.ts';
import type { DeviceRecord } from '../../controller/model/device.ts';
import type { Event } from '../../controller/model/event.ts';
import type { ProductPlan } from '../../controller/model/plan.ts';
import type {
  Controller,
  ProductView,
  SyncReport,
  SyncRequest,
} from '../../controller/reconciler/controller.ts';
import { createController } from '../../controller/reconciler/create-controller.ts';
import type { PassReport } from '../../controller/reconciler/ports.ts';
import { createRevisionLoader } from '../../controller/reconciler/revision-loader.ts';
import type { Source, Tree } from '../../controller/sources/source.ts';
import type { BinaryStore } from '../../controller/stores/binaries.ts';
import { openBinaryFolder } from '../../controller/stores/files/binary-store.ts';
import { openSqliteStore } from '../../controller/stores/sqlite/sqlite-store.ts';
import type { Store } from '../../controller/stores/store.ts';
import type { DeviceHand } from './device-hand.ts';
import { createDeviceHands, DEVICE_TOKEN } from './device-hand.ts';
import { createTestClock, type TestClock } from './gateway.ts';
import { memoryTree, type MemoryTree, type TreeContent } from './trees.ts';

/** A source in memory. Its revisions are named `c1`, `c2` … in the order of the commits. */
export interface TestSource extends Source {
  /** Commits files on top of the tip; the revision. */
  commit(files: Readonly<Record<string, TreeContent>>): string;
  /** Replaces the history by one commit that descends from nothing. */
  rewrite(files: Readonly<Record<string, TreeContent>>): string;
  /** Moves the tip to a revision that was committed before. */
  moveTo(revision: string): void;
  /** Lets the source not trust a revision, for the reason given; null: trust it again. */
  distrust(revision: string, why: string | null): void;
  /** What the source was asked to judge, as `ACCEPTED..REVISION`. */
  readonly judged: readonly string[];
  /** Makes every read fail until it is told otherwise. */
  failWith(failed: Failure | null): void;
  /** The tree of a revision, to break or to look into. */
  treeOf(revision: string): MemoryTree;
  /** Every revision that was ever committed. */
  readonly revisions: readonly string[];
}

export interface TestControllerOptions {
  /** A person adopts every product. Default: true. */
  readonly adopt?: boolean;
  /** Runs the loop, as `lockstep run` does. Default: passes are made only by `sync` and `pass`. */
  readonly loop?: boolean;
  /** Null: a controller without a source. Default: an empty one. */
  readonly source?: TestSource | null;
  /** Stands between the reconciler and the gateway. */
  readonly wrapDriver?: (driver: GatewayDriver) => FleetDriver;
  readonly wrapStore?: (store: Store) => Store;
  readonly openUrl?: (url: string) => Promise<Result<AsyncIterable<Uint8Array>, Failure>>;
}

export interface TestController {
  readonly controller: Controller;
  readonly store: Store;
  readonly binaries: BinaryStore;
  readonly gateway: GatewayDriver;
  readonly source: TestSource;
  readonly clock: TestClock;
  readonly folder: string;
  readonly url: string;
  readonly logLines: readonly string[];
  /** Each pass that was made. */
  readonly passes: readonly PassReport[];
  /** A device of a product (default: `thermostat`). */
  device(id: string, product?: string): DeviceHand;
  /** Reads the source and makes a pass; fails the test where that fails. */
  sync(request?: SyncRequest): Promise<SyncReport>;
  /** Commits files and goes to them. */
  apply(files: Readonly<Record<string, TreeContent>>): Promise<SyncReport>;
  view(product?: string): ProductView;
  /** What the last pass left undone of a product. */
  plan(product?: string): ProductPlan;
  /** Reasons of the refusals that stand now, sorted. */
  refusals(product?: string): readonly string[];
  record(device: string, product?: string): Promise<DeviceRecord>;
  /** Oldest first. */
  events(type?: string): Promise<readonly Event[]>;
  /** Lets listening time pass, tick by tick. */
  passTime(ms: number): Promise<void>;
  /** Ends this process's part, as a stop does, and starts another on the same state. */
  restart(options?: TestControllerOptions): Promise<TestController>;
  /** Stops and removes everything. */
  close(): Promise<void>;
}

/** Starts a controller. Close it after the test. */
export async function startController(
  options: TestControllerOptions = {},
): Promise<TestController> {
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-controller-'));
  return openController(folder, options, createTestClock(), options.source ?? createTestSource());
}

/** Creates a source without any revision. */
export function createTestSource(): TestSource {
  const trees = new Map<string, MemoryTree>();
  const parents = new Map<string, string | null>();
  let tip: string | null = null;
  let failed: Failure | null = null;
  const distrusted = new Map<string, string>();
  const judged: string[] = [];

  function add(files: Readonly<Record<string, TreeContent>>, parent: string | null): string {
    const revision = `c${trees.size + 1}`;
    trees.set(revision, memoryTree(files, revision));
    parents.set(revision, parent);
    tip = revision;
    return revision;
  }

  function read(revision: string | null): Result<Tree, Failure> {
    if (failed !== null) return fail(failed);
    const tree = revision === null ? undefined : trees.get(revision);
    if (tree !== undefined) return ok(tree);
    return fail(failure('FetchFailed', `There is no revision ${revision}.`, 'retry'));
  }

  return {
    description: 'a source of the test',
    kind: 'git',
    commit: (files) => add(files, tip),
    rewrite: (files) => add(files, null),
    moveTo(revision) {
      tip = revision;
    },
    distrust(revision, why) {
      if (why === null) distrusted.delete(revision);
      else distrusted.set(revision, why);
    },
    judged,
    failWith(now) {
      failed = now;
    },
    treeOf(revision) {
      const tree = trees.get(revision);
      if (tree === undefined) throw new Error(`no revision ${revision}`);
      return tree;
    },
    get revisions() {
      return [...trees.keys()];
    },
    fetch: async () => read(tip),
    fetchRevision: async (revision) => read(revision),
    async descends(older, newer) {
      if (failed !== null) return fail(failed);
      for (let at: string | null = newer; at !== null; at = parents.get(at) ?? null) {
        if (at === older) return ok(true);
      }
      return ok(false);
    },
    parentOf: async (revision) => ok(parents.get(revision) ?? null),
    async judge(accepted, revision) {
      judged.push(`${accepted ?? ''}..${revision}`);
      if (failed !== null) return fail(failed);
      const why = distrusted.get(revision);
      return ok(
        why === undefined
          ? { isTrusted: true }
          : { isTrusted: false, commit: revision, subject: 'A change', why },
      );
    },
    watch: () => () => undefined,
    close: async () => undefined,
  };
}

async function openController(
  folder: string,
  options: TestControllerOptions,
  clock: TestClock,
  source: TestSource,
): Promise<TestController> {
  const opened = await openSqliteStore(join(folder, 'state.db'));
  if (!opened.ok) throw new Error(opened.error.message);
  const store = options.wrapStore?.(opened.value) ?? opened.value;
  const binaries = await openBinaryFolder(join(folder, 'binaries'));
  const logLines: string[] = [];
  const passes: PassReport[] = [];
  const note = (line: string): void => void logLines.push(line);
  const log = { info: note, warn: note };
  const gateway = createGatewayDriver(
    { store, binaries, clock, log },
    { gatewayTokenHash: hashToken(DEVICE_TOKEN), allowAnonymous: false, publicUrl: null },
  );
  const driver = options.wrapDriver?.(gateway) ?? gateway;
  const openUrl =
    options.openUrl ?? (async (url) => fail(failure('BinaryUnavailable', `No ${url}.`, 'retry')));
  const controller = createController(
    {
      store,
      binaries,
      source: options.source === null ? null : source,
      loader: createRevisionLoader({ openUrl, knownBinary: (sha256) => binaries.facts(sha256) }),
      drivers: new Map([['gateway', driver]]),
      openUrl,
      clock,
      log,
      onPass: (made) => void passes.push(made),
    },
    {
      adopt: options.adopt ?? true,
      followSource: options.loop === true,
      intervalMs: 50,
      random: () => 0.5,
    },
  );
  const server = Fastify({ routerOptions: GATEWAY_ROUTER_OPTIONS, forceCloseConnections: true });
  await server.register(gateway.routes);
  const restored = await controller.restore();
  if (!restored.ok) throw new Error(restored.error.message);
  const url = await server.listen({ host: '127.0.0.1', port: 0 });
  const hands = createDeviceHands(url);
  if (options.loop === true) {
    const started = await controller.start();
    if (!started.ok) throw new Error(started.error.message);
  }

  async function stop(): Promise<void> {
    await hands.close();
    await server.close();
    await controller.close();
    await gateway.close();
    await store.close();
  }

  const self: TestController = {
    controller,
    store,
    binaries,
    gateway,
    source,
    clock,
    folder,
    url,
    logLines,
    passes,
    device: (id, product = 'thermostat') => hands.device(product, id),
    async sync(request = {}) {
      const report = await controller.sync(request);
      if (!report.ok) throw new Error(`${report.error.code}: ${report.error.message}`);
      return report.value;
    },
    apply(files) {
      source.commit(files);
      return self.sync();
    },
    view(product = 'thermostat') {
      const found = controller.view().products.find((each) => each.product === product);
      if (found === undefined) throw new Error(`no product ${product}`);
      return found;
    },
    plan(product) {
      const { plan } = self.view(product);
      if (plan === null) throw new Error('no plan');
      return plan;
    },
    refusals: (product) =>
      self
        .plan(product)
        .refusals.map(({ reason }) => reason)
        .sort(),
    async record(device, product = 'thermostat') {
      const record = await store.device(product, device);
      if (record === null) throw new Error(`no device ${device}`);
      return record;
    },
    async events(type) {
      const query = type === undefined ? { limit: 100_000 } : { type, limit: 100_000 };
      return (await store.events(query)).toReversed();
    },
    async passTime(ms) {
      for (let left = ms; left > 0; left -= 5_000) {
        clock.advance(Math.min(left, 5_000));
        await gateway.tick();
      }
    },
    async restart(next = options) {
      await stop();
      return openController(folder, next, clock, next.source ?? source);
    },
    async close() {
      await stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
  return self;
}

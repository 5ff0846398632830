// A world at Particle in virtual time: the real controller and driver, a fake of the cloud on a real socket, simulated
// devices behind it, a state in memory. Nothing has timers; time passes round by round, and only here. A round is the
// interval at which the driver reads the product.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { ParticleDriver } from '../../../controller/fleets/particle/particle-driver.ts';
import { createParticleDriver } from '../../../controller/fleets/particle/particle-driver.ts';
import type { DeviceRecord } from '../../../controller/model/device.ts';
import type { Desired } from '../../../controller/model/desired.ts';
import type { Controller, ProductView } from '../../../controller/reconciler/controller.ts';
import { createController } from '../../../controller/reconciler/create-controller.ts';
import type { BinaryStore } from '../../../controller/stores/binaries.ts';
import { openBinaryFolder } from '../../../controller/stores/files/binary-store.ts';
import { openSqliteStore } from '../../../controller/stores/sqlite/sqlite-store.ts';
import type { Store } from '../../../controller/stores/store.ts';
import { buildProductFirmware } from '../../../controller/simulator/particle/devices.ts';
import type { ParticleCloud } from '../../../controller/simulator/particle/particle-cloud.ts';
import { startParticleCloud } from '../../../controller/simulator/particle/particle-cloud.ts';
import type { FleetWords, Names } from '../virtual/fleet-words.ts';
import { brokenSnapshot, snapshotOf } from '../virtual/fleet-words.ts';
import { createMemorySource } from '../virtual/memory-source.ts';
import type { CloudHistory } from './cloud-history.ts';
import type { CloudOracle, Occurrence } from './cloud-oracle.ts';
import { createCloudOracle } from './cloud-oracle.ts';
import { digestOf, PARTICLE_DEFAULTS, SLUG } from './managed-cloud.ts';

const PRODUCT = 'thermostat';

export interface CloudWorld {
  readonly cloud: ParticleCloud;
  readonly oracle: CloudOracle;
  readonly roundMs: number;
  /** Commits manifests (null: a revision that cannot be read) and has the controller go to them. */
  commit(words: FleetWords | null, file?: 'new' | 'known'): Promise<void>;
  /** Makes a round and a pass. */
  pass(): Promise<void>;
  /** Lets a round pass; `isAway`: the controller does nothing meanwhile. */
  passRound(isAway?: boolean): Promise<void>;
  /** Ends the process, after so many more requests where that is not null, and starts another on the same state. */
  restart(killedAfter: number | null, roundsAway: number): Promise<void>;
  setStop(stopped: boolean): Promise<void>;
  view(): ProductView | null;
  readonly binaryOf: (version: number) => Uint8Array;
  close(): Promise<void>;
}

interface Process {
  readonly driver: ParticleDriver;
  readonly controller: Controller;
  /** From now on nothing is written any more. */
  readonly die: () => void;
}

const silentLog = { info: () => undefined, warn: () => undefined };

/** Binaries are the same in all histories, and are stored once. */
export async function openCloudBinaries(): Promise<{
  readonly binaries: BinaryStore;
  close(): Promise<void>;
}> {
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-histories-'));
  const binaries = await openBinaryFolder(folder);
  return { binaries, close: () => rm(folder, { recursive: true, force: true }) };
}

export async function openCloudWorld(
  binaries: BinaryStore,
  { setup, transfer, callMs }: CloudHistory,
  count: (kind: Occurrence) => void,
): Promise<CloudWorld> {
  const roundMs = setup.pollMinutes * 60_000;
  const sample = buildProductFirmware({ id: 30_301, platformId: 12 }, 1);
  const cloud = await startParticleCloud({
    seed: setup.dice,
    slug: SLUG,
    devices: setup.running.map((runs) => ({ runs })),
    firmware: [{ version: 1, isDefault: true }, { version: 2 }],
    timings: { bytesPerSecond: sample.length / ((transfer * roundMs) / 1_000) },
    quirks: { changesTakeEffect: setup.dice % 3 === 0 ? 'at-handshake' : 'at-once' },
  });
  cloud.trouble.callAfter(/^(?!GET)/, () => cloud.advance(callMs), Infinity);
  const opened = await openSqliteStore(':memory:');
  if (!opened.ok) throw new Error(opened.error.message);
  const store = opened.value;
  const clock = { now: () => cloud.now(), monotonicMs: () => cloud.now() };
  const names: Names = { product: PRODUCT, device: (number) => cloud.fleet.at(number).id };
  const source = createMemorySource();
  const oracle = createCloudOracle(PRODUCT, setup, cloud, count);
  const binaryOf = (version: number): Uint8Array => buildProductFirmware(cloud.product, version);
  let revisions = 0;
  let rounds = 0;
  let isStopped = false;
  /** The last round failed: until the next one, passes may say so too. */
  let isUnread = false;
  let process = await startProcess();

  async function startProcess(): Promise<Process> {
    const { store: mine, die } = makeMortal(store);
    const driver = createParticleDriver(
      { store: mine, binaries, clock, log: silentLog },
      {
        token: cloud.token,
        api: cloud.url,
        random: () => 0.5,
        // Whoever waits lets the time of the cloud pass.
        sleep: async (ms) => cloud.advance(ms),
      },
    );
    driver.start({ timers: false });
    const controller = createController(
      {
        store: mine,
        binaries,
        source,
        loader: source.loader,
        drivers: new Map([[driver.name, driver]]),
        openUrl: () => Promise.reject(new Error('no binary has a URL here')),
        clock,
        log: silentLog,
      },
      { adopt: true, followSource: false, intervalMs: roundMs, random: () => 0.5 },
    );
    const restored = await controller.restore();
    if (!restored.ok && cloud.trouble.mood === 'ok') throw new Error(restored.error.message);
    return { driver, controller, die };
  }

  function view(): ProductView | null {
    return process.controller.view().products.find(({ product }) => product === PRODUCT) ?? null;
  }

  async function loadRecords(): Promise<ReadonlyMap<string, DeviceRecord>> {
    const page = await store.devices({ product: PRODUCT, limit: 1_000 });
    return new Map(page.map(({ device }) => [device.id, device]));
  }

  /** Does something that may put something else in force, makes a round of it, and has the oracle judge. */
  async function settle(act: () => Promise<unknown>): Promise<void> {
    oracle.begin();
    await act();
    oracle.pass({
      inForce: view()?.inForce ?? oracle.books.inForce,
      isStopped,
      records: await loadRecords(),
    });
    const { driver } = process;
    const before = cloud.calls.length;
    const made = await driver.round(PRODUCT);
    const isInTrouble = cloud.trouble.mood !== 'ok';
    const isRefused = cloud.calls
      .slice(before)
      .some(({ status, method }) => status >= 400 || (isInTrouble && method !== 'GET'));
    isUnread = !made.ok;
    const observed = await driver.observe(PRODUCT, new Set());
    const remarks = observed.ok ? (observed.value.reading?.remarks ?? []) : [];
    const inForce = view()?.inForce ?? oracle.books.inForce;
    oracle.end({
      inForce,
      isStopped,
      records: await loadRecords(),
      isSettled: made.ok && !isRefused,
      isDrifted: remarks.some(({ reason }) => reason === 'FleetDrift'),
    });
    oracle.raise();
    if (!made.ok && cloud.trouble.mood === 'ok')
      throw new Error(`the round: ${made.error.message}`);
  }

  async function sync(): Promise<void> {
    const done = await process.controller.sync({});
    if (cloud.trouble.mood !== 'ok' || isUnread) return;
    if (!done.ok) throw new Error(`the pass: ${done.error.message}`);
    const [failed] = Object.values(done.value.failures);
    if (failed !== undefined) throw new Error(`the pass: ${failed.message}`);
  }

  async function adapt(desired: Desired): Promise<Desired> {
    const { config } = desired;
    if (config === null) return desired;
    const { attemptTimeoutMs, rebootGraceMs, retries, pollIntervalMs } = config.spec.fleet;
    const fleet = {
      ...PARTICLE_DEFAULTS,
      attemptTimeoutMs,
      rebootGraceMs,
      retries,
      pollIntervalMs,
    };
    const firmware = await Promise.all(
      desired.firmware.map(async (each) => {
        const content = binaryOf(each.spec.version);
        const sha256 = digestOf(content);
        await binaries.put(sha256, feed(content));
        return { ...each, spec: { ...each.spec, binary: { ...each.spec.binary, sha256 } } };
      }),
    );
    const groups = desired.groups.filter(({ spec }) => spec.match === null);
    return { ...desired, config: { ...config, spec: { ...config.spec, fleet } }, firmware, groups };
  }

  return {
    cloud,
    oracle,
    roundMs,
    view,
    binaryOf,
    async commit(words, file = 'known') {
      revisions += 1;
      const revision = `r${revisions}`;
      if (words === null) source.commit(brokenSnapshot(names, revision, file));
      else {
        const snapshot = snapshotOf(words, setup, names, revision);
        const products = await Promise.all(
          Object.entries(snapshot.products).map(async ([name, desired]) => [
            name,
            await adapt(desired),
          ]),
        );
        const adapted = Object.fromEntries(products) as Record<string, Desired>;
        const facts = await Promise.all(
          (adapted[PRODUCT]?.firmware ?? []).map(async ({ spec }) => {
            return [spec.binary.sha256, await binaries.facts(spec.binary.sha256)];
          }),
        );
        source.commit({
          ...snapshot,
          products: adapted,
          binaries: Object.fromEntries(facts) as typeof snapshot.binaries,
        });
      }
      await settle(sync);
    },
    pass: () => settle(sync),
    async passRound(isAway = false) {
      // Whatever falls due has its own moment within the round.
      cloud.advance(roundMs);
      oracle.raise();
      if (isAway) return;
      rounds += 1;
      await settle(rounds % setup.passEvery === 0 ? sync : async () => undefined);
    },
    async restart(killedAfter, roundsAway) {
      if (killedAfter !== null) {
        let left = killedAfter;
        const endHook = cloud.trouble.callBefore(
          '*',
          () => {
            left -= 1;
            if (left > 0) return;
            process.die();
            cloud.trouble.mood = 'cut-before';
          },
          Infinity,
        );
        await settle(async () => {
          await process.controller.sync({}).catch(() => undefined);
          cloud.trouble.mood = 'cut-before';
          process.die();
        });
        endHook();
      }
      await process.controller.close().catch(() => undefined);
      await process.driver.close().catch(() => undefined);
      cloud.trouble.mood = 'ok';
      for (let round = 0; round < roundsAway; round += 1) cloud.advance(roundMs);
      oracle.raise();
      oracle.begin();
      process = await startProcess();
      await settle(sync);
    },
    async setStop(stopped) {
      isStopped = stopped;
      await settle(async () => {
        const { controller } = process;
        const done = await (stopped ? controller.stop(PRODUCT) : controller.resume(PRODUCT));
        if (!done.ok && cloud.trouble.mood === 'ok') throw new Error(done.error.message);
      });
    },
    async close() {
      await process.controller.close();
      await process.driver.close();
      await store.close();
      await cloud.close();
    },
  };
}

/** The same store until its process dies. */
function makeMortal(store: Store): { readonly store: Store; readonly die: () => void } {
  let isDead = false;
  const mortal = new Proxy(store, {
    get(target, name, receiver) {
      const found: unknown = Reflect.get(target, name, receiver);
      if (typeof found !== 'function') return found;
      return (...args: unknown[]): unknown => {
        if (isDead) return Promise.reject(new Error('the process was killed'));
        return Reflect.apply(found, target, args);
      };
    },
  });
  return {
    store: mortal,
    die() {
      isDead = true;
    },
  };
}

async function* feed(content: Uint8Array): AsyncIterable<Uint8Array> {
  yield content;
}

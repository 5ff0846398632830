// A world in virtual time: the real controller and gateway over the real state, a source in memory, devices, and no
// timers. Time passes round by round, and only here; a round is the poll interval of the devices.

import type { GatewayDriver } from '../../../controller/fleets/gateway/gateway-driver.ts';
import { createGatewayDriver } from '../../../controller/fleets/gateway/gateway-driver.ts';
import type { Controller, ProductView } from '../../../controller/reconciler/controller.ts';
import { createController } from '../../../controller/reconciler/create-controller.ts';
import type { Store } from '../../../controller/stores/store.ts';
import type { FleetWords, Names } from './fleet-words.ts';
import { brokenSnapshot, snapshotOf } from './fleet-words.ts';
import type { Hardware, Setup } from './history.ts';
import type { Kind } from './kinds.ts';
import { createMemoryBinaries, createMemorySource } from './memory-source.ts';
import type { Oracle } from './oracle.ts';
import { createOracle } from './oracle.ts';
import { createVirtualClock } from './virtual-clock.ts';
import type { VirtualDevice } from './virtual-device.ts';
import { createVirtualDevice } from './virtual-device.ts';
import { watchStore } from './virtual-state.ts';

/** What is away while time passes. */
export type Absence = 'none' | 'devices' | 'controller';

export interface VirtualWorld {
  readonly oracle: Oracle;
  readonly devices: readonly VirtualDevice[];
  readonly setup: Setup;
  /** Commits manifests (null: a revision that cannot be read) and has the controller go to them. */
  commit(words: FleetWords | null, file?: 'new' | 'known'): Promise<void>;
  /** Reads the source and makes a pass. */
  pass(): Promise<void>;
  passTime(rounds: number, absence?: Absence): Promise<void>;
  /** Sets the wall clock. */
  jump(ms: number): void;
  /** Ends the process, in order or not, and starts another on the same state. */
  restart(isKill: boolean, roundsAway: number): Promise<void>;
  setStop(stopped: boolean): Promise<void>;
  join(version: number, hardware: Hardware): void;
  spoil(version: number, percent: number): void;
  view(): ProductView | null;
  close(): Promise<void>;
}

interface Process {
  readonly gateway: GatewayDriver;
  readonly controller: Controller;
}

// A gap of more than five ticks counts as time without service, so a round is five of them though it brings one.
const TICKS_OF_ROUND = 5;

const silentLog = { info: () => undefined, warn: () => undefined };

/** Opens a world whose devices have not been heard from yet. */
export async function openWorld(
  state: Store,
  setup: Setup,
  name: string,
  count: (kind: Kind) => void,
): Promise<VirtualWorld> {
  const names: Names = { product: name, device: (number) => `${name}-d${number}` };
  const clock = createVirtualClock();
  const oracle = createOracle(name, setup, clock, count);
  const store = watchStore(state, name, oracle);
  const source = createMemorySource();
  const binaries = createMemoryBinaries();
  const pollMs = setup.pollMinutes * 60_000;
  const spoiled = new Map<number, number>();
  const devices: VirtualDevice[] = [];
  let revisions = 0;
  let rounds = 0;
  let process: Process = await startProcess();

  async function startProcess(): Promise<Process> {
    oracle.noteStart();
    const gateway = createGatewayDriver(
      { store, binaries, clock, log: silentLog },
      {
        gatewayTokenHash: null,
        allowAnonymous: true,
        publicUrl: null,
        tickMs: pollMs / TICKS_OF_ROUND,
      },
    );
    const controller = createController(
      {
        store,
        binaries,
        source,
        loader: source.loader,
        drivers: new Map([['gateway', gateway]]),
        openUrl: async () => {
          throw new Error('no binary has a URL here');
        },
        clock,
        log: silentLog,
      },
      { adopt: true, followSource: false, intervalMs: pollMs, random: () => 0.5 },
    );
    const restored = await controller.restore();
    if (!restored.ok) throw new Error(restored.error.message);
    return { gateway, controller };
  }

  function view(): ProductView | null {
    return process.controller.view().products.find((each) => each.product === name) ?? null;
  }

  async function pass(): Promise<void> {
    const done = await process.controller.sync({});
    oracle.raise();
    if (!done.ok) throw new Error(`the pass failed: ${done.error.message}`);
    const [failed] = Object.values(done.value.failures);
    if (failed !== undefined) throw new Error(`the pass failed: ${failed.message}`);
    const seen = view();
    if (seen !== null) oracle.notePass(seen);
  }

  function addDevice(number: number, running: number, hardware: Hardware): void {
    devices.push(
      createVirtualDevice(
        {
          id: names.device(number),
          product: name,
          running,
          hardware,
          boots: setup.boots,
          dice: setup.dice,
          spoiledPercent: (version) => spoiled.get(version) ?? 0,
        },
        oracle.witness,
      ),
    );
  }

  async function passRound(absence: Absence): Promise<void> {
    const served = absence !== 'controller';
    let passed = 0;
    for (const device of [...devices].sort((one, other) => one.phase - other.phase)) {
      const dueMs = Math.floor(device.phase * pollMs);
      clock.advance(dueMs - passed);
      passed = dueMs;
      if (absence === 'none') await device.live(process.gateway.desk);
      else device.liveAlone();
      oracle.noteSilence();
      oracle.raise();
    }
    clock.advance(pollMs - passed);
    rounds += 1;
    oracle.noteRound(served);
    if (!served) return;
    await process.gateway.tick();
    oracle.raise();
    oracle.noteListened(process.gateway.momentOf(name)?.listened ?? 0);
    if (rounds % setup.passEvery === 0) await pass();
  }

  for (const [number, running] of setup.running.entries()) {
    addDevice(number, running, setup.hardware[number] ?? 'a');
  }

  return {
    oracle,
    devices,
    setup,
    view,
    pass,
    async commit(words, file = 'known') {
      revisions += 1;
      const revision = `r${revisions}`;
      source.commit(
        words === null
          ? brokenSnapshot(names, revision, file)
          : snapshotOf(words, setup, names, revision),
      );
      oracle.noteCommit(revision, words);
      await pass();
    },
    async passTime(count_, absence = 'none') {
      for (let round = 0; round < count_; round += 1) await passRound(absence);
    },
    jump: (ms) => clock.jump(ms),
    async restart(isKill, roundsAway) {
      await process.controller.close();
      if (!isKill) await process.gateway.close();
      for (let round = 0; round < roundsAway; round += 1) await passRound('controller');
      process = await startProcess();
      await pass();
    },
    async setStop(stopped) {
      const { controller } = process;
      const done = await (stopped ? controller.stop(name) : controller.resume(name));
      if (!done.ok) throw new Error(done.error.message);
      oracle.noteStop(stopped);
    },
    join(version, hardware) {
      addDevice(devices.length, version, hardware);
    },
    spoil: (version, percent) => void spoiled.set(version, percent),
    async close() {
      await process.controller.close();
    },
  };
}

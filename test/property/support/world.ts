// A world in which a history takes place: the real controller, gateway and state, and devices that do as they are
// told. Each step checks the invariants that it could have broken.

import { readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { failure } from '../../../controller/base/failure.ts';
import type { DeviceRecord } from '../../../controller/model/device.ts';
import type { TestController } from '../../support/controller.ts';
import { startController } from '../../support/controller.ts';
import type { Agent } from './agent.ts';
import { createAgent } from './agent.ts';
import { fleetFiles, type RepoFiles, type RepoWords } from './fleet-repo.ts';
import type { Defect, Edit, History, Setup, Step } from './history.ts';
import {
  BENCH,
  deviceId,
  editWords,
  manifestsIn,
  pickManifest,
  spoilFiles,
} from './manifest-edits.ts';
import { createOracle, must, type Oracle } from './oracle.ts';

const PRODUCT = 'thermostat';

interface Planned {
  readonly value: {
    readonly products: readonly { readonly actions: readonly { readonly type: string }[] }[];
  };
}

/** Rounds of polls after which a fleet has to have got where it is to be. */
const ROUNDS_MAX = 12;

/** Plays a history to its end, then lets the fleet converge. Throws at the first invariant that is broken. */
export async function playHistory({ setup, steps }: History): Promise<void> {
  const world = await openWorld(setup);
  try {
    for (const step of steps) await world.take(step);
    await world.converge();
    await world.checkTraces();
  } finally {
    await world.close();
  }
}

export interface World {
  take(step: Step): Promise<void>;
  /** Mends everything, gives devices time, and checks that the fleet runs what is in force. */
  converge(): Promise<void>;
  checkTraces(): Promise<void>;
  close(): Promise<void>;
}

/** Opens a world with the first version in force and every device registered. */
export async function openWorld(setup: Setup): Promise<World> {
  const count = setup.running.length;
  const bench = [deviceId(0, count), deviceId(1, count)];
  const oracle: Oracle = createOracle(setup, bench);
  let controller: TestController = await startController();
  let words: RepoWords = {
    fleet: { pollInterval: '10s', retries: 1, rebootGrace: '20s', attemptTimeout: '10m' },
    verification: {
      devices: setup.verifiers,
      soak: `${setup.soakS}s`,
      evidence: setup.evidence,
      ...(setup.inGroup && { group: BENCH }),
    },
    groups: { [BENCH]: bench },
    firmware: [1, 2, 3],
  };
  let earlier = words;
  let tip = '';
  let stopped = false;
  const agents: Agent[] = setup.running.map((running, number) =>
    createAgent({
      id: deviceId(number, count),
      running,
      oracle,
      controller: () => controller,
      isStopped: () => stopped,
    }),
  );

  function commit(files: RepoFiles): void {
    tip = controller.source.commit(files);
    oracle.noteCommit(tip, manifestsIn(files));
  }

  /** A pass; whether the source could be read. */
  async function pass(): Promise<boolean> {
    const report = await controller.controller.sync({});
    oracle.noteInForce(controller.view().inForce);
    if (!report.ok) return false;
    const failures = Object.values(report.value.failures).map(({ message }) => message);
    must('6', failures.length === 0, `the pass failed: ${failures.join(' ')}`);
    await checkLocks();
    return true;
  }

  /** The locks that devices carry are those that are in force. */
  async function checkLocks(): Promise<void> {
    const carried = await controller.store.lockedDevices(PRODUCT);
    for (const { device } of carried) {
      const wanted = oracle.wantedOf(device.id);
      must('1', wanted?.by === 'lock', `${device.id} is locked, and nothing in force says so`);
      must('1', wanted?.version === device.lock?.version, `${device.id} has another lock`);
    }
    const locked = new Set(carried.map(({ device }) => device.id));
    for (const { id } of agents) {
      const isLocked = oracle.wantedOf(id)?.by === 'lock';
      must('1', !isLocked || locked.has(id), `${id} does not carry its lock`);
    }
  }

  /** Everything that bad input must not touch, as one text. */
  async function describeForce(): Promise<string> {
    const carried = await controller.store.lockedDevices(PRODUCT);
    return JSON.stringify([
      controller.view().inForce,
      controller.gateway.policyOf(PRODUCT)?.release,
      carried.map(({ device }) => [device.id, device.lock]),
    ]);
  }

  async function applyDefect(defect: Defect): Promise<void> {
    const { type } = defect;
    // What is committed and not read yet is no part of the defect.
    await pass();
    const before = await describeForce();
    const events = await controller.events();
    const files = spoilFiles(words, defect);
    const home = tip;
    if (type === 'rewritten') controller.source.rewrite(files);
    else if (type !== 'fetchFails') commit(files);
    if (type === 'unreadable') {
      controller.source.treeOf(tip).breakPath(pickManifest(files, defect.file), 'cut');
    }
    if (type === 'fetchFails') {
      controller.source.failWith(failure('FetchFailed', 'The repo is away.', 'retry'));
    }
    const isRead = await pass();
    controller.source.failWith(null);
    if (type === 'rewritten') controller.source.moveTo(home);
    const isAlone = type === 'changedBinary' || type === 'wrongDigest' || type === 'missingBinary';
    // A file that was read before is not read again, so that it may be unreadable without anybody noticing.
    if (isAlone || (type === 'unreadable' && isRead)) checkAlone(before, defect);
    else must('5', (await describeForce()) === before, `a commit with ${type} moved the fleet`);
    const told = (await controller.events()).slice(events.length).map((event) => event.type);
    const moved = told.filter((each) =>
      /^(DeviceUnlocked|FirmwareRetired|ReleaseEnded)$/.test(each),
    );
    must('5', moved.length === 0, `a commit with ${type} led to ${moved.join(', ')}`);
  }

  /** A firmware manifest that is refused leaves its version as it was, and all locks. */
  function checkAlone(before: string, defect: Defect): void {
    const [inForce] = JSON.parse(before) as [ReturnType<TestController['view']>['inForce']];
    const now = controller.view().inForce;
    for (const { spec } of inForce.firmware) {
      const same = now.firmware.find((each) => each.spec.version === spec.version)?.spec;
      must(
        '5',
        same?.binary.sha256 === spec.binary.sha256,
        `${defect.type}: ${spec.version} changed`,
      );
    }
    for (const { spec, origin } of inForce.locks) {
      const same = now.locks.find((each) => each.origin.name === origin.name)?.spec;
      must('5', same?.version === spec.version, `${defect.type}: lock ${origin.name} changed`);
    }
  }

  function applyEdits(edits: readonly Edit[]): void {
    const before = earlier;
    earlier = words;
    for (const edit of edits) words = editWords(words, edit, count, before);
    commit(fleetFiles(words));
  }

  async function rollOut(version: number): Promise<void> {
    applyEdits([
      { type: 'lock', device: 0, version, flash: 'now' },
      { type: 'lock', device: 1, version, flash: 'now' },
      { type: 'release', version, group: false },
    ]);
    await pass();
    for (let round = 0; round < 2; round += 1) {
      for (const agent of agents.slice(0, 2)) await agent.take({ type: 'update', device: 0 });
      if (setup.soakS > 0) await controller.passTime(25_000);
    }
    await pass();
  }

  async function checkPlan(): Promise<void> {
    if ((await controller.controller.sync({})).ok) oracle.noteInForce(controller.view().inForce);
    const picture = async (): Promise<string> =>
      JSON.stringify([
        controller.controller.view().products,
        await controller.events(),
        await Promise.all(agents.map(({ id }) => controller.store.device(PRODUCT, id))),
      ]);
    const before = await picture();
    const plans = [
      await controller.controller.plan(null, {}),
      await controller.controller.plan(null, {}),
    ].map((plan) => JSON.stringify(plan));
    must('7', plans[0] === plans[1], 'the same state gave two plans');
    must('7', (await picture()) === before, 'planning changed something');
    const planned = JSON.parse(plans[0] ?? '') as Planned;
    const left = planned.value.products
      .flatMap(({ actions }) => actions)
      // A binary that is not to be had now is asked for again with every pass.
      .filter(({ type }) => type !== 'UploadFirmware');
    must('7', left.length === 0, `a pass left ${JSON.stringify(left)}`);
  }

  async function damage(version: number, how: 'bytes' | 'gone' | 'cut'): Promise<void> {
    const firmware = controller
      .view()
      .inForce.firmware.find(({ spec }) => spec.version === version);
    if (firmware === undefined) return;
    const file = join(controller.folder, 'binaries', firmware.spec.binary.sha256);
    const content = await readFile(file).catch(() => null);
    if (content === null) return;
    if (how === 'gone') await rm(file);
    else if (how === 'cut') await truncate(file, Math.floor(content.length / 2));
    else await writeFile(file, content.fill(0x5a, 10, 20));
  }

  async function take(step: Step): Promise<void> {
    if ('device' in step) return agents[step.device % count]?.take(step);
    switch (step.type) {
      case 'commit':
        applyEdits(step.edits);
        await pass();
        return;
      case 'rollout':
        return rollOut(step.version);
      case 'defect':
        return applyDefect(step.defect);
      case 'pass':
        await pass();
        return;
      case 'plan':
        return checkPlan();
      case 'time':
        return controller.passTime(step.seconds * 1_000);
      case 'stop':
        stopped = step.on;
        if (stopped) await controller.controller.stop(PRODUCT);
        else await controller.controller.resume(PRODUCT);
        return;
      case 'damage':
        return damage(step.version, step.how);
      case 'restart': {
        controller = await controller.restart(step.source ? {} : { source: null });
        must('6', (controller.view().stoppedAt !== null) === stopped, 'the stop was lost');
        oracle.noteInForce(controller.view().inForce);
        return;
      }
    }
  }

  async function converge(): Promise<void> {
    controller = await controller.restart({});
    stopped = false;
    await controller.controller.resume(PRODUCT);
    commit(fleetFiles(words));
    await pass();
    let unsettled = '';
    for (let round = 0; round < ROUNDS_MAX; round += 1) {
      for (const agent of agents) await agent.take({ type: 'update', device: 0 });
      await pass();
      unsettled = await describeUnsettled();
      if (unsettled === '') return;
      await controller.passTime(25_000);
    }
    must('6', false, `the fleet does not converge: ${unsettled}`);
  }

  /** What still has to happen; empty where nothing has. */
  async function describeUnsettled(): Promise<string> {
    const found = await controller.controller.convergence(PRODUCT);
    if (!found.ok || !found.value.converged) return JSON.stringify(found);
    const devices = await Promise.all(agents.map(({ id }) => controller.record(id)));
    return devices
      .filter((device) => !isSettled(device))
      .map(({ id, running }) => `${id} runs ${running}, not ${oracle.wantedOf(id)?.version}`)
      .join(', ');
  }

  function isSettled({ id, running, action, failures, lock, blindOffer }: DeviceRecord): boolean {
    const wanted = oracle.wantedOf(id);
    if (wanted === null || running === wanted.version) return action === null;
    const policy = controller.gateway.policyOf(PRODUCT)?.firmware.get(wanted.version);
    const isHeld = policy === undefined || policy.withdrawn || !policy.stored;
    const isUnverified = wanted.by === 'release' && policy?.verified === false;
    const isLeftAlone = failures?.version === wanted.version && failures.retryAt === null;
    const isBlind = running === null && blindOffer === wanted.version;
    return isHeld || isUnverified || isLeftAlone || isBlind || lock?.armed === false;
  }

  commit(fleetFiles(words));
  await pass();
  for (const agent of agents) await agent.introduce();
  words = { ...words, release: 1 };
  commit(fleetFiles(words));
  await pass();

  return {
    take,
    converge,
    async checkTraces() {
      const actions = await Promise.all(
        agents.map(({ id }) => controller.store.actions(PRODUCT, id, 1_000)),
      );
      oracle.checkTraces(actions.flat(), await controller.events());
    },
    close: () => controller.close(),
  };
}

// A fleet in the middle of a staged release, for tests of what goes wrong around it: nothing may move, and once the
// trouble is over the release goes on from where it was.

import { setTimeout as pause } from 'node:timers/promises';

import { request } from 'undici';
import { expect } from 'vitest';

import { NO_ROLLOUT, trackOf } from '../../controller/model/rollout.ts';
import type { StatusJson } from '../../controller/reports/answers.ts';
import type { FileContent, Files } from '../fakes/github/files.ts';
import type { Behaviour, ForgeWorld, ForgeWorldOptions } from './forge-world.ts';
import {
  firmwareFiles,
  fleetFiles,
  lockFile,
  releaseFile,
  startForgeWorld,
  TWO_STEPS,
} from './forge-world.ts';

const PATIENCE_MS = 30_000;

export const DEVICES = ['dev-1', 'dev-2', 'dev-3', 'dev-4', 'dev-5', 'dev-6'];

/** The steps of the release that is under way; its first one soaks far longer than any test. */
export const SOAKING = TWO_STEPS.map((line) => line.replace('40% }', '40%, soak: 24h }'));

export interface TroubledFleet extends ForgeWorld {
  /** Expects that no device was offered anything since, and that the release stands where it stood. */
  expectUnmoved(): void;
  /** Expects that the release goes on and reaches every device. */
  finish(): Promise<void>;
  /** A path of the fleet repo as one of the repository. */
  in(files: Files): Files;
  /** What `GET /api/v1/status` says. */
  apiStatus(): Promise<StatusJson>;
  /** Asks for it until it is like this. */
  untilStatus(what: string, condition: (status: StatusJson) => boolean): Promise<StatusJson>;
  /** How often the forge was asked for the open pull requests into the branch. */
  rounds(): number;
}

export interface TroubledFleetOptions extends ForgeWorldOptions {
  readonly behave?: (id: string, version: number) => Behaviour;
  /** Lines of the release of version 42, instead of those that soak. */
  readonly release?: readonly string[];
  /** Lines of the product's spec besides. */
  readonly product?: readonly string[];
}

/** Starts a fleet on 41; 42 is on its canaries. The files are in the folder `subfolder` where there is one. */
export async function startTroubledFleet(
  options: TroubledFleetOptions = {},
): Promise<TroubledFleet> {
  const { behave = () => 'runs', release = SOAKING, product = [], subfolder } = options;
  const usual = fleetFiles([41, 42], null);
  const files: Files = {
    ...usual,
    'product.yaml': withLines(usual['product.yaml'], product),
    ...firmwareFiles(42),
    ...lockFile(42),
    ...releaseFile(42, ...release),
    ...options.files,
  };
  const world = await startForgeWorld({ ...options, files: within(subfolder, files) });
  const offers: string[] = [];
  const stateOf = () => trackOf(world.view()?.inForce.rollout ?? NO_ROLLOUT, null).release;
  try {
    await world.start();
    world.startDevices(['bench-1', ...DEVICES], 41, (id, version) => {
      if (DEVICES.includes(id)) offers.push(`${id} ${version}`);
      return behave(id, version);
    });
    await world.until('all devices are known', () => {
      const { view } = world;
      return view()?.live?.devices === DEVICES.length + 1;
    });
    await world.until('the canaries run 42, and the release waits', () =>
      WAITING.includes(describeWaits(world)),
    );
  } catch (thrown) {
    await world.close();
    throw thrown;
  }
  const before = { offers: offers.length, state: stateOf(), runs: runs(world) };
  expect(new Set(Object.values(before.runs))).toEqual(new Set([41, 42]));

  return {
    ...world,
    expectUnmoved() {
      expect(offers.slice(before.offers)).toEqual([]);
      expect(runs(world)).toEqual(before.runs);
      const { startedAt, version, halt } = stateOf() ?? {};
      expect({ startedAt, version, halt }).toEqual({
        startedAt: before.state?.startedAt,
        version: 42,
        halt: null,
      });
    },
    in: (given) => within(subfolder, given),
    async finish() {
      await world.github.push('main', within(subfolder, releaseFile(42, ...TWO_STEPS)));
      await world.until('all devices run 42', () => Object.values(runs(world)).every(isLast));
      expect(stateOf()?.startedAt).toBe(before.state?.startedAt);
    },
    apiStatus: () => readStatus(world),
    async untilStatus(what, condition) {
      const deadline = performance.now() + PATIENCE_MS;
      for (;;) {
        const status = await readStatus(world);
        if (condition(status)) return status;
        if (performance.now() > deadline) throw new Error(`waited in vain until ${what}`);
        await pause(20);
      }
    },
    rounds: () =>
      world.github
        .requestsOf(/^GET \/repos\/[^/]+\/[^/]+\/pulls$/)
        .filter(({ query }) => query.includes('base=main')).length,
  };
}

/** What a release waits for that has done all it may do for now. */
const WAITING = ['soak', 'approval'];

function describeWaits(world: ForgeWorld): string {
  return (world.view()?.plan?.releases[0]?.waits ?? []).map(({ kind }) => kind).join();
}

/** The manifest of a group with listed devices. */
export function groupManifest(name: string, devices: readonly string[]): string {
  return `apiVersion: lockstep/v1
kind: DeviceGroup
metadata: { name: ${name} }
spec: { product: thermostat, devices: [${devices.join(', ')}] }
`;
}

/** What `GET /api/v1/status` says. */
export async function readStatus(world: ForgeWorld): Promise<StatusJson> {
  const { body } = await request(`${world.served().address}/api/v1/status`);
  return (await body.json()) as StatusJson;
}

const isLast = (version: number | null): boolean => version === 42;

function runs(world: ForgeWorld): Readonly<Record<string, number | null>> {
  return Object.fromEntries(DEVICES.map((id) => [id, world.running(id)]));
}

/** A manifest with further lines in its spec. */
function withLines(manifest: FileContent | undefined, lines: readonly string[]): string {
  if (typeof manifest !== 'string') throw new Error('a manifest is text');
  return [manifest, ...lines.map((line) => `  ${line}\n`)].join('');
}

function within(folder: string | undefined, files: Files): Files {
  if (folder === undefined) return files;
  return Object.fromEntries(
    Object.entries(files).map(([path, content]) => [`${folder}/${path}`, content]),
  );
}

// Sets the demo's stage up, lets the story be told on it, and takes it down again.

import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { assert } from '../../base/assert.ts';
import type { Failure } from '../../base/failure.ts';
import type { Result } from '../../base/result.ts';
import { ok } from '../../base/result.ts';
import type { ComposePorts, ServedController } from '../ports.ts';
import { createSimulatedFleet } from '../../simulator/fleet.ts';
import { BENCH_DEVICE, HELD_DEVICE } from './chapter.ts';
import type { DemoRepo } from './fleet-repo.ts';
import { createDemoRepo } from './fleet-repo.ts';
import { createNarrator, type NarratorStyle } from './narrator.ts';
import type { ProgressLine } from './stage.ts';
import { createStage } from './stage.ts';
import { BAD_VERSION, GOOD_VERSION } from './staged-story.ts';
import { tellStory } from './story.ts';

export interface DemoOptions {
  /** At least 3: the bench device, the one that is held, and one that releases reach. */
  readonly devices: number;
  /** Port of the API and of the devices; another is taken where it is in use. */
  readonly port: number;
  readonly signal: AbortSignal;
  readonly style: NarratorStyle;
  readonly write: (text: string) => void;
  readonly createLine: () => Promise<ProgressLine>;
  /** Called when the story is told and the fleet is converged; the demo goes on serving until it resolves. */
  readonly afterwards: (address: string) => Promise<void>;
}

const PRODUCT = 'thermostat';
/** How often a device polls in the demo; the example says what a product in the field would. */
const POLL_INTERVAL = '1s';

/** Plays the demo. The last line that it writes starts with `converged`. */
export async function runDemo(
  options: DemoOptions,
  compose: ComposePorts,
): Promise<Result<void, Failure>> {
  const repo = await createDemoRepo(exampleFolder(), 'Thermostats run 41');
  try {
    const product = await repo.read('product.yaml');
    await repo.write(
      'product.yaml',
      product.replace('pollInterval: 5m', `pollInterval: ${POLL_INTERVAL}`),
    );
    await repo.commit('Poll every second, for the demo');
    return await playOn(repo, options, compose);
  } finally {
    await repo.dispose();
  }
}

async function playOn(
  repo: DemoRepo,
  options: DemoOptions,
  compose: ComposePorts,
): Promise<Result<void, Failure>> {
  const gatewayToken = randomBytes(24).toString('hex');
  const opened = await openController(repo, gatewayToken, options.port, compose);
  if (!opened.ok) return opened;
  const served = opened.value;
  const fleet = createSimulatedFleet({
    server: served.address,
    product: PRODUCT,
    devices: deviceIds(options.devices),
    version: '41',
    auth: { gatewayToken },
    bootAttribute: 'boot',
    attributesAtBoot: true,
    installMs: 300,
    rebootMs: 400,
    badVersions: [{ version: String(BAD_VERSION), share: 0.6, how: 'fall-back', afterMs: 1_000 }],
    spared: [BENCH_DEVICE, HELD_DEVICE],
  });
  fleet.start();
  try {
    const narrator = createNarrator(options.write, options.style);
    const { signal, createLine } = options;
    const stage = createStage({ product: PRODUCT, repo, served, fleet, signal, createLine });
    const told = await tellStory(stage, narrator, options.style);
    if (!told.ok) return told;
    const revision = stage.view()?.revision?.slice(0, 7) ?? '';
    const total = fleet.ids.length;
    options.write(
      `\nconverged: ${total - 1} of ${total} devices run ${GOOD_VERSION}, and one is held on 41; revision ${revision}\n`,
    );
    await options.afterwards(served.address);
    return ok(undefined);
  } finally {
    await fleet.stop();
    await served.close();
  }
}

/** A port that is in use is no reason to fail: the demo takes any other. */
async function openController(
  repo: DemoRepo,
  gatewayToken: string,
  port: number,
  compose: ComposePorts,
): Promise<Result<ServedController, Failure>> {
  const open = (at: number): Promise<Result<ServedController, Failure>> =>
    compose.composeController({
      source: { kind: 'git', url: repo.folder, ref: 'main', subfolder: null },
      stateSpec: `sqlite:${join(repo.folder, '..', 'state', 'state.db')}`,
      listen: { host: '127.0.0.1', port: at },
      deviceListen: null,
      publicUrl: null,
      // The story asks for each of its commits itself; a poll between would leave nothing for its plan to show.
      intervalMs: 60_000,
      gatewayToken,
      allowAnonymous: false,
      adopt: true,
      verify: null,
      forge: null,
      notices: [],
      proxy: null,
      followSource: true,
      log: { info: () => undefined, warn: () => undefined },
    });
  const opened = await open(port);
  return opened.ok || opened.error.code !== 'ListenFailed' ? opened : open(0);
}

/** Ids as Particle devices have them; the bench device and the one that is held are the first. */
function deviceIds(count: number): readonly string[] {
  const ids = Array.from(
    { length: count },
    (_, index) => `e00fce68${(index + 1).toString(16).padStart(16, '0')}`,
  );
  return [...new Set([BENCH_DEVICE, HELD_DEVICE, ...ids])].slice(0, count);
}

/** The examples lie at the root of the package, beside the sources as well as beside the compiled program. */
function exampleFolder(): string {
  const parents = ['../../..', '../../../..'].map((up) => resolve(import.meta.dirname, up));
  const root = parents.find((folder) => existsSync(join(folder, 'examples', PRODUCT)));
  assert(root !== undefined, 'the package holds its examples');
  return join(root, 'examples', PRODUCT);
}

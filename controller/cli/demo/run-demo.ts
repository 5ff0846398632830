// Sets the demo's stage up, lets the story be told on it, and takes it down again.

import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { assert } from '../../base/assert.ts';
import type { Failure } from '../../base/failure.ts';
import type { Result } from '../../base/result.ts';
import { ok } from '../../base/result.ts';
import type { ComposePorts, ServedController } from '../ports.ts';
import type { Cast, CastOptions, DemoDriver } from './cast.ts';
import { BENCH_DEVICE, HELD_DEVICE } from './chapter.ts';
import type { DemoRepo } from './fleet-repo.ts';
import { createDemoRepo } from './fleet-repo.ts';
import { createGatewayCast } from './gateway-cast.ts';
import { createNarrator, type NarratorStyle } from './narrator.ts';
import type { ProgressLine } from './stage.ts';
import { createStage } from './stage.ts';
import { BAD_VERSION, GOOD_VERSION } from './staged-story.ts';
import { tellStory } from './story.ts';

export interface DemoOptions {
  readonly driver: DemoDriver;
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
/** The example that is played, by its driver: fleet repos of the same product, devices and first version. */
const EXAMPLES: Readonly<Record<DemoDriver, string>> = {
  gateway: 'thermostat',
  particle: 'particle',
};
const FIRST_VERSION = 41;

/** Plays the demo. The last line that it writes starts with `converged`. */
export async function runDemo(
  options: DemoOptions,
  compose: ComposePorts,
): Promise<Result<void, Failure>> {
  const repo = await createDemoRepo(exampleFolder(options.driver), 'Thermostats run 41');
  try {
    const cast = await openCast(options.driver, {
      ids: deviceIds(options.devices),
      version: FIRST_VERSION,
      badVersion: BAD_VERSION,
      spared: [BENCH_DEVICE, HELD_DEVICE],
    });
    try {
      // The example says what a product in the field would.
      const product = await repo.read('product.yaml');
      const hurried = product.replace(/pollInterval: \w+/, `pollInterval: ${cast.pollInterval}`);
      await repo.write('product.yaml', hurried);
      await repo.commit('Poll more often, for the demo');
      return await playOn(repo, cast, options, compose);
    } finally {
      await cast.end();
    }
  } finally {
    await repo.dispose();
  }
}

async function openCast(driver: DemoDriver, options: CastOptions): Promise<Cast> {
  if (driver === 'gateway') return createGatewayCast(PRODUCT, options);
  // A whole cloud, which no other command needs.
  const { startParticleCast } = await import('./particle-cast.ts');
  return startParticleCast(options);
}

async function playOn(
  repo: DemoRepo,
  cast: Cast,
  options: DemoOptions,
  compose: ComposePorts,
): Promise<Result<void, Failure>> {
  const opened = await openController(repo, cast, options.port, compose);
  if (!opened.ok) return opened;
  const served = opened.value;
  cast.begin(served.address);
  try {
    const narrator = createNarrator(options.write, options.style);
    const { signal, createLine } = options;
    const stage = createStage({ product: PRODUCT, repo, served, cast, signal, createLine });
    const told = await tellStory(stage, narrator, options.style);
    if (!told.ok) return told;
    const revision = stage.view()?.revision?.slice(0, 7) ?? '';
    const total = cast.ids.length;
    options.write(
      `\nconverged: ${total - 1} of ${total} devices run ${GOOD_VERSION}, and one is held on 41; revision ${revision}\n`,
    );
    await options.afterwards(served.address);
    return ok(undefined);
  } finally {
    // Devices of the gateway stop before it does; a cloud stays until nobody asks it any more.
    if (cast.access.particle === undefined) await cast.end();
    await served.close();
  }
}

/** A port that is in use is no reason to fail: the demo takes any other. */
async function openController(
  repo: DemoRepo,
  cast: Cast,
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
      ...cast.access,
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
function exampleFolder(driver: DemoDriver): string {
  const name = EXAMPLES[driver];
  const parents = ['../../..', '../../../..'].map((up) => resolve(import.meta.dirname, up));
  const root = parents.find((folder) => existsSync(join(folder, 'examples', name)));
  assert(root !== undefined, 'the package holds its examples');
  return join(root, 'examples', name);
}

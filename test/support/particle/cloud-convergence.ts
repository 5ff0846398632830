// The end of a history at Particle: all trouble is over, and the fleet comes to rest where the last good revision and the
// halts say, with nothing more to be sent.

import { countRunning } from '../../../controller/simulator/particle/targets.ts';
import { wantedOf } from '../virtual/check-convergence.ts';
import { must } from '../virtual/books.ts';
import type { FleetWords } from '../virtual/fleet-words.ts';
import type { CloudWorld } from './cloud-world.ts';

const REST_ROUNDS_MAX = 200;

/** For so long, whoever changes something back again and again has his way. */
const FIGHT_MS = 25 * 3_600_000;

const DAY_MS = 24 * 3_600_000;

/** Rounds at rest in which nothing is changed and nobody is flashed. */
const QUIET_ROUNDS = 3;

export async function checkCloudConvergence(world: CloudWorld, words: FleetWords): Promise<void> {
  const { cloud, oracle } = world;
  oracle.meddle(() => {
    for (const { id, record } of cloud.fleet.devices) {
      if (record.isDevelopment) cloud.console.markDevelopment(id, false);
    }
  });
  for (const device of cloud.fleet.devices) {
    (device.record as { panicsLeft: number }).panicsLeft = 0;
    device.behave({ sleep: null, reconnectEveryMs: null });
    device.powerOn();
  }
  cloud.advance(60_000);
  for (const device of cloud.fleet.devices) device.enableUpdates();
  await world.setStop(false);
  await world.commit(words);
  cloud.advance(FIGHT_MS);
  let quiet = 0;
  for (let round = 0; round < REST_ROUNDS_MAX && quiet < QUIET_ROUNDS; round += 1) {
    const { calls, flashes } = count(world);
    await world.passRound();
    const now = count(world);
    const isQuiet = now.flashes === flashes && (now.calls === calls || isRefused(world));
    quiet = isQuiet && describeUnrest(world) === null ? quiet + 1 : 0;
  }
  must('6', quiet === QUIET_ROUNDS, () => {
    const left = describeUnrest(world) ?? 'something is still sent or flashed';
    const sent = cloud.calls.filter(({ method }) => method !== 'GET').slice(-4);
    const last = sent.map(({ method, path, body }) => `${method} ${path} ${body}`).join('\n  ');
    return `after ${REST_ROUNDS_MAX} rounds without trouble, ${left}; the last calls:\n  ${last}`;
  });
  await watchOn(world);
}

function count({ cloud }: CloudWorld): { readonly calls: number; readonly flashes: number } {
  const changes = cloud.calls.filter(({ method }) => method !== 'GET');
  return { calls: changes.length, flashes: cloud.fleet.flashes.length };
}

/** Particle's own gate asks for a device that runs the version now; ours was content with one that once did. */
function isGated({ cloud: { product } }: CloudWorld, version: number): boolean {
  const firmware = product.firmware.get(version);
  return firmware?.wasReleased === false && countRunning(product, version) === 0;
}

/** Particle refuses a release, and is asked again and again. */
function isRefused(world: CloudWorld): boolean {
  return world.cloud.calls
    .slice(-30)
    .some(({ status, path }) => status === 400 && path.endsWith('/firmware/release'));
}

/** Days go by, and all devices come online anew: whoever is held stays so, and what is retried is still theirs. */
async function watchOn(world: CloudWorld): Promise<void> {
  const { cloud } = world;
  for (let day = 0; day < 3; day += 1) {
    cloud.advance(DAY_MS);
    await world.passRound();
    for (const device of cloud.fleet.devices) device.reconnect();
    await world.passRound();
  }
}

/** A device that is not where it is to be; null: all are. */
function describeUnrest(world: CloudWorld): string | null {
  const { cloud, oracle } = world;
  for (const { id, running } of cloud.fleet.devices) {
    const wanted = wantedOf(oracle.books, id);
    if (wanted === null || running === null || wanted.includes(running)) continue;
    if (wanted.some((version) => isGated(world, version))) continue;
    return `${id} runs ${running}, and is to run ${wanted.join(' or ')}`;
  }
  return null;
}

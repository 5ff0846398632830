// Plays a history in a world of its own, and then lets the fleet converge. What an event means is settled here.

import { unreachable } from '../../../controller/base/assert.ts';
import type { Store } from '../../../controller/stores/store.ts';
import { checkConvergence } from './check-convergence.ts';
import type { FleetWords } from './fleet-words.ts';
import { editWords } from './fleet-words.ts';
import type { History, HistoryEvent, Setup } from './history.ts';
import { renderEvent } from './history-text.ts';
import type { Kind } from './kinds.ts';
import { parseStrategy } from './strategy-text.ts';
import type { VirtualWorld } from './virtual-world.ts';
import { openWorld } from './virtual-world.ts';

/** The manifests that a repo had, the newest last. */
interface Repo {
  readonly commits: FleetWords[];
}

/** Where a history came to, for the message of what it broke. */
export class BrokenHistory extends Error {
  constructor(where: string, cause: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause);
    super(`${why}\n  at ${where}`, { cause });
    this.name = 'BrokenHistory';
  }
}

/** Plays a history under a name that its state has not seen. Throws a `BrokenHistory` at what must not be. */
export async function playHistory(
  state: Store,
  { setup, events }: History,
  name: string,
  count: (kind: Kind) => void,
): Promise<void> {
  const world = await openWorld(state, setup, name, count);
  let where = 'the setup';
  try {
    const repo = await settleIn(world);
    for (const [index, event] of events.entries()) {
      where = `event ${index + 1} of ${events.length}: ${renderEvent(event)}`;
      await take(world, repo, event, count);
    }
    where = 'the end';
    await checkConvergence(world, newest(repo), (now) => {
      where = now;
    });
  } catch (thrown) {
    throw new BrokenHistory(where, thrown);
  } finally {
    await world.close();
  }
}

/** Registers the devices, and finishes a release of version 1. */
async function settleIn(world: VirtualWorld): Promise<Repo> {
  const versions = [...new Set([1, ...world.setup.running])];
  const words: FleetWords = {
    firmware: new Map(versions.map((version) => [version, { from: null, withdrawn: false }])),
    releases: new Map(),
    locks: new Map(),
  };
  const first = editWords(words, {
    type: 'release',
    audience: 'all',
    version: 1,
    strategy: parseStrategy([]),
  });
  await world.commit(first);
  await world.passTime(1);
  // One pass sees the version verified and starts its release; the next one finds it finished.
  await world.pass();
  await world.pass();
  return { commits: [words, first] };
}

function newest({ commits }: Repo): FleetWords {
  const words = commits.at(-1);
  if (words === undefined) throw new Error('a repo has a commit');
  return words;
}

async function take(
  world: VirtualWorld,
  repo: Repo,
  event: HistoryEvent,
  count: (kind: Kind) => void,
): Promise<void> {
  if ('device' in event) {
    takeDeviceEvent(world, event, count);
    return;
  }
  switch (event.type) {
    case 'commit': {
      const words = event.edits.reduce(editWords, newest(repo));
      repo.commits.push(words);
      return world.commit(words);
    }
    case 'revert': {
      const words = repo.commits.at(-2);
      if (words === undefined) return;
      repo.commits.push(words);
      return world.commit(words);
    }
    case 'broken':
      count('frozen revision');
      return world.commit(null, event.file);
    case 'wait':
      return world.passTime(event.rounds);
    case 'restart':
    case 'kill':
      count(event.type);
      return world.restart(event.type === 'kill', event.rounds);
    case 'outage':
      count('outage');
      return world.passTime(event.rounds, 'controller');
    case 'dark':
      count('dark fleet');
      return world.passTime(event.rounds, 'devices');
    case 'jump':
      count(event.minutes > 0 ? 'clock ahead' : 'clock back');
      return world.jump(event.minutes * 60_000);
    case 'stop':
    case 'resume':
      if (event.type === 'stop') count('emergency stop');
      return world.setStop(event.type === 'stop');
    case 'spoil':
      return world.spoil(event.version, event.percent);
    case 'join':
      count('new device');
      return world.join(event.version, event.hardware);
    default:
      return unreachable(event);
  }
}

function takeDeviceEvent(
  { devices }: VirtualWorld,
  event: Extract<HistoryEvent, { device: number }>,
  count: (kind: Kind) => void,
): void {
  const device = devices[event.device];
  if (device === undefined) throw new Error(`there is no device ${event.device}`);
  switch (event.type) {
    case 'fate':
      return device.setFate(event.fate);
    case 'manners':
      return device.setManners(event.manners);
    case 'lazy':
      return device.setLazy(event.polls);
    case 'silence':
      return device.beSilent(event.rounds);
    case 'hardware':
      return device.setHardware(event.hardware);
    case 'reflash':
      count('flashed by hand');
      return device.reflash(event.version);
    default:
      return unreachable(event);
  }
}

/** The name of a history's product: its own, so that no two of them share devices. */
export function nameOf({ dice }: Setup): string {
  return `p${dice}`;
}

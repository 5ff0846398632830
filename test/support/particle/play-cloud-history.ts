// Plays a history at Particle in a world of its own, and then lets the fleet converge. What an event means is settled here.

import { unreachable } from '../../../controller/base/assert.ts';
import type { RandomStream } from '../../../controller/simulator/seeded-random.ts';
import { createRandomStream } from '../../../controller/simulator/seeded-random.ts';
import type { BinaryStore } from '../../../controller/stores/binaries.ts';
import { ApiError } from '../../../controller/simulator/particle/api-error.ts';
import type { Fault } from '../../../controller/simulator/particle/behaviour.ts';
import type { FleetDevice } from '../../../controller/simulator/particle/fleet.ts';
import { readImage } from '../../../controller/simulator/particle/image.ts';
import type { Device } from '../../../controller/simulator/particle/world.ts';
import { drawInteger, isLikely, pick } from '../virtual/draw.ts';
import type { FleetWords } from '../virtual/fleet-words.ts';
import { editWords } from '../virtual/fleet-words.ts';
import type { Fate } from '../virtual/history.ts';
import { BrokenHistory } from '../virtual/play-history.ts';
import { parseStrategy } from '../virtual/strategy-text.ts';
import { checkCloudConvergence } from './cloud-convergence.ts';
import type { CloudHistory, CloudHistoryEvent, Meddling } from './cloud-history.ts';
import { renderCloudEvent } from './cloud-history.ts';
import type { Occurrence } from './cloud-oracle.ts';
import type { CloudWorld } from './cloud-world.ts';
import { openCloudWorld } from './cloud-world.ts';

export type CloudKind = Occurrence | 'console' | 'trouble' | 'kill' | 'restart' | 'frozen revision';

/** What goes on besides the world. */
interface Play {
  readonly world: CloudWorld;
  readonly commits: FleetWords[];
  readonly chance: RandomStream;
  readonly count: (kind: CloudKind) => void;
  /** What is to happen at a later round, to a device. */
  readonly later: { rounds: number; readonly act: () => void }[];
  /** What ends the faults of the fleet. */
  readonly faults: (() => void)[];
}

/** Plays a history. Throws a `BrokenHistory` at what must not be. */
export async function playCloudHistory(
  binaries: BinaryStore,
  history: CloudHistory,
  count: (kind: CloudKind) => void,
): Promise<void> {
  const world = await openCloudWorld(binaries, history, count);
  let where = 'the setup';
  try {
    const play: Play = {
      world,
      commits: await settleIn(world, history),
      chance: createRandomStream(history.setup.dice, 'play'),
      count,
      later: [],
      faults: [],
    };
    for (const [index, event] of history.events.entries()) {
      where = `event ${index + 1} of ${history.events.length}: ${renderCloudEvent(event)}`;
      await take(play, event);
      world.oracle.raise();
    }
    where = 'the end';
    for (const endFault of play.faults) endFault();
    await checkCloudConvergence(world, newest(play));
  } catch (thrown) {
    throw new BrokenHistory(where, thrown);
  } finally {
    await world.close();
  }
}

/** Finishes a release of version 1, which is what the cloud has released already. */
async function settleIn(
  world: CloudWorld,
  { setup, sleepers, asleep }: CloudHistory,
): Promise<FleetWords[]> {
  const versions = [...new Set([1, ...setup.running])];
  const words: FleetWords = {
    firmware: new Map(versions.map((version) => [version, { from: null, withdrawn: false }])),
    releases: new Map(),
    locks: new Map(),
  };
  const strategy = parseStrategy([]);
  const first = editWords(words, { type: 'release', audience: 'all', version: 1, strategy });
  await world.commit(first);
  await world.passRound();
  await world.pass();
  await world.pass();
  const { roundMs } = world;
  for (const number of sleepers) {
    const device = find(world, number);
    device?.behave({ sleep: { awakeMs: roundMs * 0.7, asleepMs: roundMs * asleep } });
    device?.reconnect();
  }
  return [words, first];
}

function newest({ commits }: Pick<Play, 'commits'>): FleetWords {
  const words = commits.at(-1);
  if (words === undefined) throw new Error('a repo has a commit');
  return words;
}

async function passRounds(play: Play, rounds: number, isAway = false): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    await play.world.passRound(isAway);
    for (const planned of play.later) {
      planned.rounds -= 1;
      if (planned.rounds === 0) planned.act();
    }
    reviveSome(play);
  }
}

/** Whoever has vanished comes back some time. */
function reviveSome({ world, chance }: Play): void {
  for (const device of world.cloud.fleet.devices) {
    const { isConnected, behaviour } = device.record;
    if (isConnected || behaviour.sleep !== null) continue;
    if (isLikely(chance, 0.15)) device.powerOn();
  }
}

async function take(play: Play, event: CloudHistoryEvent): Promise<void> {
  const { world, commits, count, chance } = play;
  const { cloud } = world;
  switch (event.type) {
    case 'commit':
      commits.push(event.edits.reduce(editWords, newest(play)));
      return world.commit(newest(play));
    case 'revert': {
      const words = commits.at(-2);
      if (words === undefined) return;
      commits.push(words);
      return world.commit(words);
    }
    case 'broken':
      count('frozen revision');
      return world.commit(null, event.file);
    case 'wait':
      return passRounds(play, event.rounds);
    case 'restart':
    case 'kill':
      count(event.type);
      return world.restart(event.type === 'kill' ? drawInteger(chance, 1, 14) : null, event.rounds);
    case 'outage':
      return passRounds(play, event.rounds, true);
    case 'dark':
      for (const device of cloud.fleet.devices) device.powerOff(pick(chance, ['late', 'at-once']));
      await passRounds(play, event.rounds);
      for (const device of cloud.fleet.devices) device.powerOn();
      return;
    case 'stop':
    case 'resume':
      return world.setStop(event.type === 'stop');
    case 'spoil':
      return spoil(play, event.version, event.percent);
    case 'join':
      cloud.fleet.add({ runs: event.version });
      return;
    case 'console':
      count('console');
      return meddle(world, event);
    case 'trouble': {
      count('trouble');
      await beInTrouble(play, event);
      return;
    }
    case 'silence': {
      const device = find(world, event.device);
      device?.powerOff(pick(chance, ['late', 'at-once']));
      play.later.push({ rounds: event.rounds, act: () => device?.powerOn() });
      return;
    }
    case 'reflash': {
      const device = find(world, event.device);
      if (device !== null) flashByHand(world, device, event.version);
      return;
    }
    case 'fate':
      return setFate(play, event.device, event.fate);
    case 'reset':
    case 'reconnect':
    case 'refuse':
    case 'accept': {
      const device = find(world, event.device);
      if (event.type === 'refuse') device?.disableUpdates();
      if (event.type === 'accept') device?.enableUpdates();
      if (event.type === 'reset') device?.reset();
      if (event.type === 'reconnect') device?.reconnect();
      return;
    }
    default:
      return unreachable(event);
  }
}

function find({ cloud }: CloudWorld, number: number): FleetDevice | null {
  return cloud.fleet.devices[number] ?? null;
}

/** Requests go wrong, and then do not any more. */
async function beInTrouble(
  play: Play,
  { mood, of, rounds }: Extract<CloudHistoryEvent, { type: 'trouble' }>,
): Promise<void> {
  const { trouble } = play.world.cloud;
  if (of === 'changes') {
    // Reading goes on; what it is for is refused or lost.
    const end = trouble.disturb('ok', 'GET *');
    trouble.mood = mood;
    await passRounds(play, rounds);
    end();
  } else {
    trouble.mood = mood;
    await passRounds(play, rounds);
  }
  trouble.mood = 'ok';
}

function spoil({ world, chance, faults }: Play, version: number, percent: number): void {
  const { fleet } = world.cloud;
  const kinds = ['returns-with-old', 'transfer-fails', 'never-returns', 'panics'] as const;
  const devices = fleet.ids.filter(() => isLikely(chance, percent / 100));
  for (const id of devices) {
    const kind = pick(chance, kinds);
    const times = pick(chance, [1, 2, 100]);
    faults.push(fleet.spoil(kind === 'panics' ? { kind, times: 3 } : kind, options(id)));
    function options(device: string) {
      return { version, devices: [device], times };
    }
  }
}

const FAULTS: Partial<Record<Fate, Fault['kind']>> = {
  fails: 'transfer-fails',
  silent: 'never-returns',
  pretends: 'returns-with-old',
};

function setFate({ world, faults, later }: Play, number: number, fate: Fate): void {
  const device = find(world, number);
  if (device === null) return;
  const kind = FAULTS[fate];
  const { fleet } = world.cloud;
  const only = { devices: [device.id], times: 1 };
  if (kind !== undefined) faults.push(fleet.spoil(kind, only));
  if (fate === 'wordless') faults.push(fleet.spoil({ kind: 'panics', times: 2 }, only));
  if (fate === 'slow') device.behave({ reconnectEveryMs: world.roundMs / 3 });
  if (fate === 'stalls') {
    device.disableUpdates();
    later.push({ rounds: 8, act: () => device.enableUpdates() });
  }
  if (fate === 'fallsBack') {
    const before = device.running;
    later.push({
      rounds: 4,
      act: () => {
        if (before !== null && device.running !== before) flashByHand(world, device, before);
      },
    });
  }
}

/** With a cable: no word of it to the cloud, until the device comes online with it. */
function flashByHand(world: CloudWorld, { record, id }: FleetDevice, version: number): void {
  const device = record as Device;
  device.image = readImage(world.binaryOf(version));
  device.filedVersion = version;
  device.panicsLeft = 0;
  if (device.isConnected) world.cloud.fleet.device(id).handshake();
}

/** What the console refuses is not done. */
function meddle({ cloud, oracle, binaryOf }: CloudWorld, meddling: Meddling): void {
  const { console, fleet } = cloud;
  const device = 'device' in meddling ? (fleet.devices[meddling.device]?.id ?? null) : null;
  try {
    oracle.meddle(() => {
      switch (meddling.act) {
        case 'release': {
          const { version, group } = meddling;
          console.release(version, group === null ? {} : { groups: [group] });
          return;
        }
        case 'removeGroup':
          return console.removeGroup(meddling.group);
        case 'lock':
          if (device !== null) console.lock(device, meddling.version, { flash: meddling.flash });
          return;
        case 'unlock':
          if (device !== null) console.unlock(device);
          return;
        case 'develop':
        case 'undevelop':
          if (device !== null) console.markDevelopment(device, meddling.act === 'develop');
          return;
        case 'groups':
          if (device !== null) console.setGroups(device, meddling.groups);
          return;
        case 'flash':
          if (device !== null) console.flash(device, binaryOf(meddling.version));
          return;
        default:
          return unreachable(meddling);
      }
    });
  } catch (thrown) {
    if (!(thrown instanceof ApiError)) throw thrown;
  }
}

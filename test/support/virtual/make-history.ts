// Random histories: the same seed always makes the same one. They are made without knowing how they will go, so that one
// that failed can be written down, read, and cut short by hand. Small numbers keep them cheap; nothing in them is large
// because largeness is tested elsewhere.

import type { RandomStream } from '../../../controller/simulator/seeded-random.ts';
import { createRandomStream, drawUnit } from '../../../controller/simulator/seeded-random.ts';
import type { Audience, Edit, Fate, Hardware, History, HistoryEvent, Setup } from './history.ts';
import { drawInteger, drawSmall, isLikely, pick } from './draw.ts';
import { drawStrategy } from './make-strategy.ts';

/** What a history has brought about so far, as far as its maker needs it. */
interface Making {
  readonly chance: RandomStream;
  readonly setup: Setup;
  /** Versions that have a manifest. */
  readonly versions: number[];
  readonly events: HistoryEvent[];
  devices: number;
  isStopped: boolean;
}

const AUDIENCES: readonly Audience[] = ['all', 'all', 'all', 'listed', 'matched'];

const FATES: readonly Fate[] = [
  'works',
  'wordless',
  'slow',
  'fails',
  'fails',
  'silent',
  'pretends',
  'fallsBack',
  'stalls',
];

/** Makes the history of a seed. */
export function makeHistory(seed: number): History {
  const chance = createRandomStream(seed, 'history');
  const setup = drawSetup(chance, seed);
  const versions = [...new Set([1, ...setup.running])];
  const making: Making = {
    chance,
    setup,
    versions,
    events: [],
    devices: setup.running.length,
    isStopped: false,
  };
  const length = drawSmall(chance, 20, 80);
  addRelease(making);
  while (making.events.length < length) addSomething(making);
  return { setup, events: making.events };
}

function drawSetup(chance: RandomStream, seed: number): Setup {
  const count = drawSmall(chance, 4, 30);
  const numbers = Array.from({ length: count }, (_, number) => number);
  // Windows and silence are of a day's and a week's length; devices that poll seldom get there in few rounds.
  const pollMinutes = pick(chance, [10, 10, 10, 60, 180, 360, 720]);
  return {
    dice: seed,
    pollMinutes,
    passEvery: pick(chance, [1, 3, 4, 6]),
    retries: pick(chance, [0, 1, 2, 3]),
    timeoutRounds: pick(chance, [4, 6, 10]),
    graceRounds: pick(chance, [1, 2, 3]),
    boots: isLikely(chance, 0.6),
    verifiers: isLikely(chance, 0.85) ? 1 : 2,
    running: numbers.map(() => (isLikely(chance, 0.85) ? 1 : 2)),
    hardware: numbers.map(() => (isLikely(chance, 0.7) ? 'a' : 'b')),
    listed: numbers.filter(() => isLikely(chance, 0.25)),
  };
}

/** Something that people, devices or machines do. */
function addSomething(making: Making): void {
  const { chance } = making;
  const luck = drawUnit(chance);
  if (luck < 0.36) wait(making);
  else if (luck < 0.62) addDeviceEvent(making);
  else if (luck < 0.69) addRelease(making);
  else if (luck < 0.86) addEdit(making);
  else if (luck < 0.95) addTrouble(making);
  else addStop(making);
}

function wait({ chance, events, setup }: Making): void {
  const isLong = isLikely(chance, setup.pollMinutes === 720 ? 0.12 : 0.05);
  const least = isLong ? 4 : 1;
  const most = isLong ? 14 : 2;
  events.push({ type: 'wait', rounds: drawInteger(chance, least, most) });
}

/** A new version comes out: benches are locked to it or run it already, and it is released at once or soon. */
function addRelease(making: Making): void {
  const { chance, versions, events } = making;
  const version = Math.max(...versions) + 1;
  const from = isLikely(chance, 0.25) ? version - drawInteger(chance, 1, 2) : null;
  versions.push(version);
  const edits: Edit[] = [
    { type: 'firmware', version, from: from !== null && from >= 1 ? from : null },
  ];
  const benches = isLikely(chance, 0.8) ? [0, 1].slice(0, making.setup.verifiers) : [0];
  if (isLikely(chance, 0.5)) {
    for (const device of benches) events.push({ type: 'reflash', device, version });
  } else {
    edits.push(...benches.map((device): Edit => ({ type: 'lock', device, version, flash: 'now' })));
  }
  const isApart = isLikely(chance, 0.5);
  const release: Edit = {
    type: 'release',
    audience: pick(chance, AUDIENCES),
    version,
    strategy: drawStrategy(chance, making.setup),
  };
  if (isLikely(chance, 0.35)) {
    events.push({ type: 'spoil', version, percent: pick(chance, [15, 30, 60, 100]) });
  }
  if (!isApart) edits.push(release);
  events.push({ type: 'commit', edits });
  events.push({ type: 'wait', rounds: drawInteger(chance, 1, 2) });
  if (isApart) events.push({ type: 'commit', edits: [release] });
}

function addEdit(making: Making): void {
  const { chance, events, versions } = making;
  const audience = pick(chance, AUDIENCES);
  const version = pick(chance, versions);
  const luck = drawUnit(chance);
  if (luck < 0.12) {
    events.push({ type: 'revert' });
    return;
  }
  const edits: Edit[] = [];
  if (luck < 0.27)
    edits.push({ type: 'strategy', audience, strategy: drawStrategy(chance, making.setup) });
  else if (luck < 0.42) edits.push({ type: 'approve', audience, step: drawInteger(chance, 0, 3) });
  else if (luck < 0.56) edits.push({ type: 'attempt', audience });
  else if (luck < 0.63) edits.push({ type: 'pause', audience });
  else if (luck < 0.7) edits.push({ type: 'unpause', audience });
  else if (luck < 0.74) edits.push({ type: 'withdraw', version });
  else if (luck < 0.76) edits.push({ type: 'restore', version });
  else if (luck < 0.82) {
    edits.push({
      type: 'lock',
      device: drawInteger(chance, 0, making.devices - 1),
      version,
      flash: isLikely(chance, 0.7) ? 'now' : 'on-reset',
    });
  } else if (luck < 0.9)
    edits.push({ type: 'unlock', device: drawInteger(chance, 0, Math.min(2, making.devices - 1)) });
  else if (luck < 0.93) edits.push({ type: 'unrelease', audience });
  else {
    edits.push({
      type: 'release',
      audience,
      version,
      strategy: drawStrategy(chance, making.setup),
    });
  }
  events.push({ type: 'commit', edits });
}

function addDeviceEvent(making: Making): void {
  const { chance, events } = making;
  const device = drawInteger(chance, 0, making.devices - 1);
  const luck = drawUnit(chance);
  if (luck < 0.3) events.push({ type: 'fate', device, fate: pick(chance, FATES) });
  else if (luck < 0.5) {
    const manners = pick(chance, ['answers', 'refuses', 'ignores'] as const);
    events.push({ type: 'manners', device, manners });
    events.push({ type: 'lazy', device, polls: drawInteger(chance, 1, 3) });
  } else if (luck < 0.66) {
    events.push({ type: 'lazy', device, polls: drawInteger(chance, 0, 3) });
  } else if (luck < 0.76) {
    const isLong = isLikely(chance, 0.3);
    events.push({
      type: 'silence',
      device,
      rounds: isLong ? drawInteger(chance, 12, 40) : drawInteger(chance, 2, 8),
    });
  } else if (luck < 0.86) events.push({ type: 'hardware', device, hardware: drawHardware(chance) });
  else if (luck < 0.93) {
    events.push({ type: 'reflash', device, version: pick(chance, making.versions) });
  } else if (making.devices < 30) {
    making.devices += 1;
    const version = pick(chance, making.versions);
    events.push({ type: 'join', version, hardware: drawHardware(chance) });
  }
}

function addTrouble({ chance, events }: Making): void {
  const luck = drawUnit(chance);
  const rounds = drawInteger(chance, 1, 4);
  if (luck < 0.2) events.push({ type: 'restart', rounds: isLikely(chance, 0.7) ? 0 : rounds });
  else if (luck < 0.42) events.push({ type: 'kill', rounds: isLikely(chance, 0.7) ? 0 : rounds });
  else if (luck < 0.55) events.push({ type: 'outage', rounds: rounds + 2 });
  else if (luck < 0.68) events.push({ type: 'dark', rounds: rounds + 2 });
  else if (luck < 0.85) {
    const sign = isLikely(chance, 0.5) ? 1 : -1;
    events.push({ type: 'jump', minutes: sign * drawInteger(chance, 10, 3_000) });
  } else events.push({ type: 'broken', file: isLikely(chance, 0.5) ? 'new' : 'known' });
}

function addStop(making: Making): void {
  making.isStopped = !making.isStopped;
  making.events.push({ type: making.isStopped ? 'stop' : 'resume' });
}

function drawHardware(chance: RandomStream): Hardware {
  return isLikely(chance, 0.5) ? 'a' : 'b';
}

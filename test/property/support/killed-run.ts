// One life of a fleet whose controller is killed again and again: a git repository that gets commit after commit,
// devices that never tire, and a note of everything that was acknowledged.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { openSqliteStore } from '../../../controller/stores/sqlite/sqlite-store.ts';
import type { Desired } from '../../../controller/model/desired.ts';
import type { Store } from '../../../controller/stores/store.ts';
import { createDeviceHands, DEVICE_TOKEN } from '../../support/device-hand.ts';
import { createGitRepo, type GitRepo, makeTempDir } from '../../support/git-repo.ts';
import { fleetFiles, type RepoWords, STEADY } from './fleet-repo.ts';
import { createTirelessDevice, type TirelessDevice } from './tireless-device.ts';

const PROGRAM = fileURLToPath(new URL('kill-program.ts', import.meta.url));

export const PRODUCT = 'thermostat';

const DEVICES = ['d0', 'd1', 'd2', 'd3'];

/** Steps, a soak and a rate: what moves on evidence and by the clock is killed in the middle too. */
const STAGED = {
  ...STEADY,
  steps: [
    { name: 'first', exposure: '1%', minDevices: 2, soak: '1s', successes: 1 },
    { name: 'all', exposure: '100%' },
  ],
  rate: '120/min',
};

const BASE: RepoWords = { fleet: { pollInterval: '1s' }, firmware: [1, 2], strategy: STAGED };

/** A commit, and the versions that `d0` … `d3` run once it is carried out: no two in a row are alike. */
interface Chapter {
  readonly words: RepoWords;
  readonly leadsTo: readonly string[];
}

/** What is committed in the course of a life, each commit when the fleet has come to rest on the one before. */
const CHAPTERS: readonly Chapter[] = [
  { words: BASE, leadsTo: ['1', '1', '1', '1'] },
  {
    words: { ...BASE, release: 2, locks: { bench: { devices: ['d0'], version: 2 } } },
    leadsTo: ['2', '2', '2', '2'],
  },
  {
    words: { ...BASE, release: 2, locks: { hold: { devices: ['d1', 'd3'], version: 1 } } },
    leadsTo: ['2', '1', '2', '1'],
  },
  {
    words: {
      ...BASE,
      firmware: [1, 2, 3],
      release: 3,
      locks: { bench: { devices: ['d0', 'd2'], version: 3 } },
    },
    leadsTo: ['3', '3', '3', '3'],
  },
  { words: { ...BASE, firmware: [1, 2, 3], release: 2 }, leadsTo: ['2', '2', '2', '2'] },
  { words: { ...BASE, firmware: [1, 2, 3], release: 3 }, leadsTo: ['3', '3', '3', '3'] },
];

/** Commits of a life. */
export const COMMITS = CHAPTERS.length;

/** Polls without anything to do after which a device rests, and after which the last pass is surely over. */
const RESTED = 3;
const AT_THE_END = 100;

/** A life that has not ended by then does not converge. */
const END_MS = 60_000;

/** When a process is killed. */
export interface Kill {
  /** Answers that devices got from it before; 0: it is killed while it starts. */
  readonly acknowledgements: number;
  /** Time after that. */
  readonly delayMs: number;
}

/** What is the same, however often the controller was killed. */
export interface EndState {
  readonly inForce: unknown;
  readonly revision: string | null;
  readonly devices: readonly unknown[];
  readonly firmware: readonly unknown[];
  /** Decisions in the log, sorted. */
  readonly decisions: readonly string[];
}

/**
 * Lives the whole life, with a kill per entry, and returns what is left. Throws at anything that was lost. In the folder
 * `compiled` modules are kept for the next process, which then starts sooner.
 */
export async function liveLife(kills: readonly Kill[], compiled: string): Promise<EndState> {
  const folder = makeTempDir('kill');
  const repo = createGitRepo(join(folder, 'repo'));
  const state = join(folder, 'state', 'state.db');
  const devices = DEVICES.map((id) => createTirelessDevice(id, '1', id === 'd2'));
  const story = openStory(repo, devices);
  const start = (): Running => startProgram(folder, compiled);
  try {
    for (const kill of kills) {
      await runUntilKilled(start, devices, kill, story);
      // A process may be killed before it has made its state; then it has acknowledged nothing either.
      if (!existsSync(state) && !devices.some(({ kept }) => kept.isRegistered)) continue;
      await withStore(state, (store) => checkKept(store, devices));
    }
    await runToTheEnd(start, devices, story);
    return await withStore(state, async (store) => {
      await checkKept(store, devices);
      return readEnd(store);
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Story {
  /** Commits the next chapter if the fleet rests on the last one. */
  goOn(): void;
  isOver(): boolean;
}

function openStory(repo: GitRepo, devices: readonly TirelessDevice[]): Story {
  const left = [...CHAPTERS];
  let current = left.shift();
  const write = (): void => {
    repo.remove(PRODUCT);
    for (const [path, content] of Object.entries(fleetFiles(current?.words ?? {}))) {
      repo.write(path, content);
    }
    repo.commit('a change');
  };
  const rests = (polls: number): boolean =>
    devices.every(
      ({ running, restedPolls }, index) =>
        running === current?.leadsTo[index] && restedPolls >= polls,
    );
  write();
  return {
    goOn() {
      if (left.length === 0 || !rests(RESTED)) return;
      current = left.shift();
      write();
      for (const device of devices) device.disturb();
    },
    isOver: () => left.length === 0 && rests(AT_THE_END),
  };
}

interface Running {
  /** Resolves with the address, or null where the process ended before it served. */
  readonly ready: Promise<string | null>;
  /** Resolves when the process is gone. */
  readonly ended: Promise<void>;
  kill(): void;
}

function startProgram(folder: string, compiled: string): Running {
  const args = [PROGRAM, join(folder, 'state', 'state.db'), join(folder, 'repo')];
  const child = spawn(process.execPath, [...args, join(folder, 'cache'), DEVICE_TOKEN], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_COMPILE_CACHE: compiled },
  });
  const ready = Promise.withResolvers<string | null>();
  const ended = Promise.withResolvers<void>();
  let output = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
    const url = /^ready (\S+)\n/m.exec(output)?.[1];
    if (url !== undefined) ready.resolve(url);
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    errors += chunk;
  });
  child.on('close', (_code, signal) => {
    ready.resolve(null);
    if (signal === 'SIGKILL') ended.resolve();
    else ended.reject(new Error(`the controller ended by itself: ${errors}`));
  });
  return { ready: ready.promise, ended: ended.promise, kill: () => void child.kill('SIGKILL') };
}

/** Runs a process with all devices at work, until the kill's moment has come. */
async function runUntilKilled(
  start: () => Running,
  devices: readonly TirelessDevice[],
  { acknowledgements, delayMs }: Kill,
  story: Story,
): Promise<void> {
  const program = start();
  let left = acknowledgements;
  const doom = (): void => {
    if (left >= 0) setTimeout(() => program.kill(), delayMs);
    left = Number.NEGATIVE_INFINITY;
  };
  if (acknowledgements === 0) doom();
  const url = await program.ready;
  if (url !== null) {
    await workUntil(url, devices, program, () => {
      left -= 1;
      if (left === 0) doom();
      story.goOn();
      return true;
    });
  }
  await program.ended;
}

/** Lets the devices work until the story is told. */
async function runToTheEnd(
  start: () => Running,
  devices: readonly TirelessDevice[],
  story: Story,
): Promise<void> {
  const program = start();
  const url = await program.ready;
  const deadline = setTimeout(() => program.kill(), END_MS);
  if (url !== null) {
    await workUntil(url, devices, program, () => {
      story.goOn();
      return !story.isOver();
    });
  }
  clearTimeout(deadline);
  program.kill();
  await program.ended;
  if (story.isOver()) return;
  const running = devices.map((device) => device.running).join(', ');
  throw new Error(`the fleet does not converge; its devices run ${running}`);
}

async function workUntil(
  url: string,
  devices: readonly TirelessDevice[],
  program: Running,
  tick: () => boolean,
): Promise<void> {
  const hands = createDeviceHands(url);
  try {
    await Promise.all(devices.map((device) => device.work(hands.device(PRODUCT, device.id), tick)));
  } catch (thrown) {
    program.kill();
    throw thrown;
  } finally {
    await hands.close();
  }
}

async function withStore<T>(file: string, work: (store: Store) => Promise<T>): Promise<T> {
  const opened = await openSqliteStore(file);
  if (!opened.ok) throw new Error(opened.error.message);
  try {
    return await work(opened.value);
  } finally {
    await opened.value.close();
  }
}

/** Everything that a device was told to be taken is there. */
async function checkKept(store: Store, devices: readonly TirelessDevice[]): Promise<void> {
  for (const { id, kept } of devices) {
    const record = await store.device(PRODUCT, id);
    if (record === null) {
      if (kept.isRegistered) throw new Error(`${id} was registered, and is not known`);
      continue;
    }
    const attributes = (await store.attributes(record.key)) ?? {};
    const word = Number(attributes['word'] ?? 0);
    if (word !== kept.word && word !== kept.wordSent) {
      throw new Error(`${id} sent ${kept.word} and is remembered with ${word}`);
    }
    for (const [action, words] of kept.feedback) {
      const entries = await store.feedback(PRODUCT, id, action);
      const found = new Set(entries.flatMap(({ details }) => details));
      const lost = words.filter((each) => !found.has(each));
      if (lost.length > 0) throw new Error(`${id} lost of action ${action}: ${lost.join(', ')}`);
    }
    for (const action of kept.closed) {
      const state = (await store.action(PRODUCT, id, action))?.state;
      if (state === undefined || state === 'open' || state === 'cancelling') {
        throw new Error(`action ${action} of ${id} was closed, and is ${state}`);
      }
    }
  }
}

/** What is in force without the moments at which its releases moved, which are another run's own. */
function withoutTimes(inForce: Desired | undefined): unknown {
  const moments = new Set([
    'startedAt',
    'stepAt',
    'soakSince',
    'finishedAt',
    'runningBefore',
    'growth',
  ]);
  const text = JSON.stringify(inForce, (name, value: unknown) =>
    moments.has(name) ? undefined : value,
  );
  return text === undefined ? null : JSON.parse(text);
}

async function readEnd(store: Store): Promise<EndState> {
  const product = (await store.products()).find(({ name }) => name === PRODUCT);
  const devices = await store.devicesById(PRODUCT, DEVICES);
  const events = await store.events({ limit: 100_000 });
  const isDecision = (type: string): boolean =>
    /^(RevisionSeen|RevisionInForce|ProductConfigured|FirmwareUploaded|DeviceLocked|DeviceUnlocked|DeviceRegistered|ProductAdopted)$/.test(
      type,
    );
  return {
    inForce: withoutTimes(product?.inForce),
    revision: product?.revision ?? null,
    devices: devices
      .map(({ device }) => ({
        id: device.id,
        standing: device.standing,
        running: device.running,
        lock: device.lock,
        action: device.action,
        outcome: device.outcome,
        failures: device.failures,
      }))
      .sort((a, b) => (a.id < b.id ? -1 : 1)),
    firmware: (await store.firmware(PRODUCT)).map(({ version, sha256, stored, ...record }) => ({
      version,
      sha256,
      stored,
      isVerified: record.verifiedAt !== null,
      isFinished: record.finishedAt !== null,
    })),
    decisions: events
      .filter(({ type }) => isDecision(type))
      .map(({ type, revision, manifest, device, message }) =>
        [type, revision, manifest, device, message].join(' '),
      )
      .sort(),
  };
}

// Random histories of staged releases at Particle: people, devices, the cloud and the machine do whatever they do, against
// the real controller and driver, a fake of the cloud on a socket, and virtual time. An oracle of its own judges each
// flash (`test/support/particle/cloud-oracle.ts`), and at the end the fleet comes to rest where it should.
//
// Fresh histories are played in each run, and a failure prints the seed that replays it: LOCKSTEP_SEED=… plays the history of
// that seed and the ones after it; LOCKSTEP_HISTORIES=… says how many of the core's are played, of which this is a part: one
// costs as much as many of those.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { askedHistories, firstSeed, SEEDS } from '../support/history-seeds.ts';
import { makeCloudHistory, renderCloudHistory } from '../support/particle/cloud-history.ts';
import { openCloudBinaries } from '../support/particle/cloud-world.ts';
import type { CloudKind } from '../support/particle/play-cloud-history.ts';
import { playCloudHistory } from '../support/particle/play-cloud-history.ts';

const TIMEOUT_MS = 1_800_000;

/** Histories that are played where nothing else is said. */
const HISTORIES = 30;

/** One of these takes as long as so many of the core's. */
const COST = 100;

/** In so many histories, everything that can happen does. */
const TELLING_HISTORIES = 100;

const KINDS: readonly CloudKind[] = [
  'by lock',
  'by release',
  'by base',
  'under way',
  'unseen',
  'other hand',
  'by file',
  'during trouble',
  'halt: hold',
  'halt: rollback',
  'stopped',
  'console',
  'trouble',
  'kill',
  'restart',
  'frozen revision',
];

let shared: Awaited<ReturnType<typeof openCloudBinaries>>;
beforeAll(async () => {
  shared = await openCloudBinaries();
});
afterAll(() => shared.close());

describe('in every history of staged releases at Particle', { timeout: TIMEOUT_MS }, () => {
  it('nobody is flashed with what is not theirs, and the fleet gets there', async () => {
    const first = firstSeed();
    const asked = askedHistories();
    const total = asked === null ? HISTORIES : Math.ceil(asked / COST);
    const occurred = new Map<CloudKind, number>(KINDS.map((kind) => [kind, 0]));
    let played = 0;
    try {
      for (; played < total; played += 1) await playSeed((first + played) % SEEDS, occurred);
    } finally {
      const counts = [...occurred].map(([kind, times]) => `${kind} ${times}`).join(', ');
      process.stdout.write(
        `histories at Particle: ${played} from LOCKSTEP_SEED=${first}\n  ${counts}\n`,
      );
    }
    const missing = [...occurred].filter(([, times]) => times === 0).map(([kind]) => kind);
    expect(played < TELLING_HISTORIES ? [] : missing, 'what never occurred').toEqual([]);
  });
});

async function playSeed(seed: number, occurred: Map<CloudKind, number>): Promise<void> {
  const history = makeCloudHistory(seed);
  try {
    await playCloudHistory(shared.binaries, history, (kind) => {
      occurred.set(kind, (occurred.get(kind) ?? 0) + 1);
    });
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    const replay = `LOCKSTEP_SEED=${seed} LOCKSTEP_HISTORIES=1`;
    throw new Error(`${why}\n\nReplay with ${replay}:\n\n${renderCloudHistory(history)}`, {
      cause: thrown,
    });
  }
}

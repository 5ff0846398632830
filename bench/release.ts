// A release to a whole fleet: from reading the commit to the first device that is offered the new version, and how many
// rows that writes. The baseline is what a controller does that makes a job per device.

import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { assert } from '../controller/base/assert.ts';
import type { Bench, BenchContext, Figure } from './support/bench.ts';
import { openConnection } from './support/connection.ts';
import { PRODUCT } from './support/fleet-repo.ts';
import { runningOf } from './support/fleet-states.ts';
import { compare, timeMs } from './support/measure.ts';
import { portOf, serveFleet, syncFleet } from './support/serve-fleet.ts';
import { getRequest, pathOf } from './support/requests.ts';
import { countWrites } from './support/row-counter.ts';

interface Round {
  readonly releaseMs: number;
  readonly releaseRows: number;
  readonly jobsMs: number;
  readonly jobsRows: number;
}

/** `release` */
export const releaseBench: Bench = {
  name: 'release',
  async run(context) {
    const figures: Figure[] = [];
    for (const devices of context.sizes) {
      context.tell(`releases to ${devices.toLocaleString('en-US')} devices`);
      const rounds: Round[] = [];
      // Each round needs a fleet that was not released to; the first warms up.
      for (let round = 0; round <= context.rounds; round += 1) {
        const measured = await measureRound(context, devices, round);
        if (round > 0) rounds.push(measured);
      }
      figures.push(...describe(devices, rounds));
    }
    return figures;
  },
};

async function measureRound(context: BenchContext, devices: number, round: number): Promise<Round> {
  const folder = join(context.folder, `${devices}-${round}`);
  const stateSpec = await context.states.copy(devices, folder);
  const file = join(folder, 'state.db');
  const jobs = await writeJobs(file);
  const writes = countWrites(file);
  const fleet = await serveFleet(stateSpec, { repo: context.states.repo, branch: 'next' });
  try {
    const connection = await openConnection(portOf(fleet));
    const before = writes.read();
    const i = firstUnlocked();
    const releaseMs = await timeMs(async () => {
      await syncFleet(fleet);
      const { body } = await connection.exchange(getRequest(i, pathOf(i)));
      assert(body.includes('deploymentBase'), `the first device is offered the release: ${body}`);
    });
    const releaseRows = writes.read() - before;
    connection.close();
    return { releaseMs, releaseRows, ...jobs };
  } finally {
    writes.close();
    await fleet.close();
  }
}

/** A row per device that is to be flashed, in one transaction, as durable as the store's own writes. */
async function writeJobs(file: string): Promise<Pick<Round, 'jobsMs' | 'jobsRows'>> {
  const db = new DatabaseSync(file);
  db.exec('PRAGMA synchronous = FULL');
  db.exec('CREATE TABLE bench_job (device TEXT PRIMARY KEY, version INTEGER, state TEXT)');
  let jobsRows = 0;
  const jobsMs = await timeMs(() => {
    const { changes } = db
      .prepare(
        "INSERT INTO bench_job SELECT id, 43, 'pending' FROM device WHERE lock_version IS NULL",
      )
      .run();
    jobsRows = Number(changes);
  });
  db.exec('DROP TABLE bench_job');
  db.close();
  return { jobsMs, jobsRows };
}

/** A device that no lock names. */
function firstUnlocked(): number {
  const isFree = (i: number): boolean => runningOf(i) !== runningOf(0);
  return Array.from({ length: 100 }, (_, i) => i).find(isFree) ?? 0;
}

function describe(devices: number, rounds: readonly Round[]): readonly Figure[] {
  const base = {
    bench: 'release',
    devices,
    baseline: `a job row per device of ${PRODUCT}, in one statement`,
  };
  const time = compare(
    rounds.map((round) => round.releaseMs),
    rounds.map((round) => round.jobsMs),
  );
  const rows = compare(
    rounds.map((round) => round.releaseRows),
    rounds.map((round) => round.jobsRows),
  );
  return [
    {
      ...base,
      what: 'from the commit to the first offer',
      unit: 'ms',
      ours: time.ours,
      baseline: { name: base.baseline, value: time.baseline },
      ratio: time.ratio,
      target: null,
      note: null,
    },
    {
      ...base,
      what: 'rows written until then',
      unit: 'rows',
      ours: rows.ours,
      baseline: { name: base.baseline, value: rows.baseline },
      ratio: rows.ratio,
      target: null,
      note: 'the offer to the first device, with its action and event, among them',
    },
  ];
}

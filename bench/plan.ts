// The cost of a plan, from reading the manifests to the finished plan, against one count of the devices by running
// version through an index: what any planner that asks the fleet's table has to pay at the least.

import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { assert } from '../controller/base/assert.ts';
import type { ServedController } from '../controller/cli/ports.ts';
import {
  createRevisionLoader,
  type RevisionLoader,
} from '../controller/reconciler/revision-loader.ts';
import { openSource } from '../controller/sources/open-source.ts';
import type { Source } from '../controller/sources/source.ts';
import type { Bench, BenchContext, Figure } from './support/bench.ts';
import { BRANCHES, PRODUCT, runGit } from './support/fleet-repo.ts';
import { compare, measureInTurn, timeMs } from './support/measure.ts';
import { must } from './support/must.ts';
import { openBranch, readSource, serveFleet } from './support/serve-fleet.ts';

/** A plan takes milliseconds, and is at the mercy of whatever else runs: it is worth more rounds. */
const ROUNDS_FACTOR = 4;

interface Subject {
  readonly devices: number;
  readonly fleet: ServedController;
  readonly db: DatabaseSync;
}

/** `plan` */
export const planBench: Bench = {
  name: 'plan',
  async run(context) {
    const sources = openSources(context);
    const subjects: Subject[] = [];
    try {
      for (const devices of context.sizes) subjects.push(await openSubject(context, devices));
      return await measure(context, sources, subjects);
    } finally {
      for (const { fleet, db } of subjects) {
        db.close();
        await fleet.close();
      }
      await sources.git.close();
      await sources.directory.close();
    }
  },
};

interface Sources {
  readonly git: Source;
  readonly directory: Source;
}

/** The same manifests from a repository and from a directory, whose two looks follow one another at once. */
function openSources({ states, folder }: BenchContext): Sources {
  const git = openBranch({ repo: states.repo, branch: 'next' }, join(folder, 'source'));
  const directory = join(folder, 'checkout');
  runGit(folder, 'clone', '--quiet', '--branch', 'next', states.repo, directory);
  const opened = openSource(
    { kind: 'directory', directory },
    { cacheDir: join(folder, 'unused'), settleMs: 0 },
  );
  assert(opened.ok, 'the directory of a bench opens');
  return { git, directory: opened.value };
}

async function openSubject(context: BenchContext, devices: number): Promise<Subject> {
  const folder = join(context.folder, String(devices));
  const stateSpec = await context.states.copy(devices, folder);
  const fleet = await serveFleet(stateSpec, null);
  const db = new DatabaseSync(join(folder, 'state.db'), { readOnly: true });
  // As the store itself has it.
  db.exec('PRAGMA cache_size = -163840');
  return { devices, fleet, db };
}

async function measure(
  context: BenchContext,
  { git, directory }: Sources,
  subjects: readonly Subject[],
): Promise<readonly Figure[]> {
  const known = { git: createRevisionLoader(), directory: createRevisionLoader() };
  const ways = [
    { what: 'directory, all read anew', source: directory, loader: createRevisionLoader },
    { what: 'directory, files known', source: directory, loader: () => known.directory },
    { what: 'git, all read anew', source: git, loader: createRevisionLoader },
    { what: 'git, files known', source: git, loader: () => known.git },
  ];
  const series = await measureInTurn(
    ROUNDS_FACTOR * context.rounds,
    subjects.flatMap(({ fleet, db, devices }) => [
      () => timeMs(() => countByVersion(db, devices)),
      ...ways.map(
        ({ source, loader }) =>
          () =>
            timeMs(() => makePlan(fleet, source, loader(), devices)),
      ),
    ]),
  );
  const columns = 1 + ways.length;
  return subjects.flatMap(({ devices }, index): Figure[] => {
    const counted = series[columns * index] ?? [];
    const isLargest = index === subjects.length - 1 && index > 0;
    return ways.flatMap(({ what }, way): Figure[] => {
      const planned = series[columns * index + 1 + way] ?? [];
      const figure = describe(what, devices, planned, counted);
      return isLargest
        ? [figure, describeGrowth(what, devices, planned, series[1 + way] ?? [])]
        : [figure];
    });
  });
}

function describe(
  what: string,
  devices: number,
  planned: readonly number[],
  counted: readonly number[],
): Figure {
  const { ours, baseline, ratio } = compare(planned, counted);
  return {
    bench: 'plan',
    what,
    devices,
    unit: 'ms',
    ours,
    baseline: { name: 'SELECT running, count(*) … GROUP BY running', value: baseline },
    ratio,
    target: devices >= 1_000_000 ? { of: 'ratio', limit: 'at most', value: 0.2 } : null,
    note: null,
  };
}

/** A plan must not grow with the fleet. */
function describeGrowth(
  way: string,
  devices: number,
  largest: readonly number[],
  smallest: readonly number[],
): Figure {
  const { ours, baseline, ratio } = compare(largest, smallest);
  return {
    bench: 'plan',
    what: `${way}: growth`,
    devices,
    unit: 'ms',
    ours,
    baseline: { name: 'the same plan for the smallest fleet', value: baseline },
    ratio,
    target: { of: 'ratio', limit: 'at most', value: 2 },
    note: null,
  };
}

function countByVersion(db: DatabaseSync, devices: number): void {
  const rows = db
    .prepare(
      `SELECT running, count(*) AS devices FROM device
       WHERE product = (SELECT number FROM word WHERE text = ?) GROUP BY running`,
    )
    .all(PRODUCT);
  assert(rows.reduce((sum, row) => sum + Number(row['devices']), 0) === devices, 'a count is off');
}

async function makePlan(
  { controller }: ServedController,
  source: Source,
  loader: RevisionLoader,
  devices: number,
): Promise<void> {
  const plan = must(await controller.plan(await readSource(source, loader), {}));
  const [product] = plan.products;
  assert(
    product?.impact.devices === devices &&
      product.actions.length === 1 &&
      product.actions[0]?.type === 'ReleaseFirmware' &&
      product.actions[0].version === BRANCHES.next,
    'a plan of a bench is one release',
  );
}

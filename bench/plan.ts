// The cost of a plan, from reading the manifests to the finished plan, against one count of the devices by running
// version through an index: what any planner that asks the fleet's table has to pay at the least.

import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { assert } from '../controller/base/assert.ts';
import type { Bench, BenchContext, Figure } from './support/bench.ts';
import { BRANCHES, PRODUCT } from './support/fleet-repo.ts';
import { compare, measureInTurn, timeMs } from './support/measure.ts';
import { openBranch, openFleet, readSource, type OpenFleet } from './support/open-fleet.ts';
import type { Source } from '../controller/sources/source.ts';

interface Subject {
  readonly devices: number;
  readonly fleet: OpenFleet;
  readonly db: DatabaseSync;
}

/** `plan` */
export const planBench: Bench = {
  name: 'plan',
  async run(context) {
    const source = openBranch({
      repo: context.states.repo,
      branch: 'next',
      cacheDir: join(context.folder, 'source'),
    });
    const subjects: Subject[] = [];
    try {
      for (const devices of context.sizes) subjects.push(await openSubject(context, devices));
      return await measure(context, source, subjects);
    } finally {
      for (const { fleet, db } of subjects) {
        db.close();
        await fleet.close();
      }
      await source.close();
    }
  },
};

async function openSubject(context: BenchContext, devices: number): Promise<Subject> {
  const folder = join(context.folder, String(devices));
  const stateSpec = await context.states.copy(devices, folder);
  const fleet = await openFleet({ stateSpec, source: null });
  const db = new DatabaseSync(join(folder, 'state.db'), { readOnly: true });
  // As the store itself has it.
  db.exec('PRAGMA cache_size = -98304');
  return { devices, fleet, db };
}

async function measure(
  { rounds }: BenchContext,
  source: Source,
  subjects: readonly Subject[],
): Promise<readonly Figure[]> {
  const series = await measureInTurn(
    rounds,
    subjects.flatMap(({ fleet, db, devices }) => [
      () => timeMs(() => countByVersion(db, devices)),
      () => timeMs(() => makePlan(fleet, source, devices)),
    ]),
  );
  const smallest = series[1] ?? [];
  return subjects.flatMap(({ devices }, index): Figure[] => {
    const counted = series[2 * index] ?? [];
    const planned = series[2 * index + 1] ?? [];
    const isLargest = index > 0 && index === subjects.length - 1;
    const base = { bench: 'plan', devices, unit: 'ms', note: null } as const;
    const { ours, baseline, ratio } = compare(planned, counted);
    const growth = compare(planned, smallest);
    return [
      {
        ...base,
        what: 'whole plan, all manifests read anew',
        ours,
        baseline: { name: 'SELECT running, count(*) … GROUP BY running', value: baseline },
        ratio,
        target: devices >= 1_000_000 ? { of: 'ratio', limit: 'at most', value: 0.2 } : null,
      },
      ...(isLargest
        ? [
            {
              ...base,
              what: 'whole plan, growth with the fleet',
              ours: growth.ours,
              baseline: {
                name: `the same with ${subjects[0]?.devices} devices`,
                value: growth.baseline,
              },
              ratio: growth.ratio,
              target: { of: 'ratio', limit: 'at most', value: 2 },
            } as const,
          ]
        : []),
    ];
  });
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

async function makePlan(fleet: OpenFleet, source: Source, devices: number): Promise<void> {
  const plan = await fleet.plan(await readSource(source));
  const [product] = plan.products;
  assert(
    product?.impact.devices === devices &&
      product.actions.length === 1 &&
      product.actions[0]?.type === 'ReleaseFirmware' &&
      product.actions[0].version === BRANCHES.next,
    'a plan of a bench is one release',
  );
}

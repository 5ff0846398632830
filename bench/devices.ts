// Lists of devices: each filter, order and direction of the API, over fleets in which it matches nobody, few devices and
// most of them. Measured is the answer of the server without the socket, beside the bare SQL that reads the same rows.

import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';

import { assert } from '../controller/base/assert.ts';
import { renderTable } from '../controller/reports/table.ts';
import { DEVICE_ORDERS } from '../controller/stores/device-search.ts';
import { startApi, type ApiUnderTest } from '../test/support/api.ts';
import type { Bench, BenchContext, Figure } from './support/bench.ts';
import { LISTED_FLEETS, seedListedFleet, type ListedFleet } from './support/listed-fleets.ts';
import { compare } from './support/measure.ts';

const P99_MAX_MS = 50;

/** Pages of one list that are followed, in each order and direction. */
const PAGES = 10;

const PAGE_DEFAULT = 100;

/** Pages are measured again while another process had more of the core than the rest. */
const BUSY_MIN = 0.85;

const TRIES_MAX = 6;

const FILTERS = [
  '',
  'prefix=e00fce680000',
  'prefix=e00fce68000000000000a',
  'running=42',
  'running=41',
  'running=unknown',
  'group=bench',
  'group=revB',
  'locked=true',
  'locked=false',
  'standing=quarantined',
  'standing=active',
  'online=true',
  'online=false',
  'failing=true',
  'failing=false',
  'updating=true',
  'drifted=true',
  'waiting=any',
  'waiting=OutsideExposure',
  'waiting=OutsideWindow',
  'failing=true&online=false',
  'failing=true&locked=true&running=41',
  'drifted=true&online=true&group=revB',
] as const;

/** `devices` */
export const devicesBench: Bench = {
  name: 'devices',
  async run(context) {
    const figures: Figure[] = [];
    const { sizes } = context;
    // What is between the smallest and the largest says nothing more, and seeding takes minutes.
    for (const devices of new Set([sizes[0] ?? 0, sizes.at(-1) ?? 0])) {
      const measured: Measured[] = [];
      for (const fleet of LISTED_FLEETS) {
        measured.push(...(await measureFleet(context, devices, fleet)));
      }
      context.print(renderMeasured(devices, measured));
      figures.push(describe(devices, measured));
    }
    return figures;
  },
};

/** One filter in one fleet, over all orders. */
interface Measured extends Pages {
  readonly filter: string;
  readonly fleet: string;
}

interface Pages {
  /** Milliseconds of each page. */
  readonly ours: readonly number[];
  readonly bare: readonly number[];
  /** Share of the pages that ended early. */
  readonly early: number;
  /** Share of a core that the measurement had. */
  readonly busy: number;
}

async function measureFleet(
  context: BenchContext,
  devices: number,
  fleet: ListedFleet,
): Promise<readonly Measured[]> {
  const folder = join(context.folder, `${devices}-${fleet.name}`);
  mkdirSync(folder);
  const file = join(folder, 'state.db');
  const which = `${devices.toLocaleString('en-US')} devices, ${fleet.name}`;
  context.tell(`seeding ${which}`);
  const api = await startApi({}, null, seedListedFleet(file, devices, fleet));
  const db = new DatabaseSync(file, { readOnly: true });
  const bare = db.prepare(`
    SELECT d.*, c.at, c.listened FROM json_each(?) AS j
    CROSS JOIN device AS d ON d.product = 1 AND d.id = j.value
    LEFT JOIN contact AS c ON c.key = d.key`);
  try {
    context.tell(`listing ${which}`);
    for (const filter of FILTERS) await followPages(api, bare, filter, 1);
    const measured: Measured[] = [];
    for (const filter of FILTERS) {
      let pages = await followPages(api, bare, filter, context.rounds);
      for (let tries = 1; tries < TRIES_MAX && pages.busy < BUSY_MIN; tries += 1) {
        pages = await followPages(api, bare, filter, context.rounds);
      }
      measured.push({ filter, fleet: fleet.name, ...pages });
    }
    return measured;
  } finally {
    db.close();
    await api.close();
    rmSync(folder, { recursive: true });
  }
}

async function followPages(
  api: ApiUnderTest,
  bare: StatementSync,
  filter: string,
  rounds: number,
): Promise<Pages> {
  const ours: number[] = [];
  const theirs: number[] = [];
  let early = 0;
  const startedAt = performance.now();
  const before = process.cpuUsage();
  const lists = DEVICE_ORDERS.flatMap((order) => [
    `sort=${order}`,
    `sort=${order}&descending=true`,
  ]);
  for (let round = 0; round < rounds; round += 1) {
    for (const list of lists) {
      let after = '';
      for (let page = 0; page < PAGES; page += 1) {
        const query = `${filter}&${list}${after}`;
        const url = `/api/v1/products/thermostat/devices?${query}`;
        const askedAt = performance.now();
        const { status, body } = await api.server.inject({ method: 'GET', url });
        ours.push(performance.now() - askedAt);
        assert(status === 200, body.slice(0, 500));
        const { items, next } = JSON.parse(body) as Page;
        const ids = JSON.stringify(items.map(({ id }) => id));
        const readAt = performance.now();
        bare.all(ids);
        theirs.push(performance.now() - readAt);
        if (next !== null && items.length < PAGE_DEFAULT) early += 1;
        // A list that ends is begun again.
        after = next === null ? '' : `&after=${encodeURIComponent(next)}`;
      }
    }
  }
  const { user, system } = process.cpuUsage(before);
  const busy = (user + system) / 1_000 / (performance.now() - startedAt);
  return { ours, bare: theirs, early: early / ours.length, busy };
}

interface Page {
  readonly items: readonly { readonly id: string }[];
  readonly next: string | null;
}

function renderMeasured(devices: number, measured: readonly Measured[]): string {
  const columns = [
    { title: 'filter' },
    ...LISTED_FLEETS.map(({ name }) => ({ title: name, align: 'right' as const })),
    { title: 'bare SQL', align: 'right' as const },
  ];
  const rows = FILTERS.map((filter) => {
    const own = measured.filter((each) => each.filter === filter);
    const cells = own.map(({ ours, early, busy }) => {
      const mark = `${early > 0 ? ' e' : ''}${busy < BUSY_MIN ? ' void' : ''}`;
      return `${formatMs(quantile(ours, 0.5))} / ${formatMs(quantile(ours, 0.99))}${mark}`;
    });
    const all = own.flatMap(({ bare }) => bare);
    const bare = `${formatMs(quantile(all, 0.5))} / ${formatMs(quantile(all, 0.99))}`;
    return [filter === '' ? '(none)' : filter, ...cells, bare];
  });
  return [
    `Pages of 100 of ${devices.toLocaleString('en-US')} devices, p50 / p99 in ms (e: some ended early), all orders:`,
    ...renderTable(columns, rows, { color: false }),
  ].join('\n');
}

function describe(devices: number, measured: readonly Measured[]): Figure {
  const valid = measured.filter(({ busy }) => busy >= BUSY_MIN);
  const kept = valid.length === 0 ? measured : valid;
  const { ours, baseline, ratio } = compare(
    kept.map((each) => quantile(each.ours, 0.99)),
    kept.map((each) => quantile(each.bare, 0.99)),
  );
  const voided = measured.length - valid.length;
  return {
    bench: 'devices',
    what: 'a page, p99 of the slowest filter',
    devices,
    unit: 'ms',
    ours: { ...ours, median: ours.max },
    baseline: {
      name: 'the bare SQL of the same rows',
      value: { ...baseline, median: baseline.max },
    },
    ratio,
    target: { of: 'ours', limit: 'at most', value: P99_MAX_MS },
    isVoid: valid.length === 0,
    note: `of ${measured.length} filters and fleets, ${voided} were void`,
  };
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

function formatMs(ms: number): string {
  return ms.toFixed(ms < 10 ? 1 : 0);
}

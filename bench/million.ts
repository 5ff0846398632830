// A release in five steps to the largest fleet, in simulated time, in one process: the real store on the disk, the real
// gateway behind its desk, the real reconciler. Polls that lead to nothing are left out, the questions of a soak among
// them; all else is done. What a pass of the reconciler costs is measured beside the smallest fleet.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { assert } from '../controller/base/assert.ts';
import type { StrategySpec } from '../controller/model/desired.ts';
import { openSqliteStore } from '../controller/stores/sqlite/sqlite-store.ts';
import type { Bench, BenchContext, Figure } from './support/bench.ts';
import { compare, measureInTurn, summarise, timeMs, type Spread } from './support/measure.ts';
import { must } from './support/must.ts';
import { seededId, seedFleet } from './support/seed-fleet.ts';
import { drawFaults } from './support/virtual/device-faults.ts';
import { createLeanFleet } from './support/virtual/lean-fleet.ts';
import {
  openLeanWorld,
  PRODUCT,
  VERSIONS,
  WORLD_STARTS_AT,
  type LeanWorld,
} from './support/virtual/lean-world.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

const RHYTHM = { pollMs: 5 * MINUTE_MS, slotMs: 10 * SECOND_MS, installMs: 2 * MINUTE_MS } as const;

/** Some devices fail at every attempt, so that failures are among what is done. */
const FAULTS = { off: 0, fails: 0.002, fallsBack: 0.001, fallsBackAfterMs: HOUR_MS, spread: 0.5 };

const STRATEGY: StrategySpec = {
  steps: (
    [
      ['canary', 100],
      ['twentieth', 500],
      ['fifth', 2_000],
      ['half', 5_000],
      ['all', 10_000],
    ] as const
  ).map(([name, exposure]) => ({
    name,
    exposure,
    minDevices: 5,
    soakMs: 24 * HOUR_MS,
    successes: 20,
    approval: false,
  })),
  rate: null,
  windows: [],
  halt: { failureRate: 2, minAttempts: 40, action: 'hold' },
  onRollback: 'direct',
};

/** The step in which passes are measured, when some of its devices are on their way. */
const MIDDLE = 'half';

const RELEASE_MAX_MS = 14 * 24 * HOUR_MS;

/** A pass takes milliseconds: more rounds cost nothing. */
const ROUNDS_FACTOR = 4;

/** `million` */
export const millionBench: Bench = {
  name: 'million',
  onlyByName: true,
  async run(context) {
    const least = context.sizes[0];
    const most = context.sizes.at(-1);
    assert(least !== undefined && most !== undefined, 'a bench has a size');
    const small = await openFleet(context, least);
    const large = await openFleet(context, most);
    try {
      const idle = await measurePasses(context, small, large);
      context.tell(`the release to ${count(least)} devices, up to step ${MIDDLE}`);
      await releaseToMiddle(small);
      context.tell(`the release to ${count(most)} devices`);
      const passesBefore = large.passesMs.length;
      const virtualBefore = large.clock.monotonicMs();
      const cpuBefore = process.cpuUsage();
      let wallMs = await timeMs(() => releaseToMiddle(large));
      const passesMs = large.passesMs.slice(passesBefore);
      const middle = await measurePasses(context, small, large);
      const passesMeasured = large.passesMs.length;
      wallMs += await timeMs(() => runToEnd(large));
      passesMs.push(...large.passesMs.slice(passesMeasured));
      const virtualMs = large.clock.monotonicMs() - virtualBefore;
      const { user, system } = process.cpuUsage(cpuBefore);
      const cpuMs = (user + system) / 1_000;
      context.print(describeRelease(large, most, { wallMs, cpuMs, virtualMs, passesMs }));
      return [
        describePasses('a pass, nothing under way', most, least, idle),
        describePasses(`a pass, in the middle of step ${MIDDLE}`, most, least, middle),
      ];
    } finally {
      await small.close();
      await large.close();
    }
  },
};

async function openFleet(context: BenchContext, devices: number): Promise<LeanWorld> {
  const folder = join(context.folder, String(devices));
  mkdirSync(folder);
  const file = join(folder, 'state.db');
  context.tell(`seeding ${count(devices)} devices`);
  seedFleet(file, {
    product: PRODUCT,
    devices,
    running: () => VERSIONS.before,
    contact: () => ({ at: WORLD_STARTS_AT, listened: 0, steadyAt: WORLD_STARTS_AT }),
  });
  const faults = drawFaults(1, { ...FAULTS, version: VERSIONS.released });
  const world = await openLeanWorld({
    store: must(await openSqliteStore(file)),
    devices,
    ...RHYTHM,
    takenAsHeard: true,
    makeFleet: () =>
      createLeanFleet({
        product: PRODUCT,
        devices,
        idOf: seededId,
        version: VERSIONS.before,
        ...RHYTHM,
        faults,
        pollsWhenIdle: false,
      }),
  });
  await world.run(HOUR_MS, () => false);
  return world;
}

async function releaseToMiddle(world: LeanWorld): Promise<void> {
  await world.release(STRATEGY);
  await world.run(RELEASE_MAX_MS, () => world.state()?.step === MIDDLE);
  // Half of those that the step adds have polled by now.
  await world.run(RHYTHM.pollMs / 2, () => false);

  assert((world.plan()?.inFlight ?? 0) > 0, 'nobody is on the way in the middle of a step');
}

async function runToEnd(world: LeanWorld): Promise<void> {
  await world.run(RELEASE_MAX_MS, () => world.isFinished() || world.isHalted());
  const { step = null, halt = null } = world.state() ?? {};
  assert(world.isFinished(), `the release ended in step ${step}: ${halt?.message ?? 'too late'}`);
}

/** Milliseconds of passes, in turn. */
async function measurePasses(
  { rounds }: BenchContext,
  small: LeanWorld,
  large: LeanWorld,
): Promise<{ readonly small: readonly number[]; readonly large: readonly number[] }> {
  const [one = [], other = []] = await measureInTurn(rounds * ROUNDS_FACTOR, [
    () => timeMs(() => small.pass()),
    () => timeMs(() => large.pass()),
  ]);
  return { small: one, large: other };
}

function describePasses(
  what: string,
  devices: number,
  least: number,
  series: { readonly small: readonly number[]; readonly large: readonly number[] },
): Figure {
  const { ours, baseline, ratio } = compare(series.large, series.small);
  return {
    bench: 'million',
    what,
    devices,
    unit: 'ms',
    ours,
    baseline: { name: `the same with ${count(least)} devices`, value: baseline },
    ratio,
    target: { of: 'ratio', limit: 'at most', value: 2 },
    note: null,
  };
}

function describeRelease(
  { fleet }: LeanWorld,
  devices: number,
  run: {
    readonly wallMs: number;
    readonly cpuMs: number;
    readonly virtualMs: number;
    readonly passesMs: readonly number[];
  },
): string {
  const passes = summarise(run.passesMs);
  const seconds = run.wallMs / SECOND_MS;
  const { rss } = process.memoryUsage();
  const peak = process.resourceUsage().maxRSS * 1024;
  const flashed = fleet.countRunning(VERSIONS.released);
  return [
    `A release in ${STRATEGY.steps.length} steps to ${count(devices)} devices, of which ${count(flashed)} run it at the end:`,
    `  ${Math.round(seconds)} s (${Math.round(run.cpuMs / SECOND_MS)} s of CPU) for ${(run.virtualMs / HOUR_MS / 24).toFixed(1)} days of virtual time; ${count(fleet.flashes())} flashes, ${count(Math.round(fleet.flashes() / seconds))} a second;`,
    `  ${count(run.passesMs.length)} passes of ${renderSpread(passes)} ms; ${Math.round(rss / 1e6)} MB resident at the end, ${Math.round(peak / 1e6)} MB at most (the simulated devices among them);`,
    '  left out: polls without a link, also those that ask during a soak, about once an hour, what still runs.',
  ].join('\n');
}

function renderSpread({ median, min, max }: Spread): string {
  return `${median.toFixed(1)} (${min.toFixed(1)} to ${max.toFixed(1)})`;
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}

// A product of Particle's cloud, simulated: what a reconcile, a release, a halt and many locks cost in calls and in time.
// Time of the budget passes virtually, so that the wait for it is counted and not waited for; what is measured besides is
// the driver, its state on disk and HTTP to the cloud in this process, which takes most of it.

import { assert } from '../controller/base/assert.ts';
import { CALLS_SPAN_MS, CALLS_MAX } from '../controller/fleets/particle/budget.ts';
import type { ManagedCloud } from '../test/support/particle/managed-cloud.ts';
import { startManagedCloud } from '../test/support/particle/managed-cloud.ts';
import type { Bench, Figure } from './support/bench.ts';
import { compare, timeMs } from './support/measure.ts';

const DEVICES = 10_000;
const LOCKS = 1_000;
/** What a steady reconcile may take. */
const READING_CALLS_MAX = 410;
/** How many devices the release in steps has reached when it halts, in ten thousandths. */
const EXPOSURE = 1_000;

const FIRMWARE = [{ version: 41 }, { version: 42 }];

interface Cost {
  readonly calls: number;
  /** Those that change something. */
  readonly changes: number;
  readonly ms: number;
  /** By the cloud's clock: the waits for the budget. */
  readonly waitedMs: number;
}

interface Round {
  readonly steady: Cost;
  readonly release: Cost;
  /** The version before, again to everyone. */
  readonly back: Cost;
  readonly halt: Cost;
  readonly locks: Cost;
}

/** `particle` */
export const particleBench: Bench = {
  name: 'particle',
  async run({ rounds, tell }) {
    tell(`a product of ${DEVICES.toLocaleString('en-US')} devices in a simulated Particle cloud`);
    const measured: Round[] = [];
    // The first warms up.
    for (let round = 0; round <= rounds; round += 1) {
      const costs = await measureRound();
      if (round > 0) measured.push(costs);
    }
    return describe(measured);
  },
};

async function measureRound(): Promise<Round> {
  const managed = await startManagedCloud({
    devices: Array.from({ length: DEVICES }, () => ({ runs: 41 })),
    firmware: [
      { version: 41, isDefault: true },
      { version: 42, groups: ['seed'] },
    ],
  });
  try {
    await managed.inForce({ firmware: FIRMWARE, release: 41 });
    refill(managed);
    const steady = await cost(managed, () => managed.round());
    assert(steady.changes === 0, 'there is nothing to do in the steady state');
    const release = await cost(managed, () => managed.inForce({ firmware: FIRMWARE, release: 42 }));
    const back = await cost(managed, () => managed.inForce({ firmware: FIRMWARE, release: 41 }));
    refill(managed);
    const base = { base: 41, limit: EXPOSURE };
    await managed.inForce({ firmware: FIRMWARE, release: 42 }, { tracks: { '': base } });
    const stopped = { action: 'hold' as const, at: 0, failed: 9, succeeded: 0, message: 'Enough.' };
    const held = { '': { ...base, halt: stopped } };
    const halt = await cost(managed, () =>
      managed.inForce({ firmware: FIRMWARE, release: 42 }, { tracks: held }),
    );
    await managed.inForce({ firmware: FIRMWARE, release: 41 });
    await writeLocks(managed);
    refill(managed);
    const locks = await cost(managed, () => managed.round());
    const isLocked = managed.cloud.product.devices.values();
    const locked = [...isLocked].filter(({ lock }) => lock !== null).length;
    assert(locked === LOCKS, `${LOCKS} devices are locked at Particle, and not ${locked}`);
    return { steady, release, back, halt, locks };
  } finally {
    await managed.close();
  }
}

/** The budget is full again. Devices get meanwhile what is released to them. */
function refill({ cloud }: ManagedCloud): void {
  cloud.advance(CALLS_SPAN_MS);
}

/** What some work costs. */
async function cost(managed: ManagedCloud, work: () => Promise<unknown>): Promise<Cost> {
  const { cloud } = managed;
  managed.changes();
  const before = cloud.calls.length;
  const startedAt = cloud.now();
  const ms = await timeMs(work);
  const calls = cloud.calls.length - before;
  return { calls, changes: managed.changes().length, ms, waitedMs: cloud.now() - startedAt };
}

async function writeLocks(managed: ManagedCloud): Promise<void> {
  const { firmware } = managed.cloud.product;
  assert(firmware.has(41), 'Particle holds what devices are locked to');
  await managed.lock(managed.cloud.fleet.ids.slice(0, LOCKS), 41);
}

function describe(rounds: readonly Round[]): readonly Figure[] {
  const figure = (
    what: string,
    unit: string,
    ours: (round: Round) => number,
    baseline: readonly [name: string, value: number],
    more: Partial<Figure> = {},
  ): Figure => {
    const compared = compare(
      rounds.map(ours),
      rounds.map(() => baseline[1]),
    );
    return {
      bench: 'particle',
      what,
      devices: DEVICES,
      unit,
      ours: compared.ours,
      baseline: { name: baseline[0], value: compared.baseline },
      ratio: compared.ratio,
      target: null,
      note: null,
      ...more,
    };
  };
  const perDevice = ['a call for each device', DEVICES] as const;
  const perLock = ['a call for each lock', LOCKS] as const;
  const interval = ['a round a minute', 60_000] as const;
  const budgetMs = [
    'the budget alone, spread evenly',
    (LOCKS * CALLS_SPAN_MS) / CALLS_MAX,
  ] as const;
  return [
    figure('calls of a steady reconcile', 'calls', ({ steady }) => steady.calls, perDevice, {
      target: { of: 'ours', limit: 'at most', value: READING_CALLS_MAX },
    }),
    figure('a steady reconcile', 'ms', ({ steady }) => steady.ms, interval, {
      note: 'the simulated cloud, in the same process, is within the time',
    }),
    figure('changing calls of a release', 'calls', ({ release }) => release.changes, perDevice, {
      target: { of: 'ours', limit: 'at most', value: 1 },
    }),
    figure('changing calls of a rollback', 'calls', ({ back }) => back.changes, perDevice, {
      target: { of: 'ours', limit: 'at most', value: 1 },
    }),
    figure('changing calls of a halt in a step', 'calls', ({ halt }) => halt.changes, perDevice, {
      target: { of: 'ours', limit: 'at most', value: 1 },
      note: `a tenth of the devices were in the step, and none had begun`,
    }),
    figure(
      `calls of ${LOCKS} locks, with the reading`,
      'calls',
      ({ locks }) => locks.calls,
      perLock,
    ),
    figure(`${LOCKS} locks, waits for the budget aside`, 'ms', ({ locks }) => locks.ms, budgetMs, {
      note: 'the simulated cloud, in the same process, is within the time',
    }),
    figure(`${LOCKS} locks: waits for the budget`, 'ms', ({ locks }) => locks.waitedMs, budgetMs),
  ];
}

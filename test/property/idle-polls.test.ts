// Large fleets are simulated without the polls that lead to nothing. Here a fleet of a thousand lives the same release
// with and without them, the questions of a soak included: nothing that matters may differ.

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { createLeanFleet } from '../../bench/support/virtual/lean-fleet.ts';
import { drawFaults, type FaultShares } from '../../bench/support/virtual/device-faults.ts';
import { openLeanWorld, PRODUCT, VERSIONS } from '../../bench/support/virtual/lean-world.ts';
import { registerDevices } from '../../bench/support/virtual/register-devices.ts';
import type { RateSpec, StrategySpec } from '../../controller/model/desired.ts';
import type { DeviceRecord } from '../../controller/model/device.ts';
import type { ReleaseState } from '../../controller/model/rollout.ts';
import { openSqliteStore } from '../../controller/stores/sqlite/sqlite-store.ts';
import type { Store } from '../../controller/stores/store.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DEVICES = 1_000;
const RHYTHM = { pollMs: 5 * MINUTE_MS, slotMs: MINUTE_MS, installMs: 2 * MINUTE_MS } as const;

/** Time for all steps, and for the devices that fail to be tried again and left alone. */
const LIFE_MS = 5 * HOUR_MS;

/** A machine that does much else at the same time takes minutes. */
const TIMEOUT_MS = 300_000;

interface Life {
  readonly seed: number;
  readonly faults: Omit<FaultShares, 'version' | 'spread'>;
  readonly soakMs: number;
  readonly rate: RateSpec | null;
  readonly halt: StrategySpec['halt'];
}

const lives = fc.record({
  seed: fc.nat(1_000_000),
  faults: fc.record({
    off: fc.constantFrom(0, 0.03),
    fails: fc.constantFrom(0, 0.01, 0.1),
    fallsBack: fc.constantFrom(0, 0.02, 0.3),
    fallsBackAfterMs: fc.integer({ min: 1, max: 90 }).map((minutes) => minutes * MINUTE_MS),
  }),
  soakMs: fc.constantFrom(0, HOUR_MS),
  rate: fc.constantFrom(null, { flashes: 1_200, perMs: HOUR_MS }),
  halt: fc.record({
    failureRate: fc.constantFrom(5, 50),
    minAttempts: fc.constantFrom(5, 40),
    action: fc.constantFrom('hold', 'rollback'),
  }),
}) satisfies fc.Arbitrary<Life>;

/** Lives that are always lived, for their ends. */
const FINISHING: Life = {
  seed: 1,
  faults: { off: 0.03, fails: 0.01, fallsBack: 0.01, fallsBackAfterMs: 20 * MINUTE_MS },
  soakMs: HOUR_MS,
  rate: null,
  halt: { failureRate: 10, minAttempts: 40, action: 'hold' },
};
const HALTING: Life = {
  seed: 2,
  faults: { off: 0, fails: 0, fallsBack: 0.3, fallsBackAfterMs: 30 * MINUTE_MS },
  soakMs: 0,
  rate: { flashes: 1_200, perMs: HOUR_MS },
  halt: { failureRate: 5, minAttempts: 40, action: 'rollback' },
};

/** What a life came to. */
interface Outcome {
  /** Every flash, as minute, device, version and step, in order of the first two. */
  readonly flashes: readonly string[];
  readonly release: ReleaseState | null;
  /** What the state says of the devices, and what they run in truth. */
  readonly devices: readonly string[];
}

describe('a fleet whose idle polls are left out', { timeout: TIMEOUT_MS }, () => {
  it('goes through the same steps as one that polls, with the same devices', async () => {
    const { polling, lean } = await liveBoth(FINISHING);
    expect(lean).toEqual(polling);
    expect(lean.release).toMatchObject({ step: 'all', limit: 10_000, halt: null });
    expect(lean.release?.finishedAt).not.toBeNull();
  });

  it('is rolled back when one that polls is, with the same devices', async () => {
    const { polling, lean } = await liveBoth(HALTING);
    expect(lean).toEqual(polling);
    expect(lean.release).toMatchObject({ limit: 0, halt: { action: 'rollback' } });
  });

  it('does in any life what one that polls does', async () => {
    const property = fc.asyncProperty(lives, async (life) => {
      const { polling, lean } = await liveBoth(life);
      expect(polling.flashes.length).toBeGreaterThan(0);
      expect(lean).toEqual(polling);
    });
    await fc.assert(property, { numRuns: 2, endOnFailure: true });
  });
});

async function liveBoth(
  life: Life,
): Promise<{ readonly polling: Outcome; readonly lean: Outcome }> {
  return { polling: await live(life, true), lean: await live(life, false) };
}

async function live(life: Life, pollsWhenIdle: boolean): Promise<Outcome> {
  const opened = await openSqliteStore(':memory:', { randomStart: () => 0 });
  if (!opened.ok) throw new Error(opened.error.message);
  const store = opened.value;
  const flashes: string[] = [];
  const options = {
    product: PRODUCT,
    devices: DEVICES,
    idOf: (i: number) => `device-${life.seed}-${i}`,
    version: VERSIONS.before,
    ...RHYTHM,
    faults: drawFaults(life.seed, { ...life.faults, spread: 0.5, version: VERSIONS.released }),
    pollsWhenIdle,
    onFlash: (i: number, version: number) => {
      const minute = Math.round(world.clock.monotonicMs() / MINUTE_MS);
      flashes.push([minute, i, version, world.state()?.step].join(' '));
    },
  };
  const world = await openLeanWorld({
    store,
    devices: DEVICES,
    ...RHYTHM,
    takenAsHeard: !pollsWhenIdle,
    makeFleet: () => createLeanFleet(options),
    register: (at) => registerDevices(store, { ...options, at }),
  });
  try {
    await world.run(HOUR_MS / 2, () => false);
    await world.release(strategyOf(life));
    await world.run(LIFE_MS, () => false);
    const records = await readAll(store);
    return {
      flashes: flashes.sort(),
      release: world.state(),
      devices: Array.from({ length: DEVICES }, (_, i) =>
        JSON.stringify([world.fleet.running(i), standingOf(records.get(options.idOf(i)))]),
      ),
    };
  } finally {
    await world.close();
  }
}

function strategyOf({ soakMs, rate, halt }: Life): StrategySpec {
  const step = { minDevices: 5, soakMs, successes: 5, approval: false };
  return {
    steps: [
      { ...step, name: 'canary', exposure: 200 },
      { ...step, name: 'third', exposure: 3_300 },
      { ...step, name: 'all', exposure: 10_000 },
    ],
    rate,
    windows: [],
    halt,
    onRollback: 'direct',
  };
}

/** What the state says of a device, but for numbers that are given out in the order of writes. */
function standingOf(device: DeviceRecord | undefined): unknown {
  if (device === undefined) return null;
  const { standing, reported, running, runningSince, dormant, given, outcome } = device;
  const { failures, relapses, action } = device;
  const open = action === null ? null : { ...action, id: 0 };
  return {
    standing,
    reported,
    running,
    runningSince,
    dormant,
    given,
    outcome,
    failures,
    relapses,
    open,
  };
}

async function readAll(store: Store): Promise<ReadonlyMap<string, DeviceRecord>> {
  const records = new Map<string, DeviceRecord>();
  let afterId: string | undefined;
  for (;;) {
    const page = await store.devices({
      product: PRODUCT,
      limit: 1_000,
      ...(afterId !== undefined && { afterId }),
    });
    for (const { device } of page) records.set(device.id, device);
    afterId = page.at(-1)?.device.id;
    if (page.length === 0) return records;
  }
}

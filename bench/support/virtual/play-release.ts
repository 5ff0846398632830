// One release to one simulated fleet, from its first step until it halts or is through: how far it got. The same case
// always comes to the same.

import { seededId } from '../seed-fleet.ts';
import { openSqliteStore } from '../../../controller/stores/sqlite/sqlite-store.ts';
import type { StrategySpec } from '../../../controller/model/desired.ts';
import { must } from '../must.ts';
import { drawFaults, type FaultShares } from './device-faults.ts';
import { createLeanFleet } from './lean-fleet.ts';
import { openLeanWorld, PRODUCT, VERSIONS, type LeanWorld } from './lean-world.ts';
import { registerDevices } from './register-devices.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Devices poll this often, and take this long to install. */
export const RHYTHM = {
  pollMs: 5 * MINUTE_MS,
  slotMs: MINUTE_MS,
  installMs: 2 * MINUTE_MS,
} as const;

/** A release that neither halted nor finished by then is taken for stuck. */
const PLAYED_MAX_MS = 21 * 24 * HOUR_MS;

/** A release, and what goes wrong with it. Plain data. */
export interface ReleaseCase {
  readonly devices: number;
  /** Which devices the fleet has, and so which are first; and which of them have a fault. */
  readonly seed: number;
  readonly strategy: StrategySpec;
  readonly faults: Omit<FaultShares, 'version'>;
  /** After the end of the release, the rest of the devices gets it, and may make it halt: watch them for so long. */
  readonly aftermathMs: number;
}

/** Where a release came to. */
export interface PlayedRelease {
  readonly end: 'halted' | 'finished' | 'stuck';
  /** Share of the devices that it reached, 0 to 1. */
  readonly reached: number;
  /** Step in which it ended. */
  readonly step: string | null;
  /** From its start to its halt, or to its end. */
  readonly hours: number;
}

/** Plays a case in virtual time, with a state in memory. */
export async function playRelease(played: ReleaseCase): Promise<PlayedRelease> {
  const { devices, seed } = played;
  const store = must(await openSqliteStore(':memory:', { randomStart: () => 0 }));
  const fleet = {
    product: PRODUCT,
    devices,
    idOf: (i: number) => seededId(seed * devices + i),
    version: VERSIONS.before,
  };
  const faults = drawFaults(seed, { ...played.faults, version: VERSIONS.released });
  const world = await openLeanWorld({
    store,
    devices,
    ...RHYTHM,
    takenAsHeard: true,
    makeFleet: () => createLeanFleet({ ...fleet, ...RHYTHM, faults, pollsWhenIdle: false }),
    register: (at) => registerDevices(store, { ...fleet, at }),
  });
  try {
    await world.run(HOUR_MS, () => false);
    return await follow(world, played);
  } finally {
    await world.close();
  }
}

async function follow(
  world: LeanWorld,
  { devices, strategy, aftermathMs }: ReleaseCase,
): Promise<PlayedRelease> {
  const { clock } = world;
  const startedAt = clock.now();
  await world.release(strategy);
  const isOver = (): boolean => world.isHalted() || world.isFinished();
  await world.run(PLAYED_MAX_MS, isOver);
  const endedAt = clock.now();
  if (!world.isHalted()) await world.run(aftermathMs, () => world.isHalted());
  return {
    end: world.isHalted() ? 'halted' : world.isFinished() ? 'finished' : 'stuck',
    reached: (world.plan()?.devices ?? 0) / devices,
    step: world.state()?.step ?? null,
    hours: (endedAt - startedAt) / HOUR_MS,
  };
}

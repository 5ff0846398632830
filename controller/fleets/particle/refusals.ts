// Releases that Particle refused: its own gate wants a device that runs the version at that moment. They are left out of the
// next readings, so that what else is to be done goes on, and then asked for again.

import type { Failure } from '../../base/failure.ts';
import type { Call } from './calls.ts';
import type { Snapshot } from './nouns.ts';

/** So many readings go by, unless another number of devices runs the version. */
const READINGS = 10;

export interface Refusal {
  readonly failure: Failure;
  /** Devices that ran the version; null: not told. */
  readonly devices: number | null;
  /** Readings that it is still left out of. */
  readonly left: number;
}

/** By version. */
export type Refusals = ReadonlyMap<number, Refusal>;

/** What is left out of this reading. */
export function refusalsNow(known: Refusals, { firmware }: Pick<Snapshot, 'firmware'>): Refusals {
  return new Map(
    [...known].flatMap(([version, { left, ...refusal }]) => {
      const isOver = left === 0 || firmware.get(version)?.devices !== refusal.devices;
      return isOver ? [] : [[version, { ...refusal, left: left - 1 }] as const];
    }),
  );
}

/** With what was refused now. */
export function noteRefusals(
  known: Refusals,
  refused: readonly { readonly call: Call; readonly failure: Failure }[],
  { firmware }: Pick<Snapshot, 'firmware'>,
): Refusals {
  const next = new Map(known);
  for (const { call, failure } of refused) {
    // What a scope forbids is another matter, and says so.
    if (call.type !== 'release' || failure.code !== 'ParticleRefused') continue;
    const devices = firmware.get(call.version)?.devices ?? null;
    next.set(call.version, { failure, devices, left: READINGS });
  }
  return next;
}

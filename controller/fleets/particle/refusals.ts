// Releases that Particle refused: its own gate wants a device that runs the version at that moment. They are left out of the
// next readings, so that what else is to be done goes on, and then asked for again.

import type { Failure } from '../../base/failure.ts';
import type { Call } from './calls.ts';
import type { Snapshot } from './nouns.ts';

/** What was refused twice is left out of so many readings. Another number of devices that run it makes it a new question. */
const READINGS = 10;

export interface Refusal {
  readonly failure: Failure;
  /** Devices that ran the version; null: not told. */
  readonly devices: number | null;
  /** Readings that it is still left out of. 0: it is asked for, and left out as soon as it is refused once more. */
  readonly left: number;
}

/** By version. */
export type Refusals = ReadonlyMap<number, Refusal>;

type Firmware = Pick<Snapshot, 'firmware'>;

/** What is left out of a reading. */
export function leftOut(known: Refusals, seen: Firmware): Refusals {
  return new Map([...standing(known, seen)].filter(([, { left }]) => left > 0));
}

/** After a reading with the calls that followed. A window may be closed meanwhile: what is not asked for is not forgotten. */
export function nextRefusals(
  known: Refusals,
  refused: readonly { readonly call: Call; readonly failure: Failure }[],
  seen: Firmware,
): Refusals {
  const next = new Map<number, Refusal>();
  for (const [version, refusal] of standing(known, seen)) {
    next.set(version, { ...refusal, left: Math.max(0, refusal.left - 1) });
  }
  for (const { call, failure } of refused) {
    // What a scope forbids is another matter, and says so.
    if (call.type !== 'release' || failure.code !== 'ParticleRefused') continue;
    const { version } = call;
    const devices = seen.firmware.get(version)?.devices ?? null;
    next.set(version, { failure, devices, left: next.has(version) ? READINGS : 0 });
  }
  return next;
}

function standing(known: Refusals, { firmware }: Firmware): Refusals {
  return new Map(
    [...known].filter(([version, { devices }]) => firmware.get(version)?.devices === devices),
  );
}

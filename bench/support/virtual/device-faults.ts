// How attempts of simulated devices end, drawn from a seed: the same device does the same at every attempt.

import { createRandomStream, drawUnit } from '../../../controller/simulator/seeded-random.ts';

export interface DeviceFaults {
  /** The device is switched off all the time. */
  isOff(i: number): boolean;
  /** The device reports that it could not install the version. */
  fails(i: number, version: number): boolean;
  /** Milliseconds for which the device runs the version before it is back on what it ran before; null: for good. */
  fallsBackAfterMs(i: number, version: number): number | null;
}

/** Devices that are all there and do as they should. */
export const NO_FAULTS: DeviceFaults = {
  isOff: () => false,
  fails: () => false,
  fallsBackAfterMs: () => null,
};

/** Shares of the devices, 0 to 1, that have a fault with one version. */
export interface FaultShares {
  readonly version: number;
  readonly off: number;
  readonly fails: number;
  readonly fallsBack: number;
  readonly fallsBackAfterMs: number;
  /** How far the time until then is spread: 0.5 is from half to one and a half times as long. */
  readonly spread: number;
}

/** Draws the devices that have a fault. */
export function drawFaults(seed: number, shares: FaultShares): DeviceFaults {
  const draw = (what: string, i: number): number =>
    drawUnit(createRandomStream(seed, `${what}/${i}`));
  return {
    isOff: (i) => shares.off > 0 && draw('off', i) < shares.off,
    fails: (i, version) => version === shares.version && draw('fails', i) < shares.fails,
    fallsBackAfterMs(i, version) {
      if (version !== shares.version || draw('falls back', i) >= shares.fallsBack) return null;
      return shares.fallsBackAfterMs * (1 + shares.spread * (2 * draw('when', i) - 1));
    },
  };
}

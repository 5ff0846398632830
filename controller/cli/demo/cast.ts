// Who plays in the demo: simulated devices, and whatever stands between them and the controller. One file for each driver
// makes them; the story asks nothing else of them.

import type { FleetSnapshot } from '../../simulator/snapshot.ts';
import type { ServeOptions } from '../ports.ts';

/** Drivers that the story can be told over. */
export const DEMO_DRIVERS = ['gateway', 'particle'] as const;
export type DemoDriver = (typeof DEMO_DRIVERS)[number];

export interface Cast {
  readonly ids: readonly string[];
  /** How a controller reaches them, or lets them in. */
  readonly access: Pick<ServeOptions, 'gatewayToken' | 'particle'>;
  /** How often the example's devices are told to poll, or are read, in the demo. */
  readonly pollInterval: string;
  /** Sentences that depend on where the devices are. */
  readonly words: {
    /** As they come. */
    readonly arrival: string;
    /** As a release to everyone starts. */
    readonly delivery: string;
  };
  /** A binary for these devices; the same for the same version. */
  buildFirmware(version: number): Uint8Array;
  /** Lets them begin, once the controller serves at that address. */
  begin(address: string): void;
  snapshot(): FleetSnapshot;
  end(): Promise<void>;
}

export interface CastOptions {
  readonly ids: readonly string[];
  /** What they all run. */
  readonly version: number;
  /** Runs on those that are spared, and on most others not for long. */
  readonly badVersion: number;
  readonly spared: readonly string[];
}

/** Of the devices that are not spared, how many a bad version does not last on. */
export const BAD_SHARE = 0.6;

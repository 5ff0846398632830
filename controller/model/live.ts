// What a fleet reports of a product, in the compact form that plans, gates, conditions and status need. Its size
// grows with manifests and versions, never with devices.

import type { CarriedLock, EvidenceRecord, ListenedMs, Standing, Traits } from './device.ts';
import type { FirmwareRecord } from './firmware.ts';
import type { Reason } from './reasons.ts';

/** Devices by running version; `null` stands for devices that have not named one. */
export interface VersionCount {
  readonly version: number | null;
  readonly devices: number;
}

/** How many devices stand how with a version that they are or were meant to run. */
export interface OutcomeCount {
  readonly version: number;
  readonly inFlight: number;
  readonly succeeded: number;
  readonly failed: number;
}

/** How many devices stand how in one round of a release. */
export interface RoundCount {
  readonly round: number;
  readonly inFlight: number;
  readonly failed: number;
}

/** Buckets that one block of a census holds. */
export const BLOCK_BUCKETS = 100;

/**
 * Devices that have a running version, traits and wakefulness in common, counted by bucket: block B holds the counts of
 * buckets B*100 to B*100+99. Only active devices without a lock are in a census.
 */
export interface CensusCell {
  /** Null: they have not named one. */
  readonly version: number | null;
  readonly traits: Traits;
  /** Not heard for seven days. */
  readonly dormant: boolean;
  readonly blocks: ReadonlyMap<number, Uint32Array>;
}

/** A device that a manifest or a carried-out lock names. */
export interface NamedDevice {
  readonly id: string;
  readonly standing: Standing;
  readonly running: number | null;
  readonly online: boolean;
  readonly lock: CarriedLock | null;
  readonly failing: boolean;
  readonly actionVersion: number | null;
  readonly traits: Traits;
  readonly dormant: boolean;
}

/** Something that a driver has to say of its fleet, and that a plan warns of. */
export interface FleetRemark {
  readonly reason: Reason;
  /** One sentence for people. */
  readonly message: string;
}

/** How a fleet was last read that has to be asked; a fleet whose devices come by themselves has none. */
export interface FleetReading {
  /** Epoch milliseconds at which the last reading began: nothing that is shown is older. */
  readonly readAt: number;
  /** Calls that the last round took, reading and changing. */
  readonly calls: number;
  readonly remarks: readonly FleetRemark[];
  /** Scopes without which the fleet can't be released to in parts. Empty: it can. */
  readonly lacking: readonly string[];
}

export interface LiveState {
  readonly product: string;
  /** False while this state has never seen the product and nobody has said `--adopt`. */
  readonly adopted: boolean;
  /** The emergency stop is pulled. */
  readonly stopped: boolean;
  /** Registered devices that are not in quarantine. */
  readonly devices: number;
  readonly offline: number;
  readonly quarantined: number;
  /** Unlocked, registered, not in quarantine. */
  readonly unlocked: readonly VersionCount[];
  /** Locked, registered, not in quarantine. */
  readonly locked: readonly VersionCount[];
  readonly outcomes: readonly OutcomeCount[];
  /** Rounds in which a device is on its way or has failed, by round. */
  readonly rounds: readonly RoundCount[];
  /** All unlocked devices, the named ones included. */
  readonly census: readonly CensusCell[];
  /** Listening time of the product; it stands while `listening` is false. */
  readonly listened: ListenedMs;
  readonly listening: boolean;
  /** Every device that desired state, state in force or a carried-out lock names and the fleet knows, by id. */
  readonly named: ReadonlyMap<string, NamedDevice>;
  readonly firmware: readonly FirmwareRecord[];
  readonly evidence: readonly EvidenceRecord[];
  readonly reading?: FleetReading;
}

/** Counters of a product, as the store keeps them current. Keys are made by `devices/tally.ts`. */
export type Tallies = ReadonlyMap<string, number>;

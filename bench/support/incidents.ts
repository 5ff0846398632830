// Rollouts that people stopped, the faults that are tried on each, and what came of it: plain data, and how it is made.

import stopped from '../data/stopped-rollouts.json' with { type: 'json' };
import type { StrategySpec } from '../../controller/model/desired.ts';
import type { PlayedRelease, ReleaseCase } from './virtual/play-release.ts';

/** A rollout that a person stopped before its time ramp had ended. */
export interface Incident {
  readonly date: string;
  readonly stream: string;
  readonly version: string;
  readonly windowHours: number;
  readonly hoursUntilStop: number;
  /** Share of the fleet that had been offered the build by then, 0 to 1. */
  readonly offeredShare: number;
}

/** The incidents, the newest first, and where they are from. */
export const INCIDENTS: readonly Incident[] = stopped.rollouts;
export const INCIDENTS_SOURCE: string = stopped.source;

/** A fault of a build: on which share of the devices that run it, and how long after the flash, they fall back. */
export interface Fault {
  readonly share: number;
  readonly afterMs: number;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** What the incidents do not tell, so all of it is tried. */
export const FAULT_SHARES = [0.01, 0.05, 0.2, 1] as const;
export const FAULT_DELAYS_MS = [10 * MINUTE_MS, HOUR_MS, 6 * HOUR_MS, 24 * HOUR_MS] as const;

/** Every share with every delay. */
export const FAULTS: readonly Fault[] = FAULT_SHARES.flatMap((share) =>
  FAULT_DELAYS_MS.map((afterMs) => ({ share, afterMs })),
);

/** Devices of a fleet, and the share of them that is switched off all the time. */
export const FLEET = { devices: 3_000, off: 0.05 } as const;

/** Ordinary failures of healthy firmware, and how many fleets are tried with each. */
export const ORDINARY_SHARES = [0.001, 0.005] as const;
export const HEALTHY_FLEETS = 50;

/** One fault on one incident. */
export interface Cell {
  readonly incident: Incident;
  readonly fault: Fault;
  readonly played: PlayedRelease;
}

/** A release to a healthy fleet. */
export interface HealthyRelease {
  readonly share: number;
  readonly played: PlayedRelease;
}

export interface IncidentResults {
  readonly strategy: StrategySpec;
  /** The fault shows after exactly its time. */
  readonly cells: readonly Cell[];
  /** The same where that time is spread, from half to one and a half times as long; for some of the faults. */
  readonly spreadCells: readonly Cell[];
  readonly healthy: readonly HealthyRelease[];
}

/** The share of the fleet that was offered the build: all of it where the release was never halted. */
export function offeredShare({ end, reached }: PlayedRelease): number {
  return end === 'finished' ? 1 : reached;
}

/** The case of a cell: each has a fleet of its own. */
export function incidentCase(
  strategy: StrategySpec,
  incident: Incident,
  fault: Fault,
  spread: number,
): ReleaseCase {
  return {
    devices: FLEET.devices,
    seed: 1 + INCIDENTS.indexOf(incident) * FAULTS.length + FAULTS.indexOf(fault),
    strategy,
    faults: {
      off: FLEET.off,
      fails: 0,
      fallsBack: fault.share,
      fallsBackAfterMs: fault.afterMs,
      spread,
    },
    // Beyond its last step a release has been offered to all.
    aftermathMs: 0,
  };
}

/** The case of a healthy fleet: some devices report that they could not install it, at every attempt. */
export function healthyCase(strategy: StrategySpec, share: number, fleet: number): ReleaseCase {
  return {
    devices: FLEET.devices,
    seed: 1_001 + fleet,
    strategy,
    faults: { off: FLEET.off, fails: share, fallsBack: 0, fallsBackAfterMs: 0, spread: 0 },
    aftermathMs: HOUR_MS,
  };
}

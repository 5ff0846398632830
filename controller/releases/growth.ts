// Whether a fleet is still making itself known: devices register at their first poll, so a new gateway knows few of them
// at first, and a share of those few is no share of the fleet.

import type { ListenedMs } from '../model/device.ts';
import type { FleetGrowth } from '../model/rollout.ts';

/** A fleet that grew by more than this within `settleMs` is not counted yet. */
const GROWTH = 1.1;

/** Within a minute a fleet of which many are still to come grows by more than that, however seldom they poll. */
const SETTLE_MS_MAX = 60_000;

/** The growth after another look; the very same value where nothing is worth noting. */
export function noteGrowth(
  growth: FleetGrowth | undefined,
  devices: number,
  listened: ListenedMs,
): FleetGrowth | undefined {
  if (growth === undefined) return devices === 0 ? undefined : { devices, since: listened };
  if (devices > growth.devices * GROWTH) return { devices, since: listened };
  return devices * GROWTH < growth.devices ? { devices, since: growth.since } : growth;
}

/** Whether the fleet grew lately. */
export function isGrowing(
  growth: FleetGrowth | undefined,
  listened: ListenedMs,
  pollIntervalMs: number,
): boolean {
  if (growth === undefined) return true;
  return listened - growth.since < Math.min(pollIntervalMs, SETTLE_MS_MAX);
}

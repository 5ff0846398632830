// Devices that were not heard from for a week: a release does not wait for them. They keep their place on the circle, and
// are counted again from their next contact on.

import type { DeviceRecord } from '../model/device.ts';

/** Silence, in listening time, after which a device is dormant. */
export const DORMANT_AFTER_MS = 7 * 86_400_000;

/** A device after such a silence; null where nothing changes. */
export function makeDormant(device: DeviceRecord): DeviceRecord | null {
  return device.standing !== 'active' || device.dormant ? null : { ...device, dormant: true };
}

/** A device that is heard from: the very same record where it was awake. */
export function awaken(device: DeviceRecord): DeviceRecord {
  return device.dormant ? { ...device, dormant: false } : device;
}

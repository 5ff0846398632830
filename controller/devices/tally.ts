// Which counters a device is counted in. A store keeps the counters in step with the records: each write subtracts
// the keys of the record before and adds those of the record after, so nothing is ever counted by a scan.

import type { DeviceRecord } from '../model/device.ts';

/** Key part for a version that a device has not named. */
export const UNKNOWN_VERSION_KEY = '?';

/**
 * The counters of one device:
 * `standing:active`, `standing:quarantined`; for active devices `unlocked:V` or `locked:V` by running version
 * (`?` unknown), and `outcome:V:STATE`. A device never heard from is counted nowhere.
 */
export function tallyKeys(device: DeviceRecord | null): readonly string[] {
  if (device === null || device.standing === 'expected') return [];
  if (device.standing === 'quarantined') return ['standing:quarantined'];
  const running = device.running ?? UNKNOWN_VERSION_KEY;
  const keys = ['standing:active', `${device.lock === null ? 'unlocked' : 'locked'}:${running}`];
  if (device.outcome !== null)
    keys.push(`outcome:${device.outcome.version}:${device.outcome.state}`);
  return keys;
}

/** What a write changes: counter to difference, without zeros. */
export function tallyDifference(
  before: DeviceRecord | null,
  after: DeviceRecord | null,
): ReadonlyMap<string, number> {
  const difference = new Map<string, number>();
  for (const key of tallyKeys(before)) difference.set(key, (difference.get(key) ?? 0) - 1);
  for (const key of tallyKeys(after)) difference.set(key, (difference.get(key) ?? 0) + 1);
  for (const [key, count] of difference) if (count === 0) difference.delete(key);
  return difference;
}

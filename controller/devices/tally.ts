// Which counters a device is counted in. A store keeps the counters in step with the records: each write subtracts
// the device as it was and adds it as it is, so nothing is ever counted by a scan.

import type { DeviceRecord, Traits } from '../model/device.ts';
import { bucketOf } from '../releases/circle.ts';

/** Key part for a version that a device has not named. */
export const UNKNOWN_VERSION_KEY = '?';

/**
 * The counters of one device:
 * `standing:active`, `standing:quarantined`; for active devices `unlocked:V` or `locked:V` by running version
 * (`?` unknown), and `outcome:V:ROUND:STATE`. A device never heard from is counted nowhere.
 */
export function tallyKeys(device: DeviceRecord | null): readonly string[] {
  if (device === null || device.standing === 'expected') return [];
  if (device.standing === 'quarantined') return ['standing:quarantined'];
  const running = device.running ?? UNKNOWN_VERSION_KEY;
  const keys = ['standing:active', `${device.lock === null ? 'unlocked' : 'locked'}:${running}`];
  if (device.outcome !== null) {
    const { version, round, state } = device.outcome;
    keys.push(`outcome:${version}:${round}:${state}`);
  }
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

/** Where the census counts a device. */
export interface CensusPlace {
  readonly version: number | null;
  readonly traits: Traits;
  readonly dormant: boolean;
  readonly bucket: number;
}

/** The place of a device in the census; null where it is not in it: locked, quarantined, never heard from. */
export function censusPlace(device: DeviceRecord | null): CensusPlace | null {
  if (device === null || device.standing !== 'active' || device.lock !== null) return null;
  const { running, traits, dormant, id } = device;
  return { version: running, traits, dormant, bucket: bucketOf(id) };
}

/** Traits as text, the same for the same values in any order. */
export function traitsKey(traits: Traits): string {
  const names = Object.keys(traits).sort();
  return names.length === 0 ? '' : JSON.stringify(names.map((name) => [name, traits[name]]));
}

/** The traits that `traitsKey` made a text of. */
export function readTraitsKey(text: string): Traits {
  if (text === '') return {};
  return Object.fromEntries(JSON.parse(text) as readonly (readonly [string, string | null])[]);
}

// Which devices a release reaches first, by their buckets. Its cost grows with the devices asked for, and with the locked
// ones among them.

import type { DeviceRecord } from '../model/device.ts';
import { BUCKETS } from '../model/rollout.ts';
import type { Store } from '../stores/store.ts';
import type { TurnSpan } from './driver.ts';

/** Active, unlocked devices in the order of their positions in a turn of the circle, at most `count`. */
export async function findFirstDevices(
  store: Pick<Store, 'devicesByBucket'>,
  product: string,
  { offset, limit }: TurnSpan,
  count: number,
): Promise<readonly DeviceRecord[]> {
  const end = offset + limit;
  const devices = await listUnlocked(store, product, offset, Math.min(end, BUCKETS), count);
  const left = count - devices.length;
  if (end <= BUCKETS || left <= 0) return devices;
  return [...devices, ...(await listUnlocked(store, product, 0, end - BUCKETS, left))];
}

async function listUnlocked(
  store: Pick<Store, 'devicesByBucket'>,
  product: string,
  fromBucket: number,
  untilBucket: number,
  count: number,
): Promise<readonly DeviceRecord[]> {
  if (count <= 0 || fromBucket >= untilBucket) return [];
  for (let limit = count; ; limit *= 2) {
    const devices = await store.devicesByBucket(product, fromBucket, untilBucket, limit);
    const unlocked = devices.filter((device) => device.lock === null);
    if (unlocked.length >= count || devices.length < limit) return unlocked.slice(0, count);
  }
}

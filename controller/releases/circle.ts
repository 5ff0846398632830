// The circle of devices: every device has a bucket for life, and every release begins its turn of the circle elsewhere,
// so that the same devices are not always the first, and a larger exposure always contains a smaller one.

import { hash } from 'node:crypto';

import { BUCKETS } from '../model/rollout.ts';

/** The bucket of a device, 0..9999: a hash of its id, the same for all products and for good. */
export function bucketOf(deviceId: string): number {
  return digest(deviceId) % BUCKETS;
}

/** Where a version's turn of the circle begins, 0..9999. */
export function offsetOf(product: string, version: number): number {
  return digest(`${product}/${version}`) % BUCKETS;
}

/** How far a bucket is from the beginning of the turn, 0..9999. A device is exposed when this is below the limit. */
export function positionOf(bucket: number, offset: number): number {
  return (bucket - offset + BUCKETS) % BUCKETS;
}

/** Without an object to hash with: thousands of these a second would hold up the garbage collector. */
function digest(text: string): number {
  return hash('sha256', text, 'buffer').readUInt32BE(0);
}

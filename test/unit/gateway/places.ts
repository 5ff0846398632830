// Device ids by where they stand in a release's turn of the circle, for tests of exposure.

import { bucketOf, offsetOf, positionOf } from '../../../controller/releases/circle.ts';

/** The position of a device of `thermostat` in the turn of a version. */
export function positionIn(version: number, device: string): number {
  return positionOf(bucketOf(device), offsetOf('thermostat', version));
}

/** The first `count` ids whose position in the turn of a version is at least `from` and below `until`. */
export function devicesIn(
  version: number,
  from: number,
  until: number,
  count: number,
): readonly string[] {
  const found: string[] = [];
  for (let number = 0; found.length < count; number += 1) {
    const device = `dev-${number}`;
    const position = positionIn(version, device);
    if (position >= from && position < until) found.push(device);
  }
  return found;
}

/** As `devicesIn`, for one device. */
export function deviceIn(version: number, from: number, until: number): string {
  return devicesIn(version, from, until, 1)[0] ?? '';
}

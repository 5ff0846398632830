// What the oracle works out for itself, from the design and not from the code: where a device stands on the circle of a
// release, and whether a window is open.

import { createHash } from 'node:crypto';

import type { WindowSpec } from '../../../controller/model/desired.ts';

/** The exposure of everybody. */
export const WHOLE_CIRCLE = 10_000;

const MINUTES_OF_DAY = 24 * 60;
const MINUTE_MS = 60_000;

/** Time zones of histories, with what they are ahead of UTC; none of them changes its clocks. */
const AHEAD_MINUTES: Readonly<Record<string, number>> = { UTC: 0, 'Asia/Kolkata': 330 };

/** Sunday first, as of 1970-01-04. */
const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const;

/** The place of a device on the circle, 0..9999. */
export function bucketByHand(device: string): number {
  return numberOf(device);
}

/** How far a device is from where a version's turn of the circle begins, 0..9999. */
export function positionByHand(device: string, product: string, version: number): number {
  const turn = numberOf(`${product}/${version}`);
  return (((numberOf(device) - turn) % WHOLE_CIRCLE) + WHOLE_CIRCLE) % WHOLE_CIRCLE;
}

const known = new Map<string, number>();

/** The first four bytes of the digest, on the circle; hashed once for each text of late. */
function numberOf(text: string): number {
  let number = known.get(text);
  if (number === undefined) {
    const digest = createHash('sha256').update(text).digest('hex');
    number = Number.parseInt(digest.slice(0, 8), 16) % WHOLE_CIRCLE;
    if (known.size > 1_000) known.clear();
    known.set(text, number);
  }
  return number;
}

/** Whether flashes may be started at `at` (epoch milliseconds). */
export function isOpenByHand(windows: readonly WindowSpec[], at: number): boolean {
  if (windows.length === 0) return true;
  return windows.some(({ days, fromMinute, toMinute, timezone }) => {
    const local = Math.floor(at / MINUTE_MS) + (AHEAD_MINUTES[timezone] ?? Number.NaN);
    const day = Math.floor(local / MINUTES_OF_DAY);
    const minute = local - day * MINUTES_OF_DAY;
    const opensOn = (number: number): boolean => {
      // 1970-01-01 was a Thursday.
      const name = DAYS[(number + 4) % 7];
      return name !== undefined && days.includes(name);
    };
    if (fromMinute < toMinute) return opensOn(day) && minute >= fromMinute && minute < toMinute;
    return (opensOn(day) && minute >= fromMinute) || (opensOn(day - 1) && minute < toMinute);
  });
}

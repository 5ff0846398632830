// Which numbers may be an action's id on the wire. Where ids come from is the store's business.

/** The smallest action id that is ever given out. */
export const ACTION_ID_MIN = 1001;

/** The largest: ids fit a signed 32-bit integer, which is what small device agents read them into. */
export const ACTION_ID_MAX = 2_147_483_647;

/**
 * Whether a device may be given this id: a whole number from 1001 to 2147483647 with a digit other than 0 after the
 * first one. 2000 or 10000 is left out: old Zephyr agents cannot read such an id.
 */
export function isUsableActionId(id: number): boolean {
  return (
    Number.isInteger(id) && id >= ACTION_ID_MIN && id <= ACTION_ID_MAX && !/^\d0*$/.test(String(id))
  );
}

/**
 * The first id at or after `start` from which `count` usable ids follow without a gap; back at the smallest id where
 * the largest would be passed. `count` is 1 to 900000.
 */
export function findActionIds(start: number, count: number): number {
  // A range is clean unless it holds a round number; the gaps between those grow tenfold, so this ends soon.
  let first = start > ACTION_ID_MAX - count + 1 ? ACTION_ID_MIN : Math.max(start, ACTION_ID_MIN);
  for (let unit = 1000; unit <= ACTION_ID_MAX; unit *= 10) {
    for (let digit = 1; digit <= 9; digit++) {
      const round = digit * unit;
      if (round >= first && round < first + count) first = round + 1;
    }
  }
  return first;
}

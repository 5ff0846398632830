// A census as tests compare it: the bucket of each device, once per device.

import type { CensusCell, LiveState } from '../../controller/model/live.ts';
import { BLOCK_BUCKETS } from '../../controller/model/live.ts';

/** A cell of a census with its devices' buckets, rising. */
export interface CountedCell extends Omit<CensusCell, 'blocks'> {
  readonly buckets: readonly number[];
}

/** The cells that hold a device, sorted by version, traits and wakefulness. */
export function countCensus({ census }: Pick<LiveState, 'census'>): readonly CountedCell[] {
  return census
    .map(({ version, traits, dormant, blocks }) => {
      const buckets = [...blocks].flatMap(([number, block]) =>
        [...block].flatMap((devices, at) =>
          Array.from({ length: devices }, () => number * BLOCK_BUCKETS + at),
        ),
      );
      return { version, traits, dormant, buckets: buckets.sort((one, other) => one - other) };
    })
    .filter(({ buckets }) => buckets.length > 0)
    .sort((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1));
}

function keyOf({ version, traits, dormant }: CountedCell): string {
  return JSON.stringify([version, traits, dormant]);
}

// The census that belongs to counts of unlocked devices, for tests that give only the counts. Devices with a name
// stand in the bucket of their id; the others are numbered, and stand in that of `device-NUMBER`.

import type { Traits } from '../../controller/model/device.ts';
import type { CensusCell, NamedDevice, VersionCount } from '../../controller/model/live.ts';
import { BLOCK_BUCKETS } from '../../controller/model/live.ts';
import { bucketOf } from '../../controller/releases/circle.ts';

/** One device of a census. */
export interface CensusEntry {
  readonly version: number | null;
  readonly bucket: number;
  readonly traits: Traits;
  readonly dormant: boolean;
}

/** Cells that hold exactly the given devices. */
export function buildCensus(entries: Iterable<CensusEntry>): readonly CensusCell[] {
  const cells = new Map<string, CensusCell & { readonly blocks: Map<number, Uint32Array> }>();
  for (const { version, bucket, traits, dormant } of entries) {
    const names = Object.keys(traits).sort();
    const key = JSON.stringify([version, dormant, names.map((name) => [name, traits[name]])]);
    const cell = cells.get(key) ?? { version, traits, dormant, blocks: new Map() };
    cells.set(key, cell);
    const number = Math.floor(bucket / BLOCK_BUCKETS);
    const block = cell.blocks.get(number) ?? new Uint32Array(BLOCK_BUCKETS);
    cell.blocks.set(number, block);
    block[bucket % BLOCK_BUCKETS] = (block[bucket % BLOCK_BUCKETS] ?? 0) + 1;
  }
  return [...cells.values()];
}

/** The census of counted devices: the unlocked ones among the named, and nameless ones up to each count. */
export function censusOf(
  unlocked: readonly VersionCount[],
  named: ReadonlyMap<string, NamedDevice> = new Map(),
): readonly CensusCell[] {
  const entries: CensusEntry[] = [];
  let number = 0;
  for (const { version, devices } of unlocked) {
    const known = [...named.values()]
      .filter((each) => each.standing === 'active' && each.lock === null)
      .filter((each) => each.running === version)
      .slice(0, devices);
    for (const { id, traits, dormant } of known) {
      entries.push({ version, bucket: bucketOf(id), traits, dormant });
    }
    for (let left = devices - known.length; left > 0; left -= 1) {
      entries.push({ version, bucket: numberedBucket(number), traits: {}, dormant: false });
      number += 1;
    }
  }
  return buildCensus(entries);
}

const numbered: number[] = [];

/** The bucket of `device-NUMBER`, hashed once. */
function numberedBucket(number: number): number {
  const bucket = numbered[number] ?? bucketOf(`device-${number}`);
  numbered[number] = bucket;
  return bucket;
}

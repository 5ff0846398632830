// The devices of a product as a plan counts them: those that manifests name one by one, all others by what they have in
// common, so that the cost grows with versions and groups and never with devices.

import type { Traits } from '../model/device.ts';
import type { CensusCell } from '../model/live.ts';
import { BLOCK_BUCKETS } from '../model/live.ts';
import { BUCKETS } from '../model/rollout.ts';
import { bucketOf } from '../releases/circle.ts';
import type { Subject } from '../releases/target.ts';
import type { Scope } from './scope.ts';
import { compareText } from './sort-desired.ts';

/** Devices with everything in common but the bucket, in stretches of the circle. */
export interface Crowd {
  readonly subject: Subject;
  readonly dormant: boolean;
  /** Devices in buckets `from` to `until` (exclusive). */
  count(from: number, until: number): number;
  /** Buckets that hold devices, with how many, in no particular order. */
  occupied(): Iterable<readonly [bucket: number, devices: number]>;
}

/** A device that is known by its id. */
export interface Single {
  readonly subject: Subject;
  readonly bucket: number;
  readonly dormant: boolean;
}

export interface Population {
  /** Without locks, and without the singles. */
  readonly crowds: readonly Crowd[];
  /** Active devices that manifests or locks name, with the locks that the plan gives them; by id. */
  readonly singles: readonly Single[];
}

/** The active devices under the locks of the plan; comes after `planLocks`. */
export function populationOf(scope: Scope): Population {
  const { live, holding } = scope;
  const named = [...live.named.values()]
    .filter(({ standing }) => standing === 'active')
    .sort((one, other) => compareText(one.id, other.id));
  const singles = named.map((device): Single => {
    const lock = holding.get(device.id);
    return {
      subject: {
        id: device.id,
        standing: 'active',
        quarantine: null,
        running: device.running,
        traits: device.traits,
        lock:
          lock === undefined
            ? null
            : {
                version: lock.spec.version,
                manifest: lock.origin.name,
                revision: lock.origin.revision,
              },
      },
      bucket: bucketOf(device.id),
      dormant: device.dormant,
    };
  });
  const counted = named.filter(({ lock }) => lock === null);
  const crowds = live.census.map((cell) => {
    const apart = counted
      .filter((device) => isIn(cell, device))
      .map((device) => bucketOf(device.id));
    return crowdOf(cell, apart);
  });
  return { crowds, singles };
}

function isIn(
  cell: CensusCell,
  device: {
    readonly running: number | null;
    readonly traits: Traits;
    readonly dormant: boolean;
  },
): boolean {
  if (cell.version !== device.running || cell.dormant !== device.dormant) return false;
  const names = Object.keys(cell.traits);
  return (
    names.length === Object.keys(device.traits).length &&
    names.every((name) => cell.traits[name] === device.traits[name])
  );
}

/** A cell of the census without the devices in the buckets `apart`, which are counted one by one. */
function crowdOf(cell: CensusCell, apart: readonly number[]): Crowd {
  const blocks = new Map(cell.blocks);
  const owned = new Set<number>();
  for (const bucket of apart) {
    const number = Math.floor(bucket / BLOCK_BUCKETS);
    const block = blocks.get(number);
    if (block === undefined) continue;
    const copy = owned.has(number) ? block : Uint32Array.from(block);
    copy[bucket % BLOCK_BUCKETS] = Math.max(0, (copy[bucket % BLOCK_BUCKETS] ?? 0) - 1);
    blocks.set(number, copy);
    owned.add(number);
  }
  return {
    subject: {
      id: '',
      standing: 'active',
      quarantine: null,
      running: cell.version,
      traits: cell.traits,
      lock: null,
    },
    dormant: cell.dormant,
    count(from, until) {
      let sum = 0;
      for (const [number, block] of blocks) {
        const start = number * BLOCK_BUCKETS;
        const first = Math.max(0, from - start);
        const last = Math.min(BLOCK_BUCKETS, until - start);
        for (let index = first; index < last; index += 1) sum += block[index] ?? 0;
      }
      return sum;
    },
    *occupied() {
      for (const [number, block] of blocks) {
        for (let index = 0; index < BLOCK_BUCKETS; index += 1) {
          const devices = block[index] ?? 0;
          if (devices > 0) yield [number * BLOCK_BUCKETS + index, devices];
        }
      }
    },
  };
}

/** A stretch of the circle, by buckets; `until` is exclusive and at most 10,000. */
export interface Stretch {
  readonly from: number;
  readonly until: number;
}

/** The circle cut at the given buckets. */
export function cutCircle(cuts: Iterable<number>): readonly Stretch[] {
  const points = [...new Set([0, ...cuts])].sort((a, b) => a - b);
  return points.map((from, index) => ({ from, until: points[index + 1] ?? BUCKETS }));
}

/** Where a release's exposure begins and ends on the circle. */
export function cutsOf(release: {
  readonly offset: number;
  readonly limit: number;
}): readonly number[] {
  return [release.offset, (release.offset + release.limit) % BUCKETS];
}

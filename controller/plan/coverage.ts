// The devices that one release covers, as the counts that its advance is decided on.

import type { RoundCount } from '../model/live.ts';
import type { PolicyRelease, ProductPolicy } from '../model/policy.ts';
import { BUCKETS } from '../model/rollout.ts';
import type { DevicesWithin, ReleaseCounts } from '../releases/release-counts.ts';
import { positionOf } from '../releases/circle.ts';
import { releaseFor } from '../releases/governing-release.ts';
import { coveringRelease, nextVersion } from '../releases/target.ts';
import type { Crowd, Population, Single, Stretch } from './population.ts';
import { cutCircle, cutsOf } from './population.ts';

/** A crowd, as far as the release covers it. */
interface CoveredCrowd {
  readonly crowd: Crowd;
  readonly stretches: readonly Stretch[];
}

/** The devices that a release covers, whatever its exposure is. */
export interface Coverage {
  readonly release: PolicyRelease;
  readonly policy: ProductPolicy;
  readonly crowds: readonly CoveredCrowd[];
  readonly singles: readonly Single[];
}

/** Finds the unlocked devices that the release of a group (null: of the product) covers. */
export function coverageOf(
  group: string | null,
  population: Population,
  policy: ProductPolicy,
): Coverage | null {
  const release = group === null ? policy.release : (policy.groupReleases.get(group) ?? null);
  if (release === null) return null;
  // What a group's release leaves to the product's today is still the group's at a larger exposure.
  const covers = (subject: Single['subject'], bucket: number): boolean => {
    if (group !== null) return releaseFor(subject, policy) === release;
    const covering = coveringRelease(subject, policy, bucket);
    return covering !== null && covering !== 'conflict' && covering.release === release;
  };
  const stretches = cutCircle([...policy.groupReleases.values()].flatMap(cutsOf));
  return {
    release,
    policy,
    crowds: population.crowds
      .map((crowd) => ({
        crowd,
        stretches: stretches.filter(({ from }) => covers(crowd.subject, from)),
      }))
      .filter((covered) => covered.stretches.length > 0),
    singles: population.singles.filter(
      ({ subject, bucket }) => subject.lock === null && covers(subject, bucket),
    ),
  };
}

/** The counts of a release's devices; `rounds` tell who failed and who is on the way. */
export function countsOf(
  coverage: Coverage,
  round: number,
  rounds: readonly RoundCount[],
): ReleaseCounts {
  const { release } = coverage;
  const inRound = rounds.find((each) => each.round === round);
  let positions: readonly (readonly [position: number, devices: number])[] | null = null;
  return {
    failed: inRound?.failed ?? 0,
    inFlight: inRound?.inFlight ?? 0,
    within: (limit) => countWithin(coverage, limit),
    limitFor(devices) {
      positions ??= occupiedPositions(coverage);
      let sum = 0;
      let limit = 0;
      for (const [position, count] of positions) {
        if (sum >= devices) break;
        sum += count;
        limit = position + 1;
      }
      return limit;
    },
  };

  function occupiedPositions(covered: Coverage): readonly (readonly [number, number])[] {
    const at = new Map<number, number>();
    const add = (bucket: number, count: number): void => {
      const position = positionOf(bucket, release.offset);
      at.set(position, (at.get(position) ?? 0) + count);
    };
    for (const { crowd, stretches } of covered.crowds) {
      for (const [bucket, count] of crowd.occupied()) {
        if (stretches.some(({ from, until }) => bucket >= from && bucket < until)) {
          add(bucket, count);
        }
      }
    }
    for (const { bucket } of covered.singles) add(bucket, 1);
    return [...at].sort(([one], [other]) => one - other);
  }
}

/** Devices of a release at positions from `least` to `limit` (exclusive), by the version that they run. */
export function countVersions(
  coverage: Coverage,
  least: number,
  limit: number,
): ReadonlyMap<number | null, { readonly devices: number; readonly awake: number }> {
  const counts = new Map<number | null, { devices: number; awake: number }>();
  const add = (version: number | null, dormant: boolean, devices: number): void => {
    if (devices === 0) return;
    const known = counts.get(version) ?? { devices: 0, awake: 0 };
    counts.set(version, known);
    known.devices += devices;
    if (!dormant) known.awake += devices;
  };
  const { offset } = coverage.release;
  const spans = spanOf(offset, least, limit);
  for (const { crowd, stretches } of coverage.crowds) {
    const devices = sumOver(crowd, stretches, spans);
    add(crowd.subject.running, crowd.dormant, devices);
  }
  for (const { subject, bucket, dormant } of coverage.singles) {
    const position = positionOf(bucket, offset);
    if (position >= least && position < limit) add(subject.running, dormant, 1);
  }
  return counts;
}

function countWithin(coverage: Coverage, limit: number): DevicesWithin {
  let devices = 0;
  let awake = 0;
  let running = 0;
  let flashable = 0;
  const { release, policy } = coverage;
  for (const [version, count] of countVersions(coverage, 0, limit)) {
    devices += count.devices;
    awake += count.awake;
    if (version === release.version) running += count.devices;
    else if (version !== null && nextVersion(version, release.version, policy) !== null) {
      flashable += count.awake;
    }
  }
  return { devices, awake, running, flashable };
}

/** The buckets at positions `least` to `limit` of a turn: one stretch, or two where it runs over the end of the circle. */
export function spanOf(offset: number, least: number, limit: number): readonly Stretch[] {
  const from = offset + least;
  const until = offset + limit;
  if (from >= BUCKETS) return [{ from: from - BUCKETS, until: until - BUCKETS }];
  return until <= BUCKETS
    ? [{ from, until }]
    : [
        { from, until: BUCKETS },
        { from: 0, until: until - BUCKETS },
      ];
}

function sumOver(crowd: Crowd, stretches: readonly Stretch[], spans: readonly Stretch[]): number {
  let sum = 0;
  for (const stretch of stretches) {
    for (const span of spans) {
      const from = Math.max(stretch.from, span.from);
      const until = Math.min(stretch.until, span.until);
      if (from < until) sum += crowd.count(from, until);
    }
  }
  return sum;
}

// Whether a release takes another one back, and so goes to everyone at once.

import type { Placed, ReleaseSpec } from '../model/desired.ts';
import { BUCKETS, trackOf } from '../model/rollout.ts';
import { countVersions, coverageOf } from './coverage.ts';
import { plannedPolicy } from './planned-policy.ts';
import type { Population } from './population.ts';
import type { Scope } from './scope.ts';
import { recordFor } from './scope.ts';

/**
 * A release of an older version that once finished; or that only takes back what is newer: every device that would be
 * flashed runs the version that it replaces, since the older one had reached all others.
 */
export function isRollback(
  scope: Scope,
  population: Population,
  release: Placed<ReleaseSpec>,
  current: Placed<ReleaseSpec> | null,
): boolean {
  const { version, group } = release.spec;
  // To a group that had no release of its own, what the product's gave it is the newer one.
  const replaced =
    current ?? scope.inForce.releases.find(({ spec }) => spec.group === null) ?? null;
  if (replaced === null || version >= replaced.spec.version) return false;
  // What was taken back itself is no way back.
  if (trackOf(scope.nextRollout, group).rolledBack.includes(version)) return false;
  const record = recordFor(scope, version);
  if (record !== null && record.finishedAt !== null) return true;
  // Where two groups disagree on a device, the older version may be what they then agree on.
  const others = scope.nextReleases.filter(({ spec }) => spec.group !== group);
  const policy = plannedPolicy(scope, [...others, release], scope.nextRollout);
  const coverage = current === null ? null : coverageOf(group, population, policy);
  if (coverage === null) return false;
  const versions = [...countVersions(coverage, 0, BUCKETS).keys()];
  return (
    versions.includes(version) &&
    versions.every((each) => each === version || each === replaced.spec.version)
  );
}

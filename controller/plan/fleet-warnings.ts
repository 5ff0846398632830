// What a plan warns of that the fleet shows, whatever the manifests say: a stop, unknown versions, failures, devices that
// two groups pull at, devices that go down.

import { countOf } from '../base/count.ts';
import type { Placed, ReleaseSpec } from '../model/desired.ts';
import type { Impact } from '../model/plan.ts';
import type { ProductPolicy } from '../model/policy.ts';
import { conflictingDevices } from './impact.ts';
import type { Population } from './population.ts';
import type { Scope } from './scope.ts';
import { warn } from './scope.ts';

/** Adds the warnings about the fleet as it is. */
export function addFleetWarnings(
  scope: Scope,
  population: Population,
  policy: ProductPolicy,
): void {
  const { live } = scope;
  if (live.stopped)
    warn(scope, null, '', 'EmergencyStop', `${scope.product} is stopped: nothing more is offered.`);
  const unknown = [...live.unlocked, ...live.locked]
    .filter((count) => count.version === null)
    .reduce((sum, count) => sum + count.devices, 0);
  if (unknown > 0)
    warn(
      scope,
      null,
      '',
      'VersionUnknown',
      `${countOf(unknown, 'device')} named no version that a manifest knows.`,
    );
  const failed = live.outcomes.reduce((sum, outcome) => sum + outcome.failed, 0);
  if (failed > 0)
    warn(
      scope,
      null,
      '',
      'DevicesFailing',
      `${countOf(failed, 'device')} failed with the target version.`,
    );
  for (const { reason, message } of live.reading?.remarks ?? []) {
    warn(scope, null, '', reason, message);
  }
  const { names, others, groups } = conflictingDevices(population, policy);
  if (names.length + others > 0) {
    const shown = names.slice(0, 10);
    const more = names.length - shown.length + others;
    const devices = shown.length === 0 ? `${more} devices` : shown.join(', ');
    warn(
      scope,
      releaseOf(scope, groups.at(-1))?.origin ?? scope.nextConfig.origin,
      'spec.group',
      'ReleaseConflict',
      `Groups ${versionsOf(scope, groups)} give the same devices different versions, so these are offered nothing: ${devices}${shown.length > 0 && more > 0 ? ` and ${more} more` : ''}.`,
    );
  }
}

/** Warns of devices that would go down to a lower version. */
export function warnOfDowngrades(scope: Scope, impact: Impact): void {
  for (const flash of impact.flashes) {
    if (flash.from === null || flash.from <= flash.to) continue;
    const release = scope.nextReleases.find(({ spec }) => spec.version === flash.to);
    const lock = scope.nextLocks.find(({ spec }) => spec.version === flash.to);
    warn(
      scope,
      (release ?? lock)?.origin ?? null,
      'spec.version',
      'Downgrade',
      `From version ${flash.from} down to ${flash.to}: ${countOf(flash.devices, 'device')}.`,
    );
  }
}

/** Such as `bench (42), rev-b (43)`. */
function versionsOf(scope: Scope, groups: readonly string[]): string {
  return groups
    .map((group) => `${group} (${releaseOf(scope, group)?.spec.version ?? '?'})`)
    .join(', ');
}

function releaseOf(scope: Scope, group: string | undefined): Placed<ReleaseSpec> | null {
  return scope.nextReleases.find(({ spec }) => spec.group === group) ?? null;
}

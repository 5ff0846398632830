// What a plan says of the releases that do not go on by themselves: halted ones, those that wait for a person, and
// devices to which no path leads.

import type { Placed, ReleaseSpec } from '../model/desired.ts';
import type { ReleaseWait } from '../model/plan.ts';
import type { ProductPolicy } from '../model/policy.ts';
import type { Halt, Track } from '../model/rollout.ts';
import { BUCKETS, trackOf } from '../model/rollout.ts';
import { nextVersion, resolveTarget } from '../releases/target.ts';
import { countVersions, coverageOf } from './coverage.ts';
import type { Population } from './population.ts';
import type { Scope } from './scope.ts';
import { refuse, warn } from './scope.ts';

const NAMES_MAX = 10;

/** A halted release is a part of what the manifests ask for that is not carried out, until a commit says how. */
export function refuseHalted(scope: Scope): void {
  for (const release of scope.nextReleases) {
    const { version, group } = release.spec;
    const track = trackOf(scope.nextRollout, group);
    const state = track.release;
    if (state === null || state.halt === null) continue;
    const what = describeHalt(track, state.halt);
    refuse(
      scope,
      release.origin,
      'spec.version',
      'ReleaseHalted',
      `The release of version ${version} ${what} by itself: ${state.halt.message}`,
      {
        remedy: `Take it back with \`git revert\`, or mend the cause and set \`attempt: ${state.attempt + 1}\` to go on.`,
      },
    );
  }
}

function describeHalt({ base }: Track, { action }: Halt): string {
  if (action === 'hold') return 'holds';
  return base === null
    ? 'reaches nobody any more (no version has finished here before, so devices that run it stay on it)'
    : `was rolled back to version ${base}`;
}

/** Warns of releases that wait for a commit. */
export function warnOfWaits(
  scope: Scope,
  waits: ReadonlyMap<Placed<ReleaseSpec>, readonly ReleaseWait[]>,
): void {
  for (const [{ spec, origin }, each] of waits) {
    for (const wait of each) {
      if (wait.kind === 'paused') {
        warn(
          scope,
          origin,
          'spec.paused',
          'ReleasePaused',
          `The release of version ${spec.version} is paused: it offers nothing.`,
        );
      } else if (wait.kind === 'approval') {
        warn(
          scope,
          origin,
          'spec.approved',
          'ApprovalNeeded',
          `Step ${wait.step} waits for approval: add ${spec.version}/${wait.step} to \`approved\`.`,
        );
      }
    }
  }
}

/** Looks for a path to its target for every part of the fleet, and names those that have none. */
export function warnOfMissingStones(
  scope: Scope,
  population: Population,
  policy: ProductPolicy,
): void {
  for (const { spec, origin } of scope.nextReleases) {
    const coverage = coverageOf(spec.group, population, policy);
    if (coverage === null) continue;
    const stuck = [...countVersions(coverage, 0, BUCKETS)]
      .flatMap(([version, { devices }]) =>
        version !== null &&
        version < spec.version &&
        nextVersion(version, spec.version, policy) === null
          ? [`${devices} on version ${version}`]
          : [],
      )
      .sort();
    if (stuck.length === 0) continue;
    const from = policy.firmware.get(spec.version)?.requiresFrom ?? spec.version;
    warn(
      scope,
      origin,
      'spec.version',
      'SteppingStoneNeeded',
      `Version ${spec.version} needs version ${from} or newer first, and no verified version leads there for these devices: ${stuck.join(', ')}.`,
    );
  }
  const locked = population.singles.filter(({ subject }) => {
    if (subject.lock === null) return false;
    const target = resolveTarget(subject, policy);
    return target.kind === 'none' && target.reason === 'SteppingStoneNeeded';
  });
  for (const { subject } of locked.slice(0, NAMES_MAX)) {
    const lock = scope.holding.get(subject.id);
    if (lock === undefined) continue;
    warn(
      scope,
      lock.origin,
      'spec.version',
      'SteppingStoneNeeded',
      `Device ${subject.id} is locked to version ${lock.spec.version}, runs ${subject.running ?? 'an unknown version'} and needs version ${policy.firmware.get(lock.spec.version)?.requiresFrom ?? '?'} or newer first; a locked device is given no other version.`,
    );
  }
}

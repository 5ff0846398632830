// The releases of a plan: one per product and per group. What is in force stays until a new one passes its gates.

import { countOf } from '../base/count.ts';
import type { ReleaseGate } from '../gates/gate.ts';
import { RELEASE_GATES } from '../gates/registry.ts';
import { verifiedGate } from '../gates/verified.ts';
import type { Placed, ReleaseSpec } from '../model/desired.ts';
import type { FlashCount, ReleaseWait } from '../model/plan.ts';
import type { Rollout } from '../model/rollout.ts';
import { NO_ROLLOUT, trackOf } from '../model/rollout.ts';
import { startRelease } from '../releases/advance.ts';
import { hasTraits } from '../releases/governing-release.ts';
import { noteGrowth } from '../releases/growth.ts';
import { usableFirmware } from './firmware.ts';
import { gateContext } from './gate-context.ts';
import { groupDevices, groupMatch } from './groups.ts';
import { countFlashes } from './impact.ts';
import { requireNamed } from './named-parts.ts';
import { isVerified, plannedPolicy } from './planned-policy.ts';
import type { Population } from './population.ts';
import { isRollback } from './rollback.ts';
import type { Scope } from './scope.ts';
import { isRefused, recordFor, refuse, traceOf, warn } from './scope.ts';
import { advanceInForce, exposureAction, startAmong, withTrack } from './tracks.ts';
import { devicesLockedTo } from './verification.ts';

/**
 * The releases of a plan in the parts that are moved one after the other. Which devices are the product's depends on how
 * far the groups' releases are, and so the product's moves last, by the devices that are its own after that.
 */
const GROUPS_FIRST: readonly ((release: Placed<ReleaseSpec>) => boolean)[] = [
  ({ spec }) => spec.group !== null,
  ({ spec }) => spec.group === null,
];

/**
 * Decides on every Release manifest, and moves those in force; comes after firmware, groups and locks. Returns what each
 * release in force waits for.
 */
export function planReleases(
  scope: Scope,
  population: Population,
): ReadonlyMap<Placed<ReleaseSpec>, readonly ReleaseWait[]> {
  const waits = new Map<Placed<ReleaseSpec>, readonly ReleaseWait[]>();
  // All that is in force is the starting point, so that each release is judged by what it changes.
  scope.nextReleases.push(...scope.inForce.releases.filter((release) => stays(scope, release)));
  scope.nextRollout = beginRollout(scope);
  for (const release of scope.desired.releases) {
    const current = inForceFor(scope, release.spec.group);
    if (current === null || isOther(current, release)) continue;
    putInForce(scope, release);
    addEdits(scope, current, release);
    refuseUnverifiedAgain(scope, release);
  }
  for (const part of GROUPS_FIRST) {
    for (const release of scope.desired.releases.filter(part)) {
      const current = inForceFor(scope, release.spec.group);
      if (current !== null && !isOther(current, release)) continue;
      const started = startIfAllowed(scope, population, release, current);
      if (started !== null) waits.set(release, started);
    }
    for (const release of scope.nextReleases.filter(part)) {
      if (!waits.has(release)) waits.set(release, advance(scope, population, release));
    }
  }
  for (const release of scope.desired.releases) warnOf(scope, release);
  addEnds(scope);
  return waits;
}

/** Moves the releases of a frozen product: failures halt them, and nothing else changes them. */
export function haltFrozen(
  scope: Scope,
  population: Population,
): ReadonlyMap<Placed<ReleaseSpec>, readonly ReleaseWait[]> {
  return new Map(
    GROUPS_FIRST.flatMap((part) =>
      scope.nextReleases.filter(part).map((release): [typeof release, readonly ReleaseWait[]] => {
        const waits = advanceInForce(scope, population, release, 'halt');
        return [release, [...waits, { kind: 'frozen' }]];
      }),
    ),
  );
}

/** Moves a release in force as far as the fleet and its firmware let it. */
function advance(
  scope: Scope,
  population: Population,
  release: Placed<ReleaseSpec>,
): readonly ReleaseWait[] {
  const { version, group } = release.spec;
  const track = trackOf(scope.nextRollout, group);
  if (track.release?.version !== version) {
    // A release in force of which nothing is known has reached nobody.
    const round = scope.nextRollout.rounds + 1;
    const at = scope.context.now;
    const started = startRelease(track, release.spec, { rollback: false, round, at });
    scope.nextRollout = withTrack(scope.nextRollout, started, round);
  }
  const obstacle = obstacleOf(scope, release);
  const waits = advanceInForce(scope, population, release, obstacle === null ? 'advance' : 'halt');
  return obstacle === null ? waits : [obstacle, ...waits];
}

/** What keeps a release from going on, apart from its devices and its strategy. */
function obstacleOf(scope: Scope, { spec }: Placed<ReleaseSpec>): ReleaseWait | null {
  if (scope.live.stopped) return { kind: 'stopped' };
  const firmware = usableFirmware(scope, spec.version);
  if (firmware === null || firmware.spec.withdrawn !== null) {
    return { kind: 'firmware', reason: 'FirmwareWithdrawn' };
  }
  return isVerified(scope, firmware) ? null : { kind: 'firmware', reason: 'ReleaseUnverified' };
}

/** Edits of a release in force that change what it offers, or what it will. */
function addEdits(scope: Scope, before: Placed<ReleaseSpec>, after: Placed<ReleaseSpec>): void {
  const state = trackOf(scope.nextRollout, after.spec.group).release;
  const { limit = 0, step = null } = state ?? {};
  const add = (cause: 'pause' | 'unpause' | 'edit', message: string): void => {
    scope.actions.push(
      exposureAction(after, { cause, from: limit, exposure: limit, step, message }),
    );
  };
  const { version } = after.spec;
  if (after.spec.paused && !before.spec.paused) {
    add('pause', `The release of version ${version} is paused: it offers nothing.`);
  }
  if (before.spec.paused && !after.spec.paused) {
    add('unpause', `The release of version ${version} goes on.`);
  }
  const shape = ({ spec }: Placed<ReleaseSpec>): string =>
    JSON.stringify([spec.strategy, spec.approved]);
  if (shape(before) !== shape(after)) {
    add('edit', `The strategy of the release of version ${version} is another one now.`);
  }
}

/** The rollout as it is before anything moves, without the releases that end: a group's track is gone with its release, the product's keeps its base. */
function beginRollout(scope: Scope): Rollout {
  const known = scope.inForce.rollout ?? NO_ROLLOUT;
  const growth = noteGrowth(known.growth, scope.live.devices, scope.live.listened);
  const rollout = { ...known, ...(growth !== undefined && { growth }) };
  return rollout.tracks
    .filter(({ group }) => !scope.nextReleases.some(({ spec }) => spec.group === group))
    .reduce<Rollout>((ended, { group, base, rolledBack }) => {
      if (group === null) return withTrack(ended, { group, base, rolledBack, release: null });
      const rest = withTrack(ended, { group, base: null, rolledBack: [], release: null });
      return takeOver(rest, rolledBack);
    }, rollout);
}

/**
 * A withdrawal ends a version's verification. Where it is taken back, a release of it that is still in force holds
 * until the version is verified again.
 */
function refuseUnverifiedAgain(scope: Scope, release: Placed<ReleaseSpec>): void {
  const { version } = release.spec;
  const firmware = usableFirmware(scope, version);
  const record = recordFor(scope, version);
  if (firmware === null || firmware.spec.withdrawn !== null) return;
  if (record === null || record.withdrawnAt === null) return;
  const verdict = verifiedGate.evaluate(release, {
    ...gateContext(scope, version, firmware.spec.binary.sha256, false),
    flashes: [],
    rollback: false,
    isListed: false,
    onTheWay: devicesLockedTo(scope, version),
  });
  if (!verdict.passes)
    refuse(scope, release.origin, verdict.at, verdict.reason, verdict.message, verdict);
}

/** Devices that come from a group's release to the product's still return from what was rolled back there. */
function takeOver(rollout: Rollout, rolledBack: readonly number[]): Rollout {
  const track = trackOf(rollout, null);
  const versions = rolledBack.filter((version) => version !== track.release?.version);
  if (versions.length === 0) return rollout;
  const all = new Set([...track.rolledBack, ...versions]);
  return withTrack(rollout, { ...track, rolledBack: [...all].sort((a, b) => a - b) });
}

function stays(scope: Scope, release: Placed<ReleaseSpec>): boolean {
  const replaced = scope.desired.releases.some(({ spec }) => spec.group === release.spec.group);
  return replaced || isRefused(scope, release.origin);
}

function inForceFor(scope: Scope, group: string | null): Placed<ReleaseSpec> | null {
  return scope.inForce.releases.find(({ spec }) => spec.group === group) ?? null;
}

function isOther(current: Placed<ReleaseSpec>, { spec }: Placed<ReleaseSpec>): boolean {
  return current.spec.version !== spec.version;
}

function putInForce(scope: Scope, release: Placed<ReleaseSpec>): void {
  const index = scope.nextReleases.findIndex(({ spec }) => spec.group === release.spec.group);
  if (index === -1) scope.nextReleases.push(release);
  else scope.nextReleases[index] = release;
}

/** Puts a release in force if every gate lets it, with its first step; null where it is refused or waits. */
function startIfAllowed(
  scope: Scope,
  population: Population,
  release: Placed<ReleaseSpec>,
  current: Placed<ReleaseSpec> | null,
): readonly ReleaseWait[] | null {
  const { version, group } = release.spec;
  const firmware = requireNamed(scope, release.origin, release.spec);
  if (firmware === null) return null;
  const rollback = isRollback(scope, population, release, current);
  const others = scope.nextReleases.filter(({ spec }) => spec.group !== group);
  const started = startAmong(scope, population, release, [...others, release], rollback);
  const flashes = addedFlashes(
    countFlashes(population, plannedPolicy(scope, scope.nextReleases, scope.nextRollout)),
    countFlashes(population, started.policy),
  );
  const context: Parameters<ReleaseGate['evaluate']>[1] = {
    ...gateContext(scope, version, firmware.spec.binary.sha256, firmware.spec.withdrawn !== null),
    flashes,
    rollback,
    isListed: group !== null && groupMatch(scope, group) === null,
    onTheWay: devicesLockedTo(scope, version),
  };
  for (const gate of RELEASE_GATES) {
    const verdict = gate.evaluate(release, context);
    if (verdict.passes) continue;
    refuse(scope, release.origin, verdict.at, verdict.reason, verdict.message, {
      ...verdict,
      flashes,
    });
    return null;
  }
  if (!scope.live.adopted && !scope.context.adopt) {
    const count = flashes.reduce((sum, each) => sum + each.devices, 0);
    warn(
      scope,
      release.origin,
      'spec.version',
      'StateNew',
      `This state has never seen ${scope.product}: the release of ${version} is not started. It knows ${countOf(scope.live.devices, 'device')} and would flash ${count}.`,
    );
    return null;
  }
  putInForce(scope, release);
  scope.nextRollout = started.rollout;
  scope.actions.push({
    type: 'ReleaseFirmware',
    version,
    from: current?.spec.version ?? null,
    group,
    rollback,
    exposure: trackOf(started.rollout, group).release?.limit ?? 0,
    trace: traceOf(release.origin),
  });
  return started.waits;
}

/** What is flashed with a release and not without it. */
function addedFlashes(
  without: readonly FlashCount[],
  having: readonly FlashCount[],
): readonly FlashCount[] {
  const keyOf = ({ from, to }: FlashCount): string => `${from}>${to}`;
  const before = new Map(without.map((each) => [keyOf(each), each.devices]));
  return having.flatMap((each) => {
    const devices = each.devices - (before.get(keyOf(each)) ?? 0);
    return devices > 0 ? [{ ...each, devices }] : [];
  });
}

function addEnds(scope: Scope): void {
  for (const release of scope.inForce.releases) {
    const { version, group } = release.spec;
    if (scope.nextReleases.some(({ spec }) => spec.group === group)) continue;
    scope.actions.push({
      type: 'EndRelease',
      version,
      group,
      trace: traceOf(release.origin, scope.revision),
    });
    if (group === null) {
      warn(
        scope,
        release.origin,
        '',
        'ReleaseRemoved',
        `The release of version ${version} is removed; devices stay on what they run.`,
      );
    }
  }
}

function warnOf(scope: Scope, release: Placed<ReleaseSpec>): void {
  if (!scope.nextReleases.includes(release)) return;
  const { origin, spec } = release;
  const firmware = usableFirmware(scope, spec.version);
  if (firmware !== null && firmware.spec.withdrawn !== null) {
    warn(
      scope,
      origin,
      'spec.version',
      'FirmwareWithdrawn',
      `Version ${spec.version} is withdrawn: the release holds, and its devices are offered nothing.`,
    );
  }
  if (scope.nextConfig.spec.verification.evidence === 'claimed') {
    warn(
      scope,
      scope.nextConfig.origin,
      'spec.verification.evidence',
      'WeakEvidence',
      'Agents’ claims count as verification; nobody has seen the version run.',
    );
  }
  if (countMatched(scope, spec.group) === 0)
    warn(
      scope,
      origin,
      'spec',
      'NoDevices',
      `The release of ${spec.version} matches no device that the fleet knows.`,
    );
}

/** Active devices that a release is for, whatever covers them; 0 is no success. */
function countMatched(scope: Scope, group: string | null): number {
  const { live } = scope;
  if (group === null) return live.devices;
  const match = groupMatch(scope, group);
  const listed = groupDevices(scope, group) ?? [];
  if (match === null)
    return listed.filter((id) => live.named.get(id)?.standing === 'active').length;
  const inCensus = live.census
    .filter(({ traits }) => hasTraits(traits, match))
    .flatMap(({ blocks }) => [...blocks.values()])
    .reduce((sum, block) => sum + block.reduce((total, count) => total + count, 0), 0);
  const locked = [...live.named.values()].filter(
    ({ lock, traits }) => lock !== null && hasTraits(traits, match),
  );
  return inCensus + locked.length;
}

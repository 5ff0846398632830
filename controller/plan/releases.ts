// The releases of a plan: one per product and per group. What is in force stays until a new one passes its gates.

import type { ReleaseGate } from '../gates/gate.ts';
import { RELEASE_GATES } from '../gates/registry.ts';
import { devicesOnTheWay, verificationOf, verifiedGate } from '../gates/verified.ts';
import type { Placed, ReleaseSpec } from '../model/desired.ts';
import type { FlashCount } from '../model/plan.ts';
import { usableFirmware } from './firmware.ts';
import { gateContext, verifiersOf } from './gate-context.ts';
import { groupDevices } from './groups.ts';
import { countFlashes } from './impact.ts';
import { requireNamed } from './named-parts.ts';
import type { Scope } from './scope.ts';
import { isRefused, recordFor, refuse, traceOf, warn } from './scope.ts';

/** Decides on every Release manifest; comes after firmware, groups and locks. */
export function planReleases(scope: Scope): void {
  // All that is in force is the starting point, so that each release is judged by what it changes.
  scope.nextReleases.push(...scope.inForce.releases.filter((release) => stays(scope, release)));
  for (const release of scope.desired.releases) {
    const current = inForceFor(scope, release.spec.group);
    if (current !== null && current.spec.version === release.spec.version) {
      putInForce(scope, release);
      refuseUnverifiedAgain(scope, release);
    } else if (mayStand(scope, release, current)) {
      putInForce(scope, release);
      scope.actions.push({
        type: 'ReleaseFirmware',
        version: release.spec.version,
        from: current?.spec.version ?? null,
        group: release.spec.group,
        rollback: isRollback(scope, release, current),
        trace: traceOf(release.origin),
      });
    }
    warnOf(scope, release);
  }
  addEnds(scope);
}

/** Says of each unverified version how it stands with the gate, and which pass now. */
export function planVerification(scope: Scope): void {
  const { verification } = scope.nextConfig.spec;
  const verifiers = verifiersOf(scope);
  for (const { spec } of scope.nextFirmware) {
    const record = recordFor(scope, spec.version);
    const state = verificationOf(
      spec.version,
      spec.binary.sha256,
      record,
      scope.live.evidence,
      verification,
      verifiers,
    );
    const waiting = devicesOnTheWay(state, devicesLockedTo(scope, spec.version)).suffices;
    if (
      state.verified &&
      record !== null &&
      record.verifiedAt === null &&
      spec.withdrawn === null
    ) {
      scope.newlyVerified.push(spec.version);
    }
    scope.gates.push({
      version: spec.version,
      verdict: state.verified ? 'passed' : waiting ? 'waiting' : 'blocked',
      reason: state.verified ? null : 'ReleaseUnverified',
      message: state.verified
        ? `Verified by ${state.devices.length > 0 ? state.devices.slice(0, 5).join(', ') : 'earlier evidence'}.`
        : `${state.devices.length} of ${state.needed} device(s) have verified it.`,
    });
  }
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
    onTheWay: devicesLockedTo(scope, version),
  });
  if (!verdict.passes)
    refuse(scope, release.origin, verdict.at, verdict.reason, verdict.message, verdict);
}

function stays(scope: Scope, release: Placed<ReleaseSpec>): boolean {
  const replaced = scope.desired.releases.some(({ spec }) => spec.group === release.spec.group);
  return replaced || isRefused(scope, release.origin);
}

function inForceFor(scope: Scope, group: string | null): Placed<ReleaseSpec> | null {
  return scope.inForce.releases.find(({ spec }) => spec.group === group) ?? null;
}

function putInForce(scope: Scope, release: Placed<ReleaseSpec>): void {
  const index = scope.nextReleases.findIndex(({ spec }) => spec.group === release.spec.group);
  if (index === -1) scope.nextReleases.push(release);
  else scope.nextReleases[index] = release;
}

function mayStand(
  scope: Scope,
  release: Placed<ReleaseSpec>,
  current: Placed<ReleaseSpec> | null,
): boolean {
  const { version } = release.spec;
  const firmware = requireNamed(scope, release.origin, release.spec);
  if (firmware === null) return false;
  const flashes = flashesOf(scope, release);
  const context: Parameters<ReleaseGate['evaluate']>[1] = {
    ...gateContext(scope, version, firmware.spec.binary.sha256, firmware.spec.withdrawn !== null),
    flashes,
    rollback: isRollback(scope, release, current),
    onTheWay: devicesLockedTo(scope, version),
  };
  for (const gate of RELEASE_GATES) {
    const verdict = gate.evaluate(release, context);
    if (verdict.passes) continue;
    refuse(scope, release.origin, verdict.at, verdict.reason, verdict.message, {
      ...verdict,
      flashes,
    });
    return false;
  }
  if (!scope.live.adopted && !scope.context.adopt) {
    const count = flashes.reduce((sum, each) => sum + each.devices, 0);
    warn(
      scope,
      release.origin,
      'spec.version',
      'StateNew',
      `This state has never seen ${scope.product}: the release of ${version} is not started. It knows ${scope.live.devices} device(s) and would flash ${count}.`,
    );
    return false;
  }
  return true;
}

/** What the release would flash, were it in force now: only what it adds to what is in force and to the locks. */
function flashesOf(scope: Scope, release: Placed<ReleaseSpec>): readonly FlashCount[] {
  const others = scope.nextReleases.filter(({ spec }) => spec.group !== release.spec.group);
  const keyOf = ({ from, to }: FlashCount): string => `${from}>${to}`;
  const without = new Map(
    countFlashes(scope, scope.nextReleases).map((each) => [keyOf(each), each.devices]),
  );
  return countFlashes(scope, [...others, release]).flatMap((each) => {
    const devices = each.devices - (without.get(keyOf(each)) ?? 0);
    return each.to === release.spec.version && devices > 0 ? [{ ...each, devices }] : [];
  });
}

function isRollback(
  scope: Scope,
  release: Placed<ReleaseSpec>,
  current: Placed<ReleaseSpec> | null,
): boolean {
  if (current === null || release.spec.version >= current.spec.version) return false;
  const record = recordFor(scope, release.spec.version);
  return record !== null && record.finishedAt !== null;
}

/** Devices that merged locks are bringing to a version, of those that may verify it; quarantined ones are brought nowhere. */
function devicesLockedTo(scope: Scope, version: number): readonly string[] {
  const verifiers = verifiersOf(scope);
  const devices: string[] = [];
  for (const [device, lock] of scope.holding) {
    if (lock.spec.version !== version) continue;
    if (scope.live.named.get(device)?.standing === 'quarantined') continue;
    if (verifiers === null || verifiers.has(device)) devices.push(device);
  }
  return devices.sort();
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
  const members = spec.group === null ? null : (groupDevices(scope, spec.group) ?? []);
  const matched =
    members === null
      ? scope.live.devices
      : members.filter((id) => (scope.live.named.get(id)?.standing ?? 'expected') === 'active')
          .length;
  if (matched === 0)
    warn(
      scope,
      origin,
      'spec',
      'NoDevices',
      `The release of ${spec.version} matches no device that the fleet knows.`,
    );
}

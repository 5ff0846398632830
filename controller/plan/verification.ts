// How the versions of a plan stand with the verification gate, whether a release names them or not.

import { countOf } from '../base/count.ts';
import { devicesOnTheWay, verificationOf } from '../gates/verified.ts';
import { verifiersOf } from './gate-context.ts';
import type { Scope } from './scope.ts';
import { recordFor } from './scope.ts';

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
        : `${state.devices.length} of ${countOf(state.needed, 'device')} verified it.`,
    });
  }
}

/** Devices that merged locks are bringing to a version, of those that may verify it; quarantined ones are brought nowhere. */
export function devicesLockedTo(scope: Scope, version: number): readonly string[] {
  const verifiers = verifiersOf(scope);
  const devices: string[] = [];
  for (const [device, lock] of scope.holding) {
    if (lock.spec.version !== version) continue;
    if (scope.live.named.get(device)?.standing === 'quarantined') continue;
    if (verifiers === null || verifiers.has(device)) devices.push(device);
  }
  return devices.sort();
}

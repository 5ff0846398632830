// What every gate is shown of a version under planning.

import type { GateContext } from '../gates/gate.ts';
import { groupDevices } from './groups.ts';
import type { Scope } from './scope.ts';
import { guardrailsOf, recordFor } from './scope.ts';

/** The gates' view of one version. */
export function gateContext(
  scope: Scope,
  version: number,
  sha256: string,
  withdrawn: boolean,
): GateContext {
  return {
    live: scope.live,
    config: scope.nextConfig,
    guardrails: guardrailsOf(scope),
    record: recordFor(scope, version),
    sha256,
    withdrawn,
    verifiers: verifiersOf(scope),
  };
}

/** The devices that may verify a version; null: any. */
export function verifiersOf(scope: Scope): ReadonlySet<string> | null {
  const { group } = scope.nextConfig.spec.verification;
  return group === null ? null : new Set(groupDevices(scope, group) ?? []);
}

// The policy that the devices would be answered by, were the plan carried out: what a plan counts by is the very
// function that devices are served by.

import { compilePolicy } from '../devices/policy.ts';
import { verificationOf } from '../gates/verified.ts';
import type { FirmwareSpec, Placed, ReleaseSpec } from '../model/desired.ts';
import type { FirmwareRecord } from '../model/firmware.ts';
import type { ProductPolicy } from '../model/policy.ts';
import type { Rollout } from '../model/rollout.ts';
import { verifiersOf } from './gate-context.ts';
import type { Scope } from './scope.ts';
import { recordFor } from './scope.ts';

/**
 * Compiles the policy of the given releases, with everything else as the plan has decided so far. `assumed` is a version
 * that is taken for verified: what a release would do is counted also where its gate refuses it.
 */
export function plannedPolicy(
  scope: Scope,
  releases: readonly Placed<ReleaseSpec>[],
  rollout: Rollout,
  assumed: number | null = null,
): ProductPolicy {
  const firmware = firmwareOf(scope);
  const decided = new Set(scope.nextGroups.map(({ origin }) => origin.name));
  const policy = compilePolicy(
    {
      product: scope.product,
      config: scope.nextConfig,
      firmware,
      groups: [
        ...scope.nextGroups,
        ...scope.inForce.groups.filter(({ origin }) => !decided.has(origin.name)),
      ],
      locks: [],
      releases,
      rollout,
    },
    firmware.map((each) => recordAsStored(scope, each, assumed)),
    { stopped: false },
  );
  if (policy === null) throw new Error('a product with a configuration has a policy');
  return policy;
}

/** Firmware that may be named: decided on, or in force and not decided otherwise. */
function firmwareOf(scope: Scope): readonly Placed<FirmwareSpec>[] {
  const decided = new Set(scope.nextFirmware.map(({ spec }) => spec.version));
  return [
    ...scope.nextFirmware,
    ...scope.inForce.firmware.filter(({ spec }) => !decided.has(spec.version)),
  ];
}

const VERIFIED = new WeakMap<Scope, Map<number, boolean>>();

/** Whether a version's gate has passed, or passes now; found once for a plan, since evidence can be long. */
export function isVerified(scope: Scope, { spec }: Placed<FirmwareSpec>): boolean {
  const known = VERIFIED.get(scope) ?? new Map<number, boolean>();
  VERIFIED.set(scope, known);
  const found = known.get(spec.version);
  if (found !== undefined) return found;
  const { verified } = verificationOf(
    spec.version,
    spec.binary.sha256,
    recordFor(scope, spec.version),
    scope.live.evidence,
    scope.nextConfig.spec.verification,
    verifiersOf(scope),
  );
  known.set(spec.version, verified);
  return verified;
}

/** What the state will remember: the plan uploads what is missing, and evidence that is there verifies. */
function recordAsStored(
  scope: Scope,
  firmware: Placed<FirmwareSpec>,
  assumed: number | null,
): FirmwareRecord {
  const { version, binary } = firmware.spec;
  return {
    product: scope.product,
    version,
    sha256: binary.sha256,
    size: 0,
    sha1: '',
    md5: '',
    addedAt: 0,
    addedRevision: '',
    verifiedAt: version === assumed || isVerified(scope, firmware) ? 0 : null,
    finishedAt: null,
    withdrawnAt: null,
    stored: true,
  };
}

// What may be proposed of a product now, and why not the rest, so that whoever offers it can say so before it is asked
// for. A look from memory; the proposal itself looks again, at the newest manifests.

import type { FirmwareSpec, Placed } from '../model/desired.ts';
import { NO_ROLLOUT, trackOf } from '../model/rollout.ts';
import { findReleaseObstacle } from '../plan/releasable.ts';
import type { ProductView } from '../reconciler/controller.ts';

export interface PossibleProposal {
  readonly kind: 'release' | 'withdraw' | 'approve' | 'resume';
  /** Null: the release to the whole product, and where no release is meant. */
  readonly group: string | null;
  readonly version: number;
  /** To approve; null for the other kinds. */
  readonly step: string | null;
  readonly may: boolean;
  /** Why not, in full sentences that hold text of manifests; null where it may be proposed. */
  readonly reason: string | null;
}

/**
 * Releases and withdrawals of every version, approvals of every step that needs one still, resumptions of every release.
 * Releases are to the whole product and to the groups that have a release.
 */
export function listPossible(view: ProductView): readonly PossibleProposal[] {
  const { inForce } = view;
  const groups = inForce.releases.flatMap(({ spec }) => spec.group ?? []);
  return [
    ...inForce.firmware.flatMap((firmware) => [
      ...[null, ...groups].map((group) =>
        item('release', group, firmware.spec.version, null, whyNotRelease(view, firmware, group)),
      ),
      item('withdraw', null, firmware.spec.version, null, whyNotWithdraw(firmware)),
    ]),
    ...listApprovals(view),
    ...inForce.releases.map(({ spec: { group, version } }) =>
      item('resume', group, version, null, whyNotResume(view, group)),
    ),
  ];
}

function item(
  kind: PossibleProposal['kind'],
  group: string | null,
  version: number,
  step: string | null,
  reason: string | null,
): PossibleProposal {
  return { kind, group, version, step, may: reason === null, reason };
}

function whyNotRelease(
  { inForce: { releases }, live, plan }: ProductView,
  { spec: firmware }: Placed<FirmwareSpec>,
  group: string | null,
): string | null {
  const gate = plan?.gates.find((each) => each.version === firmware.version) ?? null;
  const isAdopted = live?.adopted !== false;
  const question = { firmware, group, releases, gate, isStored: null, isAdopted };
  const obstacle = findReleaseObstacle(question);
  if (obstacle === null) return null;
  const { message, remedy } = obstacle;
  return remedy === null ? message : `${message} ${remedy}`;
}

function whyNotWithdraw({ spec }: Pick<Placed<FirmwareSpec>, 'spec'>): string | null {
  const { version, withdrawn, retiring } = spec;
  if (withdrawn !== null) return `Version ${version} is withdrawn: ${withdrawn.reason}`;
  return retiring ? `The Firmware manifest of version ${version} is gone.` : null;
}

function listApprovals({ plan }: ProductView): readonly PossibleProposal[] {
  return (plan?.releases ?? []).flatMap(({ group, version, steps, waits, step: current }) =>
    steps
      .filter(({ approval, state }) => approval === 'needed' && state !== 'done')
      .map(({ name }) => {
        const isWaiting = waits.some((wait) => wait.kind === 'approval' && wait.step === name);
        const at = current === null ? 'has not started' : `is at the step ${current}`;
        const reason = `The step ${name} does not wait for an approval yet: the release ${at}.`;
        return item('approve', group, version, name, isWaiting ? null : reason);
      }),
  );
}

function whyNotResume({ inForce }: ProductView, group: string | null): string | null {
  const placed = inForce.releases.find((each) => each.spec.group === group);
  const { release } = trackOf(inForce.rollout ?? NO_ROLLOUT, group);
  const firmware = inForce.firmware.find((each) => each.spec.version === placed?.spec.version);
  const withdrawn = firmware === undefined ? null : firmware.spec.withdrawn;
  if (placed !== undefined && withdrawn !== null) {
    return `Version ${placed.spec.version} is withdrawn: ${withdrawn.reason}`;
  }
  const isHeld = placed?.spec.paused === true || (release?.halt ?? null) !== null;
  return isHeld ? null : 'The release is neither halted nor paused.';
}

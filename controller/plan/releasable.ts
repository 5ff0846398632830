// What keeps a version from being released now: one answer for whoever offers a release, and for whoever shows firmware.

import type { Desired, FirmwareSpec } from '../model/desired.ts';
import type { GateReport } from '../model/plan.ts';
import { REASONS, type Reason } from '../model/reasons.ts';

export interface ReleaseObstacle {
  /** Null: it is released there already. */
  readonly reason: Reason | null;
  /** A full sentence, which may hold text of manifests. */
  readonly message: string;
  /** What to do about it; null where nothing is to be done. */
  readonly remedy: string | null;
}

export interface ReleaseQuestion {
  readonly firmware: Pick<FirmwareSpec, 'version' | 'withdrawn' | 'retiring'>;
  /** To whom; null: to the whole product. */
  readonly group: string | null;
  /** In force. */
  readonly releases: Desired['releases'];
  /** Null: the fleet was not seen yet. */
  readonly gate: GateReport | null;
  /** Null: it was not looked at. */
  readonly isStored: boolean | null;
  readonly isAdopted: boolean;
}

/** What stands in the way, the first of it in the order in which it would be met; null: nothing. */
export function findReleaseObstacle(question: ReleaseQuestion): ReleaseObstacle | null {
  const { firmware, group, releases, gate, isStored, isAdopted } = question;
  const { version, withdrawn, retiring } = firmware;
  if (withdrawn !== null) {
    return refuse('FirmwareWithdrawn', `Version ${version} is withdrawn: ${withdrawn.reason}`);
  }
  if (releases.some(({ spec }) => spec.group === group && spec.version === version)) {
    const whom = group === null ? 'every device' : `group ${group}`;
    const message = `Version ${version} is released to ${whom} already.`;
    return { reason: null, message, remedy: null };
  }
  if (retiring) {
    return refuse('UnknownVersion', `The Firmware manifest of version ${version} is gone.`);
  }
  if (isStored === false) {
    return refuse('BinaryMissing', `The binary of version ${version} is not at hand.`);
  }
  if (gate === null) {
    return refuse('FleetUnreachable', 'The fleet has not been seen, so nothing is known of it.');
  }
  if (gate.verdict === 'passed') {
    return isAdopted ? null : refuse('StateNew', 'This state has never seen the product.');
  }
  const message = `Version ${version} is not verified: ${gate.message}`;
  if (gate.verdict === 'blocked') return refuse('ReleaseUnverified', message);
  return {
    reason: 'ReleaseUnverified',
    message: `${closed(message)} Devices are on the way to it.`,
    remedy: 'Nothing to commit: wait until they have verified it.',
  };
}

function refuse(reason: Reason, message: string): ReleaseObstacle {
  return { reason, message: closed(message), remedy: REASONS[reason].remedy };
}

/** What people write in manifests may end without a full stop. */
function closed(text: string): string {
  return /[.!?…]$/.test(text) ? text : `${text}.`;
}

// Withdrawn firmware is never offered again: a lock or a release that newly names it is refused. One that was in force
// before the withdrawal stays and holds; the plan warns of it.

import type { GateContext, GateVerdict, LockGate, ReleaseGate } from './gate.ts';
import { PASSES } from './gate.ts';

function evaluate(version: number, context: GateContext): GateVerdict {
  if (!context.withdrawn) return PASSES;
  return {
    passes: false,
    reason: 'FirmwareWithdrawn',
    at: 'spec.version',
    message: `Version ${version} is withdrawn; it is never offered to any device again.`,
    remedy: 'Name another version, or remove `withdrawn` from its Firmware manifest.',
    lifts: 'commit',
  };
}

export const releaseWithdrawnGate: ReleaseGate = {
  name: 'withdrawn',
  evaluate: (release, context) => evaluate(release.spec.version, context),
};

export const lockWithdrawnGate: LockGate = {
  name: 'withdrawn',
  evaluate: (lock, context) => evaluate(lock.spec.version, context),
};

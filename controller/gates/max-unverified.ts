// The guardrail `maxUnverified`: locks are for benches, not a way around the verification gate.

import type { LockGate } from './gate.ts';
import { PASSES } from './gate.ts';
import { verificationOf } from './verified.ts';

export const maxUnverifiedGate: LockGate = {
  name: 'max-unverified',
  evaluate(lock, { live, config, guardrails, record, sha256, verifiers, lockedTo }) {
    const { version } = lock.spec;
    if (lockedTo.size <= guardrails.maxUnverified) return PASSES;
    const { verification } = config.spec;
    if (verificationOf(version, sha256, record, live.evidence, verification, verifiers).verified) {
      return PASSES;
    }
    return {
      passes: false,
      reason: 'TooManyUnverified',
      at: 'spec.version',
      message: `Locks would bring ${lockedTo.size} devices to version ${version}, which is not verified; maxUnverified allows ${guardrails.maxUnverified}.`,
      remedy: `Lock at most ${guardrails.maxUnverified} devices until the version is verified.`,
      lifts: 'commit',
    };
  },
};

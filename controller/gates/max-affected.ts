// The guardrail `maxAffected`: the share of a product's devices that a release may touch at the exposure it starts
// with. A rollback is not held up by it: taking a bad release back must never need a second commit.

import type { ReleaseGate } from './gate.ts';
import { GUARDRAIL_FREE_DEVICES, PASSES } from './gate.ts';

export const maxAffectedGate: ReleaseGate = {
  name: 'max-affected',
  evaluate(release, { live, guardrails, flashes, rollback }) {
    const limit = guardrails.maxAffected;
    if (limit === null || rollback) return PASSES;
    const affected = flashes.reduce((sum, each) => sum + each.devices, 0);
    if (affected < GUARDRAIL_FREE_DEVICES || affected <= (live.devices * limit) / 100)
      return PASSES;
    return {
      passes: false,
      reason: 'TooManyAffected',
      at: 'spec.version',
      message: `Releasing version ${release.spec.version} would flash ${affected} of ${live.devices} devices; maxAffected allows ${limit}%.`,
      remedy:
        'Release to a group first, or raise `guardrails.maxAffected` of the Product in a commit before this one.',
      lifts: 'commit',
    };
  },
};

// A change that adds or edits an expired lock is refused; one that expires while it is in force stays and warns.

import type { LockGate } from './gate.ts';
import { PASSES } from './gate.ts';

export const lockExpiredGate: LockGate = {
  name: 'lock-expired',
  evaluate(lock, { today, established }) {
    const { expires } = lock.spec;
    if (expires === null || expires >= today || !established) return PASSES;
    return {
      passes: false,
      reason: 'LockExpired',
      at: 'spec.expires',
      message: `The lock is added or edited after its date: it expired on ${expires}, and today is ${today}.`,
      remedy: 'Move `expires` to a later date, or leave the lock out.',
      lifts: 'commit',
    };
  },
};

// All gates, in the order in which they are asked. A new gate is a file of its own and a line here.

import type { LockGate, ReleaseGate } from './gate.ts';
import { carriedGate } from './carried.ts';
import { lockExpiredGate } from './lock-expired.ts';
import { maxAffectedGate } from './max-affected.ts';
import { maxUnverifiedGate } from './max-unverified.ts';
import { verifiedGate } from './verified.ts';
import { lockWithdrawnGate, releaseWithdrawnGate } from './withdrawn.ts';

export const RELEASE_GATES: readonly ReleaseGate[] = [
  releaseWithdrawnGate,
  carriedGate,
  verifiedGate,
  maxAffectedGate,
];

export const LOCK_GATES: readonly LockGate[] = [
  lockWithdrawnGate,
  lockExpiredGate,
  maxUnverifiedGate,
];

// The order of evidence levels.

import type { EvidenceLevel } from './desired.ts';

const RANK: Readonly<Record<EvidenceLevel, number>> = { claimed: 0, reported: 1, flashed: 2 };

/** Whether evidence of one level is at least as strong as another. */
export function isAsStrong(level: EvidenceLevel, required: EvidenceLevel): boolean {
  return RANK[level] >= RANK[required];
}

// What is otherwise in a merged commit than in the review of its pull request: the plan that was reviewed, against the plan
// of the commit as it arrived.

import type { ReviewOutcome, ReviewRecord } from '../model/review.ts';
import { describeMoves } from '../plan/compare-plans.ts';
import type { Store } from '../stores/store.ts';

export type MergedOutcome = Extract<ReviewOutcome, { readonly kind: 'merged' }>;

/** Compares. Nothing is compared where the commit never arrived by itself. */
export async function compareWithReview(
  { review }: ReviewRecord,
  commit: string,
  store: Pick<Store, 'arrival'>,
): Promise<MergedOutcome> {
  const arrival = await store.arrival(commit);
  const moved = arrival === null ? null : describeMoves(review.plan, arrival.plan);
  return { kind: 'merged', commit, moved };
}

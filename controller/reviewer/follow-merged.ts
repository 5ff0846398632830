// What became of reviewed pull requests: those that were merged are compared with their review, and what is otherwise is
// said in the comment and in the log.

import { countOf } from '../base/count.ts';
import type { Failure } from '../base/failure.ts';
import type { Result } from '../base/result.ts';
import { ok } from '../base/result.ts';
import type { PullRequest } from '../model/pull-request.ts';
import type { ReviewRecord } from '../model/review.ts';
import { compareWithReview, type MergedOutcome } from '../reconciler/compare-with-review.ts';
import type { ReviewerPorts } from './ports.ts';
import { mergedComment } from './review-content.ts';

type Ports = Pick<
  ReviewerPorts,
  'forge' | 'changes' | 'store' | 'controller' | 'descends' | 'clock' | 'log'
>;

/**
 * Looks after reviews that have no outcome yet and whose pull request is not open. How many merges the controller has not
 * met yet: they are to be looked at again after its next pass.
 */
export async function followMerged(
  reviews: readonly ReviewRecord[],
  open: ReadonlySet<number>,
  base: string,
  ports: Ports,
): Promise<Result<number, Failure>> {
  let unresolved = 0;
  for (const review of reviews) {
    const { number } = review.pullRequest;
    if (review.outcome !== null || open.has(number)) continue;
    const found = await ports.forge.pullRequest(number);
    if (!found.ok) return found;
    const isConcluded = await conclude(review, found.value, base, ports);
    if (!isConcluded.ok) return isConcluded;
    if (!isConcluded.value) unresolved += 1;
  }
  return ok(unresolved);
}

async function conclude(
  review: ReviewRecord,
  { state, mergeCommit }: PullRequest,
  base: string,
  ports: Ports,
): Promise<Result<boolean, Failure>> {
  const { store, controller } = ports;
  // It was opened again since the forge was asked for those that are open.
  if (state === 'open') return ok(true);
  if (state === 'closed' || mergeCommit === null) {
    await store.saveReview({ ...review, outcome: { kind: 'closed' } });
    return ok(true);
  }
  if ((await store.arrival(mergeCommit)) === null) {
    const passed = await isPassed(mergeCommit, ports);
    if (!passed.ok) return passed;
    if (!passed.value) {
      // The merge is news to the controller, too.
      controller.hint();
      return ok(false);
    }
  }
  const outcome = await compareWithReview(review, mergeCommit, store);
  const told = await tell(review, outcome, base, ports);
  if (!told.ok) return told;
  await store.saveReview({ ...review, outcome });
  return ok(true);
}

/** Whether the controller has read a later commit already, so that this one will never arrive by itself. */
async function isPassed(
  commit: string,
  { controller, descends }: Ports,
): Promise<Result<boolean, Failure>> {
  const { revisionSeen } = controller.view();
  if (revisionSeen === null || revisionSeen === commit) return ok(false);
  return descends(commit, revisionSeen);
}

async function tell(
  review: ReviewRecord,
  outcome: MergedOutcome,
  base: string,
  ports: Ports,
): Promise<Result<void, Failure>> {
  const { forge, store, clock } = ports;
  const { number } = review.pullRequest;
  const put = await forge.putComment(number, mergedComment(review, outcome, base, ports));
  if (!put.ok) return put;
  await store.addEvents([
    {
      type: 'PullRequestMerged',
      at: clock.now(),
      product: null,
      revision: outcome.commit,
      manifest: null,
      device: null,
      actionId: null,
      message: `Pull request ${number} was merged. ${describeOutcome(outcome)}`,
    },
  ]);
  return ok(undefined);
}

function describeOutcome({ moved }: MergedOutcome): string {
  if (moved === null) return 'It arrived together with later commits, so it is not compared.';
  if (moved.length === 0) return 'Its plan is the reviewed one.';
  const shown = moved.slice(0, 5).join(' ');
  const rest = moved.length - 5;
  return `Otherwise than reviewed: ${shown}${rest > 0 ? ` And ${countOf(rest, 'more change')}.` : ''}`;
}

// What a review says, put together: the comment and both checks, from what a pull request was found to do. Posting it is
// `write-review.ts`'s business.

import { createHash } from 'node:crypto';

import type { Failure } from '../base/failure.ts';
import type { CheckContent, CommentContent } from '../forges/forge.ts';
import type { ChangeReview, ReviewRecord } from '../model/review.ts';
import { changeKey } from '../plan/compare-plans.ts';
import type { MergedOutcome } from '../reconciler/compare-with-review.ts';
import {
  type CheckReport,
  renderGateCheck,
  renderPlanCheck,
  type ReviewOutcome,
} from '../reports/review-checks.ts';
import { renderReviewComment } from '../reports/review-markdown.ts';
import {
  renderConflictComment,
  renderFailedComment,
  renderUntouchedComment,
} from '../reports/review-notes.ts';
import type { ReviewPorts } from './ports.ts';
import type { ChangeRead } from './read-change.ts';

/** What a pull request was found to do. */
export type Assessment =
  | {
      readonly kind: 'reviewed';
      readonly review: ChangeReview;
      /** The commit that was planned: base and head merged. */
      readonly merge: string;
    }
  /** Paths from the root of the repository. */
  | { readonly kind: 'conflict'; readonly files: readonly string[] }
  | { readonly kind: 'failed'; readonly failure: Failure };

export interface ReviewContent {
  /** Another one, another review: what is shown already need not be written again. */
  readonly key: string;
  readonly planCheck: CheckContent;
  readonly gateCheck: CheckContent;
  /** `checkUrl`: the page of the plan's check, where the comment leads for what has no room in it. */
  comment(checkUrl: string | null): CommentContent;
}

type ContentPorts = Pick<ReviewPorts, 'forge' | 'changes' | 'clock'>;

/** Our one comment on a pull request. */
const COMMENT_NAME = 'review';

/** Renders a review. `base`: the name of the branch. */
export function renderContent(
  read: ChangeRead,
  assessment: Assessment,
  base: string,
  ports: ContentPorts,
): ReviewContent {
  const { head } = read;
  const key = digest([head, assessment.kind, aboutOf(assessment)]);
  const input = {
    outcome: outcomeOf(assessment),
    prefix: ports.changes.prefix,
    base,
    now: ports.clock.now(),
  };
  const check = (name: CheckContent['name'], said: CheckReport): CheckContent => ({
    name,
    commit: head,
    // Its own: what only concerns the other check leaves this one alone.
    key: digest([head, said]),
    ...said,
  });
  return {
    key,
    planCheck: check('lockstep/plan', renderPlanCheck(input)),
    gateCheck: check('lockstep/gate', renderGateCheck(input)),
    comment: (checkUrl) => ({
      name: COMMENT_NAME,
      key,
      body: commentOf(assessment, head, base, checkUrl, ports),
      // Whoever changes no manifest is not talked to, unless an older commit was.
      create: assessment.kind === 'reviewed' && assessment.review.touchesManifests,
    }),
  };
}

function outcomeOf(assessment: Assessment): ReviewOutcome {
  return assessment.kind === 'failed'
    ? { kind: 'failed', message: assessment.failure.message }
    : assessment;
}

/** What makes it another review than before. */
function aboutOf(assessment: Assessment): unknown {
  if (assessment.kind === 'reviewed') return changeKey(assessment.review);
  return assessment.kind === 'conflict' ? assessment.files : assessment.failure.message;
}

function commentOf(
  assessment: Assessment,
  head: string,
  base: string,
  checkUrl: string | null,
  ports: ContentPorts,
): string {
  if (assessment.kind === 'conflict') {
    return renderConflictComment({ head, base, files: assessment.files });
  }
  if (assessment.kind === 'failed') {
    return renderFailedComment({ head, message: assessment.failure.message });
  }
  const { review } = assessment;
  return review.touchesManifests
    ? reviewComment(review, head, base, checkUrl, ports)
    : renderUntouchedComment({ head });
}

/** The comment once the pull request is merged: the review as it was, and what became of it. */
export function mergedComment(
  { review, head }: ReviewRecord,
  { commit, moved }: MergedOutcome,
  base: string,
  ports: ContentPorts,
): CommentContent {
  return {
    name: COMMENT_NAME,
    key: `merged-${commit}`,
    body: reviewComment(review, head, base, null, ports, { commit, moved }),
    create: review.touchesManifests,
  };
}

function reviewComment(
  review: ChangeReview,
  head: string,
  base: string,
  checkUrl: string | null,
  { forge, changes, clock }: ContentPorts,
  merged?: { readonly commit: string; readonly moved: readonly string[] | null },
): string {
  return renderReviewComment({
    review,
    head,
    base,
    prefix: changes.prefix,
    links: { fileUrl: (path, line) => forge.fileUrl(head, path, line), checkUrl },
    now: clock.now(),
    ...(merged !== undefined && { merged }),
  });
}

function digest(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 32);
}

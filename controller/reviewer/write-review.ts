// The review of one pull request: judges what was read against the fleet, and makes the forge show it in a comment and two
// checks. What is shown already is left as it is.

import type { Failure } from '../base/failure.ts';
import type { Result } from '../base/result.ts';
import { ok } from '../base/result.ts';
import type { PullRequest } from '../model/pull-request.ts';
import type { ReviewPorts } from './ports.ts';
import type { ChangeRead } from './read-change.ts';
import { type Assessment, type ReviewContent, renderContent } from './review-content.ts';

/** A pull request that was judged, and what is to be said of it. */
export interface Reviewed {
  readonly pullRequest: PullRequest;
  readonly read: ChangeRead;
  readonly assessment: Assessment;
  readonly content: ReviewContent;
}

export interface ReviewWriter {
  /** Judges. A failure passes by itself; what lasts is part of what is to be said. */
  review(
    pullRequest: PullRequest,
    read: ChangeRead,
    base: string,
  ): Promise<Result<Reviewed, Failure>>;
  /** Whether this says something else than what was written last, as far as this writer remembers. */
  isNew(reviewed: Reviewed): boolean;
  /** Writes. With `again`, checks are written also where they say the same: a person asked for it. */
  write(reviewed: Reviewed, options: { readonly again: boolean }): Promise<Result<void, Failure>>;
}

/** Creates a writer. It remembers what it wrote last, so that an unchanged review costs no request. */
export function createReviewWriter(ports: ReviewPorts): ReviewWriter {
  const { forge } = ports;
  const written = new Map<number, string>();

  const assess = async (
    { number, title, url }: PullRequest,
    { head, base, content }: ChangeRead,
  ): Promise<Result<Assessment, Failure>> => {
    if (content.kind === 'conflict') return ok({ kind: 'conflict', files: content.files });
    if (content.kind === 'unreadable') return ok({ kind: 'failed', failure: content.failure });
    const { merged, baseSnapshot } = content;
    const merge = merged.revision;
    const pullRequest = { number, title, url, head, base, merge };
    const judged = await ports.judge({ merged, base: baseSnapshot, pullRequest });
    if (judged.ok) return ok({ kind: 'reviewed', review: judged.value, merge });
    // What passes by itself is waited for; a check that could not run is never a pass.
    if (judged.error.disposition !== 'stall') return judged;
    return ok({ kind: 'failed', failure: judged.error });
  };

  return {
    async review(pullRequest, read, base) {
      const assessed = await assess(pullRequest, read);
      if (!assessed.ok) return assessed;
      const assessment = assessed.value;
      const content = renderContent(read, assessment, base, ports);
      return ok({ pullRequest, read, assessment, content });
    },
    isNew: ({ pullRequest, content }) => written.get(pullRequest.number) !== content.key,
    async write({ pullRequest, content }, { again }) {
      const plan = await forge.putCheck(content.planCheck, { again });
      if (!plan.ok) return plan;
      const gate = await forge.putCheck(content.gateCheck, { again });
      if (!gate.ok) return gate;
      const comment = await forge.putComment(pullRequest.number, content.comment(plan.value.url));
      if (!comment.ok) return comment;
      written.set(pullRequest.number, content.key);
      return ok(undefined);
    },
  };
}

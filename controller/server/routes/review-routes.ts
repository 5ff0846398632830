// Reviews: a change is judged against the live fleet before it is merged, and what was merged is compared with that.

import type { FastifyInstance } from 'fastify';

import type { ReviewRecord } from '../../model/review.ts';
import { isFullCommit } from '../../model/revision.ts';
import type { ProposedChange } from '../../reconciler/controller.ts';
import { compareWithReview } from '../../reconciler/compare-with-review.ts';
import { reviewJson } from '../../reports/review-json.ts';
import { sendFailure } from '../errors.ts';
import type { ApiContext } from '../ports.ts';
import { flag, object, ref } from '../schemas/build.ts';
import { describeRoute } from './route.ts';

/** Two snapshots of a fleet repo with thousands of manifests. */
const CHANGE_BYTES_MAX = 128 * 1024 * 1024;

/** What is asked to be kept of a review. */
type ReviewedPullRequest = ReviewRecord['pullRequest'] &
  Pick<ReviewRecord, 'head' | 'base' | 'merge'>;

/** Adds the routes. */
export function addReviewRoutes(app: FastifyInstance, context: ApiContext): void {
  const { controller, store, clock } = context;

  app.post<{
    Body: ProposedChange & {
      readonly adopt?: boolean;
      readonly pullRequest?: ReviewedPullRequest;
    };
  }>(
    '/review',
    describeRoute({
      operationId: 'review',
      summary: 'Judge a change of the manifests as if it were merged now; moves nothing',
      tag: 'operations',
      role: 'viewer',
      body: object(
        {
          merged: { ...ref('Snapshot'), description: 'The branch with the change merged in.' },
          base: { ...ref('Snapshot'), description: 'The branch as it is.' },
          adopt: flag,
          pullRequest: {
            ...ref('PullRequestReviewed'),
            description: 'Where it is given, the review is kept, and compared with what is merged.',
          },
        },
        { optional: ['adopt', 'pullRequest'] },
      ),
      answer: ref('ChangeReview'),
      bodyLimit: CHANGE_BYTES_MAX,
    }),
    async (request, reply) => {
      const { merged, base, adopt = false, pullRequest } = request.body;
      const judged = await controller.review({ merged, base }, { adopt });
      if (!judged.ok) return sendFailure(reply, judged.error);
      if (pullRequest !== undefined) {
        const { head, base: tip, merge, ...named } = pullRequest;
        await store.saveReview({
          pullRequest: named,
          head,
          base: tip,
          merge,
          review: judged.value,
          at: clock.now(),
          outcome: null,
        });
      }
      return reviewJson(judged.value);
    },
  );
}

/** What a request named as the revision to go to, and what is in force since. */
interface Arrived {
  readonly asked: string | undefined;
  readonly revision: string;
}

/** What is otherwise in a merged revision than in its review; null where that pull request was not reviewed here. */
export async function concludeReview(
  number: number,
  arrived: Arrived,
  { store, forge }: Pick<ApiContext, 'store' | 'forge'>,
): Promise<{
  readonly pullRequest: number;
  readonly url: string;
  readonly moved: readonly string[] | null;
} | null> {
  const [review] = await store.reviews({ number });
  if (review === undefined) return null;
  const { url } = review.pullRequest;
  const commit = commitOf(arrived);
  if (commit === null) return { pullRequest: number, url, moved: null };
  const { outcome } = review;
  if (outcome?.kind === 'merged' && outcome.commit === commit) {
    return { pullRequest: number, url, moved: outcome.moved };
  }
  const compared = await compareWithReview(review, commit, store);
  // Beside a forge the reviewer concludes it, and says so in the pull request.
  if (outcome === null && forge === null) await store.saveReview({ ...review, outcome: compared });
  return { pullRequest: number, url, moved: compared.moved };
}

/** The commit that was asked for; null where that is not known, since what is in force may be a later one. */
function commitOf({ asked, revision }: Arrived): string | null {
  if (asked === undefined || isFullCommit(asked)) return asked ?? revision;
  return /^[0-9a-f]{7,}$/.test(asked) && revision.startsWith(asked) ? revision : null;
}

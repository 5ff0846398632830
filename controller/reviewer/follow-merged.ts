// What became of reviewed pull requests: those that were merged are compared with their review, and what is otherwise is
// said in the comment and in the log.

import { countOf } from '../base/count.ts';
import type { Failure } from '../base/failure.ts';
import type { Result } from '../base/result.ts';
import { ok } from '../base/result.ts';
import type { ReviewRecord } from '../model/review.ts';
import { compareWithReview, type MergedOutcome } from '../reconciler/compare-with-review.ts';
import type { ReviewerPorts } from './ports.ts';
import { mergedComment } from './review-content.ts';

type Ports = Pick<
  ReviewerPorts,
  'forge' | 'changes' | 'store' | 'controller' | 'descends' | 'clock'
>;

export interface MergedFollower {
  /** Asks the forge what became of reviews without an outcome, apart from those of the pull requests that are open. */
  ask(open: ReadonlySet<number>, base: string): Promise<Result<void, Failure>>;
  /** Looks whether the controller has met merges that were news to it. Asks the forge nothing before it has. */
  look(base: string): Promise<Result<void, Failure>>;
}

/** A merge that the controller has not met yet. */
interface Awaited {
  readonly commit: string;
  /** The newest revision when it was looked for last. */
  readonly lookedAt: string | null;
}

/** Creates it. It remembers merges until the controller has met them, so that waiting costs no request. */
export function createMergedFollower(ports: Ports): MergedFollower {
  const { forge, store, controller } = ports;
  const awaited = new Map<number, Awaited>();

  const look = async (base: string): Promise<Result<void, Failure>> => {
    for (const [number, { commit, lookedAt }] of awaited) {
      const { revisionSeen } = controller.view();
      const hasArrived = (await store.arrival(commit)) !== null;
      if (!hasArrived) {
        const passed = revisionSeen === lookedAt ? ok(false) : await isPassed(commit, ports);
        if (!passed.ok) return passed;
        if (!passed.value) {
          awaited.set(number, { commit, lookedAt: revisionSeen });
          continue;
        }
      }
      const [review] = await store.reviews({ number, open: true });
      const concluded =
        review === undefined ? ok(undefined) : await conclude(review, commit, base, ports);
      if (!concluded.ok) return concluded;
      awaited.delete(number);
    }
    return ok(undefined);
  };

  return {
    async ask(open, base) {
      for (const review of await store.reviews({ open: true })) {
        const { number } = review.pullRequest;
        if (open.has(number) || awaited.has(number)) continue;
        const found = await forge.pullRequest(number);
        if (!found.ok && found.error.code === 'ForgeNotFound') {
          // A repository that was made anew under its old name has none of the pull requests of the former.
          await store.saveReview({ ...review, outcome: { kind: 'closed' } });
          continue;
        }
        if (!found.ok) return found;
        const { state, mergeCommit: commit, base: into } = found.value;
        // It was opened again since the forge was asked for those that are open, or goes into another branch now.
        if (state === 'open') continue;
        if (state === 'closed' || commit === null || into !== base) {
          await store.saveReview({ ...review, outcome: { kind: 'closed' } });
        } else {
          awaited.set(number, { commit, lookedAt: null });
        }
      }
      const looked = await look(base);
      if (!looked.ok) return looked;
      // What it has seen and waits with, it need not read again.
      const { revisionSeen } = controller.view();
      if ([...awaited.values()].some(({ commit }) => commit !== revisionSeen)) controller.hint();
      return looked;
    },
    look,
  };
}

async function conclude(
  review: ReviewRecord,
  commit: string,
  base: string,
  ports: Ports,
): Promise<Result<void, Failure>> {
  const outcome = await compareWithReview(review, commit, ports.store);
  const told = await tell(review, outcome, base, ports);
  if (told.ok) await ports.store.saveReview({ ...review, outcome });
  return told;
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

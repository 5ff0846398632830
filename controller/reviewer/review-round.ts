// One look at all open pull requests: which there are, what each would do now, and what the forge lacks of saying so.

import { type Failure, failure, messageOf } from '../base/failure.ts';
import type { Result } from '../base/result.ts';
import { fail, ok } from '../base/result.ts';
import type { CheckContent } from '../forges/forge.ts';
import type { PullRequest } from '../model/pull-request.ts';
import { createMergedFollower } from './follow-merged.ts';
import type { ReviewerPorts } from './ports.ts';
import { createChangeReader } from './read-change.ts';
import { createReviewWriter, type Reviewed } from './write-review.ts';

export interface ReviewRound {
  /** With `asks`, the forge and the repository are asked what there is; otherwise only the fleet is looked at again. */
  make(base: string, asks: boolean): Promise<Result<void, Failure>>;
  /** The controller has made a pass: what was judged by the fleet may be otherwise now. */
  lookAgain(): void;
  /** A person asks for the checks of this commit once more. */
  writeAgain(commit: string): void;
  /** Pull requests that were open when the forge was asked last. */
  open(): number;
}

/** Pull requests that nothing waits for are judged anew this often; the fleet moves under them all the time. */
const REJUDGE_MS = 30_000;

/** One that is too large to be remembered is read again for it, so this often must do; its own moves aside. */
const REREAD_MS = 600_000;

/** What is kept of a pull request that was judged: not what it holds, which may be large and anybody's. */
interface Judged {
  readonly atMs: number;
  /** The newest commit of the change, and the tip of the branch, that were judged. */
  readonly head: string;
  readonly base: string;
  readonly gate: CheckContent['state'];
}

/** What the forge says of one thing that it does not take, or does not have (any more). */
const REFUSALS: ReadonlySet<string> = new Set(['ForgeRefused', 'ForgeNotFound']);

/** Creates it. */
export function createReviewRound(ports: ReviewerPorts): ReviewRound {
  const { forge, changes, store, clock, log } = ports;
  const reader = createChangeReader(ports);
  const writer = createReviewWriter(ports);
  const merged = createMergedFollower(ports);
  const again = new Set<string>();
  const judged = new Map<number, Judged>();
  /** Those of which the forge refuses what is to be said, with the time at which that is tried again. */
  const refused = new Map<number, { readonly head: string; readonly untilMs: number }>();
  let open: readonly PullRequest[] = [];
  let tip: string | null = null;
  let fleetMoved = false;

  const ask = async (base: string): Promise<Result<void, Failure>> => {
    const found = await forge.pullRequests(base);
    if (!found.ok) return found;
    open = found.value;
    const numbers = new Set(open.map(({ number }) => number));
    reader.keepOnly(numbers);
    for (const each of [judged, refused]) {
      for (const number of each.keys()) if (!numbers.has(number)) each.delete(number);
    }
    const heads = new Set(open.map(({ head }) => head.commit));
    for (const commit of again) if (!heads.has(commit)) again.delete(commit);
    if (open.length > 0) {
      const tree = await changes.base();
      if (!tree.ok) return tree;
      tip = tree.value.revision;
    }
    return merged.ask(numbers, base);
  };

  const isDue = ({ number, head }: PullRequest, asks: boolean): boolean => {
    const last = judged.get(number);
    if (again.has(head.commit)) return true;
    const trouble = refused.get(number);
    if (trouble?.head === head.commit) return clock.monotonicMs() >= trouble.untilMs;
    if (last === undefined) return true;
    if (asks && (last.head !== head.commit || last.base !== tip)) return true;
    // A device may be on the way to verify a version.
    const isWaiting = last.gate === 'pending' || last.gate === 'neutral';
    if (fleetMoved && isWaiting && reader.remembers(number)) return true;
    const restMs = reader.remembers(number) ? REJUDGE_MS : REREAD_MS;
    return clock.monotonicMs() - last.atMs >= restMs;
  };

  /** Keeps what is about to be said, so that what is merged can be compared with it, whatever happens meanwhile. */
  const keep = async ({ pullRequest, read, assessment }: Reviewed): Promise<void> => {
    if (assessment.kind !== 'reviewed') return;
    const { number, title, url } = pullRequest;
    await store.saveReview({
      pullRequest: { number, title, url },
      head: read.head,
      base: read.base,
      merge: assessment.merge,
      review: assessment.review,
      at: clock.now(),
      outcome: null,
    });
  };

  const reviewOne = async (
    pullRequest: PullRequest,
    base: string,
  ): Promise<Result<void, Failure>> => {
    const read = await reader.read(pullRequest, tip);
    if (!read.ok) return read;
    const reviewed = await writer.review(pullRequest, read.value, base);
    if (!reviewed.ok) return reviewed;
    const isAsked = again.has(pullRequest.head.commit);
    // One that was closed and is open again has an outcome, which it must not keep.
    const isFirst = !judged.has(pullRequest.number);
    if (isAsked || isFirst || writer.isNew(reviewed.value)) {
      await keep(reviewed.value);
      const written = await writer.write(reviewed.value, { again: isAsked });
      if (!written.ok) return written;
      again.delete(pullRequest.head.commit);
    }
    const { head, base: tipRead } = read.value;
    const gate = reviewed.value.content.gateCheck.state;
    judged.set(pullRequest.number, { atMs: clock.monotonicMs(), head, base: tipRead, gate });
    refused.delete(pullRequest.number);
    return ok(undefined);
  };

  /** Anybody's pull request may meet a bug of ours; the others, and all that is written after them, must not. */
  const reviewSafely: typeof reviewOne = async (pullRequest, base) => {
    try {
      return await reviewOne(pullRequest, base);
    } catch (thrown) {
      const message = `Pull request ${pullRequest.number} cannot be reviewed: ${messageOf(thrown)}`;
      return fail(failure('ReviewFailed', message, 'retry'));
    }
  };

  return {
    async make(base, asks) {
      let failed: Failure | null = null;
      const asked = asks ? await ask(base) : await merged.look(base);
      if (!asked.ok) failed = asked.error;
      for (const pullRequest of open) {
        if (!isDue(pullRequest, asks)) continue;
        const done = await reviewSafely(pullRequest, base);
        if (done.ok) continue;
        const { code, disposition, message } = done.error;
        const { number, head } = pullRequest;
        if (code !== 'ForgeClosed') log.info(`pull request ${number}: ${message}`);
        if (REFUSALS.has(code)) {
          // Its own trouble: the others must not be kept waiting for it.
          refused.set(number, { head: head.commit, untilMs: clock.monotonicMs() + REJUDGE_MS });
          continue;
        }
        failed ??= done.error;
        // A limit is everybody's; other trouble may be that of one pull request.
        if (disposition === 'wait') break;
      }
      fleetMoved = false;
      return failed === null ? ok(undefined) : { ok: false, error: failed };
    },
    lookAgain: () => {
      fleetMoved = true;
    },
    writeAgain: (commit) => void again.add(commit),
    open: () => open.length,
  };
}

// The reviewer: looks at the open pull requests and at what the controller knows, and makes the forge show what follows
// from both. Level-triggered like the reconciler: whatever wakes it, it does the same, and a second time does nothing
// more. A webhook only makes it sooner; nothing here moves the fleet.

import { type Failure, failure, messageOf } from '../base/failure.ts';
import type { ForgeHint } from '../forges/forge.ts';
import { nextPollDelay } from '../reconciler/jitter.ts';
import { createOwnPullRequests } from './own-pull-requests.ts';
import type { ReviewerOptions, ReviewerPorts } from './ports.ts';
import { createReviewRound } from './review-round.ts';
import { createStatusWriter } from './write-statuses.ts';

/** Least time between two rounds that passes of the controller asked for. */
const ROUND_GAP_MS = 1_000;

/** Pauses after rounds that failed, doubled each time up to the interval. */
const RETRY_FIRST_MS = 1_000;

/** How long is waited for a pass at a time, so that closing is quick. */
const PASS_WAIT_MS = 1_000;

export interface ReviewerView {
  /** Why the forge can't be used at the moment; null while it can. */
  readonly failure: Failure | null;
  /** Epoch milliseconds of the last round that went well; null before. */
  readonly lookedAt: number | null;
  readonly openPullRequests: number;
}

export interface Reviewer {
  readonly start: () => void;
  /** What a webhook told. */
  readonly hint: (hint: ForgeHint) => void;
  readonly view: () => ReviewerView;
  /** Resolves once a round under way is over; nothing starts after that. */
  readonly close: () => Promise<void>;
}

/** Creates the reviewer; nothing happens before `start`. */
export function createReviewer(ports: ReviewerPorts, options: ReviewerOptions): Reviewer {
  const { forge, controller, clock, log } = ports;
  const round = createReviewRound(ports);
  const statuses = createStatusWriter(ports);
  const own = createOwnPullRequests(ports);
  let state: ReviewerView = { failure: null, lookedAt: null, openPullRequests: 0 };
  let branch = options.branch;
  let probed = false;
  let timer: NodeJS.Timeout | null = null;
  let askTimer: NodeJS.Timeout | null = null;
  let running: Promise<void> | null = null;
  let wanted = false;
  /** The next round asks the forge; otherwise only what the controller knows is new. */
  let asksForge = true;
  const closing = new AbortController();
  const { signal } = closing;
  let failures = 0;

  const failed = (failure: Failure): void => {
    if (signal.aborted) return;
    if (failure.message !== state.failure?.message) log.warn(`forge: ${failure.message}`);
    state = { ...state, failure };
  };

  /** Looks for what keeps the forge from being used, once; and for the branch. */
  const prepare = async (): Promise<string | null> => {
    if (!probed) {
      const probe = await forge.probe();
      if (!probe.ok) {
        failed(probe.error);
        return null;
      }
      for (const warning of probe.value.warnings) log.warn(`forge: ${warning}`);
      probed = true;
    }
    if (branch !== null) return branch;
    const found = await forge.defaultBranch();
    if (found.ok) branch = found.value;
    else failed(found.error);
    return branch;
  };

  const makeRound = async (): Promise<void> => {
    const asks = asksForge;
    const base = await prepare();
    if (base === null) return;
    asksForge = false;
    const view = controller.view();
    // Each part has its own trouble; one must not keep the others from being done.
    const results = [
      await round.make(base, asks),
      ...(view.ready ? [await statuses.write(view), await own.write(view, base)] : []),
    ];
    const first = results.find((result) => !result.ok);
    state = { ...state, openPullRequests: round.open() };
    if (first?.ok === false) {
      asksForge ||= asks;
      failed(first.error);
      return;
    }
    if (state.failure !== null) log.info('forge: it can be used again');
    state = { ...state, failure: null, lookedAt: clock.now() };
  };

  const schedule = (ms: number): void => {
    if (signal.aborted) return;
    if (timer !== null) clearTimeout(timer);
    timer = setTimeout(run, ms);
  };

  /** The next time to ask the forge, whatever happens until then. */
  const askLater = (ms: number): void => {
    if (askTimer !== null) clearTimeout(askTimer);
    if (signal.aborted) return;
    askTimer = setTimeout(() => {
      asksForge = true;
      wake();
    }, ms);
  };

  /** A forge that asks for patience gets it, whoever hints. */
  const scheduleNext = (asked: boolean): void => {
    const { failure } = state;
    if (failure !== null) {
      failures += 1;
      const pause = Math.min(options.intervalMs, RETRY_FIRST_MS * 2 ** Math.min(failures - 1, 16));
      schedule(failure.retryAfterMs ?? pause);
      return;
    }
    failures = 0;
    if (asked) askLater(nextPollDelay(options.intervalMs, options.random()));
    if (wanted) schedule(0);
  };

  const runRound = async (): Promise<void> => {
    const asked = asksForge;
    try {
      await makeRound();
    } catch (thrown) {
      // What was to be asked is asked next time.
      asksForge ||= asked;
      failed(failure('ReviewFailed', `A round failed: ${messageOf(thrown)}`, 'retry'));
    }
    running = null;
    scheduleNext(asked);
  };

  const run = (): void => {
    timer = null;
    if (signal.aborted) return;
    if (running !== null) {
      wanted = true;
      return;
    }
    wanted = false;
    running = runRound();
  };

  /** Asks for a round soon, unless the forge has asked for patience. */
  const wake = (): void => {
    if (signal.aborted) return;
    if (running !== null) wanted = true;
    else if (state.failure === null) schedule(0);
  };

  /** What a pass of the controller changes may concern a check or a status. */
  const followPasses = async (): Promise<void> => {
    let seen = -1;
    while (!signal.aborted) {
      await controller.nextPass(PASS_WAIT_MS);
      const { passes } = controller.view();
      if (passes === seen || signal.aborted) continue;
      seen = passes;
      round.lookAgain();
      wake();
      await new Promise((resolve) => setTimeout(resolve, ROUND_GAP_MS).unref());
    }
  };

  return {
    start() {
      schedule(0);
      void followPasses();
    },
    hint(hint) {
      // Pushes to other branches are told by their pull requests, where they have one.
      if (hint.kind === 'push' && branch !== null && hint.branch !== branch) return;
      if (hint.kind === 'push') controller.hint();
      if (hint.kind === 'recheck') round.writeAgain(hint.commit);
      if (hint.kind !== 'ping' && hint.kind !== 'other') {
        asksForge = true;
        wake();
      }
    },
    view: () => state,
    async close() {
      closing.abort();
      for (const each of [timer, askTimer]) if (each !== null) clearTimeout(each);
      await running;
    },
  };
}

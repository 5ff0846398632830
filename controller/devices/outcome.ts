// How an attempt ends: succeeded, failed (and when it is tried again), cancelled. Counted once per device and version.

import type { DeviceRecord, FailedAttempts, Moment, OpenAction } from '../model/device.ts';
import type { ProductPolicy } from '../model/policy.ts';
import type { Draft } from './decision.ts';
import { note, recordOf } from './decision.ts';

const BACKOFF_MAX_MS = 24 * 3_600_000;

/** The last words kept of a failure. */
const LAST_WORDS_MAX = 300;

/** Closes the open action as succeeded: the version was named, or the agent's word is enough for this product. */
export function succeed(draft: Draft, action: OpenAction, moment: Moment, message: string): void {
  draft.actions.push(
    recordOf(draft.device, action, {
      state: 'succeeded',
      confirmed: true,
      closedAt: action.claimedAt ?? moment.at,
      message,
    }),
  );
  const { version, goal, round } = action;
  const { failures, outcome } = draft.device;
  // A stepping stone mends no failure with what it leads to.
  const keepsFailures = version !== goal && failures !== null && failures.round === round;
  const keepsOutcome = keepsFailures || hasFallenBack(draft.device, version, round);
  draft.device = {
    ...draft.device,
    action: null,
    blindOffer: null,
    failures: keepsFailures ? failures : null,
    outcome: keepsOutcome ? outcome : { version, round, state: 'succeeded' },
  };
  note(draft, 'ActionSucceeded', moment, message, action);
}

/**
 * Whether a device fell back from the version in this round of its release. To run it once more mends that no more: a
 * fault that shows after hours would hide behind the retry.
 */
export function hasFallenBack(
  { relapses, outcome }: DeviceRecord,
  version: number,
  round: number,
): boolean {
  return (
    round > 0 &&
    relapses?.version === version &&
    outcome?.state === 'failed' &&
    outcome.round === round
  );
}

/** Closes the open action as failed and sets when the device is tried again. */
export function failAction(
  draft: Draft,
  action: OpenAction,
  policy: ProductPolicy,
  moment: Moment,
  message: string,
): void {
  draft.actions.push(
    recordOf(draft.device, action, { state: 'failed', closedAt: moment.at, message }),
  );
  draft.device = { ...draft.device, action: null };
  note(draft, 'ActionFailed', moment, message, action);
  countFailure(draft, action, policy, moment, message, action);
}

/** What a failure is counted for: a version, and the round of the release that it happened in (0: none). */
export interface FailedTry {
  readonly version: number;
  readonly round: number;
}

/** Counts one failure of a device with a version, with or without an action behind it. */
export function countFailure(
  draft: Draft,
  { version, round }: FailedTry,
  policy: ProductPolicy,
  moment: Moment,
  message: string,
  trace?: { readonly revision: string; readonly manifest: string; readonly id?: number },
): void {
  const { failures: known } = draft.device;
  // What did not count for the target was forgotten when it was offered.
  const isSame = known !== null && (round > 0 ? known.round === round : known.version === version);
  const count = (isSame ? known.count : 0) + 1;
  const exhausted = count > policy.settings.retries;
  draft.device = {
    ...draft.device,
    outcome: { version, round, state: 'failed' },
    failures: {
      version,
      round,
      count,
      retryAt: exhausted ? null : retryTime(moment.at, count, policy.settings.pollIntervalMs),
      lastAt: moment.at,
      lastMessage: message.slice(0, LAST_WORDS_MAX),
    },
  };
  if (exhausted) {
    note(
      draft,
      'DeviceLeftAlone',
      moment,
      `Failed ${count} times with version ${version}; it is left alone until a commit changes its target.`,
      trace,
    );
  }
}

/**
 * Counts a version that the device left by itself, or by another hand: a failure, and after as many rounds as there are
 * retries the end of the fight. Successes in between do not start it anew.
 */
export function countRelapse(
  draft: Draft,
  failed: FailedTry,
  policy: ProductPolicy,
  moment: Moment,
  message: string,
): void {
  const { version } = failed;
  const { relapses } = draft.device;
  const count = (relapses?.version === version ? relapses.count : 0) + 1;
  draft.device = { ...draft.device, relapses: { version, count } };
  countFailure(draft, failed, policy, moment, message);
  const { failures } = draft.device;
  if (count <= policy.settings.retries || failures === null || failures.retryAt === null) return;
  draft.device = { ...draft.device, failures: { ...failures, retryAt: null } };
  note(
    draft,
    'DeviceLeftAlone',
    moment,
    `Left version ${version} ${count} times: something keeps changing it back, so it is left alone until a commit changes its target.`,
  );
}

/** Exponential back-off: one poll interval after the first failure, then twice as long each time, at most a day. */
function retryTime(at: number, count: number, pollIntervalMs: number): number {
  return at + Math.min(BACKOFF_MAX_MS, pollIntervalMs * 2 ** (count - 1));
}

/**
 * Milliseconds of the back-off that are left at `at` (epoch milliseconds); 0 when the device may be tried again, null
 * when it is left alone. A clock that was set back cannot stretch it: more than the longest back-off is none.
 */
export function backOffLeftMs(failures: FailedAttempts, at: number): number | null {
  if (failures.retryAt === null) return null;
  const leftMs = Math.max(0, failures.retryAt - at);
  return leftMs > BACKOFF_MAX_MS ? 0 : leftMs;
}

/** Closes the open action as cancelled: no failure, and no success. */
export function closeCancelled(
  draft: Draft,
  action: OpenAction,
  moment: Moment,
  message: string,
): void {
  draft.actions.push(
    recordOf(draft.device, action, { state: 'cancelled', closedAt: moment.at, message }),
  );
  const { outcome } = draft.device;
  draft.device = {
    ...draft.device,
    action: null,
    outcome: outcome?.version === action.version && outcome.state === 'inFlight' ? null : outcome,
  };
  note(draft, 'ActionCancelled', moment, message, action);
}

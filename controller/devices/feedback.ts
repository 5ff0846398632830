// Feedback: what a device says of an action or of its cancelling. Every word is accepted and kept within bounds; what
// moves the action is only a final word, and a success is a claim until the version is named.

import type {
  ActionRecord,
  DeviceRecord,
  FeedbackEntry,
  Moment,
  OpenAction,
} from '../model/device.ts';
import type { ProductPolicy } from '../model/policy.ts';
import type { Decision, Draft } from './decision.ts';
import { ask, draftOf, note, recordOf } from './decision.ts';
import { takeEvidence } from './evidence.ts';
import { closeCancelled, failAction, succeed } from './outcome.ts';
import { shownFirmware } from './serving.ts';

/** DDI `status.execution`. */
export type Execution =
  | 'closed'
  | 'proceeding'
  | 'canceled'
  | 'scheduled'
  | 'rejected'
  | 'resumed'
  | 'downloaded'
  | 'download';

/** DDI `status.result.finished`. */
export type Finished = 'success' | 'failure' | 'none';

/** A feedback body, read. */
export interface Feedback {
  readonly execution: Execution;
  readonly finished: Finished;
  readonly progress: { readonly cnt: number; readonly of: number } | null;
  readonly code: number | null;
  readonly details: readonly string[];
}

/** HTTP status with the decision behind it; null where nothing is written. */
export interface FeedbackAnswer {
  readonly status: 200 | 404 | 405 | 410;
  readonly decision: Decision | null;
  /** What to keep of the feedback; null where it is not kept. */
  readonly entry: FeedbackEntry | null;
}

const DETAILS_MAX = 64;
const DETAIL_LENGTH_MAX = 512;
const DETAILS_TOTAL_MAX = 8_192;

/** Takes feedback on a deployment. `record` is the action's kept form; null where the device has no such action. */
export function takeFeedback(
  device: DeviceRecord,
  record: ActionRecord | null,
  feedback: Feedback,
  policy: ProductPolicy,
  moment: Moment,
): FeedbackAnswer {
  if (record === null) return { status: 404, decision: null, entry: null };
  const entry = boundedEntry(feedback, moment);
  const { action } = device;
  if (action === null || action.id !== record.id || action.phase === 'claimed') {
    return answerClosed(device, record, feedback, moment, entry);
  }
  const draft = draftOf(device);
  if (feedback.execution !== 'closed') {
    // A word about progress is only believed of what the device could have fetched.
    const isShown = shownFirmware(device, record, policy, moment) !== null;
    if (action.fetchedAt === null && isShown) markFetched(draft, action, moment);
  } else if (feedback.finished === 'failure') {
    failAction(
      draft,
      action,
      policy,
      moment,
      lastWords(feedback, 'The device reported a failure.'),
    );
  } else {
    claim(draft, action, policy, moment, feedback);
  }
  return { status: 200, decision: draft, entry };
}

/** Takes feedback on a cancel. */
export function takeCancelFeedback(
  device: DeviceRecord,
  record: ActionRecord | null,
  feedback: Feedback,
  moment: Moment,
): FeedbackAnswer {
  if (record === null) return { status: 404, decision: null, entry: null };
  const entry = boundedEntry(feedback, moment);
  const { action } = device;
  if (action === null || action.id !== record.id || action.phase !== 'cancelling') {
    const repeats =
      record.state === 'cancelled' &&
      feedback.execution === 'closed' &&
      feedback.finished !== 'failure';
    return { status: repeats ? 200 : 405, decision: null, entry: null };
  }
  const draft = draftOf(device);
  if (feedback.execution === 'closed' && feedback.finished !== 'failure') {
    closeCancelled(draft, action, moment, lastWords(feedback, 'The device cancelled it.'));
  } else if (feedback.execution === 'closed' || feedback.execution === 'rejected') {
    refuseCancel(draft, action, moment, feedback);
  }
  return { status: 200, decision: draft, entry };
}

/** Marks that the device read the deployment or the binary; returns null where that is known already. */
export function takeFetch(device: DeviceRecord, actionId: number, moment: Moment): Decision | null {
  const { action } = device;
  if (action?.id !== actionId || action.phase !== 'offered') return null;
  const draft = draftOf(device);
  markFetched(draft, action, moment);
  return draft;
}

/** Marks that a binary was served to the device to its last byte. */
export function takeDelivery(device: DeviceRecord, version: number, sha256: string): DeviceRecord {
  const { given } = device;
  if (given?.version === version && given.sha256 === sha256) return device;
  return { ...device, given: { version, sha256 } };
}

function markFetched(draft: Draft, action: OpenAction, moment: Moment): void {
  const fetched: OpenAction = {
    ...action,
    phase: action.phase === 'offered' ? 'fetched' : action.phase,
    fetchedAt: moment.at,
  };
  draft.device = { ...draft.device, action: fetched };
  const state = fetched.phase === 'cancelling' ? 'cancelling' : 'open';
  draft.actions.push(recordOf(draft.device, fetched, { state }));
  note(draft, 'ActionFetched', moment, `Fetched version ${action.version}.`, action);
}

function claim(
  draft: Draft,
  action: OpenAction,
  policy: ProductPolicy,
  moment: Moment,
  feedback: Feedback,
): void {
  const message = lastWords(feedback, 'The agent reported success.');
  if (policy.verification.evidence === 'claimed') {
    draft.device = {
      ...draft.device,
      running: action.version,
      reported: policy.firmware.get(action.version)?.reportedAs ?? String(action.version),
      runningSince: moment.listened,
    };
    succeed(draft, action, moment, message);
    takeEvidence(draft, policy, moment, 'claim', null);
  } else {
    const claimed: OpenAction = {
      ...action,
      phase: 'claimed',
      fetchedAt: action.fetchedAt ?? moment.at,
      claimedAt: moment.at,
      graceUntil: moment.listened + policy.settings.rebootGraceMs,
      bootAtClaim: draft.device.boot,
    };
    draft.device = { ...draft.device, action: claimed };
    draft.actions.push(
      recordOf(draft.device, claimed, { state: 'succeeded', closedAt: moment.at, message }),
    );
    note(
      draft,
      'ActionClaimed',
      moment,
      `The agent reports success with version ${action.version}.`,
      action,
    );
  }
  ask(draft, moment);
}

function refuseCancel(draft: Draft, action: OpenAction, moment: Moment, feedback: Feedback): void {
  const running: OpenAction = {
    ...action,
    phase: action.fetchedAt === null ? 'offered' : 'fetched',
    cancelRefused: true,
  };
  const message = lastWords(feedback, 'The device refused to cancel; the action runs on.');
  draft.device = { ...draft.device, action: running };
  draft.actions.push(recordOf(draft.device, running, { state: 'open', message }));
  note(
    draft,
    'ActionOffered',
    moment,
    `The cancel was refused; version ${action.version} runs on.`,
    action,
  );
  ask(draft, moment);
}

/**
 * A word about a closed action: the same final word again is fine (its answer was lost), a contradiction is 410, and a
 * success that comes too late makes us ask what really runs.
 */
function answerClosed(
  device: DeviceRecord,
  record: ActionRecord,
  feedback: Feedback,
  moment: Moment,
  entry: FeedbackEntry,
): FeedbackAnswer {
  const final = feedback.execution === 'closed';
  const saysSuccess = final && feedback.finished !== 'failure';
  const saysFailure = final && feedback.finished === 'failure';
  const repeats =
    (saysSuccess && record.state === 'succeeded') || (saysFailure && record.state === 'failed');
  if (repeats) return { status: 200, decision: null, entry: null };
  if (!final && record.state === 'succeeded') return { status: 200, decision: null, entry };
  const draft = draftOf(device);
  if (saysSuccess) ask(draft, moment);
  return { status: 410, decision: saysSuccess ? draft : null, entry: null };
}

function boundedEntry(feedback: Feedback, moment: Moment): FeedbackEntry {
  const details: string[] = [];
  let left = DETAILS_TOTAL_MAX;
  for (const line of feedback.details.slice(0, DETAILS_MAX)) {
    if (left <= 0) break;
    const cut = line.slice(0, Math.min(DETAIL_LENGTH_MAX, left));
    left -= cut.length;
    details.push(cut);
  }
  const { execution, finished, progress, code } = feedback;
  return { at: moment.at, execution, finished, progress, code, details };
}

function lastWords(feedback: Feedback, otherwise: string): string {
  const words = feedback.details.filter((line) => line.trim() !== '').at(-1);
  return words === undefined ? otherwise : words.slice(0, 300);
}

// A poll: the device asks what to do. The answer is at most one link (a deployment or a cancel), and whether its
// attributes are wanted. Steps run in a fixed order; each looks only at the record, the policy and the moment.

import type { Contact, DeviceRecord, Moment, OpenAction } from '../model/device.ts';
import type { ProductPolicy } from '../model/policy.ts';
import { resolveTarget } from '../releases/target.ts';
import type { Target } from '../releases/target.ts';
import type { Decision, Draft } from './decision.ts';
import { draftOf, note, recordOf } from './decision.ts';
import { wantsReport } from './evidence.ts';
import { offlineAfterMs } from './listening.ts';
import { backOffLeftMs, closeCancelled } from './outcome.ts';
import { readVersion } from './version.ts';

/** What a poll is answered with. */
export interface PollAnswer {
  readonly link: { readonly kind: 'deployment' | 'cancel'; readonly actionId: number } | null;
  /** Offer the `configData` link. */
  readonly askAttributes: boolean;
}

export interface PollInput {
  /** Not `expected`: registration (`admission.ts`) comes first. */
  readonly device: DeviceRecord;
  /** The contact before this one; null for the first. */
  readonly lastContact: Contact | null;
  readonly policy: ProductPolicy;
  readonly moment: Moment;
  /** An id that no action has had; used up if the answer offers a new action (`usedActionId`). */
  readonly freshActionId: number;
}

export interface PollDecision extends Decision {
  readonly answer: PollAnswer;
  readonly usedActionId: boolean;
}

/** Contacts that may leave a cancel unanswered before the gateway closes the action itself. */
export const CANCEL_POLLS_MAX = 3;

/** Polls that ask a device for its version before it is offered its target once regardless. */
export const VERSION_POLLS_MAX = 3;

/** Answers a poll. */
export function answerPoll(input: PollInput): PollDecision {
  const { policy, moment } = input;
  const draft = draftOf(input.device);
  armOnReturn(draft, input.lastContact, policy, moment);
  rereadVersion(draft, policy, moment);
  const target = resolveTarget(draft.device, policy);
  startAfresh(draft, target);

  let link = continueAction(draft, target, policy, moment);
  const asksVersion =
    draft.device.action === null && asksVersionFirst(draft.device, target, policy);
  let usedActionId = false;
  if (
    draft.device.action === null &&
    !asksVersion &&
    isOfferedNow(draft.device, target, policy, moment)
  ) {
    link = offer(draft, target, policy, moment, input.freshActionId);
    usedActionId = true;
  }
  if (wantsReport(draft.device, policy, moment)) ask(draft, moment);
  countUnknown(draft);
  return {
    ...draft,
    answer: { link, askAttributes: draft.device.askedSince !== null },
    usedActionId,
  };
}

/** Marks the device's attributes as asked for, unless they are already. */
export function ask(draft: Draft, moment: Moment): void {
  if (draft.device.askedSince !== null) return;
  draft.device = { ...draft.device, askedSince: moment.listened };
}

/**
 * An `on-reset` lock goes when the device comes back after having been offline, whatever it comes back with: a poll
 * may follow a report within the same second.
 */
export function armOnReturn(
  draft: Draft,
  lastContact: Contact | null,
  policy: ProductPolicy,
  moment: Moment,
): void {
  const { lock } = draft.device;
  if (lock === null || lock.armed) return;
  const silentMs = lastContact === null ? Infinity : moment.listened - lastContact.listened;
  if (silentMs < offlineAfterMs(policy.settings.pollIntervalMs)) return;
  draft.device = { ...draft.device, lock: { ...lock, armed: true } };
}

/** Manifests decide what a reported text means, so a commit can change it without a new report. */
function rereadVersion(draft: Draft, policy: ProductPolicy, moment: Moment): void {
  const { device } = draft;
  if (device.reported === null) return;
  const running = readVersion(device.reported, policy);
  if (running === device.running) return;
  draft.device = { ...device, running, runningSince: moment.listened };
}

/** A commit that gives the device another target starts it afresh: what failed before does not count any more. */
function startAfresh(draft: Draft, target: Target): void {
  if (target.kind === 'none') return;
  const { version } = target.firmware;
  const { failures, outcome, relapses } = draft.device;
  if (relapses !== null && relapses.version !== version) {
    draft.device = { ...draft.device, relapses: null };
  }
  if (failures === null || failures.version === version) return;
  const isFailed = outcome?.state === 'failed' && outcome.version === failures.version;
  draft.device = { ...draft.device, failures: null, outcome: isFailed ? null : outcome };
}

/** Deals with the open action, if there is one; afterwards either it is still open, or a new one may be offered. */
function continueAction(
  draft: Draft,
  target: Target,
  policy: ProductPolicy,
  moment: Moment,
): PollAnswer['link'] {
  const { action } = draft.device;
  if (action === null) return null;
  const wanted = isWanted(action, target);
  if (action.phase === 'claimed') {
    if (!wanted && moment.listened >= (action.graceUntil ?? 0)) {
      closeCancelled(draft, action, moment, 'Its target changed before the version was named.');
    } else {
      ask(draft, moment);
    }
    return null;
  }
  if (action.phase === 'cancelling') return continueCancel(draft, action, moment);
  if (wanted) {
    const holdsBack = policy.stopped && action.fetchedAt === null && !action.cancelRefused;
    return holdsBack
      ? startCancel(draft, action, moment, 'the emergency stop')
      : deploymentLink(action);
  }
  if (action.cancelRefused) {
    // The device said that it goes on. Its firmware is still shown, unless it must not be served any more.
    const served = policy.firmware.get(action.version);
    return served === undefined || served.withdrawn ? null : deploymentLink(action);
  }
  return startCancel(draft, action, moment, 'its target changed');
}

function isWanted(action: OpenAction, target: Target): boolean {
  return (
    target.kind === 'version' &&
    target.firmware.version === action.version &&
    target.firmware.sha256 === action.sha256
  );
}

function deploymentLink(action: OpenAction): PollAnswer['link'] {
  return { kind: 'deployment', actionId: action.id };
}

function startCancel(
  draft: Draft,
  action: OpenAction,
  moment: Moment,
  why: string,
): PollAnswer['link'] {
  const cancelling: OpenAction = { ...action, phase: 'cancelling', cancelPolls: 1 };
  draft.device = { ...draft.device, action: cancelling };
  draft.actions.push(recordOf(draft.device, cancelling, { state: 'cancelling' }));
  note(
    draft,
    'ActionCancelling',
    moment,
    `Asked to cancel version ${action.version}: ${why}.`,
    action,
  );
  return { kind: 'cancel', actionId: action.id };
}

function continueCancel(draft: Draft, action: OpenAction, moment: Moment): PollAnswer['link'] {
  if (action.cancelPolls >= CANCEL_POLLS_MAX) {
    closeCancelled(
      draft,
      action,
      moment,
      `The cancel was left unanswered for ${CANCEL_POLLS_MAX} contacts.`,
    );
    ask(draft, moment);
    return null;
  }
  draft.device = {
    ...draft.device,
    action: { ...action, cancelPolls: action.cancelPolls + 1 },
  };
  return { kind: 'cancel', actionId: action.id };
}

/**
 * A device that never named its version is asked first (registration sets the question, and a report ends it, readable
 * or not), and only after a few polls offered its target once regardless.
 */
function asksVersionFirst(device: DeviceRecord, target: Target, policy: ProductPolicy): boolean {
  if (device.running !== null || policy.stopped) return false;
  if (target.kind === 'version' && device.blindOffer === target.firmware.version) return false;
  return device.unknownPolls < VERSION_POLLS_MAX;
}

function isOfferedNow(
  device: DeviceRecord,
  target: Target,
  policy: ProductPolicy,
  moment: Moment,
): boolean {
  if (target.kind === 'none' || policy.stopped) return false;
  const { version } = target.firmware;
  if (device.running === version) return false;
  if (device.lock !== null && !device.lock.armed) return false;
  if (device.running === null && device.blindOffer === version) return false;
  const { failures } = device;
  if (failures?.version !== version) return true;
  return backOffLeftMs(failures, moment.at) === 0;
}

function offer(
  draft: Draft,
  target: Target,
  policy: ProductPolicy,
  moment: Moment,
  id: number,
): PollAnswer['link'] {
  if (target.kind === 'none') return null;
  const { version, sha256 } = target.firmware;
  const failures = draft.device.failures?.version === version ? draft.device.failures : null;
  const action: OpenAction = {
    id,
    version,
    sha256,
    attempt: (failures?.count ?? 0) + 1,
    phase: 'offered',
    fetchedAt: null,
    claimedAt: null,
    offeredAt: moment.at,
    deadline: moment.listened + policy.settings.attemptTimeoutMs,
    graceUntil: null,
    bootAtClaim: null,
    cancelPolls: 0,
    cancelRefused: false,
    manifest: target.manifest,
    revision: target.revision,
  };
  draft.device = {
    ...draft.device,
    action,
    failures,
    blindOffer: draft.device.running === null ? version : draft.device.blindOffer,
    outcome: { version, state: 'inFlight' },
  };
  draft.actions.push(recordOf(draft.device, action, { state: 'open' }));
  const from =
    draft.device.running === null ? 'an unknown version' : `version ${draft.device.running}`;
  note(draft, 'ActionOffered', moment, `Offered version ${version}, from ${from}.`, action);
  return deploymentLink(action);
}

/** Counts polls while the version is unknown, as far as the count matters. */
function countUnknown(draft: Draft): void {
  const { running, unknownPolls } = draft.device;
  const counted = running === null ? Math.min(unknownPolls + 1, VERSION_POLLS_MAX) : 0;
  if (counted !== unknownPolls) draft.device = { ...draft.device, unknownPolls: counted };
}

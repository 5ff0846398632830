// A poll: the device asks what to do. The answer is at most one link (a deployment or a cancel), and whether its
// attributes are wanted. Steps run in a fixed order; each looks only at the record, the policy and the moment.

import type { DeviceRecord, Moment } from '../model/device.ts';
import type { PolicyRelease, ProductPolicy } from '../model/policy.ts';
import { resolveTarget } from '../releases/target.ts';
import type { Target } from '../releases/target.ts';
import type { Decision, Draft } from './decision.ts';
import { ask, draftOf } from './decision.ts';
import { wantsReport } from './evidence.ts';
import { offlineAfterMs } from './listening.ts';
import { countsFor, findOfferWait, offer } from './offer.ts';
import type { ActionLink } from './open-action.ts';
import { continueAction, deploymentLink } from './open-action.ts';
import { readVersion } from './version.ts';

/** What a poll is answered with. */
export interface PollAnswer {
  readonly link: ActionLink;
  /** Offer the `configData` link. */
  readonly askAttributes: boolean;
}

export interface PollInput {
  /** Not `expected`: registration (`admission.ts`) comes first. */
  readonly device: DeviceRecord;
  /** The contact before this one; null for the first. */
  readonly lastContact: Moment | null;
  readonly policy: ProductPolicy;
  readonly moment: Moment;
  /** An id that no action has had; used up if the answer offers a new action (`usedActionId`). */
  readonly freshActionId: number;
  /** Rounds of releases whose rate is known to have no token left now. */
  readonly exhausted: ReadonlySet<number>;
}

export interface PollDecision extends Decision {
  readonly answer: PollAnswer;
  readonly usedActionId: boolean;
  /** The release whose rate the offer takes a token of; null: of none. */
  readonly spends: PolicyRelease | null;
}

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
  let spends: PolicyRelease | null = null;
  if (draft.device.action === null && !asksVersion && target.kind === 'version') {
    const wait = findOfferWait(draft.device, target, policy, moment);
    const rated = target.pace !== null && target.pace.rate !== null ? target.pace : null;
    if (wait === null && (rated === null || !input.exhausted.has(rated.round))) {
      link = deploymentLink(offer(draft, target, policy, moment, input.freshActionId));
      usedActionId = true;
      spends = rated;
    }
  }
  if (
    wantsReport(draft.device, policy, moment) ||
    isWatched(draft.device, target, policy, moment)
  ) {
    ask(draft, moment);
  }
  countUnknown(draft);
  return {
    ...draft,
    answer: { link, askAttributes: draft.device.askedSince !== null },
    usedActionId,
    spends,
  };
}

/**
 * An `on-reset` lock goes when the device comes back after having been offline, whatever it comes back with: a poll
 * may follow a report within the same second.
 */
export function armOnReturn(
  draft: Draft,
  lastContact: Moment | null,
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

/**
 * A commit that gives the device another target starts it afresh: what failed before does not count any more. So does a
 * new round of the same release.
 */
function startAfresh(draft: Draft, target: Target): void {
  if (target.kind === 'none') return;
  const { failures, outcome, relapses } = draft.device;
  if (relapses !== null && relapses.version !== target.goal) {
    draft.device = { ...draft.device, relapses: null };
  }
  if (failures === null || countsFor(failures, target)) return;
  const isFailed = outcome?.state === 'failed' && outcome.version === failures.version;
  const isNewRound = failures.round > 0 && target.round > 0;
  draft.device = {
    ...draft.device,
    failures: null,
    outcome: isFailed ? null : outcome,
    ...(isNewRound && { relapses: null }),
  };
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

/**
 * A device that runs the version of a release that soaks is asked now and then whether it still does: at the first poll
 * of each period, so that nothing has to be remembered.
 */
function isWatched(
  { running, runningSince }: DeviceRecord,
  target: Target,
  { settings }: ProductPolicy,
  { listened }: Moment,
): boolean {
  if (target.kind === 'none' || running === null || running !== target.goal) return false;
  const everyMs = target.pace?.askEveryMs ?? null;
  if (everyMs === null || runningSince === null || target.rule === 'base') return false;
  const ranMs = listened - runningSince;
  return ranMs >= everyMs && ranMs % everyMs < settings.pollIntervalMs;
}

/** Counts polls while the version is unknown, as far as the count matters. */
function countUnknown(draft: Draft): void {
  const { running, unknownPolls } = draft.device;
  const counted = running === null ? Math.min(unknownPolls + 1, VERSION_POLLS_MAX) : 0;
  if (counted !== unknownPolls) draft.device = { ...draft.device, unknownPolls: counted };
}

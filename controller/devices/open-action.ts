// What becomes of a device's open action at a poll: it is shown again, waited for, or taken back.

import type { Moment, OpenAction } from '../model/device.ts';
import type { ProductPolicy } from '../model/policy.ts';
import type { Target } from '../releases/target.ts';
import { isOpen } from '../releases/window.ts';
import type { Draft } from './decision.ts';
import { ask, note, recordOf } from './decision.ts';
import { closeCancelled } from './outcome.ts';

/** The one link that a poll is answered with; null: none. */
export type ActionLink = {
  readonly kind: 'deployment' | 'cancel';
  readonly actionId: number;
} | null;

/** Contacts that may leave a cancel unanswered before the gateway closes the action itself. */
export const CANCEL_POLLS_MAX = 3;

/** Deals with the open action, if there is one; afterwards either it is still open, or a new one may be offered. */
export function continueAction(
  draft: Draft,
  target: Target,
  policy: ProductPolicy,
  moment: Moment,
): ActionLink {
  followRound(draft, target);
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
  const isUnderWay = action.fetchedAt !== null || action.cancelRefused;
  if (wanted) {
    const why = isUnderWay ? null : whyHeldBack(target, policy, moment);
    return why === null ? deploymentLink(action) : startCancel(draft, action, moment, why);
  }
  if (action.cancelRefused || (isUnderWay && mayFinish(action, target))) {
    // The device said that it goes on, or was under way when its release was held. Its firmware is still shown, unless
    // it must not be served any more.
    const served = policy.firmware.get(action.version);
    return served === undefined || served.withdrawn ? null : deploymentLink(action);
  }
  return startCancel(draft, action, moment, whyUnwanted(target));
}

/** An attempt that is under way when its release begins a new round counts for that one. */
function followRound(draft: Draft, target: Target): void {
  const { action } = draft.device;
  if (action === null || target.kind === 'none' || !isWanted(action, target)) return;
  const { round, manifest, revision } = target;
  if (action.round === round) return;
  draft.device = {
    ...draft.device,
    action: { ...action, round, manifest, revision },
    outcome: { version: action.version, round, state: 'inFlight' },
  };
}

function isWanted(action: OpenAction, target: Target): boolean {
  return (
    target.kind === 'version' &&
    target.firmware.version === action.version &&
    target.firmware.sha256 === action.sha256
  );
}

/** Whether a transfer under way may finish though its release is held. */
export function mayFinish(action: OpenAction, target: Target): boolean {
  return target.kind === 'none' && target.finishes !== null && target.finishes === action.round;
}

/** Why an offer that nobody has fetched is taken back, though its version is still wanted; null: it stands. */
function whyHeldBack(target: Target, policy: ProductPolicy, moment: Moment): string | null {
  if (policy.stopped) return 'the emergency stop';
  const isClosed =
    target.kind === 'version' && target.pace !== null && !isOpen(target.pace.windows, moment.at);
  return isClosed ? 'the window of its release is closed' : null;
}

function whyUnwanted(target: Target): string {
  return target.kind === 'none' && target.finishes !== null
    ? 'its release is held'
    : 'its target changed';
}

/** The link to an action's deployment. */
export function deploymentLink(action: OpenAction): ActionLink {
  return { kind: 'deployment', actionId: action.id };
}

function startCancel(draft: Draft, action: OpenAction, moment: Moment, why: string): ActionLink {
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

function continueCancel(draft: Draft, action: OpenAction, moment: Moment): ActionLink {
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

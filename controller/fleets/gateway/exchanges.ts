// What a device asks and tells, each as one contact: decided by the pure functions of `devices/`, and durable when it
// resolves. How that travels (HTTP, or a call of the desk) is not known here.

import type { Result } from '../../base/result.ts';
import { draftOf } from '../../devices/decision.ts';
import type { Feedback, FeedbackAnswer } from '../../devices/feedback.ts';
import { takeCancelFeedback, takeDelivery, takeFeedback } from '../../devices/feedback.ts';
import type { PollAnswer } from '../../devices/poll.ts';
import { answerPoll } from '../../devices/poll.ts';
import { attributeReport, takeReport } from '../../devices/report.ts';
import type { ActionRecord } from '../../model/device.ts';
import type { PolicyFirmware } from '../../model/policy.ts';
import type { Caller, ContactResult, DeviceContact, Verdict } from './contact.ts';
import { takeContact } from './contact.ts';
import { readAttributes } from './entry.ts';
import type { Gateway } from './gateway.ts';
import type { AttributeChange, BodyDefect } from './request-bodies.ts';
import { applyAttributes } from './request-bodies.ts';

export interface PollVerdict extends PollAnswer {
  /** Digest of what is offered; null where nothing is. */
  readonly sha256: string | null;
}

/** A poll. The caller has to say that it is one. */
export function takePoll(gateway: Gateway, caller: Caller): Promise<ContactResult<PollVerdict>> {
  return takeContact(gateway, caller, (contact) => decidePoll(gateway, caller, contact));
}

function decidePoll(
  gateway: Gateway,
  caller: Caller,
  contact: DeviceContact,
): Verdict<PollVerdict> | Promise<Verdict<PollVerdict>> {
  const { actionIds } = gateway;
  const freshActionId = actionIds.peek();
  if (freshActionId === null) {
    return actionIds.refill().then(() => decidePoll(gateway, caller, contact));
  }
  const exhausted = caller.product.exhausted.at(gateway.steadyNow());
  const decision = answerPoll({ ...contact, freshActionId, exhausted });
  const { spends, usedActionId } = decision;
  if (usedActionId) actionIds.use();
  const { link, askAttributes } = decision.answer;
  const sha256 = decision.device.action?.sha256 ?? null;
  return {
    decision,
    ...(usedActionId && { begins: { actionId: freshActionId, spends } }),
    answer: { link, askAttributes, sha256 },
  };
}

/** Attributes that the device sent. The answer is what is wrong with them; null: they were taken. */
export function takeAttributes(
  gateway: Gateway,
  caller: Caller,
  change: Result<AttributeChange, BodyDefect>,
): Promise<ContactResult<BodyDefect | null>> {
  return takeContact<BodyDefect | null>(gateway, caller, async ({ device, policy, moment }) => {
    if (!change.ok) return { decision: null, answer: change.error };
    const known = await readAttributes(gateway, device.key);
    const merged = applyAttributes(known, change.value);
    if (!merged.ok) return { decision: null, answer: merged.error };
    const sent = change.value.mode === 'remove' ? {} : Object.fromEntries(change.value.data);
    return {
      decision: takeReport(device, attributeReport(merged.value, sent, policy), policy, moment),
      ...(!isSame(known, merged.value) && { attributes: merged.value }),
      answer: null,
    };
  });
}

/** What a feedback is on: the action itself, or its cancelling. */
export type Subject = 'deployment' | 'cancel';

/** How feedback is answered, or why it is not feedback. */
export type Word = { readonly status: FeedbackAnswer['status'] } | { readonly defect: BodyDefect };

/** Feedback on an action of the device; an `actionId` of null is nobody's. */
export function takeWord(
  gateway: Gateway,
  caller: Caller,
  about: Subject,
  actionId: number | null,
  feedback: Result<Feedback, BodyDefect>,
): Promise<ContactResult<Word>> {
  return takeContact<Word>(gateway, caller, async ({ device, policy, moment }) => {
    if (!feedback.ok) return { decision: null, answer: { defect: feedback.error } };
    const record = await readAction(gateway, caller, actionId);
    const { status, decision, entry } =
      about === 'deployment'
        ? takeFeedback(device, record, feedback.value, policy, moment)
        : takeCancelFeedback(device, record, feedback.value, moment);
    return {
      decision,
      ...(entry !== null && record !== null && { feedback: { actionId: record.id, entry } }),
      answer: { status },
    };
  });
}

/** Writes that the device has the binary. Lost races are repeated; a device that is gone meanwhile needs no note. */
export async function noteDelivery(
  gateway: Gateway,
  caller: Caller,
  firmware: PolicyFirmware,
): Promise<void> {
  const result = await takeContact(gateway, caller, ({ device }) => {
    const after = takeDelivery(device, firmware.version, firmware.sha256);
    return { decision: after === device ? null : draftOf(after), answer: null };
  });
  if (!result.ok && result.status === 503) {
    gateway.log.warn(`${caller.product.name}: the delivery to ${caller.deviceId} was not noted`);
  }
}

/** The kept form of an action of the calling device; null where it has none with that id. */
export async function readAction(
  gateway: Gateway,
  caller: Caller,
  actionId: number | null,
): Promise<ActionRecord | null> {
  if (actionId === null) return null;
  return gateway.store.action(caller.product.name, caller.deviceId, actionId);
}

function isSame(
  one: Readonly<Record<string, string>>,
  other: Readonly<Record<string, string>>,
): boolean {
  const keys = Object.keys(one);
  return (
    keys.length === Object.keys(other).length &&
    keys.every((key) => Object.hasOwn(other, key) && one[key] === other[key])
  );
}

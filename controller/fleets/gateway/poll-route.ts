// The poll, which is nearly all that a fleet ever does: mostly one look-up, one pure decision and a ready-made answer.

import type { FastifyReply, FastifyRequest } from 'fastify';

import { answerPoll, type PollAnswer } from '../../devices/poll.ts';
import type { DeviceContact, Verdict } from './contact.ts';
import { takeContact } from './contact.ts';
import { pollDocument } from './documents.ts';
import type { Gateway } from './gateway.ts';
import { sendDocument, sendIdle, sendRefusal } from './replies.ts';
import { identifyCaller, linksFor, typeFor } from './requests.ts';

interface PollVerdict extends PollAnswer {
  /** Digest of what is offered; null where nothing is. */
  readonly sha256: string | null;
}

/** GET / */
export async function handlePoll(
  gateway: Gateway,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const type = typeFor(request);
  if (type === null) return sendRefusal(reply, 406);
  const caller = identifyCaller(gateway, request, true);
  if (typeof caller === 'number') return sendRefusal(reply, caller);
  const result = await takeContact(gateway, caller, (contact) => decidePoll(gateway, contact));
  if (!result.ok) return sendRefusal(reply, result.status);

  const { link, askAttributes, sha256 } = result.answer;
  if (link === null && !askAttributes) {
    return sendIdle(reply, type, caller.product.idleDocument);
  }
  const links = linksFor(gateway, request);
  if (links === null) return sendRefusal(reply, 400);
  const document = pollDocument(result.policy.settings.pollIntervalMs, {
    ...(link?.kind === 'deployment' && {
      deploymentBase: links.deployment(link.actionId, sha256 ?? ''),
    }),
    ...(link?.kind === 'cancel' && { cancelAction: links.cancel(link.actionId) }),
    ...(askAttributes && { configData: links.configData }),
  });
  return sendDocument(reply, type, document);
}

function decidePoll(
  gateway: Gateway,
  contact: DeviceContact,
): Verdict<PollVerdict> | Promise<Verdict<PollVerdict>> {
  const freshActionId = gateway.actionIds.peek();
  if (freshActionId === null) {
    return gateway.actionIds.refill().then(() => decidePoll(gateway, contact));
  }
  const decision = answerPoll({ ...contact, freshActionId });
  if (decision.usedActionId) gateway.actionIds.use();
  const { link, askAttributes } = decision.answer;
  const sha256 = decision.device.action?.sha256 ?? null;
  return { decision, answer: { link, askAttributes, sha256 } };
}

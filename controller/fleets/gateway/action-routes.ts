// The resources of one action: its deployment document, feedback on it, its cancelling, and what is installed.

import type { FastifyReply, FastifyRequest } from 'fastify';

import { takeFetch } from '../../devices/feedback.ts';
import { shownFirmware } from '../../devices/serving.ts';
import type { ActionRecord } from '../../model/device.ts';
import type { PolicyFirmware } from '../../model/policy.ts';
import type { Caller } from './contact.ts';
import { takeContact } from './contact.ts';
import {
  ACTION_HISTORY_MAX,
  cancelDocument,
  deploymentDocument,
  historyOf,
  type DeploymentFacts,
} from './documents.ts';
import type { Subject } from './exchanges.ts';
import { readAction, takeWord } from './exchanges.ts';
import type { Gateway } from './gateway.ts';
import { sendAccepted, sendDocument, sendRefusal } from './replies.ts';
import { parseObject, readFeedback } from './request-bodies.ts';
import { bodyOf, identifyCaller, linksFor, paramsOf, readNumber, typeFor } from './requests.ts';

/** GET deploymentBase/{id} */
export function handleDeployment(
  gateway: Gateway,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  return showAction(gateway, request, reply, 'deployment');
}

/** GET installedBase/{id}: the same document, once the action has succeeded. */
export function handleInstalled(
  gateway: Gateway,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  return showAction(gateway, request, reply, 'installed');
}

/** POST deploymentBase/{id}/feedback */
export function handleFeedback(
  gateway: Gateway,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  return answerWord(gateway, request, reply, 'deployment');
}

/** POST cancelAction/{id}/feedback */
export function handleCancelFeedback(
  gateway: Gateway,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  return answerWord(gateway, request, reply, 'cancel');
}

/** GET cancelAction/{id} */
export async function handleCancel(
  gateway: Gateway,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const type = typeFor(request);
  if (type === null) return sendRefusal(reply, 406);
  const caller = identifyCaller(gateway, request, false);
  if (typeof caller === 'number') return sendRefusal(reply, caller);
  const result = await takeContact(gateway, caller, async () => {
    const record = await readRequested(gateway, caller, request);
    const isShown = record?.state === 'cancelling' || record?.state === 'cancelled';
    return { decision: null, answer: isShown ? record.id : null };
  });
  if (!result.ok) return sendRefusal(reply, result.status);
  if (result.answer === null) return sendRefusal(reply, 404);
  return sendDocument(reply, type, cancelDocument(result.answer));
}

interface Shown {
  readonly record: ActionRecord;
  readonly firmware: PolicyFirmware;
  readonly history: DeploymentFacts['history'];
}

async function showAction(
  gateway: Gateway,
  request: FastifyRequest,
  reply: FastifyReply,
  resource: 'deployment' | 'installed',
): Promise<FastifyReply> {
  const type = typeFor(request);
  if (type === null) return sendRefusal(reply, 406);
  const links = linksFor(gateway, request);
  const historyCount = readHistoryCount(request.query);
  const caller = identifyCaller(gateway, request, false);
  if (typeof caller === 'number') return sendRefusal(reply, caller);
  const result = await takeContact<Shown | null>(
    gateway,
    caller,
    async ({ device, policy, moment }) => {
      const record = await readRequested(gateway, caller, request);
      const firmware = shownFirmware(device, record, policy, moment);
      if (record === null || firmware === null) return { decision: null, answer: null };
      if (resource === 'installed' && record.state !== 'succeeded') {
        return { decision: null, answer: null };
      }
      const { product, device: id } = record;
      const entries =
        historyCount === 0 ? [] : await gateway.store.feedback(product, id, record.id);
      return {
        decision: resource === 'deployment' ? takeFetch(device, record.id, moment) : null,
        answer: { record, firmware, history: historyOf(record, entries, historyCount) },
      };
    },
  );
  if (!result.ok) return sendRefusal(reply, result.status);
  if (result.answer === null) return sendRefusal(reply, 404);
  if (links === null) return sendRefusal(reply, 400);
  const { record, firmware, history } = result.answer;
  const { product, settings } = result.policy;
  // A product that has moved to another fleet is not served here any more.
  if (settings.driver !== 'gateway') return sendRefusal(reply, 404);
  const { part } = settings;
  return sendDocument(
    reply,
    type,
    deploymentDocument({ actionId: record.id, product, part, firmware, links, history }),
  );
}

async function answerWord(
  gateway: Gateway,
  request: FastifyRequest,
  reply: FastifyReply,
  about: Subject,
): Promise<FastifyReply> {
  const caller = identifyCaller(gateway, request, false);
  if (typeof caller === 'number') return sendRefusal(reply, caller);
  const body = parseObject(bodyOf(request));
  const feedback = body.ok ? readFeedback(body.value) : body;
  const actionId = readNumber(paramsOf(request).actionId);
  const result = await takeWord(gateway, caller, about, actionId, feedback);
  if (!result.ok) return sendRefusal(reply, result.status);
  if ('defect' in result.answer) {
    return sendRefusal(reply, result.answer.defect.status, result.answer.defect);
  }
  const { status } = result.answer;
  return status === 200 ? sendAccepted(reply) : sendRefusal(reply, status);
}

function readRequested(
  gateway: Gateway,
  caller: Caller,
  request: FastifyRequest,
): Promise<ActionRecord | null> {
  return readAction(gateway, caller, readNumber(paramsOf(request).actionId));
}

/** `actionHistory`: absent, empty, 0 or unreadable means none; a negative or large number means as many as are shown. */
function readHistoryCount(query: unknown): number {
  const text =
    typeof query === 'object' && query !== null && 'actionHistory' in query
      ? query.actionHistory
      : undefined;
  if (typeof text !== 'string' || !/^-?\d{1,9}$/.test(text)) return 0;
  const count = Number(text);
  return count < 0 ? ACTION_HISTORY_MAX : Math.min(count, ACTION_HISTORY_MAX);
}

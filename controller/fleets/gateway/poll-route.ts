// The poll, which is nearly all that a fleet ever does: mostly one look-up, one pure decision and a ready-made answer.

import type { FastifyReply, FastifyRequest } from 'fastify';

import { pollDocument } from './documents.ts';
import { takePoll } from './exchanges.ts';
import type { Gateway } from './gateway.ts';
import { sendDocument, sendIdle, sendRefusal } from './replies.ts';
import { identifyCaller, linksFor, typeFor } from './requests.ts';

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
  const result = await takePoll(gateway, caller);
  if (!result.ok) return sendRefusal(reply, result.status);
  caller.product.traffic.polls += 1;

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

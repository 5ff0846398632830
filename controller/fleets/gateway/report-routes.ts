// What a device says of itself: its attributes, and what is installed.

import type { FastifyReply, FastifyRequest } from 'fastify';

import { takeReport } from '../../devices/report.ts';
import { readVersion } from '../../devices/version.ts';
import { takeContact } from './contact.ts';
import { readAttributes as readStored } from './entry.ts';
import { takeAttributes } from './exchanges.ts';
import type { Gateway } from './gateway.ts';
import { sendAccepted, sendRefusal } from './replies.ts';
import type { BodyDefect } from './request-bodies.ts';
import { parseObject, readAttributes, readInstalled } from './request-bodies.ts';
import { bodyOf, identifyCaller } from './requests.ts';

/** PUT configData */
export async function handleAttributes(
  gateway: Gateway,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const caller = identifyCaller(gateway, request, false);
  if (typeof caller === 'number') return sendRefusal(reply, caller);
  const body = parseObject(bodyOf(request));
  const change = body.ok ? readAttributes(body.value) : body;
  await gateway.transfers.settled(caller.product.name, caller.deviceId);
  const result = await takeAttributes(gateway, caller, change);
  if (!result.ok) return sendRefusal(reply, result.status);
  return result.answer === null
    ? sendAccepted(reply)
    : sendRefusal(reply, result.answer.status, result.answer);
}

/**
 * PUT installedBase. A version that no manifest knows is noted as what the device runs, and answered with 404 as
 * hawkBit does.
 */
export async function handleInstalledReport(
  gateway: Gateway,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const caller = identifyCaller(gateway, request, false);
  if (typeof caller === 'number') return sendRefusal(reply, caller);
  const body = parseObject(bodyOf(request));
  const version = body.ok ? readInstalled(body.value) : body;
  await gateway.transfers.settled(caller.product.name, caller.deviceId);
  const result = await takeContact<BodyDefect | 200 | 404>(
    gateway,
    caller,
    async ({ device, policy, moment }) => {
      if (!version.ok) return { decision: null, answer: version.error };
      const attributes = await readStored(gateway, device.key);
      const report = { attributes, versionText: version.value };
      return {
        decision: takeReport(device, report, policy, moment),
        answer: readVersion(version.value, policy) === null ? 404 : 200,
      };
    },
  );
  if (!result.ok) return sendRefusal(reply, result.status);
  if (result.answer === 200) return sendAccepted(reply);
  if (result.answer === 404) return sendRefusal(reply, 404);
  return sendRefusal(reply, result.answer.status, result.answer);
}

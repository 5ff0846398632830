// The binary itself: streamed from its file in constant memory, whole or one range, to a device that has an open
// action for it and to nobody else.

import { stat } from 'node:fs/promises';

import type { FastifyReply, FastifyRequest } from 'fastify';

import { takeFetch } from '../../devices/feedback.ts';
import { downloadableFirmware } from '../../devices/serving.ts';
import type { PolicyFirmware } from '../../model/policy.ts';
import { planFile, type FilePlan } from './byte-range.ts';
import type { Caller } from './contact.ts';
import { takeContact } from './contact.ts';
import { artifactsDocument } from './documents.ts';
import { noteDelivery } from './exchanges.ts';
import type { Gateway } from './gateway.ts';
import { sendDocument, sendRefusal } from './replies.ts';
import { identifyCaller, linksFor, paramsOf, readNumber, typeFor } from './requests.ts';
import { sendFile } from './send-file.ts';

const MD5SUM = '.MD5SUM';

/** GET softwaremodules/{version}/artifacts */
export async function handleArtifactList(
  gateway: Gateway,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const type = typeFor(request);
  if (type === null) return sendRefusal(reply, 406);
  const caller = identifyCaller(gateway, request, false);
  if (typeof caller === 'number') return sendRefusal(reply, caller);
  const firmware = await findFirmware(gateway, caller, request, 'look');
  if (typeof firmware === 'number') return sendRefusal(reply, firmware);
  const links = linksFor(gateway, request);
  if (links === null) return sendRefusal(reply, 400);
  return sendDocument(reply, type, artifactsDocument(firmware, links));
}

/** GET and HEAD softwaremodules/{version}/artifacts/{fileName}, with or without `.MD5SUM` */
export async function handleArtifact(
  gateway: Gateway,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const caller = identifyCaller(gateway, request, false);
  if (typeof caller === 'number') return sendRefusal(reply, caller);
  const firmware = await findFirmware(gateway, caller, request, 'fetch');
  if (typeof firmware === 'number') return sendRefusal(reply, firmware);
  if (paramsOf(request).fileName !== firmware.fileName) {
    return reply
      .header('content-type', 'text/plain')
      .send(`${firmware.md5}  ${firmware.fileName}\n`);
  }
  return serveBinary(gateway, caller, firmware, request, reply);
}

async function serveBinary(
  gateway: Gateway,
  caller: Caller,
  firmware: PolicyFirmware,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const located = await gateway.binaries.locate(firmware.sha256);
  if (!located.ok || located.value.size !== firmware.size) {
    const why = located.ok ? 'its size is wrong' : located.error.message;
    gateway.log.warn(`${caller.product.name}: version ${firmware.version} is not served: ${why}`);
    return sendRefusal(reply, 503);
  }
  const { file, size } = located.value;
  const modified = await readModified(file);
  if (modified === null) return sendRefusal(reply, 503);
  // It may have been withdrawn while the file was looked up. From here to the first byte nothing is waited for.
  if (!isStillServed(caller, firmware)) return sendRefusal(reply, 404);

  const facts = { size, etag: `"${firmware.sha1}"`, modified };
  const plan = planFile(
    {
      method: request.method === 'HEAD' ? 'HEAD' : 'GET',
      range: request.headers.range,
      ifRange: headerText(request.headers['if-range']),
      ifMatch: request.headers['if-match'],
      ifNoneMatch: request.headers['if-none-match'],
    },
    facts,
  );
  const headers = { ETag: facts.etag, 'Accept-Ranges': 'bytes', 'Last-Modified': modified };
  if (plan.status !== 200 && plan.status !== 206) {
    if (plan.status === 416) reply.header('Content-Range', `bytes */${size}`);
    return reply.code(plan.status).headers(headers).send('');
  }
  const { start, end } = spanOf(plan, size);
  reply.hijack();
  await sendFile(gateway, {
    response: reply.raw,
    transfer: {
      product: caller.product.name,
      device: caller.deviceId,
      version: firmware.version,
      sha256: firmware.sha256,
    },
    traffic: caller.product.traffic,
    status: plan.status,
    headers: {
      ...headers,
      'Content-Type': 'application/octet-stream',
      'Content-Disposition': `attachment;filename="${firmware.fileName}"`,
      'Content-Length': end - start + 1,
      ...(plan.status === 206 && { 'Content-Range': `bytes ${start}-${end}/${size}` }),
    },
    body: request.method === 'HEAD' ? null : { file, start, end },
    delivered: () => (end === size - 1 ? noteDelivery(gateway, caller, firmware) : null),
  });
  return reply;
}

/** The firmware behind the URL, if this device may have it now; marks the action as fetched where that is asked for. */
async function findFirmware(
  gateway: Gateway,
  caller: Caller,
  request: FastifyRequest,
  purpose: 'look' | 'fetch',
): Promise<PolicyFirmware | 401 | 404 | 429 | 503> {
  const { version, fileName } = paramsOf(request);
  const wanted = readNumber(version);
  const result = await takeContact<PolicyFirmware | null>(
    gateway,
    caller,
    ({ device, policy, moment }) => {
      const firmware =
        wanted === null ? null : downloadableFirmware(device, wanted, policy, moment);
      if (firmware === null) return { decision: null, answer: null };
      if (purpose === 'look') return { decision: null, answer: firmware };
      const isMd5sum = fileName === firmware.fileName + MD5SUM;
      if (fileName !== firmware.fileName && !isMd5sum) return { decision: null, answer: null };
      const { action } = device;
      return {
        decision: action === null || isMd5sum ? null : takeFetch(device, action.id, moment),
        answer: firmware,
      };
    },
  );
  if (!result.ok) return result.status;
  return result.answer ?? 404;
}

function isStillServed(caller: Caller, firmware: PolicyFirmware): boolean {
  const now = caller.product.policy?.firmware.get(firmware.version);
  return now !== undefined && !now.withdrawn && now.sha256 === firmware.sha256;
}

function spanOf(
  plan: Extract<FilePlan, { status: 200 | 206 }>,
  size: number,
): { readonly start: number; readonly end: number } {
  return plan.status === 206 ? plan : { start: 0, end: size - 1 };
}

async function readModified(file: string): Promise<string | null> {
  try {
    return (await stat(file)).mtime.toUTCString();
  } catch {
    return null;
  }
}

function headerText(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : value?.[0];
}

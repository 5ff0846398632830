// Sends a file, or a part of one, over a response: with back-pressure, in constant memory, and so that a withdrawal or
// a client that went away frees the file at once.

import { createReadStream } from 'node:fs';
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';

import { messageOf } from '../../base/failure.ts';
import type { Gateway } from './gateway.ts';
import type { Transfer } from './transfers.ts';

/** Bytes read at a time; the most that one download keeps in memory, twice. */
const READ_SIZE = 256 * 1024;

/** A client that takes nothing for this long is gone. Flashing may stall a download for minutes. */
const IDLE_MAX_MS = 10 * 60_000;

export interface FileAnswer {
  readonly response: ServerResponse;
  readonly transfer: Omit<Transfer, 'abort'>;
  readonly status: 200 | 206;
  readonly headers: OutgoingHttpHeaders;
  /** `start` and `end` are inclusive; null sends the headers only. */
  readonly body: { readonly file: string; readonly start: number; readonly end: number } | null;
  /** Called when the last byte was sent without an error; the transfer counts as running until it has resolved. */
  readonly delivered: () => Promise<void> | null;
}

/** Sends the answer. Resolves when it is over in every way; a broken transfer is no error. */
export async function sendFile(gateway: Gateway, answer: FileAnswer): Promise<void> {
  const { response, body } = answer;
  response.writeHead(answer.status, answer.headers);
  if (body === null) {
    response.end();
    return;
  }
  const handle = gateway.transfers.add({ ...answer.transfer, abort: () => response.destroy() });
  try {
    response.setTimeout(IDLE_MAX_MS, () => response.destroy());
    const { start, end } = body;
    const file = createReadStream(body.file, { start, end, highWaterMark: READ_SIZE });
    file.once('end', () => handle.ending());
    if (await isSent(gateway, answer, pipeline(file, response))) await answer.delivered();
  } catch (error) {
    gateway.log.warn(`A delivery was not noted: ${messageOf(error)}`);
  } finally {
    handle.end();
  }
}

async function isSent(
  gateway: Gateway,
  answer: FileAnswer,
  sending: Promise<void>,
): Promise<boolean> {
  try {
    await sending;
    return true;
  } catch (error) {
    const { device, product, version } = answer.transfer;
    gateway.log.info(`${product}: version ${version} to ${device} broke off: ${messageOf(error)}`);
    return false;
  }
}

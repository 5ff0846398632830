// Sends a file, or a part of one, over a response: with back-pressure, in constant memory, and so that a withdrawal or
// a client that went away frees the file at once.

import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';

import { messageOf } from '../../base/failure.ts';
import type { Gateway } from './gateway.ts';
import type { Traffic } from './traffic.ts';
import type { Transfer, TransferHandle } from './transfers.ts';

/** Bytes read at a time. A download keeps two such buffers and nothing else. */
const READ_SIZE = 128 * 1024;

/** A client that takes nothing for this long is gone. Flashing may stall a download for minutes. */
const IDLE_MAX_MS = 10 * 60_000;

/** A part of a file; `start` and `end` are inclusive. */
interface FilePart {
  readonly file: string;
  readonly start: number;
  readonly end: number;
}

export interface FileAnswer {
  readonly response: ServerResponse;
  readonly transfer: Omit<Transfer, 'abort'>;
  /** Where it is counted. */
  readonly traffic: Traffic;
  readonly status: 200 | 206;
  readonly headers: OutgoingHttpHeaders;
  /** Null sends the headers only. */
  readonly body: FilePart | null;
  /** Called when the last byte was sent without an error; the transfer counts as running until it has resolved. */
  readonly delivered: () => Promise<void> | null;
}

/** Sends the answer. Resolves when it is over in every way; a broken transfer is no error. */
export async function sendFile(gateway: Gateway, answer: FileAnswer): Promise<void> {
  const { response, body, traffic } = answer;
  response.writeHead(answer.status, answer.headers);
  if (body === null) {
    response.end();
    return;
  }
  const handle = gateway.transfers.add({ ...answer.transfer, abort: () => response.destroy() });
  try {
    response.setTimeout(IDLE_MAX_MS, () => response.destroy());
    const sent = await isSent(gateway, answer, body, handle);
    if (sent) traffic.downloadsSent += 1;
    else traffic.downloadsBroken += 1;
    if (sent) await answer.delivered();
  } catch (error) {
    gateway.log.warn(`A delivery was not noted: ${messageOf(error)}`);
  } finally {
    handle.end();
  }
}

async function isSent(
  gateway: Gateway,
  { response, transfer, traffic }: FileAnswer,
  body: FilePart,
  handle: TransferHandle,
): Promise<boolean> {
  let file: FileHandle | null = null;
  try {
    file = await open(body.file);
    await pump(file, body, response, { handle, traffic });
    return true;
  } catch (error) {
    // The status is sent already, so that a broken connection is the only way to say that something is wrong.
    response.destroy();
    const { device, product, version } = transfer;
    gateway.log.info(`${product}: version ${version} to ${device} broke off: ${messageOf(error)}`);
    return false;
  } finally {
    await file?.close();
  }
}

/**
 * Reads into one buffer while the other is written. The same two serve for the whole file: fresh ones for each part
 * would keep the garbage collector busier than the download.
 */
async function pump(
  file: FileHandle,
  body: FilePart,
  response: ServerResponse,
  { handle, traffic }: { readonly handle: TransferHandle; readonly traffic: Traffic },
): Promise<void> {
  const size = Math.min(READ_SIZE, body.end - body.start + 1);
  let buffer = Buffer.allocUnsafeSlow(size);
  let spare = Buffer.allocUnsafeSlow(size);
  let writing: Promise<void> = Promise.resolve();
  let at = body.start;
  while (at <= body.end) {
    const { bytesRead } = await file.read(buffer, 0, Math.min(size, body.end - at + 1), at);
    if (bytesRead === 0) throw new Error('the file is shorter than it was');
    at += bytesRead;
    await writing;
    if (at > body.end) handle.ending();
    writing = write(response, buffer.subarray(0, bytesRead));
    // It is waited for above and below; until then a failure must not count as unheard.
    writing.catch(() => {});
    traffic.downloadedBytes += bytesRead;
    [buffer, spare] = [spare, buffer];
  }
  await writing;
  await finish(response);
}

/**
 * Resolves when the bytes are with the operating system, so that their buffer may be used again. A response whose socket is
 * gone already, and that has not heard of it yet, keeps what is written and never calls back: its end has to be heard too.
 */
function write(response: ServerResponse, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => reject(new Error('the client went away'));
    response.once('close', giveUp);
    response.write(bytes, (error) => {
      response.off('close', giveUp);
      if (error) reject(error);
      else resolve();
    });
  });
}

function finish(response: ServerResponse): Promise<void> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => reject(new Error('the client went away'));
    if (response.destroyed) giveUp();
    response.once('close', giveUp);
    response.end(() => resolve());
  });
}

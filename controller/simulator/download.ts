// The transfer of an artifact to a simulated device: streamed, counted and hashed, never kept. A transfer that breaks off
// can go on where it stopped; when to do so is decided by the state machine.

import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import type { Dispatcher } from 'undici';

import type { DownloadOutcome } from './device-state.ts';
import { classifyStatus } from './exchange.ts';
import type { Timers } from './timers.ts';
import { classifyThrown } from './transport.ts';
import type { Transport } from './transport.ts';

/** A transfer: what has come so far, as a count and two running hashes. */
export interface Download {
  received: number;
  sha256: Hash;
  sha1: Hash;
  readonly aborter: AbortController;
}

/** One piece of a transfer, from where it stands to the end or to the next break. */
export interface DownloadRequest {
  readonly url: string;
  /** Bytes that the whole artifact should have. */
  readonly size: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly asksHeadFirst: boolean;
  readonly followsRedirects: boolean;
  /** Null: as fast as it comes. */
  readonly bytesPerSecond: number | null;
  /** Drops the connection once this many bytes are there; null: never. */
  readonly cutAt: number | null;
}

const REDIRECTS_MAX = 8;

/** A transfer of which nothing has come yet. */
export function createDownload(): Download {
  return {
    received: 0,
    sha256: createHash('sha256'),
    sha1: createHash('sha1'),
    aborter: new AbortController(),
  };
}

/** Carries the transfer on. Never rejects: every failure is an outcome. */
export async function runDownload(
  transport: Transport,
  timers: Timers,
  download: Download,
  request: DownloadRequest,
): Promise<DownloadOutcome> {
  try {
    if (request.asksHeadFirst && download.received === 0) {
      const head = await openArtifact(transport, download, request, 'HEAD');
      await head.body.dump();
    }
    const response = await openArtifact(transport, download, request, 'GET');
    const { statusCode } = response;
    if (statusCode === 200) {
      // The whole file, asked for or not: what came before does not count.
      restart(download);
    } else if (statusCode !== 206) {
      await response.body.dump();
      return settleStatus(download, request, statusCode);
    }
    return await consumeBody(timers, download, request, response);
  } catch (thrown) {
    return { kind: 'cut', received: download.received, error: classifyThrown(thrown) };
  }
}

async function openArtifact(
  transport: Transport,
  download: Download,
  request: DownloadRequest,
  method: 'GET' | 'HEAD',
): Promise<Dispatcher.ResponseData> {
  let { url } = request;
  let headers = request.headers;
  if (method === 'GET' && download.received > 0) {
    headers = { ...headers, range: `bytes=${download.received}-` };
  }
  for (let redirects = 0; ; redirects += 1) {
    const response = await transport.request(url, method, headers, null, download.aborter.signal);
    const { location } = response.headers;
    const isRedirect = response.statusCode >= 300 && response.statusCode < 400;
    const mayFollow = request.followsRedirects && redirects < REDIRECTS_MAX;
    if (!isRedirect || !mayFollow || typeof location !== 'string') return response;
    await response.body.dump();
    const target = new URL(location, url);
    if (target.origin !== new URL(url).origin) {
      // The token is meant for the server that named the link, not for whoever that one points to.
      headers = Object.fromEntries(
        Object.entries(headers).filter(([name]) => name !== 'authorization'),
      );
    }
    url = target.href;
  }
}

async function consumeBody(
  timers: Timers,
  download: Download,
  request: DownloadRequest,
  response: Dispatcher.ResponseData,
): Promise<DownloadOutcome> {
  const limit = request.cutAt ?? Infinity;
  const startedAt = download.received;
  let pausedMs = 0;
  for await (const piece of response.body as AsyncIterable<Uint8Array>) {
    const kept = piece.subarray(0, Math.min(piece.length, limit - download.received));
    download.received += kept.length;
    download.sha256.update(kept);
    download.sha1.update(kept);
    if (download.received > request.size) return { kind: 'wrong-size' };
    // Leaving the loop destroys the body, and with it the connection.
    if (download.received >= limit) {
      return { kind: 'cut', received: download.received, error: null };
    }
    if (request.bytesPerSecond !== null) {
      const dueMs = ((download.received - startedAt) / request.bytesPerSecond) * 1000;
      await pause(timers, dueMs - pausedMs, download.aborter.signal);
      pausedMs = dueMs;
    }
  }
  return finish(download, request);
}

function settleStatus(
  download: Download,
  request: DownloadRequest,
  status: number,
): DownloadOutcome {
  // Nothing is left to send: everything had come before the connection broke.
  if (status === 416 && download.received > 0) return finish(download, request);
  const error = classifyStatus(status);
  if (error === 'refused') return { kind: 'refused', status };
  return { kind: 'cut', received: download.received, error };
}

function finish(download: Download, request: DownloadRequest): DownloadOutcome {
  // The answer was whole (a broken one rejects), so there is nothing more to come.
  if (download.received !== request.size) return { kind: 'wrong-size' };
  return {
    kind: 'complete',
    sha256: download.sha256.digest('hex'),
    sha1: download.sha1.digest('hex'),
  };
}

function restart(download: Download): void {
  if (download.received === 0) return;
  download.received = 0;
  download.sha256 = createHash('sha256');
  download.sha1 = createHash('sha1');
}

/** Resolves after the time, or at once when the transfer is given up. */
async function pause(timers: Timers, delayMs: number, signal: AbortSignal): Promise<void> {
  if (delayMs < 1 || signal.aborted) return;
  await new Promise<void>((resolve) => {
    const finish = (): void => {
      cancel();
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const cancel = timers.after(delayMs, finish);
    signal.addEventListener('abort', finish);
  });
}

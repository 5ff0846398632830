// The load generator, as a process of its own: devices that poll, and devices that download.

import { assert } from '../../controller/base/assert.ts';
import { answerParent } from '../support/child.ts';
import { openConnection, openSocket } from '../support/connection.ts';
import { runningOf } from '../support/fleet-states.ts';
import { BRANCHES } from '../support/fleet-repo.ts';
import { createHistogram } from '../support/histogram.ts';
import { getRequest, pathOf } from '../support/requests.ts';

export interface PollLoad {
  readonly port: number;
  readonly connections: number;
  readonly durationMs: number;
  /** Size of the fleet; those of its devices poll that have nothing to do. */
  readonly devices: number;
}

export interface PollResult {
  readonly requests: number;
  readonly elapsedMs: number;
  readonly p99Ms: number;
  /** Places of some devices that polled, the last one of all among them. */
  readonly polled: readonly number[];
}

export interface DownloadLoad {
  readonly port: number;
  readonly bytes: number;
  /** One list per connection, each of requests to be sent one after the other. */
  readonly requests: readonly (readonly string[])[];
}

/** Devices of which the last contact is looked up afterwards. */
const POLLED_KEPT = 200;

const calls = {
  /** Random devices poll over keep-alive connections, each waiting for its answer; every answer has to be a 200. */
  async poll(load: PollLoad): Promise<PollResult> {
    const histogram = createHistogram();
    const polled: number[] = [];
    const started = performance.now();
    const until = started + load.durationMs;
    const runs = Array.from({ length: load.connections }, () =>
      pollUntil(load, until, (i, tookMs) => {
        histogram.add(tookMs);
        polled[histogram.count() % POLLED_KEPT] = i;
      }),
    );
    await Promise.all(runs);
    return {
      requests: histogram.count(),
      elapsedMs: performance.now() - started,
      p99Ms: histogram.quantile(0.99),
      polled,
    };
  },
  /** Milliseconds from the first request to the last byte. */
  async download({ port, bytes, requests }: DownloadLoad): Promise<number> {
    const connections = await Promise.all(requests.map(() => openConnection(port)));
    const started = performance.now();
    await Promise.all(
      connections.map(async (connection, index) => {
        for (const request of requests[index] ?? []) {
          const { status, bodyBytes } = await connection.exchange(request);
          assert(status === 200 && bodyBytes === bytes, `a download got ${status}`);
        }
      }),
    );
    const elapsedMs = performance.now() - started;
    for (const connection of connections) connection.close();
    return elapsedMs;
  },
};

export type Load = typeof calls;

/** A device that is known, and runs what is released. */
function pickDevice(devices: number): number {
  for (;;) {
    const i = Math.floor(Math.random() * devices);
    if (runningOf(i) === BRANCHES.inForce) return i;
  }
}

/** Polls over one connection. Callbacks and not promises: the generator has to be faster than the bare server. */
async function pollUntil(
  { port, devices }: PollLoad,
  until: number,
  done: (i: number, tookMs: number) => void,
): Promise<void> {
  const socket = await openSocket(port);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let i = 0;
  let sentAt = 0;
  /** All answers are as long as the first. */
  let length = 0;
  let received = 0;
  const send = (): void => {
    i = pickDevice(devices);
    received = 0;
    sentAt = performance.now();
    socket.write(getRequest(i, pathOf(i)), 'latin1');
  };
  socket.on('data', (piece) => {
    if (length === 0) length = readLength(piece);
    const isOk = received > 0 || piece.toString('latin1', 0, 12) === 'HTTP/1.1 200';
    received += piece.length;
    if (!isOk || received > length) {
      reject(new Error(`a poll got ${piece.toString('latin1', 0, 200)}`));
      socket.destroy();
      return;
    }
    if (received < length) return;
    const now = performance.now();
    done(i, now - sentAt);
    if (now < until) {
      send();
      return;
    }
    socket.destroy();
    resolve();
  });
  socket.once('error', reject);
  socket.once('close', () => reject(new Error('the connection was closed')));
  send();
  return promise;
}

/** Length of a whole answer, from its first piece. */
function readLength(piece: Buffer): number {
  const text = piece.toString('latin1');
  const body = /\r\ncontent-length: (\d+)\r\n/i.exec(text)?.[1];
  assert(body !== undefined, `an answer says how long it is: ${text}`);
  return text.indexOf('\r\n\r\n') + 4 + Number(body);
}

answerParent(calls);

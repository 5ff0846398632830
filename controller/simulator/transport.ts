// HTTP for simulated devices, on bounded connection pools: one JSON exchange, and the pools that downloads share. What is
// sent and what an answer means is decided by the state machine.

import { Pool } from 'undici';
import type { Dispatcher } from 'undici';

import type { ErrorKind, Input } from './device-state.ts';

/** Limits of the sockets and of the patience. */
export interface TransportLimits {
  /** Sockets per server. */
  readonly sockets: number;
  readonly timeoutMs: number;
  /** Bytes of one answer; larger ones fail. -1: no limit. */
  readonly answerMax: number;
}

/** Pools, one per origin, made when first needed. */
export interface Transport {
  /** Sends a request to an absolute URL. Rejects when there is no answer. */
  request(
    url: string,
    method: 'GET' | 'HEAD' | 'POST' | 'PUT',
    headers: Readonly<Record<string, string>>,
    body: string | null,
    signal: AbortSignal | null,
  ): Promise<Dispatcher.ResponseData>;
  /** Breaks off everything under way and closes all sockets. */
  close(): Promise<void>;
}

// Servers may name other hosts in their links, but a fleet that is led to ever new ones is led astray.
const ORIGINS_MAX = 16;

/** Pools with these limits. Requests beyond the number of sockets wait inside the pool. */
export function createTransport(limits: TransportLimits): Transport {
  const pools = new Map<string, Pool>();

  const openPool = (origin: string): Pool => {
    const known = pools.get(origin);
    if (known !== undefined) return known;
    if (pools.size >= ORIGINS_MAX) throw new Error(`Too many servers: ${origin} is not asked.`);
    const pool = new Pool(origin, {
      connections: limits.sockets,
      pipelining: 1,
      allowH2: false,
      connectTimeout: limits.timeoutMs,
      headersTimeout: limits.timeoutMs,
      bodyTimeout: limits.timeoutMs,
      maxResponseSize: limits.answerMax,
    });
    pools.set(origin, pool);
    return pool;
  };

  return {
    request: async (url, method, headers, body, signal) => {
      const [origin, path] = splitUrl(url);
      return openPool(origin).request({ path, method, headers, body, signal });
    },
    close: async () => {
      await Promise.all([...pools.values()].map((pool) => pool.destroy()));
      pools.clear();
    },
  };
}

/** Has one exchange, and returns the answer, or that there was none, as the input of a device. Never rejects. */
export async function exchangeJson(
  transport: Transport,
  url: string,
  method: 'GET' | 'POST' | 'PUT',
  headers: Readonly<Record<string, string>>,
  body: string | null,
): Promise<Input> {
  try {
    const response = await transport.request(url, method, headers, body, null);
    return { kind: 'answered', status: response.statusCode, text: await response.body.text() };
  } catch (thrown) {
    return { kind: 'unanswered', error: classifyThrown(thrown) };
  }
}

/** What went wrong when there was no answer, or only part of one. */
export function classifyThrown(thrown: unknown): Extract<ErrorKind, 'connection' | 'timeout'> {
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
  return code.includes('TIMEOUT') || code === 'ETIMEDOUT' ? 'timeout' : 'connection';
}

/** Origin and path (with query) of an absolute URL. Cheaper than parsing, which every poll would pay for. */
function splitUrl(url: string): readonly [origin: string, path: string] {
  const slash = url.indexOf('/', url.indexOf('//') + 2);
  return slash < 0 ? [url, '/'] : [url.slice(0, slash), url.slice(slash)];
}

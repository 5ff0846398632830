// Carries one notice to its target: one request with a time limit, and what its outcome means. The address appears in
// nothing that is returned: it may be a secret.

import { createHmac } from 'node:crypto';

import { Agent, request } from 'undici';

import type { Clock } from '../base/clock.ts';
import type { Notice } from '../model/notice.ts';
import { noticeJson } from '../reports/notice-json.ts';
import { noticeSlack } from '../reports/notice-slack.ts';
import { noticeKey } from '../reports/notice-words.ts';
import type { NoticeTarget } from './notice-settings.ts';

export type Delivery =
  | { readonly status: 'taken' }
  /** Sending it again would change nothing. */
  | { readonly status: 'refused'; readonly message: string }
  | {
      readonly status: 'failed';
      readonly message: string;
      /** What the target asked for; null: nothing. */
      readonly retryAfterMs: number | null;
    };

export interface Courier {
  /** Sends a notice; never rejects. */
  deliver(target: NoticeTarget, notice: Notice, cutting: AbortSignal): Promise<Delivery>;
  close(): Promise<void>;
}

export interface CourierOptions {
  /** For a whole request with its answer. */
  readonly timeLimitMs: number;
  /** Of Lockstep. */
  readonly version: string;
}

/** Answers are not read; this much may stand in one for its connection to be used again. */
const ANSWER_BYTES_MAX = 64 * 1024;

/** Nobody is waited for longer, whatever they ask for. */
const RETRY_AFTER_MAX_MS = 3_600_000;

/** Statuses of the 4xx that another try may change. */
const WORTH_ANOTHER_TRY: ReadonlySet<number> = new Set([408, 425, 429]);

/** Creates a courier with connections of its own. */
export function createCourier(clock: Pick<Clock, 'now'>, options: CourierOptions): Courier {
  const agent = new Agent({ connect: { timeout: options.timeLimitMs } });
  return {
    async deliver(target, notice, cutting) {
      const { name, url, format, secret } = target;
      const { host } = new URL(url);
      const content = format === 'json' ? noticeJson(name, notice) : noticeSlack(notice);
      const body = JSON.stringify(content);
      const signal = AbortSignal.any([AbortSignal.timeout(options.timeLimitMs), cutting]);
      try {
        const answer = await request(url, {
          method: 'POST',
          dispatcher: agent,
          signal,
          headers: {
            'content-type': 'application/json; charset=utf-8',
            'user-agent': `lockstep/${options.version}`,
            'idempotency-key': noticeKey(name, notice),
            ...(secret !== null && { 'lockstep-signature': sign(secret, body) }),
          },
          body,
        });
        // The status says it all; an answer that is cut off, or never ends, changes nothing about it.
        await answer.body.dump({ limit: ANSWER_BYTES_MAX, signal }).catch(() => undefined);
        return judge(host, answer.statusCode, answer.headers['retry-after'], clock.now());
      } catch (thrown) {
        const why = signal.aborted ? 'no answer in time' : describeTrouble(thrown);
        const message = `${host} cannot be reached: ${why}.`;
        return { status: 'failed', message, retryAfterMs: null };
      }
    },
    close: () => agent.destroy(),
  };
}

/** `sha256=HEX`: HMAC-SHA-256 over the bytes of the body. */
function sign(secret: string, body: string): string {
  return `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
}

function judge(
  host: string,
  status: number,
  retryAfter: string | readonly string[] | undefined,
  now: number,
): Delivery {
  if (status >= 200 && status < 300) return { status: 'taken' };
  const message = `${host} answered ${status}`;
  if (status >= 300 && status < 400) {
    return {
      status: 'refused',
      message: `${message}, a redirect, which is not followed: name the address that it leads to.`,
    };
  }
  if (status >= 400 && status < 500 && !WORTH_ANOTHER_TRY.has(status)) {
    return { status: 'refused', message: `${message}.` };
  }
  const asked = typeof retryAfter === 'string' ? readRetryAfter(retryAfter, now) : null;
  return { status: 'failed', message: `${message}.`, retryAfterMs: asked };
}

/** Seconds, or a date; null where it is neither, or asks for nothing. */
function readRetryAfter(text: string, now: number): number | null {
  const ms = /^\d+$/.test(text.trim()) ? Number(text) * 1_000 : Date.parse(text) - now;
  return Number.isFinite(ms) && ms > 0 ? Math.min(ms, RETRY_AFTER_MAX_MS) : null;
}

/** By its code alone: messages may quote the address. */
function describeTrouble(thrown: unknown): string {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : null;
  return typeof code === 'string' && /^[A-Z0-9_]+$/.test(code) ? code : 'the connection failed';
}

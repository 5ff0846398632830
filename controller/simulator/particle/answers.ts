// Answers as bytes, and how each mood of `trouble.ts` spoils them.

import type { ServerResponse } from 'node:http';

import { ApiError, errorList, missingScope, oauthError } from './api-error.ts';
import type { Reply } from './routes.ts';
import type { Mood, Trouble } from './trouble.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: Buffer;
}

const HTML =
  '<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>\n';

/** What a mood answers without carrying the request out; null: it is carried out. */
const SPOILED: Readonly<Record<Mood, () => Answer | null>> = {
  unavailable: () => refuse(errorList(503, ['Service Unavailable']), null),
  'device-service': () => refuse(errorList(500, ['Request Timed Out'], true), null),
  unreachable: () => refuse(new ApiError(408, { ok: false, error: 'Timed out.' }), null),
  'too-many': () => refuse(errorList(429, ['Too many requests'], true), null),
  expired: () =>
    refuse(oauthError(401, 'invalid_token', 'The access token provided has expired.'), null),
  forbidden: () => refuse(missingScope('that is asked for'), null),
  html: () => htmlAnswer(502),
  'html-ok': () => htmlAnswer(200),
  'ok-false': () => jsonAnswer(200, { ok: false, errors: ['Something went wrong'] }),
  empty: () => ({ status: 200, headers: {}, bytes: Buffer.alloc(0) }),
  nonsense: () => jsonAnswer(200, ['not', { what: 'you' }, 'asked', 4, null]),
  ok: () => null,
  silent: () => null,
  'cut-before': () => null,
  truncated: () => null,
  cut: () => null,
  'cut-after': () => null,
  'html-after': () => null,
};

export function spoil(mood: Mood): Answer | null {
  return SPOILED[mood]();
}

export function toAnswer(trouble: Trouble, reply: Exclude<Reply, { stream: unknown }>): Answer {
  if ('bytes' in reply) {
    return {
      status: reply.status,
      headers: {
        'content-type': 'application/octet-stream',
        'content-disposition': `attachment; filename="${reply.fileName}"`,
      },
      bytes: Buffer.from(reply.bytes),
    };
  }
  if (reply.body === undefined) {
    return { status: reply.status, headers: {}, bytes: Buffer.alloc(0) };
  }
  return jsonAnswer(reply.status, trouble.distortReply(reply.body));
}

function jsonAnswer(status: number, body: unknown): Answer {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8' },
    bytes: Buffer.from(JSON.stringify(body)),
  };
}

function htmlAnswer(status: number): Answer {
  return { status, headers: { 'content-type': 'text/html' }, bytes: Buffer.from(HTML) };
}

export function refuse(error: unknown, retryAfterS: number | null): Answer {
  // A mistake of the fake itself is shown to the test that met it.
  if (!(error instanceof ApiError)) return jsonAnswer(500, { fake: String(error) });
  const answer = jsonAnswer(error.status, error.body);
  if (error.status !== 429 || retryAfterS === null) return answer;
  return { ...answer, headers: { ...answer.headers, 'retry-after': String(retryAfterS) } };
}

/** Sends what was carried out, as the mood lets it. */
export function finish(response: ServerResponse, mood: Mood, answer: Answer): void {
  const half = answer.bytes.subarray(0, answer.bytes.length >> 1);
  if (mood === 'cut-after') {
    response.destroy();
  } else if (mood === 'html-after') {
    write(response, htmlAnswer(502));
  } else if (mood === 'truncated') {
    write(response, { ...answer, bytes: half });
  } else if (mood === 'cut') {
    response.writeHead(answer.status, {
      ...answer.headers,
      'content-length': answer.bytes.length,
    });
    response.write(half, () => response.destroy());
  } else {
    write(response, answer);
  }
}

export function write(response: ServerResponse, { status, headers, bytes }: Answer): void {
  response.writeHead(status, { ...headers, 'content-length': bytes.length });
  response.end(bytes);
}

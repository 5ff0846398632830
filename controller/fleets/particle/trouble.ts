// The one place that makes sense of what Particle answers instead of what was asked for: its five shapes of errors, a
// success that says `ok: false`, pages for people, answers that end too soon. Each becomes a failure that says whether
// to try again, to wait, or to call a person.

import { type Failure, failure } from '../../base/failure.ts';
import { isFields } from './read-nouns.ts';
import { redact } from './redact.ts';

/** An answer that came in whole, whatever is in it. */
export interface Answer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** What was asked, for messages. */
export interface Question {
  /** `read the devices of product thermostat-v2`, … */
  readonly what: string;
  /** Not to appear in messages. */
  readonly secrets: readonly string[];
}

/** An answer, read: its body, or why it is none. */
export type ReadAnswer =
  { readonly ok: true; readonly body: unknown } | { readonly ok: false; readonly error: Failure };

/** Waits that no answer tells the length of. */
const LIMIT_WAIT_MS = 30_000;
const LIMIT_WAIT_MAX_MS = 30 * 60_000;
const STATUS_WITHOUT_BODY = new Set([204, 205]);

/** Reads an answer of JSON. */
export function readAnswer(answer: Answer, question: Question): ReadAnswer {
  const { status, text } = answer;
  if (STATUS_WITHOUT_BODY.has(status)) return { ok: true, body: null };
  const body = parse(text);
  const isGood = status >= 200 && status < 300;
  if (isGood && body !== undefined && !saysNo(body)) return { ok: true, body };
  const error = classify(answer, body, question);
  return { ok: false, error: { ...error, message: redact(error.message, question.secrets) } };
}

/** The failure of a request that got no whole answer. */
export function unanswered(reason: string, { what, secrets }: Question): Failure {
  const message = `Cannot ${what}: ${reason}. It is tried again.`;
  return failure('ParticleUnavailable', redact(message, secrets), 'retry');
}

/** The failure of an answer that is no error and yet not what was asked for. */
export function unreadable({ what, secrets }: Question): Failure {
  const message = `Cannot ${what}: the answer is not what Particle documents. It is tried again.`;
  return failure('ParticleUnreadable', redact(message, secrets), 'retry');
}

function classify(answer: Answer, body: unknown, { what }: Question): Failure {
  const { status } = answer;
  const cannot = `Cannot ${what}`;
  const words = wordsOf(body);
  const says = words === null ? '' : ` Particle says: ${sentence(words)}`;
  if (status === 429 || status === 529) {
    const waitMs = waitOf(answer);
    return failure(
      'ParticleRateLimited',
      `${cannot}: too many requests from this address; Particle asks for patience, and it goes on by itself in ${Math.ceil(waitMs / 1_000)} s.`,
      'wait',
      waitMs,
    );
  }
  if (status === 408 || status >= 500) {
    return failure(
      'ParticleUnavailable',
      `${cannot}: status ${status}.${says} It is tried again.`,
      'retry',
    );
  }
  if (body === undefined) {
    const isCut = status >= 200 && status < 300 && /^\s*[[{]/.test(answer.text);
    const seen = isCut ? 'the answer ends too soon' : `a page for people, with status ${status}`;
    return failure(
      'ParticleUnavailable',
      `${cannot}: ${seen}. It is tried again; where this stays so, check the address of the API and any proxy on the way.`,
      'retry',
    );
  }
  if (isTokenTrouble(status, body)) {
    return failure(
      'ParticleUnauthorized',
      `${cannot}: the token is wrong, revoked or has expired.${says} A change of an API user's scopes makes a new token: set that as LOCKSTEP_PARTICLE_TOKEN.`,
      'stall',
    );
  }
  if (status === 403 || status === 404) {
    return failure(
      status === 403 ? 'ParticleForbidden' : 'ParticleNotFound',
      `${cannot}: there is no such thing, or the token may not see it.${says} Check \`fleet.product\` and the scopes of the API user.`,
      'stall',
    );
  }
  return failure('ParticleRefused', `${cannot}: status ${status}.${says}`, 'stall');
}

/** Undefined: no JSON. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function saysNo(body: unknown): boolean {
  return isFields(body) && (body['ok'] === false || body['ok'] === 'false');
}

/** No token answers 400, a wrong one 401; API users are turned away from some routes with 400 `unauthorized`. */
function isTokenTrouble(status: number, body: unknown): boolean {
  if (status === 401) return true;
  if (!isFields(body)) return false;
  const { error } = body;
  if (error === 'invalid_token' || error === 'invalid_grant') return true;
  return status === 400 && /access token was not found/i.test(wordsOf(body) ?? '');
}

/** What any of the five shapes says, for people; null where it says nothing. */
export function wordsOf(body: unknown): string | null {
  if (!isFields(body)) return null;
  const { error, errors } = body;
  const list = Array.isArray(errors) ? (errors as readonly unknown[]) : [];
  const parts = [
    error,
    body['error_description'],
    body['info'],
    body['description'],
    ...list.map((each) => (isFields(each) ? (each['error'] ?? each['message']) : each)),
  ].filter((part): part is string => typeof part === 'string' && part !== '');
  return parts.length === 0 ? null : [...new Set(parts)].join(': ');
}

/** `Retry-After` is not documented, and honoured within bounds where it comes. */
function waitOf({ headers }: Answer): number {
  const seconds = Number(headers['retry-after'] ?? Number.NaN);
  if (!Number.isFinite(seconds)) return LIMIT_WAIT_MS;
  return Math.min(Math.max(seconds * 1_000, 1_000), LIMIT_WAIT_MAX_MS);
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

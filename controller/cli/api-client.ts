// The API as commands call it, over HTTP or in-process alike. Every way in which a call can fail is told apart here,
// once, with what would mend it.

import { type Failure, failure, messageOf } from '../base/failure.ts';
import { fail, ok, type Result } from '../base/result.ts';
import type { OfflineFleet } from './ports.ts';

export interface ApiClient {
  /** `path` is below `/api/v1/`. The answer is trusted to be what the API's document says. */
  get<T>(path: string, query?: Readonly<Record<string, QueryValue>>): Promise<Result<T, Failure>>;
  post<T>(path: string, body: unknown): Promise<Result<T, Failure>>;
  delete<T>(path: string): Promise<Result<T, Failure>>;
  close(): Promise<void>;
}

/** Undefined values are left out; a list's name is written as often as it has values. */
export type QueryValue = string | number | boolean | readonly string[] | undefined;

/** Joins path segments; whatever they hold, they stay segments. */
export function apiPath(...segments: readonly string[]): string {
  return segments.map(encodeURIComponent).join('/');
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

type Send = (method: string, path: string, body: unknown) => Promise<Result<Answer, Failure>>;

const API_ROOT = '/api/v1/';
// Going to a revision may fetch it, with its binaries; the answer comes when that is done.
const ANSWER_TIMEOUT_MS = 600_000;
const CONNECT_TIMEOUT_MS = 10_000;

/** A client of a running controller. Redirects are not followed: a token goes only where it was meant to go. */
export async function createHttpClient(server: string, token: string | null): Promise<ApiClient> {
  // Loaded here, since most commands never speak HTTP.
  const { Agent, request } = await import('undici');
  const agent = new Agent({
    connect: { timeout: CONNECT_TIMEOUT_MS },
    headersTimeout: ANSWER_TIMEOUT_MS,
    bodyTimeout: ANSWER_TIMEOUT_MS,
  });
  const send: Send = async (method, path, body) => {
    const headers: Record<string, string> = { accept: 'application/json' };
    if (token !== null) headers['authorization'] = `Bearer ${token}`;
    if (body !== undefined) headers['content-type'] = 'application/json';
    let status: number;
    let text: string;
    try {
      const answer = await request(`${server}${path}`, {
        method,
        headers,
        body: body === undefined ? null : JSON.stringify(body),
        dispatcher: agent,
      });
      status = answer.statusCode;
      text = await answer.body.text();
    } catch (thrown) {
      return fail(describeUnreachable(server, thrown));
    }
    return ok({ status, body: parseJson(text) });
  };
  return createClient(send, { place: server, hasToken: token !== null }, () => agent.close());
}

/** A client of the API over a state that was opened in place. */
export function createOfflineClient(fleet: OfflineFleet, stateSpec: string): ApiClient {
  const send: Send = async (method, url, body) => {
    const answer = await fleet.server.inject({ method, url, body });
    return ok({ status: answer.status, body: parseJson(answer.body) });
  };
  return createClient(send, { place: stateSpec, hasToken: false }, () => fleet.close());
}

function createClient(
  send: Send,
  origin: { readonly place: string; readonly hasToken: boolean },
  close: () => Promise<void>,
): ApiClient {
  const call = async <T>(
    method: string,
    path: string,
    body: unknown,
  ): Promise<Result<T, Failure>> => {
    const answer = await send(method, `${API_ROOT}${path}`, body);
    if (!answer.ok) return answer;
    const { status } = answer.value;
    if (status >= 200 && status < 300 && isObject(answer.value.body)) {
      return ok(answer.value.body as T);
    }
    if (status === 204) return ok({} as T);
    return fail(classifyAnswer(answer.value, origin));
  };
  return {
    get: (path, query = {}) => call('GET', `${path}${renderQuery(query)}`, undefined),
    post: (path, body) => call('POST', path, body),
    delete: (path) => call('DELETE', path, undefined),
    close,
  };
}

/** What an answer other than a success means. The server's own words are kept where it is a Lockstep. */
function classifyAnswer(
  { status, body }: Answer,
  { place, hasToken }: { readonly place: string; readonly hasToken: boolean },
): Failure {
  const said = readError(body);
  if (status === 401) {
    const remedy = hasToken
      ? 'The token is not, or no longer, known there: make one with `lockstep token create`, beside its state while it is stopped, or with --server and a deployer’s token.'
      : 'Give a token with LOCKSTEP_TOKEN or --token; `lockstep token create` makes one, beside its state while it is stopped, or with --server and a deployer’s token.';
    return failure('Unauthorized', `${place} asks for a valid token. ${remedy}`, 'stall');
  }
  if (status === 403) {
    const why = said?.message ?? `${place} does not allow this with the token given.`;
    return failure(
      'Forbidden',
      `${why} ${said?.remedy ?? 'Use a token with the role deployer.'}`,
      'stall',
    );
  }
  if (said !== null) {
    const text = said.remedy === null ? said.message : `${said.message} ${said.remedy}`;
    return failure(said.code, text, status >= 500 ? 'retry' : 'stall');
  }
  if (status >= 500) {
    return failure(
      'ServerFailed',
      `${place} failed to answer (HTTP ${status}). Look at its log, and try again.`,
      'retry',
    );
  }
  return failure(
    'NotLockstep',
    `${place} answers (HTTP ${status}), but not as a Lockstep controller does. Check the address.`,
    'stall',
  );
}

function describeUnreachable(server: string, thrown: unknown): Failure {
  const code = codeOf(thrown);
  const why = NETWORK_WORDS[code] ?? messageOf(thrown);
  return failure(
    'ServerUnreachable',
    `No controller can be reached at ${server}: ${why}. Check the address, and that \`lockstep run\` is running there.`,
    'retry',
  );
}

const NETWORK_WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection was refused',
  ENOTFOUND: 'its name is not known',
  EAI_AGAIN: 'its name could not be looked up',
  ECONNRESET: 'the connection broke off',
  UND_ERR_SOCKET: 'the connection broke off',
  UND_ERR_CONNECT_TIMEOUT: 'it does not answer',
  UND_ERR_HEADERS_TIMEOUT: 'it does not answer',
  UND_ERR_BODY_TIMEOUT: 'its answer broke off',
};

function codeOf(thrown: unknown): string {
  if (thrown instanceof AggregateError) return codeOf(thrown.errors[0]);
  if (!(thrown instanceof Error)) return '';
  return 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : '';
}

function readError(
  body: unknown,
): { readonly code: string; readonly message: string; readonly remedy: string | null } | null {
  const error = isObject(body) ? body['error'] : null;
  if (!isObject(error)) return null;
  const { code, message, remedy } = error;
  if (typeof code !== 'string' || typeof message !== 'string') return null;
  return { code, message, remedy: typeof remedy === 'string' ? remedy : null };
}

function renderQuery(query: Readonly<Record<string, QueryValue>>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue;
    for (const each of [value].flat()) search.append(name, String(each));
  }
  return search.size === 0 ? '' : `?${search.toString()}`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // Not JSON: told apart by the status alone.
    return null;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

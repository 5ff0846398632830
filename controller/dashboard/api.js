// Asks the API. Answers are remembered by their ETag (a bounded number of them), so that a question asked again costs a
// 304; failures are values with a place to show them, never thrown.

/**
 * What went wrong with a question: `status` is 0 where the server could not be reached.
 * @typedef {object} AskFailure
 * @property {number} status
 * @property {string} code
 * @property {string} message
 * @property {string | null} remedy
 */

/**
 * @template T
 * @typedef {{ ok: true, value: T } | { ok: false, error: AskFailure }} Answer
 */

const ROOT = '/api/v1';
const REMEMBERED_MAX = 40;

/** @type {Map<string, { etag: string, value: unknown }>} */
const remembered = new Map();
/** @type {Set<() => void>} */
const strangers = new Set();

/**
 * Gets `/api/v1` + path.
 * @template T
 * @param {string} path
 * @param {{ signal?: AbortSignal }} [options]
 * @returns {Promise<Answer<T>>}
 */
export async function ask(path, { signal } = {}) {
  const known = remembered.get(path);
  /** @type {RequestInit} */
  const request = { headers: known === undefined ? {} : { 'if-none-match': known.etag } };
  if (signal !== undefined) request.signal = signal;
  const answer = await send(path, { ...request, cache: 'no-store' });
  if (!answer.ok) return answer;
  const { value: response } = answer;
  if (response.status === 304 && known !== undefined) {
    remember(path, known);
    return { ok: true, value: /** @type {T} */ (known.value) };
  }
  const read = await readAnswer(response);
  const etag = response.headers.get('etag');
  if (read.ok && etag !== null) remember(path, { etag, value: read.value });
  return /** @type {Answer<T>} */ (read);
}

/**
 * What was last answered, without asking: lets a page that was seen before appear at once.
 * @template T
 * @param {string} path
 * @returns {T | null}
 */
export function lastAnswer(path) {
  return /** @type {T | undefined} */ (remembered.get(path)?.value) ?? null;
}

/**
 * Sends a body as JSON, or none.
 * @template T
 * @param {'POST' | 'PUT' | 'DELETE'} method
 * @param {string} path
 * @param {unknown} [body]
 * @returns {Promise<Answer<T>>}
 */
export async function tell(method, path, body = {}) {
  const answer = await send(path, {
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return answer.ok ? /** @type {Answer<T>} */ (await readAnswer(answer.value)) : answer;
}

/** Forgets every answer: after signing in or out another reader's must not be seen. */
export function forgetAnswers() {
  remembered.clear();
}

/**
 * Calls back whenever the server says that it does not know who asks. Returns what ends it.
 * @param {() => void} callback
 */
export function onStranger(callback) {
  strangers.add(callback);
  return () => void strangers.delete(callback);
}

/**
 * @param {string} path
 * @param {RequestInit} request
 * @returns {Promise<Answer<Response>>}
 */
async function send(path, request) {
  try {
    return { ok: true, value: await fetch(`${ROOT}${path}`, request) };
  } catch (thrown) {
    if (thrown instanceof DOMException && thrown.name === 'AbortError') return failed(0, ABORTED);
    return failed(0, 'Unreachable', 'The server does not answer.', 'Is `lockstep run` running?');
  }
}

/**
 * @param {Response} response
 * @returns {Promise<Answer<unknown>>}
 */
async function readAnswer(response) {
  const { status } = response;
  if (status === 204) return { ok: true, value: null };
  try {
    const value = await response.json();
    if (response.ok) return { ok: true, value };
    if (status === 401) for (const callback of strangers) callback();
    const { code, message, remedy } = value.error ?? value;
    return failed(status, String(code), String(message), remedy ?? null);
  } catch {
    return failed(status, 'Unreadable', `The server answered ${status} with no JSON.`);
  }
}

/** The code of a question that was given up. */
export const ABORTED = 'Aborted';

/**
 * @param {number} status
 * @param {string} code
 * @param {string} [message]
 * @param {string | null} [remedy]
 * @returns {{ ok: false, error: AskFailure }}
 */
function failed(status, code, message = code, remedy = null) {
  return { ok: false, error: { status, code, message, remedy } };
}

/**
 * The newest are kept.
 * @param {string} path
 * @param {{ etag: string, value: unknown }} answer
 */
function remember(path, answer) {
  remembered.delete(path);
  remembered.set(path, answer);
  for (const oldest of remembered.keys()) {
    if (remembered.size <= REMEMBERED_MAX) break;
    remembered.delete(oldest);
  }
}

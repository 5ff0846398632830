// What a request to GitHub can end with instead of an answer, before anybody has judged it. Thrown inside this folder
// only: `session.ts` turns it into a Failure.

import type { Failure } from '../../base/failure.ts';

/** What GitHub, or something that stands before it, answered. */
export interface TroubleAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The message of GitHub's error document; null: the answer was none, such as a page for people. */
  readonly message: string | null;
}

export class GithubTrouble extends Error {
  /** `POST`, … */
  readonly method: string;
  /** Path of the request, for telling requests apart. */
  readonly path: string;
  /** Null: no whole answer came. The error's message says why, as a clause. */
  readonly answer: TroubleAnswer | null;

  constructor(message: string, at: { method: string; path: string }, answer: TroubleAnswer | null) {
    super(message);
    this.method = at.method;
    this.path = at.path;
    this.answer = answer;
  }
}

/** Ends an operation with a failure that the operation itself has judged. */
export class ForgeStop extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

/** Whether GitHub answered with this status, and its message fits. */
export function isAnswer(
  thrown: unknown,
  status: number,
  message: RegExp = /(?:)/,
): thrown is GithubTrouble {
  return (
    thrown instanceof GithubTrouble &&
    thrown.answer?.status === status &&
    message.test(thrown.answer.message ?? '')
  );
}

/** Makes trouble of what octokit throws; null: it is none of the outside world's, but a bug. */
export function troubleOf(thrown: unknown): GithubTrouble | null {
  if (thrown instanceof GithubTrouble) return thrown;
  if (!(thrown instanceof Error) || !('status' in thrown)) return null;
  const { request, response, cause } = thrown as RequestFailure;
  const at = { method: request?.method ?? 'GET', path: pathOf(request?.url ?? '') };
  if (response === undefined) {
    const reason = cause instanceof Error ? reasonOf(cause) : thrown.message;
    return new GithubTrouble(reason, at, null);
  }
  const message = messageOf(response.data);
  return new GithubTrouble(message ?? `status ${response.status}`, at, {
    status: response.status,
    headers: response.headers,
    message,
  });
}

interface RequestFailure extends Error {
  readonly request?: { readonly method: string; readonly url: string };
  readonly response?: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly data: unknown;
  };
}

function reasonOf(thrown: Error): string {
  if (thrown.name === 'TimeoutError') return 'no answer came in time';
  // What `fetch` throws says only that it failed; the reason is inside.
  return thrown.name === 'TypeError' && thrown.cause instanceof Error
    ? thrown.cause.message || thrown.message
    : thrown.message;
}

/** The message of an error document, with what it says of single fields. */
function messageOf(data: unknown): string | null {
  if (typeof data !== 'object' || data === null || !('message' in data)) return null;
  if (typeof data.message !== 'string') return null;
  const errors = 'errors' in data && Array.isArray(data.errors) ? (data.errors as unknown[]) : [];
  const details = errors.flatMap((error) => {
    if (typeof error === 'string') return [error];
    if (typeof error !== 'object' || error === null) return [];
    if ('message' in error && typeof error.message === 'string') return [error.message];
    const field = 'field' in error && typeof error.field === 'string' ? error.field : 'a field';
    const code = 'code' in error && typeof error.code === 'string' ? error.code : 'wrong';
    return [`${field} is ${code}`];
  });
  return [data.message, ...details].join(': ');
}

function pathOf(url: string): string {
  return URL.canParse(url) ? new URL(url).pathname : '';
}

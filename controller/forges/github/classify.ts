// Judges trouble with GitHub: whether to try again, to wait, or to call a person, and what would mend it.

import { type Failure, failure } from '../../base/failure.ts';
import { redact } from './redact.ts';
import type { GithubTrouble, TroubleAnswer } from './trouble.ts';

export interface TroubleContext {
  /** `github.com/acme/fleet`. */
  readonly place: string;
  /** What was to be done, such as `write a comment on pull request 7`. */
  readonly what: string;
  /** Epoch milliseconds. */
  readonly now: number;
  readonly credentials: 'app' | 'token';
  /** Not to appear in messages. */
  readonly secrets: readonly string[];
}

const SECONDARY_LIMIT_MS = 60_000;
const LIMIT_MIN_MS = 1_000;
const LIMIT_MAX_MS = 3_900_000;

/** The failure that trouble comes to. A 404 may need a second look that only the session can take. */
export function failureOf(trouble: GithubTrouble, context: TroubleContext): Failure {
  const told = judge(trouble, context);
  return { ...told, message: redact(told.message, context.secrets) };
}

/** Whether GitHub asks for patience, in any of the ways that it has. */
export function isLimit(answer: TroubleAnswer): boolean {
  if (answer.status === 429) return true;
  return (
    answer.status === 403 &&
    (answer.headers['x-ratelimit-remaining'] === '0' ||
      answer.headers['retry-after'] !== undefined ||
      /rate limit|abuse detection/i.test(answer.message ?? ''))
  );
}

function judge(trouble: GithubTrouble, context: TroubleContext): Failure {
  const { answer } = trouble;
  const { place, what } = context;
  const cannot = `Cannot ${what} of ${place}`;
  if (answer === null) {
    return unavailable(`${cannot}: ${trouble.message}. It is tried again.`);
  }
  if (isLimit(answer)) {
    const retryAfterMs = limitEndsIn(answer, context.now);
    const seconds = Math.ceil(retryAfterMs / 1000);
    return failure(
      'ForgeRateLimited',
      `${cannot}: GitHub's limit of requests is reached, and asks to wait ${seconds} s. It goes on by itself.`,
      'wait',
      retryAfterMs,
    );
  }
  if (answer.status >= 500 || answer.status === 408) {
    return unavailable(
      `${cannot}: GitHub answers with status ${answer.status}. It is tried again.`,
    );
  }
  if (answer.message === null) {
    return unavailable(
      `${cannot}: what answers with status ${answer.status} is not GitHub's API but a page for people. ` +
        'It is tried again; where this stays so, check the address of the API and any proxy on the way.',
    );
  }
  const says = `GitHub says: ${sentence(answer.message)}`;
  switch (answer.status) {
    case 401:
      return failure('ForgeUnauthorized', `${cannot}: ${says} ${unauthorized(context)}`, 'stall');
    case 403:
      return failure('ForgeForbidden', `${cannot}: ${says} ${forbidden(answer, context)}`, 'stall');
    case 404:
      return notInstalled(trouble)
        ? failure(
            'ForgeUnauthorized',
            `The GitHub App is not installed on ${place}. Install it there, and correct the installation's id if one is set.`,
            'stall',
          )
        : repositoryMissing(place);
    case 409:
      return failure('ForgeConflict', `${cannot}: ${says} It is tried again.`, 'retry');
    case 422:
      // The commit is gone after a force push, or was never there.
      return failure(
        /no commit found/i.test(answer.message) ? 'ForgeNotFound' : 'ForgeRefused',
        `${cannot}: ${says}`,
        'stall',
      );
    default:
      return failure('ForgeRefused', `${cannot}: ${says}`, 'stall');
  }
}

/** The failure of a repository that is not there, as far as these credentials can see. */
export function repositoryMissing(place: string): Failure {
  return failure(
    'ForgeRepositoryMissing',
    `${place} is not there, or these credentials may not see it. ` +
      'Check the name (was it renamed, moved or made private?), and give the token or the GitHub App access to it.',
    'stall',
  );
}

/** The failure of something that is missing in a repository that is there. */
export function thingMissing(trouble: GithubTrouble, context: TroubleContext): Failure {
  const { place, what } = context;
  return failure(
    'ForgeNotFound',
    trouble.method === 'GET'
      ? `Cannot ${what} of ${place}: there is no such thing.`
      : `Cannot ${what} of ${place}: it is gone, or these credentials may read and not write ` +
          '(a classic token needs the scope `repo`).',
    'stall',
  );
}

function unavailable(message: string): Failure {
  return failure('ForgeUnavailable', message, 'retry');
}

function unauthorized({ credentials }: TroubleContext): string {
  return credentials === 'app'
    ? "Check the app's id, that its private key was not deleted, and this machine's clock."
    : 'The token is wrong, revoked or has expired: issue a new one, and set it.';
}

/** The rights that are missing, as GitHub names them in the answer. */
function forbidden(answer: TroubleAnswer, { credentials }: TroubleContext): string {
  if (/archived/i.test(answer.message ?? '')) return 'Unarchive the repository.';
  if (answer.headers['x-github-sso'] !== undefined) {
    return 'Authorize the token for the single sign-on of the organization.';
  }
  const accepted = answer.headers['x-accepted-github-permissions'];
  // As each holder of rights writes them: apps with low lines, workflows with hyphens.
  const separator = credentials === 'app' ? '_' : '-';
  const rights =
    accepted === undefined ? null : describePermissions(accepted.replaceAll('_', separator));
  const holder =
    credentials === 'app'
      ? "the GitHub App (and accept the change in the app's installation)"
      : "the token (in a workflow: under `permissions`; a pull request from a fork can't have it)";
  return rights === null ? `Check the permissions of ${holder}.` : `Give ${rights} to ${holder}.`;
}

/** `issues=write; pull_requests=write,contents=read`: alternatives by `;`, what belongs together by `,`. */
function describePermissions(header: string): string {
  return header
    .split(';')
    .map((alternative) =>
      alternative
        .split(',')
        .map((pair) => `\`${pair.trim().replace('=', ': ')}\``)
        .join(' and '),
    )
    .join(' or ');
}

function notInstalled({ path }: GithubTrouble): boolean {
  return path.endsWith('/access_tokens') || path.endsWith('/installation');
}

/** Milliseconds; counted on GitHub's own clock where its answer tells the time. */
function limitEndsIn({ headers }: TroubleAnswer, now: number): number {
  const after = Number(headers['retry-after'] ?? Number.NaN);
  const reset = Number(headers['x-ratelimit-reset'] ?? Number.NaN);
  const theirs = Date.parse(headers['date'] ?? '');
  const until = (): number => {
    if (Number.isFinite(after)) return after * 1000;
    const isUsedUp = headers['x-ratelimit-remaining'] === '0' && Number.isFinite(reset);
    // One second more, since the reset is told in whole seconds.
    return isUsedUp
      ? reset * 1000 - (Number.isNaN(theirs) ? now : theirs) + 1000
      : SECONDARY_LIMIT_MS;
  };
  return Math.min(Math.max(until(), LIMIT_MIN_MS), LIMIT_MAX_MS);
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

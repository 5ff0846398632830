// Reads webhooks. The signature is checked before anything else is looked at; after that a payload is still only data
// that may hold anything, and only ever a hint.

import { verify } from '@octokit/webhooks-methods';
import { fail, ok, type Result } from '../../base/result.ts';
import type { ForgeHint, WebhookReading, WebhookRefusal, WebhookRequest } from '../forge.ts';

export interface WebhookContext {
  /** Null: none are taken. */
  readonly secret: string | null;
  /** `owner/name`, as configured. */
  readonly repository: string;
  /** GitHub's id of the repository, which outlives a new name; null: not known yet. */
  readonly repositoryId: number | null;
}

/** As `Forge.readWebhook`. */
export async function readGithubWebhook(
  { headers, body }: WebhookRequest,
  context: WebhookContext,
): Promise<Result<WebhookReading, WebhookRefusal>> {
  const { secret } = context;
  if (secret === null || secret === '') {
    return refuse(
      401,
      'WebhookSecretMissing',
      'Webhooks are not taken, since there is no secret to check them with.',
      "Set the webhook's secret, the same here and at GitHub.",
    );
  }
  const signature = header(headers, 'x-hub-signature-256');
  const text = decode(body);
  const isSigned =
    signature !== null &&
    /^sha256=[0-9a-f]{64}$/.test(signature) &&
    text !== null &&
    text !== '' &&
    (await verify(secret, text, signature));
  if (!isSigned) {
    return refuse(
      401,
      'WebhookSignatureWrong',
      signature === null
        ? 'The webhook carries no x-hub-signature-256.'
        : "The webhook's signature does not fit its body.",
      "Set the same secret here and in the webhook's settings at GitHub.",
    );
  }
  const event = header(headers, 'x-github-event');
  const delivery = header(headers, 'x-github-delivery');
  if (event === null || !/^\w{1,64}$/.test(event)) {
    return malformed('Its x-github-event is missing or odd.');
  }
  if (delivery === null || !/^[\w-]{1,128}$/.test(delivery)) {
    return malformed('Its x-github-delivery is missing or odd.');
  }
  const type = header(headers, 'content-type');
  if (type !== null && !/^application\/json\b/i.test(type)) {
    return malformed('It is not sent as application/json: set that as its content type at GitHub.');
  }
  const payload = parse(text);
  if (payload === undefined) return malformed('Its body is not JSON.');
  const other = { kind: 'other', event } as const;
  const hint = isElsewhere(payload, event, context) ? other : (readHint(event, payload) ?? other);
  return ok({ delivery, hint });
}

/** Null: nothing that Lockstep listens to. */
function readHint(event: string, payload: unknown): ForgeHint | null {
  switch (event) {
    case 'ping':
      return { kind: 'ping' };
    case 'push': {
      const ref = field(payload, 'ref');
      const branch = typeof ref === 'string' ? /^refs\/heads\/(.+)$/s.exec(ref)?.[1] : undefined;
      return branch === undefined ? null : { kind: 'push', branch };
    }
    case 'pull_request': {
      const number = field(payload, 'number') ?? field(field(payload, 'pull_request'), 'number');
      const isNumber = typeof number === 'number' && Number.isSafeInteger(number) && number > 0;
      return isNumber ? { kind: 'pullRequest', number } : null;
    }
    case 'check_run':
    case 'check_suite': {
      const action = field(payload, 'action');
      if (action !== 'rerequested' && action !== 'requested_action') return null;
      const commit = field(field(payload, event), 'head_sha');
      const isCommit = typeof commit === 'string' && /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(commit);
      return isCommit ? { kind: 'recheck', commit } : null;
    }
    default:
      return null;
  }
}

/** Whether it tells of another repository: one secret may serve many. An app's ping tells of none. */
function isElsewhere(payload: unknown, event: string, context: WebhookContext): boolean {
  const repository = field(payload, 'repository');
  if (repository === undefined) return event !== 'ping';
  const id = field(repository, 'id');
  if (context.repositoryId !== null && typeof id === 'number') return id !== context.repositoryId;
  const name = field(repository, 'full_name');
  return typeof name !== 'string' || name.toLowerCase() !== context.repository.toLowerCase();
}

function field(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as Readonly<Record<string, unknown>>)[name];
}

/** Null also where it came more than once. */
function header(headers: WebhookRequest['headers'], name: string): string | null {
  const value = Object.hasOwn(headers, name) ? headers[name] : undefined;
  return typeof value === 'string' ? value : null;
}

/** Null: not UTF-8. */
function decode(body: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    return null;
  }
}

/** Undefined: not JSON. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function malformed(message: string): Result<never, WebhookRefusal> {
  return refuse(
    400,
    'WebhookMalformed',
    `The webhook cannot be read. ${message}`,
    'Let GitHub send it, with the content type application/json.',
  );
}

function refuse(
  status: WebhookRefusal['status'],
  code: string,
  message: string,
  remedy: string,
): Result<never, WebhookRefusal> {
  return fail({ status, code, message, remedy });
}

// Webhooks of GitHub: what is taken, what is refused and how, and that nothing a sender can think of throws.

import { createHmac } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ForgeHint, WebhookRequest } from '../../../controller/forges/forge.ts';
import { readGithubWebhook } from '../../../controller/forges/github/webhook.ts';

const SECRET = 'a secret of the tests';
const COMMIT = 'ab'.repeat(20);
const REPOSITORY = { id: 7, full_name: 'acme/fleet' };
const CONTEXT = { secret: SECRET, repository: 'acme/fleet', repositoryId: null };

interface Sending {
  readonly event?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly secret?: string;
}

function signed(body: string | Uint8Array, sending: Sending = {}): WebhookRequest {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  const digest = createHmac('sha256', sending.secret ?? SECRET)
    .update(bytes)
    .digest('hex');
  return {
    headers: {
      'content-type': 'application/json',
      'x-github-event': sending.event ?? 'push',
      'x-github-delivery': '7f9c24e0-0000-4000-8000-000000000001',
      'x-hub-signature-256': `sha256=${digest}`,
      ...sending.headers,
    },
    body: bytes,
  };
}

const json = (payload: unknown, sending?: Sending) => signed(JSON.stringify(payload), sending);

async function hintOf(
  event: string,
  payload: object,
  context: { readonly repositoryId: number | null } = CONTEXT,
): Promise<ForgeHint> {
  const reading = await readGithubWebhook(json(payload, { event }), { ...CONTEXT, ...context });
  if (!reading.ok) throw new Error(reading.error.message);
  return reading.value.hint;
}

async function refusalOf(request: WebhookRequest, secret: string | null = SECRET) {
  const reading = await readGithubWebhook(request, { ...CONTEXT, secret });
  if (reading.ok) throw new Error('It was taken.');
  return { status: reading.error.status, code: reading.error.code };
}

describe('what is told', () => {
  const repository = REPOSITORY;
  const other = (event: string) => ({ kind: 'other', event });
  it.each<[string, object, ForgeHint | { kind: string; event: string }]>([
    ['push', { ref: 'refs/heads/main', repository }, { kind: 'push', branch: 'main' }],
    ['push', { ref: 'refs/heads/a/b', repository }, { kind: 'push', branch: 'a/b' }],
    ['push', { ref: 'refs/tags/v1', repository }, other('push')],
    ['push', { ref: 'refs/heads/', repository }, other('push')],
    ['push', { ref: ['refs/heads/main'], repository }, other('push')],
    ['pull_request', { number: 12, repository }, { kind: 'pullRequest', number: 12 }],
    [
      'pull_request',
      { pull_request: { number: 3 }, repository },
      { kind: 'pullRequest', number: 3 },
    ],
    ['pull_request', { number: '12', repository }, other('pull_request')],
    ['pull_request', { number: -1, repository }, other('pull_request')],
    ['pull_request', { number: 1.5, repository }, other('pull_request')],
    ['pull_request', { number: 1e300, repository }, other('pull_request')],
    [
      'check_run',
      { action: 'rerequested', check_run: { head_sha: COMMIT }, repository },
      { kind: 'recheck', commit: COMMIT },
    ],
    [
      'check_run',
      { action: 'requested_action', check_run: { head_sha: COMMIT }, repository },
      { kind: 'recheck', commit: COMMIT },
    ],
    [
      'check_suite',
      { action: 'rerequested', check_suite: { head_sha: COMMIT }, repository },
      { kind: 'recheck', commit: COMMIT },
    ],
    [
      'check_run',
      { action: 'completed', check_run: { head_sha: COMMIT }, repository },
      other('check_run'),
    ],
    [
      'check_run',
      { action: 'rerequested', check_run: { head_sha: '../../x' }, repository },
      other('check_run'),
    ],
    ['check_run', { action: 'rerequested', check_run: 'x', repository }, other('check_run')],
    ['ping', { zen: 'Keep it simple.', repository }, { kind: 'ping' }],
    ['ping', { zen: 'Keep it simple.' }, { kind: 'ping' }],
    ['star', { action: 'created', repository }, other('star')],
  ])('%s %j', async (event, payload, hint) => {
    expect(await hintOf(event, payload)).toEqual(hint);
  });

  it('carries the id of the delivery', async () => {
    expect(await readGithubWebhook(json({ repository: REPOSITORY }), CONTEXT)).toMatchObject({
      ok: true,
      value: { delivery: '7f9c24e0-0000-4000-8000-000000000001' },
    });
  });
});

describe('another repository', () => {
  const other = { kind: 'other', event: 'push' };
  const push = (repository: unknown) => ({ ref: 'refs/heads/main', repository });

  it.each([
    ['by its name', push({ id: 8, full_name: 'acme/other' }), null],
    ['by its id, though it took over the name', push({ id: 8, full_name: 'acme/fleet' }), 7],
    ['without any', push(undefined), null],
    ['of a wrong type', push('acme/fleet'), null],
    ['with a name of a wrong type', push({ full_name: 7 }), null],
  ])('is of no interest: %s', async (_, payload, repositoryId) => {
    expect(await hintOf('push', payload, { repositoryId })).toEqual(other);
  });

  it('does not ping for ours', async () => {
    const payload = { repository: { id: 8, full_name: 'acme/other' } };
    expect(await hintOf('ping', payload)).toEqual({ kind: 'other', event: 'ping' });
  });

  it.each([
    ['in other letters', push({ id: 7, full_name: 'Acme/Fleet' }), null],
    ['by its id under a new name', push({ id: 7, full_name: 'acme/devices' }), 7],
    ['by its name where the payload has no id', push({ full_name: 'acme/fleet' }), 7],
  ])('is what ours is not: %s', async (_, payload, repositoryId) => {
    expect(await hintOf('push', payload, { repositoryId })).toEqual({
      kind: 'push',
      branch: 'main',
    });
  });
});

describe('what is not taken', () => {
  const body = JSON.stringify({ ref: 'refs/heads/main', repository: REPOSITORY });
  const wrong = { status: 401, code: 'WebhookSignatureWrong' };
  const malformed = { status: 400, code: 'WebhookMalformed' };
  const sha1 = `sha1=${createHmac('sha1', SECRET).update(body).digest('hex')}`;
  const upper = createHmac('sha256', SECRET).update(body).digest('hex').toUpperCase();

  it.each<[string, WebhookRequest, { status: number; code: string }]>([
    ['another secret', signed(body, { secret: 'guessed' }), wrong],
    ['no signature', signed(body, { headers: { 'x-hub-signature-256': undefined } }), wrong],
    ['an empty one', signed(body, { headers: { 'x-hub-signature-256': '' } }), wrong],
    ['a short one', signed(body, { headers: { 'x-hub-signature-256': 'sha256=00' } }), wrong],
    ['the old kind', signed(body, { headers: { 'x-hub-signature-256': sha1 } }), wrong],
    [
      'the old kind alone',
      signed(body, { headers: { 'x-hub-signature-256': undefined, 'x-hub-signature': sha1 } }),
      wrong,
    ],
    ['capitals', signed(body, { headers: { 'x-hub-signature-256': `sha256=${upper}` } }), wrong],
    ['two signatures', signed(body, { headers: { 'x-hub-signature-256': ['a', 'b'] } }), wrong],
    ['a changed body', { ...signed(body), body: Buffer.from(`${body} `) }, wrong],
    ['no body', signed(''), wrong],
    ['no text', signed(Buffer.from([0xff, 0xfe, 0x00])), wrong],
    ['no event', signed(body, { headers: { 'x-github-event': undefined } }), malformed],
    ['an odd event', signed(body, { event: '../push' }), malformed],
    ['no delivery', signed(body, { headers: { 'x-github-delivery': undefined } }), malformed],
    ['an odd delivery', signed(body, { headers: { 'x-github-delivery': 'a b' } }), malformed],
    [
      'an endless one',
      signed(body, { headers: { 'x-github-delivery': 'a'.repeat(999) } }),
      malformed,
    ],
    ['two deliveries', signed(body, { headers: { 'x-github-delivery': ['a', 'b'] } }), malformed],
    [
      'a form',
      signed('payload=%7B%7D', {
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      }),
      malformed,
    ],
    ['no JSON', signed('{'), malformed],
  ])('%s', async (_, request, refusal) => {
    expect(await refusalOf(request)).toEqual(refusal);
  });

  it.each([null, ''])('anything, without a secret (%j)', async (secret) => {
    expect(await refusalOf(signed(body), secret)).toEqual({
      status: 401,
      code: 'WebhookSecretMissing',
    });
  });
});

describe('hostile payloads', () => {
  it.each([
    ['deep nesting', '['.repeat(100_000) + ']'.repeat(100_000)],
    [
      'a prototype',
      '{"__proto__":{"ref":"refs/heads/main","repository":{"full_name":"acme/fleet"}}}',
    ],
    ['null', 'null'],
    ['a number', '7'],
    ['a constructor', '{"constructor":{"prototype":{}},"repository":{"constructor":1}}'],
  ])('%s: nothing is read out of it', async (_, body) => {
    expect(await readGithubWebhook(signed(body), CONTEXT)).toMatchObject({
      ok: true,
      value: { hint: { kind: 'other', event: 'push' } },
    });
  });

  it('no signed body throws, and each is read as what it may be', async () => {
    const events = fc.constantFrom('push', 'pull_request', 'check_run', 'check_suite', 'ping', 'x');
    const anything = fc.jsonValue({ maxDepth: 4 });
    const nearly = fc.record(
      {
        repository: fc.oneof(fc.constant(REPOSITORY), anything),
        ref: fc.oneof(fc.constant('refs/heads/main'), anything),
        number: anything,
        action: fc.oneof(fc.constant('rerequested'), anything),
        check_run: fc.oneof(fc.record({ head_sha: anything }), anything),
        check_suite: anything,
        pull_request: anything,
      },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(events, fc.oneof(anything, nearly), async (event, payload) => {
        const reading = await readGithubWebhook(json(payload, { event }), CONTEXT);
        expect(reading.ok && isWellFormed(reading.value.hint)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('no bytes and no headers throw, and unsigned ones are refused', async () => {
    const names = fc.constantFrom(
      'x-github-event',
      'x-hub-signature-256',
      'content-type',
      '__proto__',
    );
    const values = fc.oneof(fc.string(), fc.array(fc.string()), fc.constant(undefined));
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(names, values),
        fc.uint8Array({ maxLength: 200 }),
        async (headers, body) => {
          expect(await readGithubWebhook({ headers, body }, CONTEXT)).toMatchObject({
            ok: false,
            error: { status: 401 },
          });
        },
      ),
      { numRuns: 300 },
    );
  });
});

function isWellFormed(hint: ForgeHint): boolean {
  switch (hint.kind) {
    case 'pullRequest':
      return Number.isSafeInteger(hint.number) && hint.number > 0;
    case 'recheck':
      return /^[0-9a-f]{40,64}$/.test(hint.commit);
    case 'push':
      return typeof hint.branch === 'string' && hint.branch !== '';
    case 'ping':
    case 'other':
      return true;
  }
  return false;
}

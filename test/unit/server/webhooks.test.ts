// Where webhooks arrive: what comes is handed on byte for byte, and refused as it deserves. Whether a signature fits is the
// forge's adapter's business.

import { afterEach, describe, expect, it } from 'vitest';

import { fail, ok } from '../../../controller/base/result.ts';
import type { WebhookRequest } from '../../../controller/forges/forge.ts';
import { createWebhookInbox } from '../../../controller/reviewer/webhook-inbox.ts';
import type { WebhookReceiver } from '../../../controller/server/ports.ts';
import { type ApiUnderTest, startApi } from '../../support/api.ts';

const MIB = 1024 * 1024;

let api: ApiUnderTest | null = null;
afterEach(async () => {
  await api?.close();
  api = null;
});

async function start(receiver: WebhookReceiver | null): Promise<ApiUnderTest> {
  const view = () => ({ failure: null, lookedAt: null, openPullRequests: 0 });
  const forge = { description: 'github.example.com/acme/fleet', webhooks: receiver, view };
  api = await startApi({ auth: { requireTokens: true } }, forge);
  return api;
}

function note(): { readonly requests: WebhookRequest[]; readonly receiver: WebhookReceiver } {
  const requests: WebhookRequest[] = [];
  return {
    requests,
    receiver: {
      async receive(request) {
        requests.push(request);
        return ok('taken');
      },
    },
  };
}

describe('webhooks', () => {
  it('are handed on byte for byte, with their headers and without a token of ours', async () => {
    const { requests, receiver } = note();
    const under = await start(receiver);
    const body = Buffer.from('{ "zen":\t"Ünïcode" }\r\n');
    const headers = { 'content-type': 'application/json', 'x-github-event': 'ping' };
    const answer = await under.ask('/webhooks/github', { method: 'POST', headers, body });
    expect([answer.status, answer.json]).toEqual([202, { delivery: 'taken' }]);
    expect(Buffer.from(requests[0]?.body ?? []).equals(body)).toBe(true);
    expect(requests[0]?.headers['x-github-event']).toBe('ping');
  });

  it('of any content type, or none, are read all the same', async () => {
    const { requests, receiver } = note();
    const under = await start(receiver);
    for (const type of ['application/x-www-form-urlencoded', 'text/plain', 'a/b']) {
      const headers = { 'content-type': type };
      await under.ask('/webhooks/github', {
        method: 'POST',
        headers,
        body: Buffer.from('payload=1'),
      });
    }
    expect(requests.map(({ body }) => Buffer.from(body).toString())).toEqual([
      'payload=1',
      'payload=1',
      'payload=1',
    ]);
  });

  it('that are refused say why, and what would mend it', async () => {
    const under = await start({
      receive: async () =>
        fail({
          status: 401,
          code: 'SignatureInvalid',
          message: 'It does not fit.',
          remedy: 'Use the same secret.',
        }),
    });
    const answer = await under.ask('/webhooks/github', { method: 'POST', body: Buffer.from('{}') });
    expect([answer.status, answer.json]).toEqual([
      401,
      {
        error: {
          code: 'SignatureInvalid',
          message: 'It does not fit.',
          remedy: 'Use the same secret.',
        },
      },
    ]);
  });

  it('larger than GitHub sends are refused before they are read', async () => {
    const { requests, receiver } = note();
    const under = await start(receiver);
    const headers = { 'content-type': 'application/json' };
    const body = Buffer.alloc(25 * MIB + 1, 32);
    const answer = await under
      .ask('/webhooks/github', { method: 'POST', headers, body })
      .catch((thrown: unknown) => thrown);
    // The server may hang up before all of it was sent.
    expect(answer instanceof Error || (answer as { status: number }).status === 413).toBe(true);
    expect(requests).toEqual([]);
  });

  it('go nowhere where no forge takes them, and only by POST', async () => {
    const under = await start(null);
    expect((await under.ask('/webhooks/github', { method: 'POST', body: {} })).status).toBe(404);
    await api?.close();
    const other = await start(note().receiver);
    expect((await other.ask('/webhooks/github')).status).toBe(404);
  });

  it('beyond a few at a time are told to come back, and the next ones are taken again', async () => {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const arrived: number[] = [];
    const under = await start({
      async receive() {
        arrived.push(1);
        await held;
        return ok('taken');
      },
    });
    const send = () => under.ask('/webhooks/github', { method: 'POST', body: Buffer.from('{}') });
    const first = Array.from({ length: 8 }, send);
    while (arrived.length < 8) await new Promise((resolve) => setImmediate(resolve));
    expect((await send()).status).toBe(503);
    release();
    expect((await Promise.all(first)).map(({ status }) => status)).toEqual(Array(8).fill(202));
    expect((await send()).status).toBe(202);
  });
});

describe('the inbox', () => {
  it('hands each delivery on once, and a refused one never', async () => {
    const hints: unknown[] = [];
    const inbox = createWebhookInbox(
      {
        async readWebhook({ headers }) {
          const delivery = String(headers['id']);
          if (delivery === 'bad') {
            return fail({ status: 401, code: 'SignatureInvalid', message: '', remedy: '' });
          }
          return ok({ delivery, hint: { kind: 'push', branch: delivery } });
        },
      },
      (hint) => hints.push(hint),
    );
    const send = async (id: string) => {
      const taken = await inbox.receive({ headers: { id }, body: new Uint8Array() });
      return taken.ok ? taken.value : taken.error.code;
    };
    expect([await send('a'), await send('a'), await send('bad'), await send('b')]).toEqual([
      'taken',
      'repeated',
      'SignatureInvalid',
      'taken',
    ]);
    expect(hints).toEqual([
      { kind: 'push', branch: 'a' },
      { kind: 'push', branch: 'b' },
    ]);
    for (let id = 0; id < 10_000; id += 1) await send(String(id));
    // Forgotten after ten thousand others.
    expect(await send('a')).toBe('taken');
  });
});

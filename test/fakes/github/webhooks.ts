// Webhooks of the fake GitHub: payloads typed by octokit, signed with the real HMAC, sent in the background, and all
// deliveries kept, so that a test can lose them, send them again, or forge them.

import { createHmac, randomUUID } from 'node:crypto';

import type { components } from '@octokit/openapi-webhooks-types';

import type { AsSent } from './routes.ts';

type Payload<Name extends keyof components['schemas']> = components['schemas'][Name];

type WithPullRequest<Whole extends { pull_request: unknown }> = Omit<Whole, 'pull_request'> & {
  pull_request: AsSent<Whole['pull_request']>;
};

/** The events that the fake tells of by itself, with their payloads. */
export interface WebhookPayloads {
  readonly ping: Payload<'webhook-ping'>;
  readonly push: Payload<'webhook-push'>;
  readonly check_run: Payload<'webhook-check-run-rerequested'>;
  readonly pull_request:
    | WithPullRequest<Payload<'webhook-pull-request-opened'>>
    | WithPullRequest<Payload<'webhook-pull-request-synchronize'>>
    | WithPullRequest<Payload<'webhook-pull-request-closed'>>
    | WithPullRequest<Payload<'webhook-pull-request-reopened'>>
    | WithPullRequest<Payload<'webhook-pull-request-edited'>>;
}

/** Tells of an event where a webhook is set up; the payload is made at once, and sent in the background. */
export type Emit = <Event extends keyof WebhookPayloads>(
  event: Event,
  payload: () => WebhookPayloads[Event] | Promise<WebhookPayloads[Event]>,
) => Promise<void>;

export interface WebhookTarget {
  readonly url: string;
  readonly secret: string;
}

export interface Delivery {
  /** `X-GitHub-Delivery`; the same again when it is sent again. */
  readonly id: string;
  readonly event: string;
  readonly action: string | null;
  /** What was sent, exactly. */
  readonly body: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
  readonly state: 'sending' | 'answered' | 'failed' | 'lost';
  /** Of the answer; null without one. */
  readonly status: number | null;
}

export interface WebhookOverrides {
  /** Signs with this one. */
  readonly secret?: string;
  /** Replace headers; null leaves one out. Names in lower case. */
  readonly headers?: Readonly<Record<string, string | null>>;
  /** Sent as it is instead of the payload, and signed. */
  readonly body?: string | Uint8Array;
}

export interface WebhookDesk {
  target: WebhookTarget | null;
  /** Deliveries are noted and not sent. */
  isLosing: boolean;
  readonly deliveries: readonly Delivery[];
  readonly emit: Emit;
  /** Sends anything; resolves when it was answered or failed. */
  send(event: string, payload: unknown, overrides?: WebhookOverrides): Promise<Delivery>;
  /** Sends a delivery again, byte for byte. */
  redeliver(id: string): Promise<Delivery>;
  /** Gives up what is under way. */
  close(): Promise<void>;
}

/** As long as GitHub waits for an answer. */
const TIMEOUT_MS = 10_000;

type Mutable<Value> = { -readonly [Key in keyof Value]: Value[Key] };

/** `onChange` is called whenever a delivery was noted or has ended. */
export function createWebhookDesk(
  hookId: number,
  appId: number,
  onChange: () => void,
): WebhookDesk {
  const deliveries: Mutable<Delivery>[] = [];
  const underWay = new Set<Promise<unknown>>();
  const closing = new AbortController();

  const post = async (delivery: Mutable<Delivery>): Promise<Delivery> => {
    deliveries.push(delivery);
    if (delivery.state === 'sending' && desk.target !== null) {
      onChange();
      try {
        const response = await fetch(desk.target.url, {
          method: 'POST',
          headers: delivery.headers,
          body: Buffer.from(delivery.body),
          redirect: 'manual',
          signal: AbortSignal.any([closing.signal, AbortSignal.timeout(TIMEOUT_MS)]),
        });
        await response.arrayBuffer();
        delivery.status = response.status;
        delivery.state = 'answered';
      } catch {
        delivery.state = 'failed';
      }
    }
    onChange();
    return delivery;
  };

  const inBackground = (delivery: Mutable<Delivery>): Promise<Delivery> => {
    const sending = post(delivery);
    underWay.add(sending);
    void sending.finally(() => underWay.delete(sending));
    return sending;
  };

  const compose = (
    event: string,
    payload: unknown,
    overrides: WebhookOverrides = {},
  ): Mutable<Delivery> => {
    const body = Buffer.from(overrides.body ?? JSON.stringify(payload));
    const secret = overrides.secret ?? desk.target?.secret ?? '';
    const id = randomUUID();
    const sign = (algorithm: 'sha1' | 'sha256') =>
      `${algorithm}=${createHmac(algorithm, secret).update(body).digest('hex')}`;
    const headers: Record<string, string | null> = {
      accept: '*/*',
      'content-type': 'application/json',
      'user-agent': 'GitHub-Hookshot/0000000',
      'x-github-delivery': id,
      'x-github-event': event,
      'x-github-hook-id': String(hookId),
      'x-github-hook-installation-target-id': String(appId),
      'x-github-hook-installation-target-type': 'integration',
      'x-hub-signature': sign('sha1'),
      'x-hub-signature-256': sign('sha256'),
      ...overrides.headers,
    };
    const sent = Object.entries(headers).flatMap(([name, value]) =>
      value === null ? [] : [[name, value] as const],
    );
    return {
      id: headers['x-github-delivery'] ?? id,
      event,
      action: actionOf(payload),
      body,
      headers: Object.fromEntries(sent),
      state: desk.target === null || desk.isLosing ? 'lost' : 'sending',
      status: null,
    };
  };

  const desk: WebhookDesk = {
    target: null,
    isLosing: false,
    deliveries,
    async emit(event, payload) {
      if (desk.target === null) return;
      void inBackground(compose(event, await payload()));
    },
    send: (event, payload, overrides) => inBackground(compose(event, payload, overrides)),
    redeliver(id) {
      const known = deliveries.find((delivery) => delivery.id === id);
      if (known === undefined) throw new Error(`There is no delivery ${id}.`);
      return inBackground({ ...known, state: 'sending', status: null });
    },
    async close() {
      closing.abort();
      await Promise.all(underWay);
    },
  };
  return desk;
}

function actionOf(payload: unknown): string | null {
  if (typeof payload !== 'object' || payload === null || !('action' in payload)) return null;
  return typeof payload.action === 'string' ? payload.action : null;
}

// Devices in the hand of a test: each step of DDI as one call over real HTTP. A hand decides nothing and remembers
// nothing; what a real agent does with it is told by the test.

import { createHash } from 'node:crypto';

import { Agent, request } from 'undici';

import { feedbackBody } from './gateway.ts';

/** The gateway token that the hands show. */
export const DEVICE_TOKEN = 'gateway-secret';

/** What a poll was answered with. */
export interface Polled {
  readonly status: number;
  readonly link: {
    readonly kind: 'deployment' | 'cancel';
    readonly id: number;
    readonly href: string;
  } | null;
  /** The `configData` link was there. */
  readonly asks: boolean;
}

/** A deployment document, as far as tests look at it. */
export interface Offer {
  readonly status: number;
  /** The text that a device is to report for it; empty where the status is not 200. */
  readonly version: string;
  readonly sha256: string;
  /** The artifact's link. */
  readonly artifact: string;
}

export interface Download {
  readonly status: number;
  readonly sha256: string;
  readonly size: number;
  /** The connection broke before the announced length was there. */
  readonly broken: boolean;
}

export interface DeviceHand {
  readonly product: string;
  readonly id: string;
  poll(): Promise<Polled>;
  /** Names the running version, with further attributes; the status. */
  report(version: string | number, attributes?: Readonly<Record<string, string>>): Promise<number>;
  /** Reads a deployment document. */
  read(href: string): Promise<Offer>;
  download(href: string): Promise<Download>;
  /** Feedback on an action; the status. */
  feedback(action: number, execution: string, finished: string, words?: string): Promise<number>;
  cancelFeedback(action: number, execution: string, finished: string): Promise<number>;
  /** Registers, and names a version. */
  introduce(version: string | number): Promise<void>;
  /** Does whatever the next poll offers, as a good agent does: the version it runs then, or null for no offer. */
  update(): Promise<number | null>;
}

export interface DeviceHands {
  device(product: string, id: string): DeviceHand;
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly body: Buffer;
  readonly broken: boolean;
}

interface PollBody {
  readonly _links?: Readonly<Record<string, { readonly href: string }>>;
}

interface DeploymentBody {
  readonly deployment: {
    readonly chunks: readonly {
      readonly version: string;
      readonly artifacts: readonly {
        readonly hashes: { readonly sha256: string };
        readonly _links: Readonly<Record<string, { readonly href: string }>>;
      }[];
    }[];
  };
}

/** Hands that talk to the gateway at `url`. */
export function createDeviceHands(url: string): DeviceHands {
  const agent = new Agent({ keepAliveTimeout: 10_000 });

  async function ask(
    method: 'GET' | 'POST' | 'PUT',
    target: string,
    body?: unknown,
  ): Promise<Answer> {
    // Links are whole URLs; after a restart of the gateway the same path is at another port.
    const { pathname, search } = new URL(target, url);
    const answer = await request(new URL(pathname + search, url), {
      method,
      dispatcher: agent,
      headers: {
        authorization: `GatewayToken ${DEVICE_TOKEN}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const parts: Uint8Array[] = [];
    let broken = false;
    try {
      for await (const part of answer.body) parts.push(part as Uint8Array);
    } catch {
      broken = true;
    }
    return { status: answer.statusCode, body: Buffer.concat(parts), broken };
  }

  return {
    device(product, id) {
      const path = `/${product}/controller/v1/${encodeURIComponent(id)}`;
      const hand: DeviceHand = {
        product,
        id,
        async poll() {
          const { status, body } = await ask('GET', path);
          const links =
            status === 200 ? ((JSON.parse(body.toString()) as PollBody)._links ?? {}) : {};
          return { status, link: readLink(links), asks: links['configData'] !== undefined };
        },
        async report(version, attributes = {}) {
          const data = { fw_version: String(version), ...attributes };
          return (await ask('PUT', `${path}/configData`, { mode: 'merge', data })).status;
        },
        async read(href) {
          const { status, body } = await ask('GET', href);
          if (status !== 200) return { status, version: '', sha256: '', artifact: '' };
          const chunk = (JSON.parse(body.toString()) as DeploymentBody).deployment.chunks[0];
          const artifact = chunk?.artifacts[0];
          return {
            status,
            version: chunk?.version ?? '',
            sha256: artifact?.hashes.sha256 ?? '',
            artifact: artifact?._links['download-http']?.href ?? '',
          };
        },
        async download(href) {
          const { status, body, broken } = await ask('GET', href);
          const sha256 = createHash('sha256').update(body).digest('hex');
          return { status, sha256, size: body.length, broken };
        },
        async feedback(action, execution, finished, words = '') {
          const target = `${path}/deploymentBase/${action}/feedback`;
          return (await ask('POST', target, feedbackBody(execution, finished, [words]))).status;
        },
        async cancelFeedback(action, execution, finished) {
          const target = `${path}/cancelAction/${action}/feedback`;
          return (await ask('POST', target, feedbackBody(execution, finished))).status;
        },
        async introduce(version) {
          await hand.poll();
          await hand.report(version);
        },
        async update() {
          const { link } = await hand.poll();
          if (link?.kind !== 'deployment') return null;
          const offer = await hand.read(link.href);
          const { status, sha256 } = await hand.download(offer.artifact);
          if (status !== 200 || sha256 !== offer.sha256) throw new Error(`${id}: bad download`);
          await hand.feedback(link.id, 'closed', 'success');
          await hand.report(offer.version);
          return Number(offer.version);
        },
      };
      return hand;
    },
    close: () => agent.destroy(),
  };
}

function readLink(links: Readonly<Record<string, { readonly href: string }>>): Polled['link'] {
  for (const [rel, kind] of [
    ['deploymentBase', 'deployment'],
    ['cancelAction', 'cancel'],
  ] as const) {
    const href = links[rel]?.href;
    if (href === undefined) continue;
    return { kind, href, id: Number(/(?:deploymentBase|cancelAction)\/(\d+)/.exec(href)?.[1]) };
  }
  return null;
}

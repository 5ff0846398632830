// Single requests as devices send them, over a real socket and with every header under the test's control.

import type { Agent, IncomingHttpHeaders } from 'node:http';
import { request } from 'node:http';

/** The gateway token of test gateways. */
export const GATEWAY_TOKEN = 'gateway-secret';

/** An answer, read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly text: string;
  /** The body as JSON; fails the test where it is none. */
  json(): unknown;
}

export interface AskOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON with its type, unless it is text already. */
  readonly body?: unknown;
  /** Default: the gateway token. Null: none. */
  readonly auth?: string | null;
}

/** Sends a request and reads the answer to its end. Rejects when the connection breaks. */
export function sendRequest(
  agent: Agent,
  method: string,
  url: URL,
  asked: AskOptions,
): Promise<Answer> {
  const { auth = `GatewayToken ${GATEWAY_TOKEN}`, body } = asked;
  const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
  const headers: Record<string, string> = {
    ...(auth !== null && { authorization: auth }),
    ...(text !== undefined && {
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(text)),
    }),
    ...asked.headers,
  };
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method, headers, agent }, (incoming) => {
      const parts: Buffer[] = [];
      incoming.on('data', (part: Buffer) => parts.push(part));
      incoming.on('error', reject);
      incoming.on('end', () => {
        const received = Buffer.concat(parts);
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          body: received,
          text: received.toString(),
          json: () => JSON.parse(received.toString()) as unknown,
        });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(text);
  });
}

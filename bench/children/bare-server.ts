// What a server costs that decides nothing: plain `node:http`, which sends one answer or one file to whoever asks.

import { createReadStream } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { answerParent, readUsage, type Usage } from '../support/child.ts';

/** An answer of these headers and this text, or a whole file. */
export type BareAnswer =
  | { readonly headers: Readonly<Record<string, string>>; readonly body: string }
  | { readonly file: string; readonly size: number };

const calls = {
  /** Starts to serve; the port. */
  start(answer: BareAnswer): Promise<number> {
    const server = createServer('body' in answer ? respondWith(answer) : streamFrom(answer));
    server.keepAliveTimeout = 72_000;
    return new Promise((resolve) => {
      server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
    });
  },
  usage: async (_input: null): Promise<Usage> => readUsage(),
};

export type BareServer = typeof calls;

type Listener = (request: IncomingMessage, response: ServerResponse) => void;

function respondWith({ headers, body }: Extract<BareAnswer, { body: string }>): Listener {
  return (_request, response) => {
    response.writeHead(200, headers);
    response.end(body);
  };
}

function streamFrom({ file, size }: Extract<BareAnswer, { file: string }>): Listener {
  return (_request, response) => {
    response.writeHead(200, {
      'content-type': 'application/octet-stream',
      'content-length': size,
    });
    createReadStream(file).pipe(response);
  };
}

answerParent(calls);

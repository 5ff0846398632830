// A receiver of notices on a real socket, which answers as a test tells it to: with a status, slowly, never, or by
// breaking the connection.

import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ReceivedNotice {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** Milliseconds of a clock that never jumps. */
  readonly at: number;
}

/** What to do with a request: a status with headers, break the connection, or leave it without an answer. */
export type ReceiverAnswer =
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  | 'cut'
  /** The status, and then a body that never ends. */
  | 'endless'
  | 'hang';

export interface NoticeReceiver {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly host: string;
  /** Every request, in order. */
  readonly received: ReceivedNotice[];
  /** Decides about each request. Default: 200. */
  answer: (notice: ReceivedNotice) => ReceiverAnswer | Promise<ReceiverAnswer>;
  close(): Promise<void>;
}

/** Starts one on a free port. */
export async function startNoticeReceiver(): Promise<NoticeReceiver> {
  const received: ReceivedNotice[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      const { url: path = '', headers } = request;
      const notice = { path, headers, body, at: performance.now() };
      received.push(notice);
      void Promise.resolve(receiver.answer(notice)).then((answer) => give(answer, response));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const receiver: NoticeReceiver = {
    url: `http://${host}`,
    host,
    received,
    answer: () => ({ status: 200 }),
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
  return receiver;
}

function give(answer: ReceiverAnswer, response: ServerResponse): void {
  if (answer === 'hang') return;
  if (answer === 'cut') {
    response.destroy();
    return;
  }
  if (answer === 'endless') {
    response.writeHead(200).write('and so on');
    return;
  }
  response.writeHead(answer.status, { ...answer.headers }).end('ok');
}

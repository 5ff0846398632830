// A reader of server-sent events on a socket of its own, as a browser is one: takes events as they come, or stops reading.

import { request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';

export interface StreamEvent {
  readonly name: string;
  readonly data: unknown;
}

export interface EventStream {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Every event so far. */
  readonly events: readonly StreamEvent[];
  /** Comments so far. */
  readonly comments: readonly string[];
  /** Resolves with the first event, from the `index`-th on, that `fits`; rejects where the stream ends before. */
  find(fits: (event: StreamEvent) => boolean, index?: number): Promise<StreamEvent>;
  /** Resolves with a comment that came after the call. */
  nextComment(): Promise<string>;
  /** Takes no more bytes from the socket, until `resume`. */
  pause(): void;
  resume(): void;
  /** Resolves when the stream is over: `ended` as it should be, or `broken` off. */
  readonly over: Promise<'ended' | 'broken'>;
  close(): void;
}

/** Opens one; resolves when its head is there. */
export function openEventStream(
  url: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<EventStream> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { agent: false, headers: { ...headers } }, (response) =>
      resolve(readEvents(response)),
    );
    sent.on('error', reject);
    sent.end();
  });
}

function readEvents(response: IncomingMessage): EventStream {
  const events: StreamEvent[] = [];
  const comments: string[] = [];
  let waiting: (() => void)[] = [];
  let isOver = false;
  let rest = '';
  const wake = (): void => {
    const woken = waiting;
    waiting = [];
    for (const each of woken) each();
  };
  const next = (): Promise<void> => new Promise((resolve) => waiting.push(resolve));
  const take = (block: string): void => {
    if (block.startsWith(':')) {
      comments.push(block.slice(1).trim());
      return;
    }
    const [, name, data] = /^event: (\w+)\ndata: (.*)$/.exec(block) ?? [];
    if (name === undefined || data === undefined) throw new Error(`no event: ${block}`);
    events.push({ name, data: JSON.parse(data) as unknown });
  };
  response.setEncoding('utf8');
  response.on('data', (chunk: string) => {
    const blocks = (rest + chunk).split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) take(block);
    wake();
  });
  response.on('error', () => undefined);
  const over = new Promise<'ended' | 'broken'>((resolve) =>
    response.once('close', () => {
      isOver = true;
      resolve(response.complete ? 'ended' : 'broken');
      wake();
    }),
  );
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    events,
    comments,
    async find(fits, index = 0) {
      for (;;) {
        const found = events.slice(index).find(fits);
        if (found !== undefined) return found;
        if (isOver) throw new Error('the stream is over');
        await next();
      }
    },
    async nextComment() {
      const before = comments.length;
      for (;;) {
        const comment = comments[before];
        if (comment !== undefined) return comment;
        if (isOver) throw new Error('the stream is over');
        await next();
      }
    },
    pause: () => void response.pause(),
    resume: () => void response.resume(),
    over,
    close: () => void response.destroy(),
  };
}

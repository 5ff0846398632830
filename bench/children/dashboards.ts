// Open dashboards, as a process of its own: each is signed in, reads the stream of changes, and asks again for what it
// shows as a browser does. Also the hand that keeps the fleet changing, whether anybody looks or not.

import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { assert } from '../../controller/base/assert.ts';
import { answerParent } from '../support/child.ts';
import { openConnection, openSocket, type Connection } from '../support/connection.ts';
import { PRODUCT } from '../support/fleet-repo.ts';

export interface DashboardLoad {
  readonly port: number;
  readonly dashboards: number;
}

export interface Looking {
  /** Changes that were told, over all dashboards. */
  readonly told: number;
  readonly answers: number;
  /** Answers that the dashboard had already. */
  readonly notModified: number;
}

/** What the pages show by each topic: the overview, and the page of a product. Dashboards are at one or the other. */
const PAGES: readonly Readonly<Record<string, readonly string[]>>[] = [
  { status: ['/api/v1/status'], events: ['/api/v1/events?limit=20'] },
  {
    status: ['/api/v1/status'],
    [`product:${PRODUCT}`]: [`/api/v1/products/${PRODUCT}`, `/api/v1/products/${PRODUCT}/releases`],
  },
];

/** A page waits for up to this long, so that not all ask at once. */
const JITTER_MS = 300;

/** Between two changes of the fleet. */
const CHURN_MS = 1_000;

interface Dashboard {
  readonly stream: Socket;
  readonly connection: Connection;
}

const counts = { told: 0, answers: 0, notModified: 0 };
let open: readonly Dashboard[] = [];

const calls = {
  /** Opens dashboards, signed in with a token that is made for them; resolves once each was told hello. */
  async open({ port, dashboards }: DashboardLoad): Promise<void> {
    const cookie = await signIn(port);
    open = await Promise.all(
      Array.from({ length: dashboards }, (_, i) =>
        openDashboard(port, cookie, PAGES[i % PAGES.length] ?? {}),
      ),
    );
  },
  async close(_input: null): Promise<void> {
    for (const { stream, connection } of open) {
      stream.destroy();
      connection.close();
    }
    open = [];
  },
  /** Changes the fleet every second: the emergency stop is pulled and ended. What was seen of it meanwhile. */
  async churn({
    port,
    durationMs,
  }: {
    readonly port: number;
    readonly durationMs: number;
  }): Promise<Looking> {
    const before = { ...counts };
    const connection = await openConnection(port);
    const until = performance.now() + durationMs;
    for (let round = 0; performance.now() < until; round += 1) {
      const { status } = await connection.exchange(post(round % 2 === 0 ? 'stop' : 'resume', {}));
      assert(status === 200, `the stop got ${status}`);
      await sleep(CHURN_MS);
    }
    await connection.exchange(post('resume', {}));
    connection.close();
    return {
      told: counts.told - before.told,
      answers: counts.answers - before.answers,
      notModified: counts.notModified - before.notModified,
    };
  },
};

/** What the process answers. */
export type Dashboards = typeof calls;

async function signIn(port: number): Promise<string> {
  const connection = await openConnection(port);
  const name = `bench-${process.pid}-${Math.random().toString(36).slice(2)}`;
  const made = await connection.exchange(post('tokens', { name, role: 'viewer' }));
  const { token } = JSON.parse(made.body) as { readonly token: string };
  const signed = await connection.exchange(post('session', { token }));
  connection.close();
  const cookie = /^set-cookie: ([^;]+);/im.exec(signed.head)?.[1];
  assert(cookie !== undefined, `no cookie was set: ${signed.head}`);
  return cookie;
}

async function openDashboard(
  port: number,
  cookie: string,
  shown: Readonly<Record<string, readonly string[]>>,
): Promise<Dashboard> {
  const stream = await openSocket(port);
  const connection = await openConnection(port);
  const tags = new Map<string, string>();
  const { promise: hello, resolve, reject } = Promise.withResolvers<void>();
  /** Fetches go one after the other, as those of a page do over its few connections. */
  let fetching: Promise<void> = Promise.resolve();

  const fetchShown = async (topics: readonly string[]): Promise<void> => {
    await sleep(Math.random() * JITTER_MS);
    for (const path of topics.flatMap((topic) => shown[topic] ?? [])) {
      if (stream.destroyed) return;
      const tag = tags.get(path);
      const { status, head } = await connection.exchange(get(path, cookie, tag));
      assert(status === 200 || status === 304, `${path} got ${status}`);
      counts.answers += 1;
      if (status === 304) counts.notModified += 1;
      tags.set(path, /^etag: (.+)$/im.exec(head)?.[1] ?? '');
    }
  };
  let rest = '';
  stream.on('data', (piece) => {
    const lines = (rest + piece.toString('utf8')).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line.startsWith('event: hello')) resolve();
      if (!line.startsWith('data: {"topics"')) continue;
      counts.told += 1;
      const { topics } = JSON.parse(line.slice(6)) as { readonly topics: readonly string[] };
      // A dashboard that is closed meanwhile leaves its answer behind.
      fetching = fetching
        .then(() => fetchShown(topics))
        .catch(() => assert(stream.destroyed, 'fetched'));
    }
  });
  stream.once('close', () => reject(new Error('the stream was closed')));
  hello.catch(() => undefined);
  stream.write(get('/api/v1/live', cookie, undefined), 'latin1');
  await hello;
  return { stream, connection };
}

function get(path: string, cookie: string, tag: string | undefined): string {
  const known = tag === undefined ? '' : `If-None-Match: ${tag}\r\n`;
  return `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: ${cookie}\r\n${known}\r\n`;
}

function post(path: string, body: unknown): string {
  const text = JSON.stringify(body);
  return `POST /api/v1/${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: ${text.length}\r\n\r\n${text}`;
}

answerParent(calls);

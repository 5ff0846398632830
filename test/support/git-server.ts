// A git server on a real socket: git's own HTTP backend behind a small CGI bridge, with switches for what goes wrong
// between a controller and its forge.

import { spawn } from 'node:child_process';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { GIT_ENVIRONMENT } from './git-repo.ts';

/**
 * `ok` serves, `silent` never answers, `slow` answers without end, a byte at a time, `cut` breaks off inside an answer;
 * the others answer 503, 403 and 429.
 */
export type ServerMood = 'ok' | 'down' | 'silent' | 'slow' | 'cut' | 'forbidden' | 'busy';

export interface GitServer {
  /** `http://127.0.0.1:PORT`; a repository is at `URL/FOLDER`. */
  readonly url: string;
  /** How the server treats requests from now on. */
  mood: ServerMood;
  /** Where set, requests need these credentials. */
  login: { readonly username: string; readonly password: string } | null;
  /** Where set, every request is redirected to this address, with its path. */
  redirectTo: string | null;
  /** Paths with queries, in order of arrival. */
  readonly requests: readonly string[];
  /** Requests that have been neither answered nor given up by the client. */
  openRequests(): number;
  close(): Promise<void>;
}

const REFUSALS: Partial<Record<ServerMood, number>> = { down: 503, forbidden: 403, busy: 429 };

/** Serves every repository under `root`. */
export async function startGitServer(root: string): Promise<GitServer> {
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  let open = 0;
  const server = createServer((request, response) => {
    requests.push(request.url ?? '');
    open += 1;
    response.once('close', () => (open -= 1));
    answer(request, response);
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });

  const answer = (request: IncomingMessage, response: ServerResponse) => {
    if (handle.mood === 'silent') return;
    if (handle.mood === 'slow') {
      response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-advertisement' });
      const dripping = setInterval(() => response.write('0'), 20);
      response.once('close', () => clearInterval(dripping));
      return;
    }
    const refusal = REFUSALS[handle.mood];
    if (refusal !== undefined) {
      response.writeHead(refusal).end();
      return;
    }
    if (handle.redirectTo !== null) {
      response.writeHead(302, { location: `${handle.redirectTo}${request.url}` }).end();
      return;
    }
    if (handle.login !== null) {
      const { username, password } = handle.login;
      const basic = Buffer.from(`${username}:${password}`).toString('base64');
      if (request.headers.authorization !== `Basic ${basic}`) {
        response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end();
        return;
      }
    }
    serveByGit(request, response, {
      root,
      url: request.url ?? '/',
      isCut: handle.mood === 'cut',
    });
  };

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const handle: GitServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    mood: 'ok',
    login: null,
    redirectTo: null,
    requests,
    openRequests: () => open,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
  return handle;
}

export interface GitRequest {
  /** The folder that the repositories are in. */
  readonly root: string;
  /** Path below `root`, with the query. */
  readonly url: string;
  /** Breaks off inside the answer to a POST. */
  readonly isCut: boolean;
  /** Called when git has done its work, before the answer ends. */
  readonly onDone?: () => Promise<void>;
}

/** The CGI bridge: headers become variables; the backend's headers end at the first empty line. */
export function serveByGit(
  request: IncomingMessage,
  response: ServerResponse,
  { root, url: address, isCut, onDone }: GitRequest,
): void {
  const url = new URL(address, 'http://localhost');
  const backend = spawn('git', ['http-backend'], {
    env: {
      ...GIT_ENVIRONMENT,
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      PATH_INFO: decodeURIComponent(url.pathname),
      QUERY_STRING: url.search.slice(1),
      REQUEST_METHOD: request.method ?? 'GET',
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
      GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
      ...(request.headers['content-length'] === undefined
        ? {}
        : { CONTENT_LENGTH: request.headers['content-length'] }),
    },
  });
  backend.stdin.on('error', () => undefined);
  request.pipe(backend.stdin);
  backend.stderr.resume();
  response.once('close', () => backend.kill());
  let head: Buffer | null = Buffer.alloc(0);
  backend.stdout.on('data', (chunk: Buffer) => {
    let content = chunk;
    if (head !== null) {
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf('\r\n\r\n');
      if (end < 0) return;
      content = head.subarray(end + 4);
      writeHead(response, head.subarray(0, end).toString('latin1'));
      head = null;
    }
    if (isCut && request.method === 'POST') {
      response.write(content.subarray(0, 20), () => response.socket?.destroy());
      backend.kill();
    } else {
      response.write(content);
    }
  });
  backend.stdout.on('end', () => {
    if (onDone === undefined) response.end();
    else void onDone().finally(() => response.end());
  });
}

function writeHead(response: ServerResponse, text: string): void {
  let status = 200;
  for (const line of text.split('\r\n')) {
    const colon = line.indexOf(':');
    const [name, value] = [line.slice(0, colon), line.slice(colon + 1).trim()];
    if (name.toLowerCase() === 'status') status = Number.parseInt(value, 10);
    else response.setHeader(name, value);
  }
  response.writeHead(status);
}

// A throwaway DDI server on a real socket, written from the protocol: it offers what a test tells it to, checks every
// request strictly, and can misbehave on demand. It decides nothing by itself and keeps everything in memory.

import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

import { createArtifactDesk } from './ddi-artifacts.ts';
import type { ArtifactDesk } from './ddi-artifacts.ts';
import { buildDeployment, buildPoll } from './ddi-documents.ts';
import type { FakeAction, FakeDevice, Offer } from './ddi-documents.ts';
import { readAttributes, readFeedback } from './ddi-requests.ts';

export interface DdiServerOptions {
  /** The tenant, compared without regard to case. Default: `thermostat`. */
  readonly tenant?: string;
  /** Default: `00:00:01`. Null leaves the polling out of the answers. */
  readonly sleep?: string | null;
  /** Default: anyone may come. */
  readonly auth?:
    { readonly gatewayToken: string } | { readonly targetTokens: Readonly<Record<string, string>> };
}

export interface SeenRequest {
  readonly method: string;
  /** Path below the tenant, without the query. */
  readonly path: string;
  readonly device: string | null;
  readonly headers: IncomingMessage['headers'];
  readonly status: number;
}

/** What to do instead of answering properly: a status, dropping the connection, nonsense, or nothing at all. */
export interface Disturbance {
  readonly answer: number | 'drop' | 'garbage' | 'nothing';
  /** Which requests; default: all. */
  readonly when?: (request: { readonly method: string; readonly path: string }) => boolean;
  /** How many of them; default: all until it is taken back. */
  readonly times?: number;
}

export interface DdiServer extends Omit<ArtifactDesk, 'serve'> {
  readonly url: string;
  readonly tenant: string;
  readonly devices: ReadonlyMap<string, FakeDevice>;
  /** Everything that a client should not have sent. */
  readonly violations: readonly string[];
  readonly requests: readonly SeenRequest[];
  /** Open connections now, and the most there were at once. */
  readonly connections: number;
  readonly connectionsMax: number;
  offer(device: string, offer: Offer): FakeAction;
  /** Offers to every device, known or not, once. Null ends it; actions that exist stay. */
  offerToAll(offer: Offer | null): void;
  cancel(action: FakeAction): void;
  askAttributes(device: string): void;
  /** Leaves out the links of actions while set. */
  withhold(isWithheld: boolean): void;
  /** Disturbs requests; returns what ends it. */
  disturb(disturbance: Disturbance): () => void;
  /** Closes the port and all connections. */
  goDown(): Promise<void>;
  /** Listens again on the same port. */
  comeBack(): Promise<void>;
  /** Resolves once the condition holds; checked after every request. Rejects after `timeoutMs` (10 s). */
  until(condition: () => boolean, timeoutMs?: number): Promise<void>;
  close(): Promise<void>;
}

/** A server on a free port of this machine. */
export async function startDdiServer(options: DdiServerOptions = {}): Promise<DdiServer> {
  const tenant = options.tenant ?? 'thermostat';
  const sleep = options.sleep === undefined ? '00:00:01' : options.sleep;
  const devices = new Map<string, FakeDevice>();
  const actions = new Map<string, FakeAction>();
  const violations: string[] = [];
  const requests: SeenRequest[] = [];
  const disturbances = new Set<{ left: number; readonly rule: Disturbance }>();
  const waiters = new Set<() => void>();
  const desk = createArtifactDesk();
  let common: Offer | null = null;
  let isWithheld = false;
  let nextId = 1001;
  let port = 0;

  const offer = (device: string, given: Offer): FakeAction => {
    // Ids whose digits after the first are all 0 trip an old client.
    if (/^\d0+$/.test(String(nextId))) nextId += 1;
    const action: FakeAction = {
      ...given,
      id: String(nextId),
      device,
      state: 'open',
      feedback: [],
      fetched: 0,
    };
    nextId += 1;
    actions.set(action.id, action);
    register(device).actions.push(action);
    return action;
  };

  const register = (id: string): FakeDevice => {
    const known = devices.get(id);
    if (known !== undefined) return known;
    const device: FakeDevice = {
      id,
      polls: 0,
      attributes: {},
      wantsAttributes: true,
      actions: [],
      busy: 0,
    };
    devices.set(id, device);
    if (common !== null) offer(id, common);
    return device;
  };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const method = request.method ?? '';
    const host = request.headers.host ?? '';
    const url = new URL(request.url ?? '/', `http://${host}`);
    const segments = url.pathname.split('/').slice(1).map(decodeURIComponent);
    const [inTenant = '', controller, version, deviceId = '', ...rest] = segments;
    const path = `/${segments.slice(1).join('/')}`;
    const complain = (text: string): void => {
      violations.push(`${method} ${url.pathname}: ${text}`);
    };
    const sendJson = (status: number, document?: unknown): void => {
      const body = document === undefined ? '' : JSON.stringify(document);
      const type = document === undefined ? {} : { 'content-type': 'application/json' };
      response.writeHead(status, { ...type, 'content-length': Buffer.byteLength(body) });
      response.end(body);
    };
    response.on('close', () => {
      const device = deviceId === '' ? null : deviceId;
      const status = response.headersSent ? response.statusCode : 0;
      requests.push({ method, path, device, headers: request.headers, status });
      for (const check of waiters) check();
    });

    const body = await readBody(request);
    const disturbance = [...disturbances].find(
      ({ left, rule }) => left > 0 && (rule.when?.({ method, path }) ?? true),
    );
    if (disturbance !== undefined) {
      disturbance.left -= 1;
      const { answer } = disturbance.rule;
      if (answer === 'drop') response.destroy();
      else if (answer === 'garbage') sendJson(200, ['<not what you asked for>']);
      else if (answer !== 'nothing') sendJson(answer);
      return;
    }
    const isKnownPath =
      inTenant.toLowerCase() === tenant.toLowerCase() &&
      controller === 'controller' &&
      version === 'v1' &&
      /^\S{1,256}$/.test(deviceId);
    if (!isKnownPath) {
      complain('no such path');
      sendJson(404);
      return;
    }
    if (!isAuthorized(options.auth, deviceId, request.headers.authorization)) {
      sendJson(401);
      return;
    }
    if (!acceptsJson(request.headers.accept)) complain('JSON is not accepted');
    const device = register(deviceId);
    const resource = rest.join('/');
    const base = `http://${host}/${tenant.toUpperCase()}/controller/v1/${encodeURIComponent(deviceId)}`;
    if (rest[0] === 'softwaremodules') {
      const action = actions.get(rest[1] ?? '');
      const isOffered = action?.state === 'open' || action?.state === 'cancelling';
      const isOwn = action?.device === device.id && rest[3] === action.artifact.filename;
      if (action !== undefined && isOffered && isOwn) {
        desk.serve(request, response, action.artifact, complain);
      } else {
        sendJson(404);
      }
      return;
    }
    device.busy += 1;
    if (device.busy > 1) complain('another request of the device is under way');
    // Before the answer goes out: the next request may be here before this one's end is noticed.
    const send = (status: number, document?: unknown): void => {
      device.busy -= 1;
      sendJson(status, document);
    };
    if (method === 'GET') {
      answerGet(device, resource, base, send, complain);
      return;
    }
    if (!/^application\/json(;|$)/.test(request.headers['content-type'] ?? '')) {
      complain(`content type ${request.headers['content-type'] ?? 'missing'}`);
    }
    const defects: string[] = [];
    const status = takeBody(device, method, resource, parse(body), defects);
    for (const defect of defects) complain(defect);
    send(defects.length > 0 ? 400 : status);
  };

  const answerGet = (
    device: FakeDevice,
    resource: string,
    base: string,
    send: (status: number, document?: unknown) => void,
    complain: (text: string) => void,
  ): void => {
    if (resource === '') {
      device.polls += 1;
      send(200, buildPoll(device, base, sleep, isWithheld));
      return;
    }
    const [kind, id = ''] = resource.split('/');
    const action = actions.get(id);
    const isOwn = action !== undefined && action.device === device.id;
    if (kind === 'deploymentBase' && isOwn && action.state !== 'cancelled') {
      action.fetched += 1;
      send(action.state === 'cancelling' ? 404 : 200, buildDeployment(action, base));
    } else if (kind === 'cancelAction' && isOwn && action.state.startsWith('cancel')) {
      send(200, { id, cancelAction: { stopId: id } });
    } else {
      complain('nothing to get there');
      send(404);
    }
  };

  const takeBody = (
    device: FakeDevice,
    method: string,
    resource: string,
    body: unknown,
    defects: string[],
  ): number => {
    if (method === 'PUT' && resource === 'configData') {
      device.attributes = { ...device.attributes, ...readAttributes(body, defects) };
      device.wantsAttributes = false;
      return 200;
    }
    const [kind, id = '', last] = resource.split('/');
    const action = actions.get(id);
    const isOwn = action !== undefined && action.device === device.id;
    const isFeedback = kind === 'deploymentBase' || kind === 'cancelAction';
    if (method !== 'POST' || !isFeedback || last !== 'feedback' || !isOwn) {
      defects.push('nothing to send there');
      return 404;
    }
    const seen = readFeedback(body, id, defects);
    const isActive = action.state === 'open' || action.state === 'cancelling';
    if (kind === 'cancelAction') {
      if (action.state !== 'cancelling') return 405;
      action.feedback.push({ ...seen, on: 'cancel' });
      if (seen.execution === 'rejected' || seen.finished === 'failure') action.state = 'open';
      else if (seen.execution === 'closed') action.state = 'cancelled';
      return 200;
    }
    if (!isActive) return 410;
    action.feedback.push({ ...seen, on: 'deployment' });
    if (seen.execution === 'closed') {
      action.state = seen.finished === 'failure' ? 'failed' : 'succeeded';
      device.wantsAttributes = action.state === 'succeeded';
    }
    return 200;
  };

  const server = createServer((request, response) => {
    handle(request, response).catch((thrown: unknown) => {
      violations.push(String(thrown));
      response.destroy();
    });
  });
  const connections = new Set<Socket>();
  let connectionsMax = 0;
  server.on('connection', (socket) => {
    connections.add(socket);
    connectionsMax = Math.max(connectionsMax, connections.size);
    socket.on('close', () => connections.delete(socket));
  });
  const listen = async (): Promise<void> => {
    await new Promise<void>((resolve) => {
      server.listen(port, '127.0.0.1', resolve);
    });
    port = (server.address() as AddressInfo).port;
  };
  const shut = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) => {
      server.close(() => {
        resolve();
      });
    });
    server.closeAllConnections();
    await closed;
  };
  await listen();

  return {
    url: `http://127.0.0.1:${port}`,
    tenant,
    devices,
    violations,
    requests,
    get connections() {
      return connections.size;
    },
    get connectionsMax() {
      return connectionsMax;
    },
    offer,
    offerToAll: (given) => {
      common = given;
      if (given === null) return;
      for (const id of devices.keys()) offer(id, given);
    },
    cancel: (action) => {
      action.state = 'cancelling';
    },
    askAttributes: (id) => {
      register(id).wantsAttributes = true;
    },
    withhold: (withheld) => {
      isWithheld = withheld;
    },
    disturb: (rule) => {
      const entry = { left: rule.times ?? Infinity, rule };
      disturbances.add(entry);
      return () => disturbances.delete(entry);
    },
    ...desk,
    goDown: shut,
    comeBack: listen,
    until: async (condition, timeoutMs = 10_000) => {
      await new Promise<void>((resolve, reject) => {
        const check = (): void => {
          if (!condition()) return;
          clearTimeout(timer);
          waiters.delete(check);
          resolve();
        };
        const timer = setTimeout(() => {
          waiters.delete(check);
          reject(new Error(`Still not so after ${timeoutMs} ms: ${condition.toString()}`));
        }, timeoutMs);
        waiters.add(check);
        check();
      });
    },
    close: async () => {
      if (server.listening) await shut();
    },
  };
}

function isAuthorized(
  auth: DdiServerOptions['auth'],
  device: string,
  header: string | undefined,
): boolean {
  if (auth === undefined) return true;
  if ('gatewayToken' in auth) return header === `GatewayToken ${auth.gatewayToken}`;
  const token = auth.targetTokens[device];
  return token !== undefined && header === `TargetToken ${token}`;
}

function acceptsJson(accept: string | undefined): boolean {
  return accept === undefined || /application\/(hal\+)?json|\*\/\*/.test(accept);
}

async function readBody(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const piece of request as AsyncIterable<Buffer>) text += piece.toString('utf8');
  return text;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

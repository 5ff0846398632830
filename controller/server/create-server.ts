// The server: one port for people and devices, or one for each. Mounts the API, the devices' routes and the small pages;
// decides nothing itself.

import Fastify, { type FastifyInstance } from 'fastify';

import { failure, messageOf, type Failure } from '../base/failure.ts';
import { fail, ok, type Result } from '../base/result.ts';
import { createApi } from './api.ts';
import { sendError, sendThrown } from './errors.ts';
import { createGuard } from './guard.ts';
import { createMetrics } from './metrics.ts';
import { addChecks, addFrontPage, addMetrics } from './pages.ts';
import type { ApiContext, ListenAddress, ServerOptions, ServerPorts } from './ports.ts';
import { readProgramVersion } from './program-version.ts';
import { addWebhooks } from './webhooks.ts';

/** A device id may have 256 characters, and each of them nine in a URL. */
const PARAM_LENGTH_MAX = 4_096;

/** A request is to arrive within this, so that half-open ones do not pile up. */
const REQUEST_TIMEOUT_MS = 120_000;

const CLOSE_GRACE_MS = 10_000;

export interface InjectRequest {
  readonly method: string;
  readonly url: string;
  /** Sent as JSON where it is given. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Server {
  /**
   * Starts to listen. `address` is the API's, `deviceAddress` that of the devices (the same where they share it), both
   * as `http://HOST:PORT` with the port that was taken. Fails (stall) where a port cannot be had; nothing listens then.
   */
  listen(): Promise<Result<{ readonly address: string; readonly deviceAddress: string }, Failure>>;
  /** Answers a request without a socket, as one from this machine. */
  inject(request: InjectRequest): Promise<{ readonly status: number; readonly body: string }>;
  /** Stops accepting, lets requests under way finish for the grace period, then cuts them off. Repeatable. */
  close(): Promise<void>;
}

/** Creates the server; it does not listen yet. */
export async function createServer(ports: ServerPorts, options: ServerOptions): Promise<Server> {
  const context: ApiContext = { ...ports, version: readProgramVersion() };
  const deviceListen = options.deviceListen ?? null;
  const main = createApp(context);
  const guard = createGuard(context, options);
  addChecks(main, ports.controller);
  addFrontPage(main, context.version);
  addMetrics(main, createMetrics(ports, context.version), guard);
  await addWebhooks(main, ports.forge?.webhooks ?? null);
  await main.register(createApi(context, guard, options.live ?? {}), { prefix: '/api/v1' });

  const devices = deviceListen === null ? main : createApp(context);
  if (devices !== main) addChecks(devices, ports.controller);
  await devices.register(ports.deviceRoutes);
  await Promise.all([main.ready(), devices.ready()]);

  const apps = [...new Set([main, devices])];
  const close = async (): Promise<void> => {
    const graceMs = options.closeGraceMs ?? CLOSE_GRACE_MS;
    const timer = setTimeout(() => {
      for (const app of apps) app.server.closeAllConnections();
    }, graceMs);
    await Promise.all(apps.map((app) => app.close()));
    clearTimeout(timer);
  };

  return {
    async listen() {
      const address = await listenAt(main, options.listen);
      if (!address.ok) return address;
      if (deviceListen === null) {
        return ok({ address: address.value, deviceAddress: address.value });
      }
      const deviceAddress = await listenAt(devices, deviceListen);
      if (!deviceAddress.ok) {
        await close();
        return deviceAddress;
      }
      return ok({ address: address.value, deviceAddress: deviceAddress.value });
    },
    async inject({ method, url, body, headers }) {
      const answer = await main.inject({
        method: method as 'GET',
        url,
        headers: { ...headers },
        ...(body === undefined ? {} : { payload: body as object }),
      });
      return { status: answer.statusCode, body: answer.body };
    },
    close,
  };
}

/** No request is logged: a fleet polls day and night. */
function createApp({ log }: ApiContext): FastifyInstance {
  const app = Fastify({
    logger: false,
    forceCloseConnections: 'idle',
    requestTimeout: REQUEST_TIMEOUT_MS,
    routerOptions: { maxParamLength: PARAM_LENGTH_MAX },
    frameworkErrors: (error, request, reply) => {
      void sendThrown(log, error, request, reply);
    },
  });
  app.setErrorHandler((error: Parameters<typeof sendThrown>[1], request, reply) =>
    sendThrown(log, error, request, reply),
  );
  app.setNotFoundHandler((_request, reply) =>
    sendError(reply, 404, 'NotFound', 'There is nothing here.', 'See / for what there is.'),
  );
  return app;
}

async function listenAt(
  app: FastifyInstance,
  { host, port }: ListenAddress,
): Promise<Result<string, Failure>> {
  try {
    return ok(await app.listen({ host, port }));
  } catch (thrown) {
    return fail(describeListenFailure(thrown, host, port));
  }
}

function describeListenFailure(thrown: unknown, host: string, port: number): Failure {
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
  const at = `${host}:${port}`;
  const message =
    code === 'EADDRINUSE'
      ? `${at} is in use by another program: stop it, or choose another port with --listen.`
      : code === 'EACCES'
        ? `${at} needs more rights than this program has: choose a port above 1023 with --listen.`
        : code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND'
          ? `${host} is no address of this machine: choose another with --listen.`
          : `${at} cannot be listened on: ${messageOf(thrown)}`;
  return failure('ListenFailed', message, 'stall');
}

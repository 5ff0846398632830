// The fake Particle cloud: one server on a free port of this machine, a simulated fleet behind it, and the handle by which
// the demo and tests hold both. See README.md for what it covers.

import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

import { createRandomStream } from '../seeded-random.ts';
import { accountRoutes } from './account-routes.ts';
import { createApi } from './api.ts';
import { createConsole } from './console.ts';
import type { ParticleConsole } from './console.ts';
import { deliverAfterHandshake } from './deliveries.ts';
import { deviceRoutes } from './device-routes.ts';
import { eventRoutes } from './event-routes.ts';
import { createEventStreams } from './event-streams.ts';
import type { EventStreams } from './event-streams.ts';
import { firmwareRoutes } from './firmware-routes.ts';
import { createFleet } from './fleet.ts';
import type { Fleet } from './fleet.ts';
import { groupRoutes } from './group-routes.ts';
import { createProduct } from './products.ts';
import type { ProductSeed } from './products.ts';
import type { Quirks } from './quirks.ts';
import { DEFAULT_QUIRKS } from './quirks.ts';
import { createRateLimits, PARTICLE_BUDGETS } from './rate-limits.ts';
import type { Budgets, RateLimits } from './rate-limits.ts';
import type { CloudTime } from './time.ts';
import { createVirtualTime } from './time.ts';
import type { Timings } from './timings.ts';
import { PARTICLE_TIMINGS } from './timings.ts';
import { createTokenDesk, DRIVER_SCOPES } from './tokens.ts';
import type { ApiUser, TokenDesk } from './tokens.ts';
import { createTrouble } from './trouble.ts';
import type { Trouble } from './trouble.ts';
import type { CloudEvent, Product, World } from './world.ts';

export interface ParticleCloudOptions extends ProductSeed {
  /** Default: virtual time, which only `advance` moves. */
  readonly time?: CloudTime;
  /** Default: 1. The same seed and the same calls give the same story. */
  readonly seed?: number;
  readonly budgets?: Partial<Budgets>;
  readonly timings?: Partial<Timings>;
  readonly quirks?: Partial<Quirks>;
  /** Of the token of the API user. Default: all that Lockstep's driver may use. */
  readonly scopes?: readonly string[];
}

export interface SeenCall {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** With the question mark; empty without one. */
  readonly query: string;
  /** Of a JSON body its text; of any other its size in words. */
  readonly body: string;
  /** By the fake's time. */
  readonly at: number;
  /** Of the answer; 0 while there is none. */
  status: number;
}

export interface ProductHandle {
  readonly product: Product;
  readonly fleet: Fleet;
  readonly console: ParticleConsole;
  /** An API user of the product. */
  readonly apiUser: ApiUser;
}

export interface ParticleCloud extends ProductHandle {
  /** Where the API is: `http://127.0.0.1:port`. */
  readonly url: string;
  /** The API user's token as it is now. */
  readonly token: string;
  readonly tokens: TokenDesk;
  readonly trouble: Trouble;
  readonly limits: RateLimits;
  readonly streams: EventStreams;
  /** Every event there was, whoever heard it. */
  readonly events: readonly CloudEvent[];
  /** Every request, oldest first. */
  readonly calls: SeenCall[];
  readonly world: World;
  now(): number;
  /** Lets virtual time pass: all that falls due happens, in order. */
  advance(ms: number): void;
  addProduct(seed: ProductSeed): ProductHandle;
  /** Closes the port and all connections. */
  goDown(): Promise<void>;
  /** Listens again on the same port. */
  comeBack(): Promise<void>;
  close(): Promise<void>;
}

export async function startParticleCloud(
  options: ParticleCloudOptions = {},
): Promise<ParticleCloud> {
  const { scopes = DRIVER_SCOPES } = options;
  const time = options.time ?? createVirtualTime();
  const trouble = createTrouble();
  const random = createRandomStream(options.seed ?? 1, 'particle');
  const timings = { ...PARTICLE_TIMINGS, ...options.timings };
  const quirks = { ...DEFAULT_QUIRKS, ...options.quirks };
  const streams = createEventStreams({ time, random, timings }, trouble);
  const world: World = {
    time,
    random,
    timings,
    quirks,
    products: [],
    publish: (event) => {
      streams.publish(event);
    },
    onHandshake: (device) => {
      deliverAfterHandshake(world, device);
    },
  };
  const desk = createTokenDesk(world);
  const limits = createRateLimits(time, { ...PARTICLE_BUDGETS, ...options.budgets });
  const calls: SeenCall[] = [];
  const answer = createApi({
    world,
    desk,
    limits,
    streams,
    trouble,
    routes: [
      ...firmwareRoutes(world),
      ...groupRoutes(world),
      ...eventRoutes(world, streams, limits, trouble),
      ...deviceRoutes(world, trouble),
      ...accountRoutes(world, desk, limits),
    ],
  });

  const server = createServer((request, response) => {
    const receive = async (): Promise<void> => {
      const url = new URL(request.url ?? '/', 'http://particle');
      const method = request.method ?? '';
      const bytes = await readBytes(request);
      const call: SeenCall = {
        method,
        path: url.pathname,
        query: url.search,
        body: describeBody(request, bytes),
        at: time.now(),
        status: 0,
      };
      calls.push(call);
      const note = (status: number): void => {
        call.status = status;
      };
      await answer({ method, url, headers: request.headers, bytes, note }, response);
    };
    receive().catch(() => {
      response.destroy();
    });
  });
  let port = 0;
  const listen = async (): Promise<void> => {
    await new Promise<void>((resolve) => {
      server.listen(port, '127.0.0.1', resolve);
    });
    port = (server.address() as AddressInfo).port;
  };
  const shut = async (): Promise<void> => {
    if (!server.listening) return;
    const closed = new Promise<void>((resolve) => {
      server.close(() => {
        resolve();
      });
    });
    server.closeAllConnections();
    await closed;
  };

  const addProduct = (seed: ProductSeed): ProductHandle => {
    const product = createProduct(world, seed);
    const apiUser = desk.createApiUser(product, 'lockstep', scopes);
    return {
      product,
      apiUser,
      fleet: createFleet(world, product),
      console: createConsole(world, product, (username) => desk.person(username)),
    };
  };
  const main = addProduct(options);
  await listen();

  return {
    ...main,
    url: `http://127.0.0.1:${port}`,
    get token() {
      return main.apiUser.token;
    },
    tokens: desk,
    trouble,
    limits,
    streams,
    events: streams.log,
    calls,
    world,
    now: () => time.now(),
    advance: (ms) => {
      if (!('advance' in time)) throw new Error('This time cannot be advanced.');
      (time as { advance(ms: number): void }).advance(ms);
    },
    addProduct,
    goDown: shut,
    comeBack: listen,
    close: shut,
  };
}

async function readBytes(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of request as AsyncIterable<Buffer>) pieces.push(piece);
  return Buffer.concat(pieces);
}

function describeBody({ headers }: IncomingMessage, bytes: Buffer): string {
  if (bytes.length === 0) return '';
  const isJson = headers['content-type']?.startsWith('application/json') ?? false;
  return isJson ? bytes.toString('utf8') : `${bytes.length} bytes`;
}

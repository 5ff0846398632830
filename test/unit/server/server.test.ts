// The server as a whole: ports, checks, and how it ends. Its metrics have a file of their own.

import { request } from 'node:http';
import { connect, type Socket } from 'node:net';

import { afterEach, describe, expect, it } from 'vitest';

import { ok } from '../../../controller/base/result.ts';
import { createServer } from '../../../controller/server/create-server.ts';
import type { ServerOptions } from '../../../controller/server/ports.ts';
import { apiPicture, askHttp, startApi, type ApiUnderTest } from '../../support/api.ts';

const started: ApiUnderTest[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((api) => api.close()));
});

async function start(options: Partial<ServerOptions> = {}): Promise<ApiUnderTest> {
  const api = await startApi(options);
  started.push(api);
  return api;
}

describe('the ports', () => {
  it('are one for people and devices', async () => {
    const api = await start();
    expect(api.deviceAddress).toBe(api.address);
    expect((await api.ask('/thermostat/controller/v1/d')).text).toBe('{"polled":1}');
    expect((await api.ask('/api/v1/status')).status).toBe(200);
  });

  it('are kept apart where devices have one of their own', async () => {
    const api = await start({ deviceListen: { host: '127.0.0.1', port: 0 } });
    expect(api.deviceAddress).not.toBe(api.address);
    const atDevices = (path: string): ReturnType<typeof askHttp> =>
      askHttp(`${api.deviceAddress}${path}`);
    expect((await atDevices('/thermostat/controller/v1/d')).status).toBe(200);
    expect((await atDevices('/api/v1/status')).status).toBe(404);
    expect((await atDevices('/metrics')).status).toBe(404);
    expect((await atDevices('/')).status).toBe(404);
    expect((await atDevices('/healthz')).status).toBe(200);
    expect((await api.ask('/thermostat/controller/v1/d')).status).toBe(404);
    expect((await api.ask('/api/v1/status')).status).toBe(200);
  });

  it('that cannot be had are a failure that says why, and nothing is left listening', async () => {
    const api = await start();
    const taken = { host: '127.0.0.1', port: Number(new URL(api.address).port) };
    const build = (options: ServerOptions): ReturnType<typeof createServer> =>
      createServer(
        {
          controller: api.controller,
          store: api.store,
          deviceRoutes: async () => undefined,
          gateway: {
            policyOf: () => null,
            momentOf: () => null,
            isListening: () => true,
            trafficOf: () => null,
          },
          forge: null,
          pages: null,
          proposals: null,
          notices: null,
          passTimes: null,
          clock: { now: () => 0, monotonicMs: () => 0 },
          log: { info: () => undefined, warn: () => undefined },
        },
        options,
      );
    const second = await build({ listen: taken });
    expect(await second.listen()).toMatchObject({
      ok: false,
      error: {
        code: 'ListenFailed',
        disposition: 'stall',
        message: expect.stringContaining('in use'),
      },
    });
    await second.close();
    const free = { host: '127.0.0.1', port: 0 };
    const third = await build({ listen: free, deviceListen: taken });
    expect(await third.listen()).toMatchObject({ ok: false, error: { code: 'ListenFailed' } });
    const fourth = await build({ listen: { host: '192.0.2.1', port: 0 } });
    expect(await fourth.listen()).toMatchObject({
      ok: false,
      error: { message: expect.stringContaining('no address of this machine') },
    });
    await fourth.close();
  });

  it('log nothing about requests', async () => {
    const api = await start();
    for (const path of ['/thermostat/controller/v1/d', '/api/v1/status', '/nothing'])
      await api.ask(path);
    expect(api.log).toEqual([]);
  });
});

describe('a request without a socket', () => {
  it('is answered as one from this machine', async () => {
    const api = await start();
    const inject: typeof api.server.inject = (request) => api.server.inject(request);
    expect((await inject({ method: 'GET', url: '/api/v1/status' })).status).toBe(200);
    const stopped = await inject({ method: 'POST', url: '/api/v1/stop', body: { product: 'x' } });
    expect(JSON.parse(stopped.body)).toEqual({ products: ['x'] });
    const deleted = await inject({
      method: 'DELETE',
      url: '/api/v1/products/thermostat/devices/d',
    });
    expect(deleted.status).toBe(404);
  });
});

describe('the checks', () => {
  it('tell that the server listens, and whether a revision is in force', async () => {
    const api = await start();
    api.controller.picture = { ...apiPicture(), ready: false };
    expect((await api.ask('/healthz')).status).toBe(200);
    const waiting = await api.ask('/readyz');
    expect([waiting.status, waiting.text]).toEqual([
      503,
      'not ready: no revision is in force yet (SourceUnavailable)\n',
    ]);
    api.controller.picture = { ...apiPicture(), ready: true };
    expect((await api.ask('/readyz')).status).toBe(200);
  });

  it('have a page beside them that says what is here', async () => {
    const api = await start();
    const page = await api.ask('/');
    expect(page.headers['content-type']).toBe('text/plain; charset=utf-8');
    expect(page.text).toContain('/api/v1/openapi.json');
  });
});

describe('the end of a server', () => {
  it('closes sockets that only wait, at once', async () => {
    const api = await start({ closeGraceMs: 60_000 });
    const { port } = new URL(api.address);
    const idle = await new Promise<Socket>((resolve, reject) => {
      const socket = connect(Number(port), '127.0.0.1', () =>
        socket.write('GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n'),
      );
      socket.on('error', reject);
      socket.once('data', () => resolve(socket));
    });
    const closed = new Promise((resolve) => idle.on('close', resolve));
    await api.server.close();
    await closed;
    await expect(api.ask('/healthz')).rejects.toThrow(/ECONNREFUSED/);
  });

  it('lets a request under way finish', async () => {
    const api = await start({ closeGraceMs: 60_000 });
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const entered = new Promise<void>((resolve) => {
      api.controller.stop = async (product) => {
        resolve();
        await held;
        return ok([product ?? 'all']);
      };
    });
    const asked = api.ask('/api/v1/stop', { method: 'POST' });
    await entered;
    const closing = api.server.close();
    release();
    expect((await asked).status).toBe(200);
    await closing;
  });

  it('cuts off what does not finish in the grace period', async () => {
    const api = await start({ closeGraceMs: 50 });
    const entered = new Promise<void>((resolve) => {
      api.controller.stop = () => {
        resolve();
        return new Promise(() => undefined);
      };
    });
    const broken = new Promise<Error>((resolve) => {
      const sent = request(`${api.address}/api/v1/stop`, { method: 'POST' });
      sent.on('error', resolve);
      sent.end();
    });
    await entered;
    await api.server.close();
    expect((await broken).message).toMatch(/hang up|ECONNRESET/);
  });
});

// Who may use the API: the decision itself, and what every route makes of it.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import {
  decideAccess,
  hashApiToken,
  isLoopbackAddress,
  isLoopbackHost,
  type AccessRequest,
} from '../../../controller/server/access.ts';
import type { ApiToken } from '../../../controller/stores/store.ts';
import { API_NOW, startApi, type ApiUnderTest } from '../../support/api.ts';

const LOCAL: AccessRequest = {
  remoteAddress: '127.0.0.1',
  authorization: undefined,
  host: 'localhost:8080',
  origin: undefined,
  isForwarded: false,
};

const TOKENS: readonly ApiToken[] = [
  { name: 'look', role: 'viewer', hash: hashApiToken('v-secret'), createdAt: 0 },
  { name: 'ship', role: 'deployer', hash: hashApiToken('d-secret'), createdAt: 0 },
];

describe('access without a token', () => {
  it('is a deployer’s from this very machine', () => {
    for (const remoteAddress of ['127.0.0.1', '127.8.0.1', '::1', '::ffff:127.0.0.1']) {
      for (const host of ['localhost', 'LOCALHOST:80', '127.0.0.1:8080', '[::1]:8080']) {
        expect(decideAccess({ ...LOCAL, remoteAddress, host }, 'deployer', [], false)).toEqual({
          allowed: true,
          role: 'deployer',
          name: null,
        });
      }
    }
  });

  it.each([
    ['from another machine', { remoteAddress: '192.0.2.7' }],
    ['from another machine that claims a local host', { remoteAddress: '::ffff:192.0.2.7' }],
    ['by a host name that was pointed here', { host: 'evil.example:8080' }],
    ['by a host name that only begins like this machine', { host: 'localhost.evil.example' }],
    ['by an address that only begins like this machine', { host: '127.0.0.1.evil.example' }],
    ['without a host', { host: undefined }],
    ['from a socket that is gone', { remoteAddress: undefined }],
    ['through a proxy', { isForwarded: true }],
    ['by a page of another origin', { origin: 'https://evil.example' }],
    ['by a page without an origin', { origin: 'null' }],
  ])('is refused %s', (_case, change) => {
    expect(decideAccess({ ...LOCAL, ...change }, 'viewer', TOKENS, false)).toMatchObject({
      allowed: false,
      status: 401,
      remedy: expect.stringContaining('lockstep token create'),
    });
  });

  it('is refused everywhere where tokens are required', () => {
    expect(decideAccess(LOCAL, 'viewer', TOKENS, true)).toMatchObject({ status: 401 });
  });
});

describe('access with a token', () => {
  const shown = (authorization: string): AccessRequest => ({
    ...LOCAL,
    remoteAddress: '192.0.2.7',
    authorization,
  });

  it('is as good as its role, from anywhere', () => {
    expect(decideAccess(shown('Bearer v-secret'), 'viewer', TOKENS, true)).toMatchObject({
      allowed: true,
      name: 'look',
    });
    expect(decideAccess(shown('bearer  d-secret '), 'deployer', TOKENS, true)).toMatchObject({
      allowed: true,
      role: 'deployer',
    });
    expect(decideAccess(shown('Bearer v-secret'), 'deployer', TOKENS, true)).toMatchObject({
      status: 403,
      code: 'Forbidden',
    });
  });

  it('is refused where it is not known, also on this machine', () => {
    for (const authorization of [
      'Bearer x',
      'Bearer',
      '',
      'Basic djpz',
      'Bearer v-secret d-secret',
    ]) {
      const asked = { ...LOCAL, authorization };
      expect(decideAccess(asked, 'viewer', TOKENS, false)).toMatchObject({ status: 401 });
    }
    const hash = TOKENS[1]?.hash ?? '';
    expect(decideAccess(shown(`Bearer ${hash}`), 'viewer', TOKENS, false)).toMatchObject({
      status: 401,
    });
  });

  it('knows this machine by its addresses only', () => {
    expect(['127.0.0.1', '::1', '::ffff:127.0.0.1'].every(isLoopbackAddress)).toBe(true);
    expect(['', '10.0.0.1', '::2', '127.0.0.1.x', '::ffff:10.0.0.1'].some(isLoopbackAddress)).toBe(
      false,
    );
    expect(['', '[::2]', '0.0.0.0', 'localhost.'].some(isLoopbackHost)).toBe(false);
  });
});

describe('the routes', () => {
  let api: ApiUnderTest;
  beforeAll(async () => {
    api = await startApi({ auth: { requireTokens: true } });
    for (const token of TOKENS) await api.store.saveToken({ ...token, createdAt: API_NOW });
  });
  afterAll(() => api.close());

  it('let a viewer look and plan, and a deployer do everything', async () => {
    const document = (await api.ask('/api/v1/openapi.json')).json as {
      readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
    };
    const operations = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.keys(item).map((method) => ({ path, method: method.toUpperCase() })),
    );
    expect(operations.length).toBeGreaterThan(20);
    for (const { path, method } of operations) {
      const url = path
        .replace('{product}', 'thermostat')
        .replace('{id}', 'd1')
        .replace('{actionId}', '1');
      const ask = async (token: string | null): Promise<number> => {
        const headers: Record<string, string> =
          token === null ? {} : { authorization: `Bearer ${token}` };
        const body = path.endsWith('/tokens') ? { name: 'x' } : {};
        return (await api.ask(url, { method, headers, body: method === 'POST' ? body : undefined }))
          .status;
      };
      const forViewers =
        (method === 'GET' && path !== '/api/v1/tokens') ||
        path === '/api/v1/plan' ||
        path === '/api/v1/review' ||
        path === '/api/v1/proposals/preview';
      expect([url, method, await ask(null)]).toEqual([url, method, 401]);
      expect([url, method, await ask('x')]).toEqual([url, method, 401]);
      const looking = await ask('v-secret');
      expect([url, method, looking === 403]).toEqual([url, method, !forViewers]);
      expect([401, 403]).not.toContain(await ask('d-secret'));
    }
  });

  it('say how to get in, and answer metrics to those who may look', async () => {
    const refused = await api.ask('/api/v1/status');
    expect(refused.headers['www-authenticate']).toBe('Bearer realm="lockstep"');
    expect(refused.json).toEqual({
      error: {
        code: 'Unauthorized',
        message: expect.any(String),
        remedy: expect.stringContaining('Authorization: Bearer'),
      },
    });
    expect((await api.ask('/metrics')).status).toBe(401);
    const headers = { authorization: 'Bearer v-secret' };
    expect((await api.ask('/metrics', { headers })).status).toBe(200);
    for (const open of ['/', '/healthz', '/readyz', '/api/v1/openapi.json']) {
      expect((await api.ask(open)).status).toBe(200);
    }
  });
});

describe('a server on this machine', () => {
  let api: ApiUnderTest;
  beforeAll(async () => {
    api = await startApi();
  });
  afterAll(() => api.close());

  it('asks for a token where the host, the origin or a proxy says that the request is not from here', async () => {
    const ask = async (headers: Readonly<Record<string, string>>): Promise<number> =>
      (await api.ask('/api/v1/stop', { method: 'POST', headers })).status;
    expect(await ask({})).toBe(200);
    expect(await ask({ origin: api.address })).toBe(200);
    expect(await ask({ host: 'evil.example' })).toBe(401);
    expect(await ask({ origin: 'https://evil.example' })).toBe(401);
    expect(await ask({ 'x-forwarded-for': '192.0.2.7' })).toBe(401);
    expect(await ask({ forwarded: 'for=192.0.2.7' })).toBe(401);
  });

  it('asks for tokens behind a public URL, since a proxy makes strangers look local', async () => {
    const behind = await startApi({ publicUrl: 'https://devices.example.com' });
    const beside = await startApi({ publicUrl: 'http://127.0.0.1:9999' });
    try {
      expect((await behind.ask('/api/v1/status')).status).toBe(401);
      expect((await beside.ask('/api/v1/status')).status).toBe(200);
    } finally {
      await behind.close();
      await beside.close();
    }
  });
});

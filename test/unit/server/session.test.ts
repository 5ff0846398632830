// Signing in, over real sockets: the cookie, what it is good for, who may not use it, and what a proxy may say.

import { afterEach, describe, expect, it } from 'vitest';

import { hashApiToken } from '../../../controller/server/access.ts';
import type { ServerOptions } from '../../../controller/server/ports.ts';
import { TRIES_MAX } from '../../../controller/server/routes/session-routes.ts';
import { API_NOW, startApi, type ApiAnswer, type ApiUnderTest } from '../../support/api.ts';

const started: ApiUnderTest[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((api) => api.close()));
});

const TOKENS = [
  { name: 'look', role: 'viewer', hash: hashApiToken('v-secret'), createdAt: API_NOW },
  { name: 'ship', role: 'deployer', hash: hashApiToken('d-secret'), createdAt: API_NOW },
] as const;

async function start(options: Partial<ServerOptions> = {}): Promise<ApiUnderTest> {
  const api = await startApi({ auth: { requireTokens: true }, ...options });
  started.push(api);
  for (const token of TOKENS) await api.store.saveToken(token);
  return api;
}

const SESSION = '/api/v1/session';

function signIn(
  api: ApiUnderTest,
  token: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<ApiAnswer> {
  return api.ask(SESSION, { method: 'POST', headers, body: { token } });
}

/** The one cookie that an answer sets: its value, and its attributes in lower case. */
function readCookie({ headers }: ApiAnswer): {
  readonly pair: string;
  readonly attributes: readonly string[];
} {
  const [line, ...more] = headers['set-cookie'] ?? [];
  if (line === undefined || more.length > 0) throw new Error('there is one cookie');
  const [pair = '', ...attributes] = line.split(/; */);
  return { pair, attributes: attributes.map((each) => each.toLowerCase()).sort() };
}

const NOBODY = { role: null, name: null, how: null, mayLogOut: false };

describe('signing in', () => {
  it('gives a cookie that no script and no other site gets at', async () => {
    const api = await start();
    const answer = await signIn(api, ' v-secret\n');
    expect([answer.status, answer.json]).toEqual([
      200,
      { role: 'viewer', name: 'look', how: 'cookie', mayLogOut: true },
    ]);
    expect(readCookie(answer).attributes).toEqual([
      'httponly',
      'max-age=1209600',
      'path=/',
      'samesite=strict',
    ]);
    expect(answer.headers['cache-control']).toBe('no-store');
  });

  it.each<[string, Partial<ServerOptions>, Readonly<Record<string, string>>]>([
    ['a public https address', { publicUrl: 'https://fleet.example' }, {}],
    ['a proxy that speaks https', {}, { 'x-forwarded-proto': 'https' }],
  ])('keeps the cookie to TLS behind %s', async (_case, options, headers) => {
    const answer = await signIn(await start(options), 'v-secret', headers);
    expect(readCookie(answer).attributes).toContain('secure');
  });

  it('is refused with a token that is not known, and sets nothing', async () => {
    const api = await start();
    const answer = await signIn(api, 'x');
    expect(answer).toMatchObject({
      status: 401,
      json: { error: { code: 'Unauthorized', remedy: expect.stringContaining('token create') } },
    });
    expect(answer.headers['set-cookie']).toBeUndefined();
    expect(answer.headers['www-authenticate']).toBeUndefined();
  });

  it('is refused from pages of other sites, which would sign a person in as somebody else', async () => {
    const api = await start();
    expect(await signIn(api, 'v-secret', { origin: 'https://evil.example' })).toMatchObject({
      status: 403,
      json: { error: { code: 'Forbidden' } },
    });
    expect((await signIn(api, 'v-secret', { origin: api.address })).status).toBe(200);
  });

  it('is refused after many tries, for a while', async () => {
    const api = await start();
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      expect((await signIn(api, 'x')).status).toBe(401);
    }
    const refused = await signIn(api, 'v-secret');
    expect(refused).toMatchObject({ status: 429, json: { error: { code: 'TooManyTries' } } });
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expect((await api.ask(SESSION)).status).toBe(200);
  });
});

describe('a session', () => {
  it('is as good as its token, at every route', async () => {
    const api = await start();
    const { pair: cookie } = readCookie(await signIn(api, 'v-secret'));
    const ask = (path: string, more: Readonly<Record<string, string>> = {}): Promise<ApiAnswer> =>
      api.ask(path, { headers: { cookie: `theme=dark; ${cookie}`, ...more } });
    expect((await ask('/api/v1/status')).status).toBe(200);
    expect((await ask('/metrics')).status).toBe(200);
    expect((await ask(SESSION)).json).toMatchObject({
      role: 'viewer',
      name: 'look',
      how: 'cookie',
    });
    expect((await ask('/api/v1/tokens')).status).toBe(403);
    expect((await ask('/api/v1/status', { cookie: 'lockstep_session=look.x' })).status).toBe(401);
  });

  it('changes something only from the server’s own pages', async () => {
    const api = await start();
    const { pair: cookie } = readCookie(await signIn(api, 'd-secret'));
    const stop = async (headers: Readonly<Record<string, string>>): Promise<number> =>
      (await api.ask('/api/v1/stop', { method: 'POST', headers: { cookie, ...headers }, body: {} }))
        .status;
    expect(await stop({ origin: api.address })).toBe(200);
    expect(await stop({})).toBe(403);
    expect(await stop({ origin: 'https://evil.example' })).toBe(403);
    expect(await stop({ origin: 'null' })).toBe(403);
    expect(await stop({ origin: api.address, 'content-type': 'text/plain' })).toBe(403);
    expect(api.controller.calls).toEqual([['stop', null]]);
  });

  it('is the token’s in the log', async () => {
    const api = await start();
    const { pair: cookie } = readCookie(await signIn(api, 'd-secret'));
    const headers = { cookie, origin: api.address };
    await api.ask('/api/v1/stop', { method: 'POST', headers, body: {} });
    expect(api.log).toEqual([
      'a browser was signed in with the token ship',
      'stop of every product by the token ship',
    ]);
  });

  it('ends by signing out', async () => {
    const api = await start();
    const { pair: cookie } = readCookie(await signIn(api, 'v-secret'));
    const ended = await api.ask(SESSION, {
      method: 'DELETE',
      headers: { cookie, origin: api.address },
    });
    expect([ended.status, ended.text]).toEqual([204, '']);
    const { pair, attributes } = readCookie(ended);
    expect(pair).toBe('lockstep_session=');
    expect(attributes).toEqual(['httponly', 'max-age=0', 'path=/', 'samesite=strict']);
    const foreign = { cookie, origin: 'https://evil.example' };
    expect((await api.ask(SESSION, { method: 'DELETE', headers: foreign })).status).toBe(403);
  });

  it('says who one is without one', async () => {
    const [closed, open] = [await start(), await start({ auth: { requireTokens: false } })];
    expect(await closed.ask(SESSION)).toMatchObject({ status: 200, json: NOBODY });
    expect((await open.ask(SESSION)).json).toEqual({
      role: 'deployer',
      name: null,
      how: 'loopback',
      mayLogOut: false,
    });
    const authorization = 'Bearer v-secret';
    expect((await closed.ask(SESSION, { headers: { authorization } })).json).toEqual({
      role: 'viewer',
      name: 'look',
      how: 'token',
      mayLogOut: false,
    });
    const rebound = { headers: { host: 'evil.example' } };
    expect((await open.ask(SESSION, rebound)).json).toEqual(NOBODY);
  });
});

describe('a proxy that signs people in', () => {
  const proxy = {
    userHeader: 'x-forwarded-email',
    rolesHeader: null,
    deployers: ['ada@example.com'],
    from: ['127.0.0.1'],
  };

  it('is believed from its address', async () => {
    const api = await start({ auth: { requireTokens: false, proxy } });
    const as = (user: string): Readonly<Record<string, string>> => ({ 'x-forwarded-email': user });
    expect((await api.ask(SESSION, { headers: as('bob@example.com') })).json).toEqual({
      role: 'viewer',
      name: 'bob@example.com',
      how: 'proxy',
      mayLogOut: false,
    });
    const headers = { ...as('ada@example.com'), origin: api.address };
    await api.ask('/api/v1/stop', { method: 'POST', headers, body: {} });
    expect(api.log).toEqual(['stop of every product by ada@example.com (by the proxy)']);
    expect((await api.ask('/api/v1/status')).status).toBe(401);
  });

  it('is not believed from anywhere else', async () => {
    const elsewhere = { ...proxy, from: ['192.0.2.0/24'] };
    const api = await start({ auth: { requireTokens: true, proxy: elsewhere } });
    const headers = { 'x-forwarded-email': 'ada@example.com' };
    expect((await api.ask('/api/v1/status', { headers })).status).toBe(401);
    expect((await api.ask(SESSION, { headers })).json).toEqual(NOBODY);
  });
});

describe('an answer that the caller has', () => {
  it('is left out, and sent again once it changed', async () => {
    const api = await start({ auth: { requireTokens: false } });
    for (const path of [
      '/status',
      '/products/thermostat',
      '/products/thermostat/locks',
      '/events',
    ]) {
      const ask = (tag: string): Promise<ApiAnswer> =>
        api.ask(`/api/v1${path}`, { headers: { 'if-none-match': tag } });
      const first = await ask('"x"');
      const tag = first.headers.etag ?? '';
      expect([first.status, tag]).toEqual([200, expect.stringMatching(/^W\/"[\w-]+"$/)]);
      for (const named of [tag, tag.slice(2), `"x", ${tag}`, '*']) {
        const again = await ask(named);
        expect([path, again.status, again.text]).toEqual([path, 304, '']);
        expect(again.headers.etag).toBe(tag);
      }
    }
    const before = (await api.ask('/api/v1/status')).headers.etag ?? '';
    const { picture } = api.controller;
    api.controller.picture = { ...picture, passes: picture.passes + 1 };
    const changed = await api.ask('/api/v1/status', { headers: { 'if-none-match': before } });
    expect(changed).toMatchObject({ status: 200, json: { passes: picture.passes + 1 } });
  });

  it('is only ever a success', async () => {
    const api = await start({ auth: { requireTokens: false } });
    const headers = { 'if-none-match': '*' };
    expect((await api.ask('/api/v1/products/none', { headers })).status).toBe(404);
    expect((await api.ask('/api/v1/resume', { method: 'POST', headers, body: {} })).status).toBe(
      200,
    );
  });
});

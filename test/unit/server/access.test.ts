// Who may use the API: the decision itself, and what every route makes of it.

import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import {
  decideAccess,
  hashApiToken,
  identifyCaller,
  isLoopbackAddress,
  isLoopbackHost,
  type Access,
  type AccessRequest,
  type AccessRules,
} from '../../../controller/server/access.ts';
import {
  createProxyRules,
  isNetwork,
  type ProxyTrust,
} from '../../../controller/server/proxy-trust.ts';
import {
  createSessionReader,
  openSession,
  sealSession,
} from '../../../controller/server/session-cookie.ts';
import type { ApiToken, Role } from '../../../controller/stores/store.ts';
import { API_NOW, startApi, type ApiUnderTest } from '../../support/api.ts';

const LOCAL: AccessRequest = {
  method: 'GET',
  remoteAddress: '127.0.0.1',
  authorization: undefined,
  host: 'localhost:8080',
  origin: undefined,
  contentType: undefined,
  isForwarded: false,
  session: undefined,
  user: undefined,
  roles: undefined,
};

const TOKENS: readonly ApiToken[] = [
  { name: 'look', role: 'viewer', hash: hashApiToken('v-secret'), createdAt: 0 },
  { name: 'ship', role: 'deployer', hash: hashApiToken('d-secret'), createdAt: 0 },
];

const NOW = API_NOW;

const RULES: AccessRules = {
  tokens: TOKENS,
  openSession,
  requireTokens: false,
  proxy: null,
  publicHost: null,
  now: NOW,
};

function decide(request: AccessRequest, role: Role, requireTokens: boolean): Access {
  return decideAccess(request, role, { ...RULES, requireTokens });
}

/** What a browser holds after signing in with the `index`-th token. */
function sessionOf(index: 0 | 1, expiresAt = NOW + 1): string {
  const token = TOKENS[index];
  if (token === undefined) throw new Error('there are two tokens');
  const shown = index === 0 ? 'v-secret' : 'd-secret';
  return sealSession(token, shown, expiresAt, new Uint8Array(12).fill(7));
}

describe('access without a token', () => {
  it('is a deployer’s from this very machine', () => {
    for (const remoteAddress of ['127.0.0.1', '127.8.0.1', '::1', '::ffff:127.0.0.1']) {
      for (const host of ['localhost', 'LOCALHOST:80', '127.0.0.1:8080', '[::1]:8080']) {
        expect(decide({ ...LOCAL, remoteAddress, host }, 'deployer', false)).toEqual({
          allowed: true,
          role: 'deployer',
          name: null,
          how: 'loopback',
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
    ['by a page of another port of this machine', { origin: 'http://localhost:3000' }],
  ])('is refused %s', (_case, change) => {
    expect(decide({ ...LOCAL, ...change }, 'viewer', false)).toMatchObject({
      allowed: false,
      status: 401,
      remedy: expect.stringContaining('lockstep token create'),
    });
  });

  it('is refused everywhere where tokens are required', () => {
    expect(decide(LOCAL, 'viewer', true)).toMatchObject({ status: 401 });
  });
});

describe('access with a token', () => {
  const shown = (authorization: string): AccessRequest => ({
    ...LOCAL,
    remoteAddress: '192.0.2.7',
    authorization,
  });

  it('is as good as its role, from anywhere', () => {
    expect(decide(shown('Bearer v-secret'), 'viewer', true)).toMatchObject({
      allowed: true,
      name: 'look',
    });
    expect(decide(shown('bearer  d-secret '), 'deployer', true)).toMatchObject({
      allowed: true,
      role: 'deployer',
    });
    expect(decide(shown('Bearer v-secret'), 'deployer', true)).toMatchObject({
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
      expect(decide(asked, 'viewer', false)).toMatchObject({ status: 401 });
    }
    const hash = TOKENS[1]?.hash ?? '';
    expect(decide(shown(`Bearer ${hash}`), 'viewer', false)).toMatchObject({
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

describe('a session', () => {
  const FAR: AccessRequest = { ...LOCAL, remoteAddress: '192.0.2.7', host: 'fleet.example' };
  const shown = (change: Partial<AccessRequest>): AccessRequest => ({ ...FAR, ...change });

  it('is as good as its token, until it expires', () => {
    expect(decide(shown({ session: sessionOf(0) }), 'viewer', true)).toEqual({
      allowed: true,
      role: 'viewer',
      name: 'look',
      how: 'cookie',
    });
    expect(decide(shown({ session: sessionOf(1) }), 'deployer', true)).toMatchObject({
      allowed: true,
      name: 'ship',
    });
    expect(decide(shown({ session: sessionOf(0) }), 'deployer', true)).toMatchObject({
      status: 403,
    });
    expect(decide(shown({ session: sessionOf(1, NOW) }), 'viewer', true)).toMatchObject({
      status: 401,
    });
  });

  it('ends when its token is another, or gone', () => {
    const session = sessionOf(1);
    const [look, ship] = TOKENS;
    if (look === undefined || ship === undefined) throw new Error('two tokens');
    expect(openSession(session, TOKENS, NOW)?.name).toBe('ship');
    expect(openSession(session, [look], NOW)).toBeNull();
    const changed = { ...ship, hash: hashApiToken('another') };
    expect(openSession(session, [look, changed], NOW)).toBeNull();
  });

  it('ends as soon where it is remembered', () => {
    const [look, ship] = TOKENS;
    if (look === undefined || ship === undefined) throw new Error('two tokens');
    const session = sessionOf(1, NOW + 5);
    const open = createSessionReader();
    expect([open(session, TOKENS, NOW), open(session, TOKENS, NOW + 4)]).toEqual([ship, ship]);
    expect(open(session, TOKENS, NOW + 5)).toBeNull();
    expect(open(session, TOKENS, NOW)).toEqual(ship);
    expect(open(session, [look], NOW)).toBeNull();
    expect(open(session, [look, { ...ship, hash: hashApiToken('another') }], NOW)).toBeNull();
    const lowered = { ...ship, role: 'viewer' } as const;
    expect(open(session, [lowered], NOW)).toEqual(lowered);
  });

  it('can’t be moved to another token, prolonged or made up', () => {
    const session = sessionOf(0);
    const sealed = session.slice(session.lastIndexOf('.') + 1);
    expect(openSession(`ship.${sealed}`, TOKENS, NOW)).toBeNull();
    for (let index = 0; index < sealed.length; index += 1) {
      const other = sealed[index] === 'A' ? 'B' : 'A';
      const text = sealed.slice(0, index) + other + sealed.slice(index + 1);
      // The last letter may hold bits that stand for nothing.
      if (Buffer.from(text, 'base64url').equals(Buffer.from(sealed, 'base64url'))) continue;
      expect(openSession(`look.${text}`, TOKENS, NOW)).toBeNull();
    }
    for (const made of ['', '.', 'look', 'look.', 'look.AAAA', `${'x'.repeat(2_000)}.A`]) {
      expect(openSession(made, TOKENS, NOW)).toBeNull();
    }
  });

  it('can’t be made by who has read the state, where only hashes are', () => {
    const [look] = TOKENS;
    if (look === undefined) throw new Error('a token');
    const forged = sealSession(look, look.hash, NOW + 1_000, new Uint8Array(12));
    expect(openSession(forged, TOKENS, NOW)).toBeNull();
  });

  it('holds nothing of its token that could be read', () => {
    expect(
      Buffer.from(sessionOf(1).split('.')[1] ?? '', 'base64url').toString('latin1'),
    ).not.toContain('d-secret');
  });

  it('counts for less than a bearer token, and more than being on this machine', () => {
    const both = { ...LOCAL, session: sessionOf(0) };
    expect(identifyCaller({ ...both, authorization: 'Bearer d-secret' }, RULES)).toMatchObject({
      name: 'ship',
    });
    expect(identifyCaller({ ...both, authorization: 'Bearer x' }, RULES)).toMatchObject({
      allowed: false,
    });
    expect(identifyCaller(both, RULES)).toMatchObject({ role: 'viewer', how: 'cookie' });
    expect(identifyCaller({ ...both, session: 'look.stale' }, RULES)).toMatchObject({
      role: 'deployer',
      how: 'loopback',
    });
  });

  it.each([
    ['from no page', { origin: undefined }],
    ['from a page of another site', { origin: 'https://evil.example' }],
    ['from a page of another port', { origin: 'https://fleet.example:8443' }],
    ['from a page without an origin', { origin: 'null' }],
    ['as a form', { contentType: 'application/x-www-form-urlencoded' }],
    ['as text', { contentType: 'text/plain' }],
    ['as nothing in particular', { contentType: undefined }],
  ])('changes nothing %s', (_case, change) => {
    const post = shown({
      session: sessionOf(1),
      method: 'POST',
      origin: 'https://fleet.example',
      contentType: 'application/json; charset=utf-8',
    });
    expect(decide(post, 'deployer', true)).toMatchObject({ allowed: true });
    expect(decide({ ...post, ...change }, 'deployer', true)).toMatchObject({
      allowed: false,
      status: 403,
    });
    expect(decide({ ...post, ...change, method: 'GET' }, 'deployer', true)).toMatchObject({
      allowed: true,
    });
  });

  it('may come from a page at the public address, where a proxy names another host', () => {
    const post = shown({
      session: sessionOf(1),
      method: 'DELETE',
      host: '127.0.0.1:8080',
      origin: 'https://fleet.example',
    });
    expect(decideAccess(post, 'deployer', RULES)).toMatchObject({ status: 403 });
    expect(decideAccess(post, 'deployer', { ...RULES, publicHost: 'fleet.example' })).toMatchObject(
      {
        allowed: true,
      },
    );
  });
});

describe('a reverse proxy', () => {
  const TRUST: ProxyTrust = {
    userHeader: 'x-forwarded-user',
    rolesHeader: null,
    deployers: ['ada@example.com'],
    from: ['10.1.0.0/16', '127.0.0.1', '2001:db8::/32'],
  };
  const rules = (change: Partial<ProxyTrust> = {}): AccessRules => ({
    ...RULES,
    requireTokens: true,
    proxy: createProxyRules({ ...TRUST, ...change }),
  });
  const vouched: AccessRequest = {
    ...LOCAL,
    remoteAddress: '10.1.2.3',
    host: 'fleet.example',
    isForwarded: true,
    user: 'bob@example.com',
  };

  it('is believed who somebody is; deployers are those that settings name', () => {
    expect(decideAccess(vouched, 'viewer', rules())).toEqual({
      allowed: true,
      role: 'viewer',
      name: 'bob@example.com',
      how: 'proxy',
    });
    expect(decideAccess(vouched, 'deployer', rules())).toMatchObject({ status: 403 });
    const ada = { ...vouched, user: 'ada@example.com' };
    expect(decideAccess(ada, 'deployer', rules())).toMatchObject({ role: 'deployer' });
    expect(decideAccess({ ...ada, roles: 'viewer' }, 'deployer', rules())).toMatchObject({
      role: 'deployer',
    });
  });

  it('names the roles itself where they have a header', () => {
    const own = rules({ rolesHeader: 'x-forwarded-groups' });
    const roleOf = (roles: string | undefined, user = 'ada@example.com'): unknown => {
      const found = identifyCaller({ ...vouched, user, roles }, own);
      return found.allowed ? found.role : found.status;
    };
    expect(roleOf('staff, deployer')).toBe('deployer');
    expect(roleOf('viewer')).toBe('viewer');
    expect(roleOf('viewer,deployer')).toBe('deployer');
    expect([roleOf(undefined), roleOf(''), roleOf('deployers'), roleOf('staff')]).toEqual([
      403, 403, 403, 403,
    ]);
  });

  it('is believed only from the addresses that settings name', () => {
    for (const remoteAddress of ['10.1.0.1', '::ffff:10.1.9.9', '127.0.0.1', '2001:db8::7']) {
      expect(identifyCaller({ ...vouched, remoteAddress }, rules())).toMatchObject({
        how: 'proxy',
      });
    }
    for (const remoteAddress of [
      '10.2.0.1',
      '::ffff:10.2.0.1',
      '127.0.0.2',
      '2001:db9::7',
      '',
      undefined,
    ]) {
      const asked = { ...vouched, remoteAddress };
      expect(identifyCaller(asked, rules())).toMatchObject({ status: 401 });
    }
    expect(identifyCaller(vouched, { ...RULES, requireTokens: true })).toMatchObject({
      status: 401,
    });
  });

  it.each([
    ['two names', 'ada@example.com,bob@example.com'],
    ['no name', ''],
    ['blanks', '  '],
    ['a line break', 'ada\nbob'],
    ['a name without end', 'a'.repeat(300)],
  ])('that sends %s vouches for nobody', (_case, user) => {
    expect(identifyCaller({ ...vouched, user }, rules())).toMatchObject({ status: 401 });
  });

  it('makes nobody a deployer for being on its machine', () => {
    const open = { ...rules(), requireTokens: false };
    expect(identifyCaller(LOCAL, open)).toMatchObject({ status: 401 });
    expect(identifyCaller({ ...LOCAL, remoteAddress: '::1' }, open)).toMatchObject({
      how: 'loopback',
    });
  });

  it('lets only pages of this server change anything', () => {
    const post = {
      ...vouched,
      user: 'ada@example.com',
      method: 'POST',
      contentType: 'application/json',
    };
    expect(decideAccess(post, 'deployer', rules())).toMatchObject({ status: 403 });
    const evil = { ...post, origin: 'https://evil.example' };
    expect(decideAccess(evil, 'deployer', rules())).toMatchObject({ status: 403 });
    const own = { ...post, origin: 'https://fleet.example' };
    expect(decideAccess(own, 'deployer', rules())).toMatchObject({ allowed: true });
  });

  it('has addresses, and networks that are less than everything', () => {
    for (const good of ['10.0.0.1', '10.0.0.0/8', '::1', 'fd00::/8', '10.0.0.1/32']) {
      expect([good, isNetwork(good)]).toEqual([good, true]);
    }
    for (const bad of [
      '',
      'proxy',
      '10.0.0',
      '0.0.0.0/0',
      '::/0',
      '10.0.0.0/33',
      '10.0.0.0/8/8',
      '/8',
      '10.0.0.0/',
    ]) {
      expect([bad, isNetwork(bad)]).toEqual([bad, false]);
    }
  });
});

describe('a request from another machine without a good credential', () => {
  const maybe = <T>(...values: readonly T[]): fc.Arbitrary<T | undefined> =>
    fc.constantFrom(...values, undefined);
  /** Anything but a good token, a good session, and the proxy's address. */
  const strange = fc.record({
    method: fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'DELETE'),
    remoteAddress: fc.oneof(
      fc.ipV4().filter((each) => !each.startsWith('127.') && !each.startsWith('10.1.')),
      fc
        .ipV6()
        .filter((each) => each !== '::1' && !each.startsWith('::ffff:') && !/^[0:]*1$/.test(each)),
      fc.constantFrom('::ffff:192.0.2.7', '128.0.0.1', '10.2.0.1', '', undefined),
    ),
    authorization: fc.oneof(
      maybe('Bearer x', 'Bearer', '', `Bearer ${TOKENS[1]?.hash}`),
      fc.string(),
    ),
    host: maybe('localhost', '127.0.0.1:8080', 'fleet.example', 'evil.example'),
    origin: maybe('http://localhost', 'https://fleet.example', 'https://evil.example', 'null'),
    contentType: maybe('application/json', 'text/plain'),
    isForwarded: fc.boolean(),
    session: fc.oneof(
      maybe(sessionOf(1, NOW), sessionOf(0).replace('look', 'ship'), 'ship.', ''),
      fc.string(),
    ),
    user: maybe('ada@example.com', 'root', ''),
    roles: maybe('deployer', 'viewer', ''),
  });
  const anyRules = fc.record({
    tokens: fc.constantFrom(TOKENS, []),
    openSession: fc.constantFrom(openSession, createSessionReader()),
    requireTokens: fc.boolean(),
    proxy: fc.constantFrom(
      null,
      createProxyRules({
        userHeader: 'x-user',
        rolesHeader: null,
        deployers: ['ada@example.com', 'root'],
        from: ['10.1.0.0/16'],
      }),
    ),
    publicHost: fc.constantFrom(null, 'fleet.example'),
    now: fc.constant(NOW),
  });

  it('has no role, whatever it says', () => {
    fc.assert(
      fc.property(strange, anyRules, (request, rules) => {
        expect(identifyCaller(request, rules)).toMatchObject({ allowed: false, status: 401 });
        expect(decideAccess(request, 'viewer', rules)).toMatchObject({ allowed: false });
      }),
      { numRuns: 2_000 },
    );
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
      // Who has no role yet has to get at it.
      if (path === '/api/v1/session') continue;
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

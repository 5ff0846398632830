// The dashboard's files as the server sends them.

import { hash } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { askHttp, startApi, type ApiUnderTest } from '../../support/api.ts';

const BROWSER = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

let api: ApiUnderTest;

beforeAll(async () => {
  api = await startApi({ auth: { requireTokens: true } });
});

afterAll(() => api.close());

describe('the page at /', () => {
  it('is the dashboard for a browser, and plain text for everyone else', async () => {
    const page = await api.ask('/', { headers: BROWSER });
    expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(page.text).toContain('<script type="module" src="/dashboard/main.js">');
    for (const accept of ['*/*', 'application/json']) {
      const plain = await api.ask('/', { headers: { accept } });
      expect(plain.headers['content-type']).toBe('text/plain; charset=utf-8');
      expect(plain.text).toContain('/api/v1/openapi.json');
      expect(plain.headers['vary']).toContain('accept');
    }
  });

  it('lets nothing run or load but what the server sends, with the import map by its hash', async () => {
    const { headers, text } = await api.ask('/', { headers: BROWSER });
    const importMap = /<script type="importmap">([\s\S]*?)<\/script>/.exec(text)?.[1] ?? '';
    expect(String(headers['content-security-policy']).split('; ')).toEqual([
      "default-src 'none'",
      `script-src 'self' 'sha256-${hash('sha256', importMap, 'base64')}'`,
      "style-src 'self'",
      "img-src 'self' data:",
      "connect-src 'self'",
      "base-uri 'none'",
      "form-action 'self'",
      "frame-ancestors 'none'",
    ]);
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['referrer-policy']).toBe('no-referrer');
  });

  it('has the browser ask for each of its modules, all of which are there without a token', async () => {
    const { text } = await api.ask('/', { headers: BROWSER });
    const paths = [...text.matchAll(/(?:href|src)="(\/dashboard\/[^"]+)"/g)].map(
      ([, path]) => path ?? '',
    );
    expect(paths).toContain('/dashboard/pages/overview.js');
    expect(paths).toContain('/dashboard/vendor/preact-hooks.js');
    const types = await Promise.all(
      paths.map(async (path) => {
        const { status, headers } = await askHttp(`${api.address}${path}`);
        return [status, headers['content-type'], headers['x-content-type-options']].join(' ');
      }),
    );
    expect(new Set(types)).toEqual(
      new Set([
        '200 text/javascript; charset=utf-8 nosniff',
        '200 text/css; charset=utf-8 nosniff',
        '200 image/svg+xml nosniff',
      ]),
    );
  });
});

describe('a file', () => {
  it('is asked for again each time, and answered by a 304 while it is the same', async () => {
    const { headers } = await api.ask('/dashboard/main.js');
    expect(headers['cache-control']).toBe('no-cache');
    const again = await api.ask('/dashboard/main.js', {
      headers: { 'if-none-match': String(headers['etag']) },
    });
    expect([again.status, again.text]).toEqual([304, '']);
    const changed = await api.ask('/dashboard/main.js', { headers: { 'if-none-match': '"old"' } });
    expect(changed.status).toBe(200);
  });

  it.each([
    '/dashboard/',
    '/dashboard/tsconfig.json',
    '/dashboard/../server/api.ts',
    '/dashboard/%2e%2e/server/api.ts',
  ])('is only what browsers are to have: not %s', async (path) => {
    expect((await api.ask(path)).status).toBe(404);
  });

  it('leaves a product of the name dashboard its devices', async () => {
    const { status, text } = await api.ask('/dashboard/controller/v1/dev-1');
    expect([status, text]).toEqual([200, '{"polled":1}']);
  });
});

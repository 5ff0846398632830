// Requests that nobody should send: each gets an error in the one form, none gets a 500, and nothing of the server's
// inside comes out.

import { connect } from 'node:net';

import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { failure } from '../../../controller/base/failure.ts';
import { StateFailure } from '../../../controller/stores/state-failure.ts';
import { API_DESIRED, startApi, type ApiAnswer, type ApiUnderTest } from '../../support/api.ts';

const BASE = '/api/v1/products/thermostat';

let api: ApiUnderTest;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());

function codeOf(answer: ApiAnswer): string {
  const { error } = answer.json as { error: Readonly<Record<string, string>> };
  expect(Object.keys(error)).toEqual(['code', 'message', 'remedy']);
  return error['code'] ?? '';
}

describe('a strategy in a snapshot from outside', () => {
  const window = { days: ['Mon'], fromMinute: 480, toMinute: 900, timezone: 'Europe/Berlin' };
  const plan = (change: object): Promise<ApiAnswer> => {
    const releases = API_DESIRED.releases.map(({ spec, origin }) => ({
      origin,
      spec: { ...spec, strategy: { ...spec.strategy, windows: [window], ...change } },
    }));
    const products = { thermostat: { ...API_DESIRED, releases } };
    const snapshot = { revision: 'r3', products, problems: [], frozen: [], refused: [] };
    const body = { snapshot: { ...snapshot, productsByFile: {}, binaries: {} } };
    return api.ask('/api/v1/plan', { method: 'POST', body });
  };

  it('is planned where it holds together', async () => {
    expect((await plan({})).status).toBe(200);
  });

  it.each([
    ['a time zone that nobody knows', { windows: [{ ...window, timezone: 'Mars/Olympus' }] }],
    ['a day that is none', { windows: [{ ...window, days: ['Someday'] }] }],
    ['no step', { steps: [] }],
    ['a rate of nothing', { rate: { flashes: 0, perMs: 1_000 } }],
    ['an exposure beyond everybody', { steps: [{ exposure: 10_001 }] }],
  ])('is refused with %s', async (_case, change) => {
    const answer = await plan(change);
    expect([answer.status, codeOf(answer)]).toEqual([400, 'InvalidRequest']);
  });
});

describe('a request that does not fit', () => {
  it.each([
    ['an unknown path', 'GET', '/api/v1/nothing', 404, 'NotFound'],
    ['a path beyond the API', 'GET', '/nothing', 404, 'NotFound'],
    ['an unknown product', 'GET', '/api/v1/products/nothing/devices', 404, 'UnknownProduct'],
    [
      'a product named like a prototype',
      'GET',
      '/api/v1/products/__proto__',
      404,
      'UnknownProduct',
    ],
    ['an unknown device', 'GET', `${BASE}/devices/__proto__`, 404, 'UnknownDevice'],
    ['an unknown action', 'GET', `${BASE}/devices/d/actions/1`, 404, 'UnknownAction'],
    [
      'an action id beyond all numbers',
      'GET',
      `${BASE}/devices/d/actions/99999999999`,
      400,
      'InvalidRequest',
    ],
    ['an action id that is none', 'GET', `${BASE}/devices/d/actions/1e3`, 400, 'InvalidRequest'],
    [
      'a device id that is too long',
      'GET',
      `${BASE}/devices/${'x'.repeat(257)}`,
      400,
      'InvalidRequest',
    ],
    ['a device id with a blank', 'GET', `${BASE}/devices/a%20b`, 400, 'InvalidRequest'],
    [
      'a device id beyond the router',
      'GET',
      `${BASE}/devices/${'x'.repeat(5_000)}`,
      414,
      'InvalidRequest',
    ],
    ['a path that is no text', 'GET', '/api/v1/products/%ff', 400, 'InvalidRequest'],
    ['a limit that is too large', 'GET', `${BASE}/devices?limit=501`, 400, 'InvalidRequest'],
    ['a limit that is no number', 'GET', `${BASE}/devices?limit=many`, 400, 'InvalidRequest'],
    ['a cursor that is no number', 'GET', '/api/v1/events?before=abc', 400, 'InvalidRequest'],
    ['a cursor that is too large', 'GET', '/api/v1/events?after=1e300', 400, 'InvalidRequest'],
    ['an empty cursor', 'GET', `${BASE}/devices?after=`, 400, 'InvalidRequest'],
    ['a parameter given twice', 'GET', `${BASE}/devices?limit=1&limit=2`, 400, 'InvalidRequest'],
    ['an unknown parameter', 'GET', `${BASE}/devices?colour=red`, 400, 'InvalidRequest'],
    [
      'a parameter named like a prototype',
      'GET',
      `${BASE}/devices?__proto__=1`,
      400,
      'InvalidRequest',
    ],
    ['a flag that is none', 'GET', `${BASE}/devices?locked=perhaps`, 400, 'InvalidRequest'],
    ['a wrong method', 'PUT', '/api/v1/status', 405, 'MethodNotAllowed'],
    ['a wrong method below a device', 'PATCH', `${BASE}/devices/d`, 405, 'MethodNotAllowed'],
  ])('is refused: %s', async (_case, method, path, status, code) => {
    const answer = await api.ask(path, { method });
    expect([answer.status, codeOf(answer)]).toEqual([status, code]);
    expect(answer.text.length).toBeLessThan(1_000);
  });

  it('is told which methods there are', async () => {
    const answer = await api.ask(`${BASE}/devices/d`, { method: 'PATCH' });
    expect(answer.headers['allow']).toBe('DELETE, GET, HEAD');
  });

  it.each([
    ['malformed JSON', '{"a":', 400],
    ['an empty body of JSON', '', 400],
    ['a body that sets a prototype', '{"__proto__":{"adopt":true}}', 400],
    ['a body that is no object', '[]', 400],
    ['null', 'null', 200],
    ['an unknown field', '{"colour":"red"}', 400],
    ['a number for a text', '{"product":7}', 400],
    ['a text for a flag', '{"adopt":"true"}', 400],
    ['very deep JSON', `{"product":${'['.repeat(20_000)}${']'.repeat(20_000)}}`, 400],
  ])('is refused for its body: %s', async (_case, body, status) => {
    const headers = { 'content-type': 'application/json' };
    const path =
      body.includes('adopt"') && !body.includes('proto') ? '/api/v1/plan' : '/api/v1/stop';
    const answer = await api.ask(path, { method: 'POST', headers, body });
    const code = status === 200 ? null : codeOf(answer);
    expect([answer.status, code]).toEqual([status, status === 200 ? null : 'InvalidRequest']);
  });

  it('is refused for a body that is too large, or of another type', async () => {
    const post = (path: string, type: string, body: string): Promise<ApiAnswer> =>
      api.ask(path, { method: 'POST', headers: { 'content-type': type }, body });
    const huge = JSON.stringify({ product: 'x'.repeat(70_000) });
    const large = await post('/api/v1/stop', 'application/json', huge);
    expect([large.status, codeOf(large)]).toEqual([413, 'BodyTooLarge']);
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'text/xml']) {
      const other = await post('/api/v1/stop', type, '{}');
      expect([other.status, codeOf(other)]).toEqual([415, 'UnsupportedMediaType']);
    }
    expect(api.controller.calls.some(([name]) => name === 'stop')).toBe(true);
  });

  it('never brings a 500, whatever path and query it has', async () => {
    const part = fc.oneof(
      fc.constantFrom(
        'products',
        'thermostat',
        'constructor',
        'devices',
        'd',
        'why',
        'actions',
        'events',
        '__proto__',
        'limit=3',
        '%00',
        '%F0%9F',
        '..',
        '',
      ),
      fc.string().map(encodeURIComponent),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(part, { maxLength: 6 }),
        fc.array(part, { maxLength: 3 }),
        async (path, query) => {
          const url = `/api/v1/${path.join('/')}?${query.join('&')}`;
          const answer = await api.ask(url);
          expect([url, answer.status < 500]).toEqual([url, true]);
        },
      ),
      { numRuns: 150 },
    );
    expect(api.log.filter((line) => line.includes('failed'))).toEqual([]);
  });

  it('does not take the server down, even where it is no HTTP', async () => {
    const { port } = new URL(api.address);
    await new Promise<void>((resolve) => {
      const socket = connect(Number(port), '127.0.0.1', () =>
        socket.end('\u0016\u0003\u0001 hello\r\n\r\n'),
      );
      socket.on('error', () => undefined);
      socket.on('close', () => resolve());
      socket.resume();
    });
    expect((await api.ask('/healthz')).status).toBe(200);
  });
});

describe('a fault inside', () => {
  it('is logged, and shows nothing of itself', async () => {
    const own = await startApi();
    try {
      own.controller.view = () => {
        throw new Error('secret detail');
      };
      const answer = await own.ask('/api/v1/status');
      expect([answer.status, codeOf(answer)]).toEqual([500, 'InternalError']);
      expect(answer.text).not.toContain('secret detail');
      expect(own.log.join('\n')).toContain('secret detail');
    } finally {
      await own.close();
    }
  });

  it('of the state is told apart from a bug', async () => {
    const own = await startApi();
    try {
      own.controller.stop = async () => {
        throw new StateFailure(failure('StateFull', 'The disk is full.', 'retry'));
      };
      const answer = await own.ask('/api/v1/stop', { method: 'POST' });
      expect([answer.status, codeOf(answer)]).toEqual([503, 'StateFull']);
    } finally {
      await own.close();
    }
  });
});

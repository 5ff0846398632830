// What single routes do beyond their form: paging, what a device's answer holds, operations, credentials.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { failure } from '../../../controller/base/failure.ts';
import { hashToken } from '../../../controller/fleets/gateway/credentials.ts';
import { expectedDevice, type DeviceRecord } from '../../../controller/model/device.ts';
import { planJson } from '../../../controller/reports/plan-json.ts';
import {
  API_DESIRED,
  API_FIRMWARE,
  API_NOW,
  API_PLAN,
  apiPicture,
  startApi,
  type ApiUnderTest,
} from '../../support/api.ts';

const BASE = '/api/v1/products/thermostat';

let api: ApiUnderTest;
beforeEach(async () => {
  api = await startApi();
});
afterEach(() => api.close());

async function getJson<T>(path: string): Promise<T> {
  const answer = await api.ask(path);
  if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${answer.text}`);
  return answer.json as T;
}

function post(path: string, body?: unknown): ReturnType<ApiUnderTest['ask']> {
  return api.ask(path, { method: 'POST', body });
}

async function saveDevice(id: string, change: Partial<DeviceRecord> = {}): Promise<DeviceRecord> {
  const after = { ...expectedDevice('thermostat', id), standing: 'active' as const, ...change };
  const saved = await api.store.saveDevice({ before: null, after });
  if (saved.status !== 'saved' || saved.device === null) throw new Error('not saved');
  return saved.device;
}

describe('lists of devices', () => {
  it('are complete and without repetition over thousands of devices, in any size of page', async () => {
    const ids = Array.from(
      { length: 2_300 },
      (_, index) => `d${(index * 7_919) % 100_000}/é😀${index}`,
    );
    await Promise.all(
      ids.map((id, index) => saveDevice(id, { running: index % 2 === 0 ? 41 : null })),
    );
    for (const [query, expected] of [
      ['limit=500', ids],
      ['limit=37&prefix=d9', ids.filter((id) => id.startsWith('d9'))],
      ['limit=499&running=unknown', ids.filter((_, index) => index % 2 === 1)],
      ['limit=500&running=41', ids.filter((_, index) => index % 2 === 0)],
    ] as const) {
      const found: string[] = [];
      let after: string | null = null;
      do {
        const cursor: string = after === null ? '' : `&after=${encodeURIComponent(after)}`;
        const page: { items: readonly { id: string }[]; next: string | null } = await getJson(
          `${BASE}/devices?${query}${cursor}`,
        );
        found.push(...page.items.map(({ id }) => id));
        after = page.next;
      } while (after !== null);
      expect(found).toHaveLength(expected.length);
      expect(new Set(found)).toEqual(new Set(expected));
    }
  });

  it('say that there is no next page where the last one is full', async () => {
    await saveDevice('a');
    await saveDevice('b');
    expect(await getJson(`${BASE}/devices?limit=2`)).toMatchObject({ next: null });
    expect(await getJson(`${BASE}/devices?limit=1`)).toMatchObject({ next: 'a' });
    expect(await getJson(`${BASE}/devices?after=zzz`)).toEqual({ items: [], next: null });
  });

  it('hold only what the filters ask for', async () => {
    const lock = {
      version: 42,
      flash: 'now',
      armed: true,
      manifest: 'l',
      revision: 'r',
      since: 0,
    } as const;
    await saveDevice('locked', { lock });
    await saveDevice('held', { standing: 'quarantined', quarantine: 'no manifest names it' });
    await saveDevice('plain', { running: 41 });
    const ids = async (query: string): Promise<readonly string[]> => {
      const page = await getJson<{ items: readonly { id: string }[] }>(`${BASE}/devices?${query}`);
      return page.items.map(({ id }) => id);
    };
    expect(await ids('locked=true')).toEqual(['locked']);
    expect(await ids('locked=false&standing=active')).toEqual(['plain']);
    expect(await ids('standing=quarantined')).toEqual(['held']);
    expect(await ids('running=41')).toEqual(['plain']);
    expect(await ids('failing=true')).toEqual([]);
    expect(await ids('updating=false')).toEqual(['held', 'locked', 'plain']);
  });
});

describe('one device', () => {
  it('shows its attributes exactly as sent, and nothing else in that object', async () => {
    const attributes = JSON.parse(
      '{"fw_version":"41","__proto__":"p","constructor":"c","<b>":"\\u0007 é😀","target":"own"}',
    ) as Record<string, string>;
    await api.store.saveDevice({
      before: null,
      after: { ...expectedDevice('thermostat', 'd1'), standing: 'active' },
      attributes,
    });
    const alone = await api.ask(`${BASE}/devices/d1/attributes`);
    expect(Object.entries(alone.json as object)).toEqual(Object.entries(attributes));
    const device = await getJson<{ attributes: object; target: object }>(`${BASE}/devices/d1`);
    expect(Object.entries(device.attributes)).toEqual(Object.entries(attributes));
    expect(device.target).toMatchObject({ version: 41, rule: 'release' });
    await saveDevice('d2');
    expect(await getJson(`${BASE}/devices/d2/attributes`)).toEqual({});
  });

  it('is found by any id that a URL can hold, and never confused with another', async () => {
    const ids = [
      '__proto__',
      'constructor',
      'toString',
      'a/b',
      'a%2Fb',
      'a?b#c',
      '..',
      'ü😀',
      'x'.repeat(256),
    ];
    for (const id of ids) await saveDevice(id);
    for (const id of ids) {
      // A client that is no browser sends dots as they are.
      const answer = await api.ask(`${BASE}/devices/${encodeURIComponent(id)}`);
      expect([id, answer.status, (answer.json as { id?: string }).id]).toEqual([id, 200, id]);
    }
    expect((await api.ask(`${BASE}/devices/hasOwnProperty`)).status).toBe(404);
  });

  it('shows an action by the id on the wire, with its last 50 feedback entries, newest last', async () => {
    let before = await saveDevice('d1');
    const action = {
      product: 'thermostat',
      device: 'd1',
      id: 2_147_483_646,
      version: 41,
      sha256: 'a'.repeat(64),
      attempt: 1,
      state: 'failed' as const,
      confirmed: false,
      manifest: 'Release/thermostat',
      revision: 'r1',
      offeredAt: API_NOW,
      fetchedAt: API_NOW,
      closedAt: API_NOW + 1_000,
      message: 'CRC',
    };
    for (let number = 1; number <= 60; number += 1) {
      const entry = {
        at: API_NOW + number,
        execution: 'proceeding',
        finished: 'none',
        progress: null,
        code: number,
        details: [],
      };
      const saved = await api.store.saveDevice({
        before,
        after: before,
        actions: [action],
        feedback: { actionId: action.id, entry },
      });
      if (saved.status !== 'saved' || saved.device === null) throw new Error('not saved');
      before = saved.device;
    }
    const shown = await getJson<{ feedback: readonly { code: number }[] }>(
      `${BASE}/devices/d1/actions/2147483646`,
    );
    expect(shown).toMatchObject({
      id: '2147483646',
      state: 'failed',
      closedAt: new Date(API_NOW + 1_000).toISOString(),
    });
    expect(shown.feedback.map(({ code }) => code)).toEqual(
      Array.from({ length: 50 }, (_, index) => index + 11),
    );
    expect((await api.ask(`${BASE}/devices/d2/actions/2147483646`)).status).toBe(404);
  });

  it('is explained also where only a manifest names it', async () => {
    expect(await getJson(`${BASE}/devices/bench-2/why`)).toMatchObject({
      waits: [{ reason: 'UnknownDevice' }, { reason: 'ReleaseUnverified' }],
      device: { standing: 'expected' },
    });
    expect((await api.ask(`${BASE}/devices/stranger/why`)).status).toBe(404);
  });
});

describe('what is in force', () => {
  it('is the controller’s picture of now, not what the state says', async () => {
    await api.store.saveProduct({
      product: {
        name: 'thermostat',
        adoptedAt: null,
        stoppedAt: null,
        inForce: API_DESIRED,
        revision: 'stale',
        listenedMs: 0,
        conditions: [],
      },
    });
    expect(await getJson(BASE)).toMatchObject({ revision: 'r1', observedRevision: 'r2' });
    const picture = apiPicture();
    api.controller.picture = {
      ...picture,
      products: picture.products.map((product) => ({ ...product, revision: 'r2' })),
    };
    expect(await getJson(BASE)).toMatchObject({ revision: 'r2' });
    expect(await getJson('/api/v1/status')).toMatchObject({ products: [{ revision: 'r2' }, {}] });
  });

  it('has problems and warnings apart, each named once', async () => {
    const product = await getJson<{
      problems: readonly { reason: string }[];
      warnings: readonly { reason: string }[];
      problemCount: number;
    }>(BASE);
    expect(product.problems.map(({ reason }) => reason)).toEqual([
      'InvalidManifest',
      'ReleaseUnverified',
    ]);
    expect(product.warnings.map(({ reason }) => reason)).toEqual(['LockExpired', 'DeviceOffline']);
    expect(product.problemCount).toBe(2);
  });

  it('names for each version what runs it, what verified it and how its gate stands', async () => {
    await api.store.saveProduct({
      product: {
        name: 'thermostat',
        adoptedAt: null,
        stoppedAt: null,
        inForce: API_DESIRED,
        revision: 'r1',
        listenedMs: 0,
        conditions: [],
      },
      firmware: API_FIRMWARE,
    });
    const { items } = await getJson<{ items: readonly { version: number }[] }>(`${BASE}/firmware`);
    const at = (version: number): unknown => items.find((each) => each.version === version);
    expect(at(41)).toMatchObject({
      running: 2,
      released: true,
      size: 4_096,
      verified: { at: new Date(API_NOW).toISOString(), devices: [] },
      gate: { verdict: 'passed' },
    });
    expect(at(42)).toMatchObject({ running: 1, released: false, verified: null, gate: null });
    expect(at(40)).toMatchObject({ withdrawn: { reason: expect.any(String) } });
  });
});

describe('operations', () => {
  it('hand on exactly what was asked for', async () => {
    await post('/api/v1/sync', { revision: 'abc', adopt: true, plan: planJson(API_PLAN) });
    await post('/api/v1/plan', { adopt: true });
    await post('/api/v1/plan');
    await post('/api/v1/stop', { product: 'thermostat' });
    await post('/api/v1/resume');
    expect(api.controller.calls).toEqual([
      ['sync', { revision: 'abc', adopt: true, expectedPlan: API_PLAN }],
      ['plan', null, { adopt: true }],
      ['plan', null, { adopt: false }],
      ['stop', 'thermostat'],
      ['resume', null],
    ]);
  });

  it.each([
    [failure('StalePlan', 'The plan is stale.', 'stall'), 409, undefined],
    [failure('UnknownProduct', 'No such product.', 'stall'), 404, undefined],
    [failure('FetchFailed', 'The remote is away.', 'retry'), 503, undefined],
    [failure('FetchFailed', 'The remote is busy.', 'wait', 1_500), 503, '2'],
  ])(
    'answer a failure by what is to be done about it: $code, $disposition',
    async (error, status, retryAfter) => {
      api.controller.failure = error;
      for (const path of ['/api/v1/sync', '/api/v1/plan', '/api/v1/stop', '/api/v1/resume']) {
        const answer = await post(path, {});
        expect([path, answer.status]).toEqual([path, status]);
        expect(answer.json).toMatchObject({ error: { code: error.code, message: error.message } });
        expect(answer.headers['retry-after']).toBe(retryAfter);
      }
    },
  );

  it('refuse a saved plan of another format', async () => {
    const plan = { ...planJson(API_PLAN), formatVersion: '9.0' };
    expect((await post('/api/v1/sync', { plan })).json).toMatchObject({
      error: { code: 'PlanFormatUnknown' },
    });
    expect(api.controller.calls).toEqual([]);
  });

  it('page through events both ways without a gap', async () => {
    const plain = { revision: null, manifest: null, device: null, actionId: null, product: null };
    await api.store.addEvents(
      Array.from({ length: 25 }, (_, index) => ({
        type: 'ClockJumped' as const,
        at: API_NOW + index,
        message: `jump ${index}`,
        ...plain,
      })),
    );
    for (const [direction, start] of [
      ['before', ''],
      ['after', '&after=0'],
    ] as const) {
      const seen: number[] = [];
      let cursor: string = start;
      for (;;) {
        const page: { items: readonly { id: number }[]; next: number | null } = await getJson(
          `/api/v1/events?limit=10${cursor}`,
        );
        seen.push(...page.items.map(({ id }) => id));
        if (page.next === null) break;
        cursor = `&${direction}=${page.next}`;
      }
      expect(new Set(seen).size).toBe(25);
      const sorted = seen.toSorted((a, b) => (direction === 'after' ? a - b : b - a));
      expect(seen).toEqual(sorted);
    }
    expect(await getJson('/api/v1/events?type=NeverWritten')).toEqual({ items: [], next: null });
  });
});

describe('credentials', () => {
  it('give a device a token before its first poll, once; another one replaces it', async () => {
    const first = (await post(`${BASE}/devices/new/token`)).json as { token: string };
    expect(first.token).toMatch(/^[A-Za-z0-9]{32}$/);
    const kept = await api.store.device('thermostat', 'new');
    expect(kept).toMatchObject({ standing: 'expected', tokenHash: hashToken(first.token) });
    const second = (await post(`${BASE}/devices/new/token`)).json as { token: string };
    expect(second.token).not.toBe(first.token);
    expect((await api.store.device('thermostat', 'new'))?.tokenHash).toBe(hashToken(second.token));
    const device = await api.ask(`${BASE}/devices/new`);
    expect(device.json).toMatchObject({ standing: 'expected', hasToken: true });
    const events = await api.ask('/api/v1/events?device=new');
    const everything = [device.text, events.text, ...api.log].join('\n');
    for (const secret of [first.token, second.token, kept?.tokenHash ?? '-']) {
      expect(everything).not.toContain(secret);
    }
    expect(events.json).toMatchObject({ items: [{ type: 'TokenCreated' }, {}] });
  });

  it('keep everything else of a device that is given a token', async () => {
    const before = await saveDevice('d1', { running: 41, reported: '41' });
    await post(`${BASE}/devices/d1/token`);
    expect(await api.store.device('thermostat', 'd1')).toEqual({
      ...before,
      rev: before.rev + 1,
      tokenHash: expect.any(String),
    });
  });

  it('issue tokens to many devices at once, one each', async () => {
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) => post(`${BASE}/devices/n${index % 5}/token`)),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    const tokens = answers.map(({ json }) => (json as { token: string }).token);
    expect(new Set(tokens).size).toBe(50);
    for (let index = 0; index < 5; index += 1) {
      const hash = (await api.store.device('thermostat', `n${index}`))?.tokenHash;
      expect(tokens.map(hashToken)).toContain(hash);
    }
  });

  it('forget a device with all that belongs to it; a lock stays on it', async () => {
    const lock = {
      version: 42,
      flash: 'now',
      armed: true,
      manifest: 'l',
      revision: 'r',
      since: 7,
    } as const;
    const evidence = {
      product: 'thermostat',
      version: 41,
      sha256: 'a'.repeat(64),
      level: 'reported' as const,
      since: 0,
      passedAt: API_NOW,
      soakedMs: 0,
    };
    for (const [id, held] of [
      ['locked', lock],
      ['free', null],
    ] as const) {
      await api.store.saveDevice({
        before: null,
        after: {
          ...expectedDevice('thermostat', id),
          standing: 'active',
          running: 41,
          tokenHash: 'x',
          lock: held,
        },
        attributes: { secret: 'of the past' },
        evidence: [{ ...evidence, device: id }],
      });
      const answer = await api.ask(`${BASE}/devices/${id}`, { method: 'DELETE' });
      expect(answer.json).toEqual({ product: 'thermostat', device: id, lockStays: held !== null });
    }
    expect(await api.store.device('thermostat', 'free')).toBeNull();
    expect(await api.store.device('thermostat', 'locked')).toEqual({
      ...expectedDevice('thermostat', 'locked'),
      key: expect.any(Number),
      rev: expect.any(Number),
      lock,
    });
    expect(await getJson(`${BASE}/devices/locked/attributes`)).toEqual({});
    expect(await api.store.evidence('thermostat')).toEqual([]);
    expect((await api.ask(`${BASE}/devices/free`, { method: 'DELETE' })).status).toBe(404);
    expect(await getJson('/api/v1/events?type=DeviceForgotten')).toMatchObject({
      items: [{ device: 'free' }, { device: 'locked' }],
    });
  });

  it('make tokens for people, shown once, good at once, and never twice under a name', async () => {
    const made = (await post('/api/v1/tokens', { name: 'ci', role: 'viewer' })).json as {
      token: string;
    };
    const headers = { authorization: `Bearer ${made.token}`, host: 'lockstep.example' };
    expect((await api.ask('/api/v1/status', { headers })).status).toBe(200);
    expect((await api.ask('/api/v1/stop', { method: 'POST', headers })).status).toBe(403);
    const again = await post('/api/v1/tokens', { name: 'ci', role: 'deployer' });
    expect([again.status, again.json]).toEqual([
      409,
      { error: expect.objectContaining({ code: 'NameTaken' }) },
    ]);
    const listed = await api.ask('/api/v1/tokens');
    expect(listed.json).toEqual({
      items: [{ name: 'ci', role: 'viewer', createdAt: new Date(API_NOW).toISOString() }],
    });
    const [kept] = await api.store.tokens();
    const everything = [listed.text, (await api.ask('/api/v1/events')).text, ...api.log].join('\n');
    expect(everything).not.toContain(made.token);
    expect(everything).not.toContain(kept?.hash);
  });
});

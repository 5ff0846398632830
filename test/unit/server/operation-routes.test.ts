// What is in force, what a person may ask the controller to do, and the audit log.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { failure } from '../../../controller/base/failure.ts';
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

  it('has no problem in a reference that its plan accepted: what has no manifest any more may be in force', async () => {
    const picture = apiPicture();
    const reference = {
      severity: 'error',
      reason: 'UnknownVersion',
      message: 'There is no Firmware manifest of version 41.',
      remedy: 'Add it.',
      excerpt: null,
      product: 'thermostat',
    } as const;
    const accepted = { ...reference, place: { file: 'release.yaml', line: 8, column: 12 } };
    const refused = { ...reference, place: { file: 'release.yaml', line: 7, column: 12 } };
    const [product] = picture.products;
    const [refusal] = product?.plan?.refusals ?? [];
    if (!product?.plan || !refusal) throw new Error('the picture has no refusal');
    const plan = { ...product.plan, refusals: [{ ...refusal, reason: 'UnknownVersion' as const }] };
    api.controller.picture = {
      ...picture,
      problems: [accepted, refused],
      products: [{ ...product, plan }],
    };

    const places = (of: { problems: readonly { line: number }[] }): readonly number[] =>
      of.problems.map(({ line }) => line);
    const own = await getJson<{ problems: readonly { line: number }[] }>(BASE);
    expect(places(own)).toEqual([7]);
    expect(places(await getJson('/api/v1/status'))).toEqual([7]);
  });

  it('says which reading it is from: the source may have been read again since', async () => {
    api.controller.picture = { ...apiPicture(), revisionSeen: 'r3' };
    expect(await getJson(BASE)).toMatchObject({ observedRevision: 'r2' });
    expect(await getJson('/api/v1/status')).toMatchObject({
      revisionSeen: 'r3',
      products: [{ observedRevision: 'r2' }, {}],
    });
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
      verified: { at: new Date(API_NOW).toISOString(), by: [], count: 0 },
      share: 0.4,
      compiled: { format: 'particle', version: 41, platform: { id: 6, name: 'photon' } },
      releasable: { may: false, reason: null },
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
    const several: { items: readonly unknown[] } = await getJson(
      '/api/v1/events?type=NeverWritten&type=ClockJumped&limit=3',
    );
    expect(several.items).toHaveLength(3);
  });
});

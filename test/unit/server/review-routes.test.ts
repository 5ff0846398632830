// Reviews over the API: what is judged, what is kept of it, and how a merged revision is compared with it.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { failure } from '../../../controller/base/failure.ts';
import type { Plan } from '../../../controller/model/plan.ts';
import { parseReviewJson, type ChangeReviewJson } from '../../../controller/reports/review-json.ts';
import { hashApiToken } from '../../../controller/server/access.ts';
import type { ForgePort } from '../../../controller/server/ports.ts';
import { API_NOW, API_PLAN, type ApiUnderTest, startApi } from '../../support/api.ts';
import { desired, snapshot } from '../../support/plan-input.ts';

const COMMIT = 'c0ffee'.padEnd(40, '0');
const LATER = 'decade'.padEnd(40, '0');

const NAMED = { number: 7, title: 'Release “42”', url: 'https://github.com/acme/fleet/pull/7' };
const PULL_REQUEST = { ...NAMED, head: 'h1', base: 'b1', merge: 'm1' };
const CHANGE = {
  merged: snapshot(desired({}), { revision: 'm1' }),
  base: snapshot(desired({}), { revision: 'b1' }),
};

let api: ApiUnderTest;
beforeEach(async () => {
  api = await startApi();
});
afterEach(() => api.close());

function post(path: string, body: unknown, token?: string): ReturnType<ApiUnderTest['ask']> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return api.ask(`/api/v1/${path}`, { method: 'POST', body, headers });
}

/** Keeps a review of pull request 7, and the plan of a commit as it arrived. */
async function keepReview(arrived: Plan | null): Promise<void> {
  expect((await post('review', { ...CHANGE, pullRequest: PULL_REQUEST })).status).toBe(200);
  if (arrived !== null) {
    await api.store.saveArrival({ revision: COMMIT, plan: arrived, at: API_NOW });
  }
}

async function sync(body: object): Promise<unknown> {
  const answer = await post('sync', body);
  expect(answer.status).toBe(200);
  return (answer.json as { readonly reviewed: unknown }).reviewed;
}

/** As the reviewed plan, with a device more to flash and without what was refused. */
const MOVED: Plan = {
  ...API_PLAN,
  products: API_PLAN.products.map((product) => ({ ...product, refusals: [] })),
};

describe('a review', () => {
  it('is answered, and kept only where a pull request is named', async () => {
    const { status, json } = await post('review', CHANGE);
    expect(status).toBe(200);
    expect(parseReviewJson(json as ChangeReviewJson)).toMatchObject({ gate: 'neutral' });
    expect(api.controller.calls).toEqual([['review', CHANGE, { adopt: false }]]);
    expect(await api.store.reviews()).toEqual([]);

    await post('review', { ...CHANGE, adopt: true, pullRequest: PULL_REQUEST });
    expect(api.controller.calls.at(-1)).toEqual(['review', CHANGE, { adopt: true }]);
    expect(await api.store.reviews()).toMatchObject([
      {
        pullRequest: NAMED,
        head: 'h1',
        base: 'b1',
        merge: 'm1',
        at: API_NOW,
        outcome: null,
        review: { gate: 'neutral' },
      },
    ]);
  });

  it('takes the place of the one before it', async () => {
    await keepReview(null);
    await post('review', { ...CHANGE, pullRequest: { ...PULL_REQUEST, head: 'h2' } });
    expect(await api.store.reviews()).toMatchObject([{ head: 'h2' }]);
  });

  it('that cannot be made is not kept', async () => {
    api.controller.failure = failure('FleetUnreachable', 'The fleet is away.', 'retry');
    const { status } = await post('review', { ...CHANGE, pullRequest: PULL_REQUEST });
    expect(status).toBe(503);
    expect(await api.store.reviews()).toEqual([]);
  });

  it('is refused where what is to be kept of it is none, or has no bounds', async () => {
    for (const pullRequest of [
      { ...PULL_REQUEST, number: 0 },
      { ...PULL_REQUEST, number: 1.5 },
      { ...PULL_REQUEST, number: 1e300 },
      { ...PULL_REQUEST, number: 'seven' },
      { ...NAMED, head: 'h1', base: 'b1' },
      { ...PULL_REQUEST, merge: '' },
      { ...PULL_REQUEST, head: 'f'.repeat(300) },
      { ...PULL_REQUEST, title: 'x'.repeat(5_000) },
      { ...PULL_REQUEST, url: 'javascript:alert(1)' },
      { ...PULL_REQUEST, outcome: { kind: 'closed' } },
      'pull request 7',
      null,
    ]) {
      const { status, json } = await post('review', { ...CHANGE, pullRequest });
      const refused = [pullRequest, 400, { error: { code: 'InvalidRequest' } }];
      expect([pullRequest, status, json]).toMatchObject(refused);
    }
    expect(api.controller.calls).toEqual([]);
    expect(await api.store.reviews()).toEqual([]);
  });

  it('is refused without both snapshots, or with what is none', async () => {
    for (const body of [
      {},
      { merged: CHANGE.merged },
      { ...CHANGE, base: { ...CHANGE.base, products: [] } },
      { ...CHANGE, merged: null },
      [CHANGE],
      '{"merged":',
    ]) {
      const headers = { 'content-type': 'application/json' };
      const answer = await api.ask('/api/v1/review', { method: 'POST', body, headers });
      expect([body, answer.status]).toEqual([body, 400]);
    }
    expect(api.controller.calls).toEqual([]);
  });

  it('asks for a viewer, and going to a revision for a deployer', async () => {
    await api.close();
    api = await startApi({ auth: { requireTokens: true } });
    const hash = hashApiToken('viewer-token');
    await api.store.saveToken({ name: 'review', role: 'viewer', hash, createdAt: 0 });
    const body = { ...CHANGE, pullRequest: PULL_REQUEST };
    expect((await post('review', body)).status).toBe(401);
    expect((await post('review', body, 'viewer-token')).status).toBe(200);
    const refused = await post('sync', { pullRequest: 7 }, 'viewer-token');
    expect(refused).toMatchObject({ status: 403, json: { error: { code: 'Forbidden' } } });
    expect(api.controller.calls.map(([name]) => name)).toEqual(['review']);
    expect(await api.store.reviews()).toMatchObject([{ outcome: null }]);
  });
});

describe('going to a revision', () => {
  it('says that it is as reviewed, and keeps that as the outcome', async () => {
    await keepReview(API_PLAN);
    const reviewed = await sync({ revision: COMMIT, pullRequest: 7 });
    expect(reviewed).toEqual({ pullRequest: 7, url: NAMED.url, moved: [] });
    expect(await api.store.reviews()).toMatchObject([
      { outcome: { kind: 'merged', commit: COMMIT, moved: [] } },
    ]);
    // What is asked about a pull request is not asked of the controller.
    expect(api.controller.calls.at(-1)).toEqual(['sync', { revision: COMMIT }]);
  });

  it('says what is otherwise, and the same when it is asked again', async () => {
    await keepReview(MOVED);
    const first = await sync({ revision: COMMIT, pullRequest: 7 });
    expect(first).toMatchObject({ moved: [expect.stringContaining('ReleaseUnverified')] });
    // Plans as they arrived are not kept for ever.
    for (let index = 0; index < 100; index += 1) {
      await api.store.saveArrival({ revision: `r${index}`, plan: API_PLAN, at: API_NOW + index });
    }
    expect(await api.store.arrival(COMMIT)).toBeNull();
    expect(await sync({ revision: COMMIT, pullRequest: 7 })).toEqual(first);
  });

  it('compares nothing that is not asked about, or was not reviewed', async () => {
    await keepReview(API_PLAN);
    expect(await sync({ revision: COMMIT })).toBeNull();
    expect(await sync({ revision: COMMIT, pullRequest: 8 })).toBeNull();
    expect(await api.store.reviews()).toMatchObject([{ outcome: null }]);
  });

  it('compares a commit only with how it arrived, not with what took its place', async () => {
    await keepReview(API_PLAN);
    const unknown = { pullRequest: 7, url: NAMED.url, moved: null };
    expect(await sync({ revision: LATER, pullRequest: 7 })).toEqual(unknown);
    // The controller under test goes to whatever it is asked for, and to `r2` otherwise.
    for (const revision of ['main', 'c0ffee0', 'r2']) {
      await api.store.saveArrival({ revision, plan: MOVED, at: API_NOW });
    }
    // A branch or a tag may name what is in force already, in a later commit.
    expect(await sync({ revision: 'main', pullRequest: 7 })).toEqual(unknown);
    const moved = [expect.any(String)];
    expect(await sync({ revision: 'c0ffee0', pullRequest: 7 })).toMatchObject({ moved });
    expect(await sync({ pullRequest: 7 })).toMatchObject({ moved });
  });

  it('leaves the outcome to the reviewer where there is a forge', async () => {
    await api.close();
    const forge: ForgePort = {
      description: 'github.com/acme/fleet',
      webhooks: null,
      view: () => ({ failure: null, lookedAt: null, openPullRequests: 1 }),
    };
    api = await startApi({}, forge);
    await keepReview(API_PLAN);
    expect(await sync({ revision: COMMIT, pullRequest: 7 })).toMatchObject({ moved: [] });
    expect(await api.store.reviews()).toMatchObject([{ outcome: null }]);
  });

  it('takes nothing for a pull request that is none, and goes nowhere', async () => {
    for (const pullRequest of [0, -1, 1.5, 1e300, 'x', null]) {
      const { status } = await post('sync', { revision: COMMIT, pullRequest });
      expect([pullRequest, status]).toEqual([pullRequest, 400]);
    }
    expect(api.controller.calls).toEqual([]);
  });
});

// What people watch: how releases go, with their links and their past, and what stands against the manifests.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { Desired } from '../../../controller/model/desired.ts';
import type { ReleasePlan } from '../../../controller/model/plan.ts';
import type { ReleaseState } from '../../../controller/model/rollout.ts';
import type { RolloutJson, SourcesJson } from '../../../controller/reports/watch-answers.ts';
import {
  API_DESIRED,
  API_IN_FORCE,
  API_NOW,
  API_PLAN,
  apiPicture,
  startApi,
  type ApiUnderTest,
} from '../../support/api.ts';

const HOUR_MS = 3_600_000;
const COMMITS = 'https://forge.example/acme/fleet/commit';

let api: ApiUnderTest;
beforeEach(async () => {
  api = await startApi();
});
afterEach(() => api.close());

describe('rollouts', () => {
  /** Changes the product's release: how far it is, and what the plan says of it. */
  function show(state: Partial<ReleaseState>, plan: Partial<ReleasePlan> = {}): void {
    const { rollout } = API_IN_FORCE;
    const inForce: Desired = {
      ...API_IN_FORCE,
      rollout: {
        rounds: 2,
        tracks: (rollout?.tracks ?? []).map((track) =>
          track.group === null && track.release !== null
            ? { ...track, release: { ...track.release, finishedAt: null, ...state } }
            : track,
        ),
      },
    };
    const picture = apiPicture(inForce);
    const [product, ...rest] = picture.products;
    if (product === undefined || product.plan === null) throw new Error('no plan');
    const releases = product.plan.releases.map((each) => ({
      ...each,
      waits: [],
      expectedAt: API_NOW + HOUR_MS,
      ...plan,
    }));
    api.controller.picture = {
      ...picture,
      products: [{ ...product, stoppedAt: null, plan: { ...product.plan, releases } }, ...rest],
    };
  }

  async function rollouts(): Promise<readonly RolloutJson[]> {
    const { json } = await api.ask('/api/v1/products/thermostat/rollouts');
    return (json as { readonly items: readonly RolloutJson[] }).items;
  }

  it('tell how each release in force is, with its halt line and its commit', async () => {
    show({ startedAt: API_NOW - 5, stepAt: API_NOW - 3 });
    const all = await rollouts();
    expect(all.map(({ version, group }) => [version, group])).toEqual([
      [41, null],
      [41, 'bench'],
    ]);
    const { revision } = API_DESIRED.releases[0]?.origin ?? { revision: '' };
    expect(all[0]).toMatchObject({
      manifest: 'Release/thermostat',
      commitUrl: `${COMMITS}/${revision}`,
      pullRequest: null,
      round: 1,
      startedAt: new Date(API_NOW - 5).toISOString(),
      stepAt: new Date(API_NOW - 3).toISOString(),
      finishedAt: null,
      expectedAt: new Date(API_NOW + HOUR_MS).toISOString(),
      halt: null,
      paused: false,
      samples: [],
      progress: { step: 'canary', failed: 1 },
    });
    const { halt } = API_DESIRED.releases[0]?.spec.strategy ?? {};
    expect(all[0]?.haltRate).toBe(halt?.failureRate);
    expect(all[0]?.minAttempts).toBe(halt?.minAttempts);
    expect(all[0]?.haltAction).toBe(halt?.action);
    expect(all[1]).toMatchObject({ round: 2, progress: null, expectedAt: null });
  });

  it('tell of a halt with its numbers', async () => {
    const halt = { action: 'hold', at: API_NOW, failed: 3, succeeded: 4, message: '3.' } as const;
    show({ halt });
    expect((await rollouts())[0]?.halt).toEqual({ ...halt, at: new Date(API_NOW).toISOString() });
  });

  it('hold the samples of their own round', async () => {
    show({});
    const sample = { exposure: 125, inFlight: 1, succeeded: 2, failed: 3 };
    await api.store.saveReleaseSamples('thermostat', {
      add: [
        { ...sample, round: 1, at: 2 },
        { ...sample, round: 1, at: 1 },
        { ...sample, round: 9, at: 1 },
      ],
      dropped: [],
      forgotten: [],
    });
    const [product, bench] = await rollouts();
    expect(product?.samples).toEqual([
      { ...sample, exposure: 1.25, at: '1970-01-01T00:00:00.001Z' },
      { ...sample, exposure: 1.25, at: '1970-01-01T00:00:00.002Z' },
    ]);
    expect(bench?.samples).toEqual([]);
  });

  it('name the pull request that brought them, where it was reviewed here', async () => {
    show({});
    const { revision } = API_DESIRED.releases[0]?.origin ?? { revision: '' };
    const plan = API_PLAN;
    const saved = (number: number, commit: string): Promise<void> =>
      api.store.saveReview({
        pullRequest: { number, title: 'x', url: `https://forge.example/pull/${number}` },
        head: 'h',
        base: 'b',
        merge: 'm',
        review: {
          plan,
          base: plan,
          unread: [],
          touchesManifests: true,
          standing: [],
          gate: 'success',
          releases: [],
          newFirmware: [],
          policyChanges: [],
        },
        at: API_NOW,
        outcome: { kind: 'merged', commit, moved: null },
      });
    await saved(7, revision);
    await saved(8, 'another');
    const pullRequest = { number: 7, url: 'https://forge.example/pull/7' };
    expect((await rollouts()).map((each) => each.pullRequest)).toEqual([pullRequest, pullRequest]);
  });

  it.each<[string, Partial<ReleaseState>, Partial<ReleasePlan>]>([
    ['too many have failed', {}, { waits: [{ kind: 'failureRate', failed: 1, succeeded: 1 }] }],
    ['no device is there', {}, { waits: [{ kind: 'devices' }] }],
    ['a person is waited for', {}, { expectedAt: null }],
    ['it is done', { finishedAt: API_NOW }, {}],
    ['another version is in motion', { version: 40 }, {}],
  ])('expect no end where %s', async (_, state, plan) => {
    show(state, plan);
    expect((await rollouts())[0]?.expectedAt).toBeNull();
  });

  it('expect no end while the product is stopped', async () => {
    show({});
    const { picture } = api.controller;
    const products = picture.products.map((each) => ({ ...each, stoppedAt: API_NOW }));
    api.controller.picture = { ...picture, products };
    expect((await rollouts())[0]?.expectedAt).toBeNull();
  });
});

describe('the source', () => {
  async function sources(): Promise<SourcesJson> {
    return (await api.ask('/api/v1/sources')).json as SourcesJson;
  }

  it('is told with its revisions and where their pages are', async () => {
    expect(await sources()).toMatchObject({
      source: '/fleet',
      kind: 'git',
      readAt: new Date(API_NOW - 30_000).toISOString(),
      failure: { code: 'SourceUnavailable' },
      revisionSeen: 'r2',
      subjectSeen: 'Lock the bench to 42',
      commitUrl: `${COMMITS}/r2`,
      commitUrlTemplate: `${COMMITS}/{revision}`,
      manifestUrlTemplate: 'https://forge.example/acme/fleet/blob/{revision}/{file}#L{line}',
      products: [
        {
          product: 'thermostat',
          revision: 'r1',
          observedRevision: 'r2',
          commitUrl: `${COMMITS}/r1`,
        },
        { product: 'constructor', revision: null, observedRevision: 'r2', commitUrl: null },
      ],
    });
  });

  it('shows what stands against its manifests once, problems first, with their lines', async () => {
    const { refusals, refusalCount } = await sources();
    expect(refusals.map(({ severity, product, reason }) => [severity, product, reason])).toEqual([
      ['problem', null, 'InvalidManifest'],
      ['problem', 'thermostat', 'ReleaseUnverified'],
      ['warning', 'thermostat', 'DeviceOffline'],
      ['warning', 'thermostat', 'LockExpired'],
    ]);
    expect(refusalCount).toBe(4);
    expect(refusals.map(({ excerpt }) => excerpt?.marked ?? null)).toEqual([3, 7, null, null]);
    expect(refusals[0]).toMatchObject({
      file: 'a.yaml',
      line: 3,
      column: 5,
      revision: 'r2',
      remedy: 'Remove it.',
      excerpt: { from: 3, lines: ['line 3'] },
    });
  });

  it('shows the lines of at most a hundred, and counts the rest', async () => {
    const { picture } = api.controller;
    const [problem] = API_PLAN.errors;
    if (problem === undefined) throw new Error('no problem');
    const problems = Array.from({ length: 150 }, (_, index) => ({
      ...problem,
      place: { file: 'a.yaml', line: 150 - index, column: 1 },
    }));
    api.controller.picture = { ...picture, problems };
    const { refusals, refusalCount } = await sources();
    expect([refusals.length, refusalCount]).toEqual([100, 152]);
    expect(refusals.slice(0, 2).map(({ line }) => line)).toEqual([1, 2]);
    expect(api.controller.calls.at(-1)).toEqual(['excerpts', 'r2', 100]);
  });

  it('shows no lines of another revision: what is frozen is in force from an older one', async () => {
    const { picture } = api.controller;
    const origin = API_DESIRED.releases[0]?.origin;
    if (origin === undefined) throw new Error('no release');
    const { file, line, column } = origin;
    const products = picture.products.map((each) => ({
      ...each,
      plan: each.plan && {
        ...each.plan,
        frozen: true,
        refusals: each.plan.refusals.map((refusal) => ({
          ...refusal,
          place: { file, line, column },
        })),
      },
    }));
    api.controller.picture = { ...picture, products };
    const frozen = (await sources()).refusals.find(({ reason }) => reason === 'ReleaseUnverified');
    expect(frozen).toMatchObject({ revision: origin.revision, excerpt: null });
    api.controller.picture = {
      ...picture,
      products: products.map((each) => ({
        ...each,
        plan: each.plan && { ...each.plan, frozen: false },
      })),
    };
    const newest = (await sources()).refusals.find(({ reason }) => reason === 'ReleaseUnverified');
    expect(newest).toMatchObject({ revision: 'r2', excerpt: { marked: line } });
  });

  it('has no page of what is no commit', async () => {
    api.controller.picture = { ...api.controller.picture, revisionSeen: 'dir-0123' };
    expect((await sources()).commitUrl).toBeNull();
  });
});

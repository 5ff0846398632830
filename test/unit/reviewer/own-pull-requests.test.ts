// The pull requests that the controller opens by itself: one per cause, none twice, and none closed on half the truth.

import { beforeEach, describe, expect, it } from 'vitest';

import type { Halt } from '../../../controller/model/rollout.ts';
import type { ProductView } from '../../../controller/reconciler/controller.ts';
import {
  createOwnPullRequests,
  type OwnPullRequests,
} from '../../../controller/reviewer/own-pull-requests.ts';
import { buildDesired } from '../../support/desired.ts';
import {
  AWAY,
  controllerView,
  createHandClock,
  createKeptStore,
  createNotingChanges,
  createNotingForge,
  type KeptStore,
  type NotingChanges,
  type NotingForge,
  openPullRequest,
  productView,
  treeOf,
} from '../../support/reviewer-parts.ts';
import { releaseAll } from '../../support/tracks.ts';
import { sampleRelease, sampleWaitingRelease } from '../reports/release-samples.ts';

let noting: NotingForge;
let source: NotingChanges;
let kept: KeptStore;
let log: string[];
let own: OwnPullRequests;
beforeEach(() => {
  noting = createNotingForge();
  source = createNotingChanges('fleet/');
  source.base = treeOf('base-1', FILES);
  kept = createKeptStore();
  log = [];
  own = createOwnPullRequests({
    forge: noting.forge,
    changes: source.changes,
    store: kept.store,
    clock: createHandClock(),
    log: { info: (line) => void log.push(line), warn: (line) => void log.push(line) },
  });
});

function manifest(kind: string, name: string, spec: readonly string[]): string {
  const head = ['apiVersion: lockstep/v1', `kind: ${kind}`, `metadata: { name: ${name} }`, 'spec:'];
  return [...head, ...spec.map((line) => `  ${line}`), ''].join('\n');
}

function firmware(version: number): string {
  return manifest('Firmware', `thermostat-${version}`, [
    'product: thermostat',
    `version: ${version}`,
    `binary: { path: firmware/${version}.bin, sha256: ${String(version).padStart(64, 'a')}, format: opaque }`,
  ]);
}

const FILES = {
  'product.yaml': manifest('Product', 'thermostat', [
    'productId: 94',
    'fleet: { driver: gateway }',
  ]),
  'firmware/41.yaml': firmware(41),
  'firmware/42.yaml': firmware(42),
  'release.yaml': manifest('Release', 'thermostat', [
    'product: thermostat',
    'version: 42',
    'strategy: { steps: [{ name: tenth, exposure: 10% }, { name: half, exposure: 50%, approval: required }] }',
  ]),
};

const HALT: Halt = { action: 'hold', at: 1, failed: 2, succeeded: 1, message: '2 of 3 failed.' };
const HALTED = /^openPullRequest lockstep\/halted\/thermostat\/42-/;

function product(halt: Halt | null, release = sampleRelease({ waits: [] })): ProductView {
  const inForce = releaseAll(buildDesired({ release: 42 }), { '': { halt, base: 41 } });
  return productView(inForce, [release]);
}

const WAITS = product(null, sampleWaitingRelease());
const WELL = product(null);

async function write(products: readonly ProductView[], more = {}): Promise<readonly string[]> {
  const written = await own.write(controllerView(products, more), 'main');
  expect(written).toEqual({ ok: true, value: undefined });
  return noting.takeCalls();
}

describe('a cause', () => {
  it('leads to one pull request, and costs nothing once it is there', async () => {
    const calls = await write([product(HALT)]);
    expect(log).toEqual([]);
    expect(calls[0]).toMatch(HALTED);
    expect(kept.events).toMatchObject([
      { type: 'PullRequestOpened', product: 'thermostat', manifest: 'Release/thermostat' },
    ]);
    source.takeCalls();
    const again = await write([product(HALT)]);
    expect(again.filter((call) => call.startsWith('openPullRequest'))).toEqual([]);
    expect(source.takeCalls()).toEqual([]);
    expect(kept.events).toHaveLength(1);
  });

  it('that was dealt with before a restart leads to no event, also where somebody closed it', async () => {
    await write([product(HALT)]);
    const [opened] = noting.pullRequests;
    if (opened === undefined) throw new Error('none was opened');
    noting.pullRequests = [{ ...opened, state: 'closed' }];
    own = createOwnPullRequests({
      forge: noting.forge,
      changes: source.changes,
      store: kept.store,
      clock: createHandClock(),
      log: { info: () => undefined, warn: () => undefined },
    });
    await write([product(HALT)]);
    expect(noting.pullRequests).toHaveLength(1);
    expect(kept.events).toHaveLength(1);
  });

  it('that cannot be dealt with now is tried again, and keeps no other from it', async () => {
    noting.failures.set('openPullRequest lockstep/halted', AWAY);
    const lamp = { ...WAITS, product: 'thermostat' };
    const view = controllerView([product(HALT), lamp]);
    expect(await own.write(view, 'main')).toEqual({ ok: false, error: AWAY });
    // What is open is not judged by half of it.
    expect(noting.takeCalls().map((call) => call.split('/')[1])).toEqual(['halted', 'approve']);
    noting.failures.clear();
    const calls = await write([product(HALT), lamp]);
    expect(calls.filter((call) => call.startsWith('openPullRequest'))).toEqual([
      expect.stringMatching(HALTED),
    ]);
  });

  it('that git knows of already is looked at again only when the branch moves', async () => {
    const taken = {
      'firmware/42.yaml': `${FILES['firmware/42.yaml']}  withdrawn: { reason: it fails }\n`,
      'release.yaml': FILES['release.yaml'].replace('version: 42', 'version: 41'),
    };
    source.base = treeOf('base-1', { ...FILES, ...taken });
    expect((await write([product(HALT)])).filter((call) => HALTED.test(call))).toEqual([]);
    expect(log).toHaveLength(1);
    source.takeCalls();
    await write([product(HALT)]);
    expect(source.takeCalls()).toEqual([]);
    source.base = treeOf('base-2', FILES);
    const calls = await write([product(HALT)], { revisionSeen: 'r2' });
    expect(calls.filter((call) => HALTED.test(call))).toHaveLength(1);
  });
});

describe('the change', () => {
  it('is of the branch as it is, and of files from the root of the repository', async () => {
    const changes: Parameters<typeof noting.forge.openPullRequest>[0][] = [];
    const { forge } = noting;
    own = createOwnPullRequests({
      forge: {
        ...forge,
        openPullRequest: (change) => {
          changes.push(change);
          return forge.openPullRequest(change);
        },
      },
      changes: source.changes,
      store: kept.store,
      clock: createHandClock(),
      log: { info: () => undefined, warn: () => undefined },
    });
    await write([product(HALT), WAITS]);
    expect(
      changes.map(({ base, baseCommit, files }) => [base, baseCommit, Object.keys(files).sort()]),
    ).toEqual([
      ['main', 'base-1', ['fleet/firmware/42.yaml', 'fleet/release.yaml']],
      ['main', 'base-1', ['fleet/release.yaml']],
    ]);
    expect(changes[0]?.files['fleet/release.yaml']).toContain('version: 41');
    expect(changes[0]?.files['fleet/firmware/42.yaml']).toMatch(/withdrawn:.*2 of 3 failed/s);
    expect(changes[1]?.files['fleet/release.yaml']).toContain('42/half');
  });
});

describe('a pull request of ours', () => {
  const left = openPullRequest(1, {
    head: { commit: 'h', branch: 'lockstep/halted/thermostat/40-x-1', isFork: false },
  });
  const theirs = openPullRequest(2, {
    head: { commit: 'h', branch: 'halted/thermostat', isFork: false },
  });

  it('is closed once its cause is gone, and then nothing is looked for any more', async () => {
    noting.pullRequests = [left, theirs];
    const calls = await write([WELL]);
    expect(calls.filter((call) => call.startsWith('close'))).toEqual(['closePullRequest 1']);
    expect(await write([WELL])).toEqual([]);
    expect(noting.pullRequests.map(({ state }) => state)).toEqual(['closed', 'open']);
  });

  it('stays while its cause does, also where something else is waited for meanwhile', async () => {
    await write([WAITS]);
    const stopped = product(null, { ...sampleWaitingRelease(), waits: [{ kind: 'stopped' }] });
    for (const view of [WAITS, stopped, WAITS]) {
      expect((await write([view])).filter((call) => /^(?:close|open)/.test(call))).toEqual([]);
    }
    // The release has gone on.
    expect(await write([WELL])).toContain('closePullRequest 1');
  });

  it('stays while a fleet is away, or nothing is known yet', async () => {
    noting.pullRequests = [left];
    const away = { ...WELL, product: 'lamp', plan: null };
    expect(await write([WELL, away])).toEqual([]);
    expect(await write([WELL], { ready: false })).toEqual([]);
    expect(await write([WELL])).toContain('closePullRequest 1');
  });

  it('is closed also where another product is gone for good', async () => {
    noting.pullRequests = [left];
    const inForce = { ...buildDesired({ product: 'gone' }), config: null };
    const gone = { ...productView(inForce, []), plan: null };
    expect(await write([WELL, gone])).toContain('closePullRequest 1');
  });

  it('that cannot be closed now is closed later', async () => {
    noting.pullRequests = [left];
    noting.failures.set('closePullRequest', AWAY);
    expect(await own.write(controllerView([WELL]), 'main')).toEqual({ ok: false, error: AWAY });
    noting.failures.clear();
    expect(await write([WELL])).toContain('closePullRequest 1');
  });
});

// `lockstep review` as a workflow runs it: the real program, a real controller behind its API, and the fake GitHub. Each
// kind of end is seen once from a process of its own.

import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { hashApiToken } from '../../controller/server/access.ts';
import { openSqliteStore } from '../../controller/stores/sqlite/sqlite-store.ts';
import { findFreePort } from '../support/cli.ts';
import {
  firmwareFiles,
  fleetFiles,
  type ForgeWorld,
  type ForgeWorldOptions,
  lockFile,
  releaseFile,
  startForgeWorld,
} from '../support/forge-world.ts';
import { permissionsOf, runWorkflow, type WorkflowRun } from '../support/workflow-run.ts';

const SLOW = { timeout: 60_000 };
const EXAMPLE = 'lockstep-review.yml';
const TOKEN = 'the-token-of-a-viewer';
/** The group of the bench, written otherwise than it is there. */
const BENCH = `apiVersion: lockstep/v1
kind: DeviceGroup
metadata: { name: bench }
spec: { product: thermostat, devices: ["bench-1"] }
`;

/** A controller that no forge is told of. The bench runs version 41, which nothing releases. */
async function startWorld(options: ForgeWorldOptions = {}): Promise<ForgeWorld> {
  const { serve, ...others } = options;
  const world = await startForgeWorld({
    files: fleetFiles([41], null),
    webhooks: false,
    serve: { forge: null, ...serve },
    ...others,
  });
  return world;
}

/** Requests to GitHub that write, since the count was as given. */
function writes({ github }: ForgeWorld, from = 0): readonly string[] {
  return github.requests
    .slice(from)
    .filter(({ method, path }) => method !== 'GET' && !/\/(?:graphql|git-upload-pack)$/.test(path))
    .map(({ method, path }) => `${method} ${path}`);
}

function review(world: ForgeWorld, args: readonly string[], run: WorkflowRun = {}) {
  const env = { LOCKSTEP_SERVER: world.served().address, ...run.env };
  return runWorkflow(world.github, EXAMPLE, ['review', ...args], { ...run, env });
}

describe('a review in a workflow', SLOW, () => {
  let world: ForgeWorld;
  const heads: Record<string, string> = {};

  beforeAll(async () => {
    world = await startWorld();
    await world.start();
    world.startDevices(['bench-1'], 41);
    const { github } = world;
    const open = async (branch: string, files: Parameters<typeof github.push>[1]) => {
      const { number } = await github.openPullRequest({ branch, title: branch, files });
      heads[number] = github.pullRequest(number).head.sha;
    };
    await open('refused', { ...firmwareFiles(42), ...releaseFile(42) });
    await open('neutral', { ...firmwareFiles(42), ...lockFile(42), ...releaseFile(42) });
    await open('verified', releaseFile(41));
    await open('conflict', { 'bench.yaml': 'changed: here\n' });
    await github.openPullRequest({
      branch: 'fork',
      title: 'From elsewhere \u001b[31m ::error::owned',
      fork: { owner: 'mallory' },
      files: {
        ...firmwareFiles(42),
        ...releaseFile(42),
        'group.yaml':
          'apiVersion: lockstep/v1\nkind: DeviceGroup\nmetadata: { name: owned }\n' +
          'spec: { product: thermostat, devices: ["\\n::add-mask::x", "\\e[31m<b>@everyone"] }\n',
      },
    });
    await github.push('dev', {}, { message: 'Start', from: 'main' });
    await github.openPullRequest({
      branch: 'elsewhere',
      title: 'Into another branch',
      base: 'dev',
      files: { 'notes.md': 'x' },
    });
    await github.push('main', { 'bench.yaml': BENCH });
    await world.until('41 is verified', () =>
      (world.view()?.live?.evidence ?? []).some(({ passedAt }) => passedAt !== null),
    );
  });
  afterAll(() => world.close());

  it('writes a refusal once, however often it runs, and exits 3', async () => {
    const { github } = world;
    const first = await review(world, [], { number: 1, isProcess: true });
    expect(first).toMatchObject({ code: 3, stderr: '' });
    expect(first.stdout).toMatch(
      /^pull request 1\n {2}lockstep\/plan {2}success: .*\n {2}lockstep\/gate {2}failure: /,
    );
    expect(world.check(heads['1'] ?? '', 'plan')).toBe('success');
    expect(world.check(heads['1'] ?? '', 'gate')).toBe('failure');
    expect(world.comment(1)).toContain('Cannot be released as it is');
    expect(first.page).toContain('Cannot be released as it is');

    const before = github.requests.length;
    const second = await review(world, ['--output', 'json'], { number: 1 });
    expect(second.code).toBe(3);
    expect(JSON.parse(second.stdout)).toEqual({
      reviews: [
        {
          pullRequest: 1,
          url: expect.stringContaining('/pull/1'),
          head: heads['1'],
          base: github.branch('main'),
          plan: 'success',
          gate: 'failure',
          problems: null,
          written: true,
        },
      ],
    });
    expect(writes(world, before)).toEqual([]);
    expect(github.comments(1)).toHaveLength(1);
    expect(github.checks(heads['1'] ?? '')).toHaveLength(2);
  });

  it('exits 0 where the own lock or the fleet verifies, and 3 at a conflict, which is named', async () => {
    // Side by side: writes to GitHub are spaced out.
    const [neutral, verified, conflict] = await Promise.all([
      review(world, [], { number: 2, isProcess: true }),
      review(world, ['--pull-request', '3'], { isProcess: true }),
      review(world, [], { number: 4, isProcess: true }),
    ]);
    expect(neutral).toMatchObject({ code: 0, stderr: '' });
    expect(world.check(heads['2'] ?? '', 'gate')).toBe('neutral');
    expect(verified).toMatchObject({ code: 0, stderr: '' });
    expect(world.check(heads['3'] ?? '', 'gate')).toBe('success');
    expect(world.comment(3)).not.toBeNull();
    expect(conflict).toMatchObject({ code: 3, stderr: '' });
    expect(world.check(heads['4'] ?? '', 'plan')).toBe('failure');
    expect(world.check(heads['4'] ?? '', 'gate')).toBe('failure');
    expect(conflict.page).toContain('`bench.yaml`');
    // There was no comment that could mislead anybody.
    expect(world.comment(4)).toBeNull();
  });

  it('writes nothing for a fork, whatever its token may do, and prints the plan', async () => {
    const before = world.github.requests.length;
    const { code, stdout, page } = await review(world, [], { number: 5, isProcess: true });
    expect(code).toBe(3);
    expect(stdout).toContain('pull request 5 (from a fork: nothing is written)');
    expect(stdout).toContain('Cannot be released as it is');
    expect(page).toContain('Cannot be released as it is');
    expect(writes(world, before)).toEqual([]);
    expect(world.github.checks(world.github.pullRequest(5).head.sha)).toEqual([]);
    // Words of strangers neither reach the terminal nor begin a line, where a runner would take them for its commands.
    expect(stdout).not.toContain('\u001b');
    expect(stdout).not.toMatch(/^\s*::/m);
    expect(page).not.toMatch(/<b>|@everyone/);
  });

  it('with --all looks at those into the branch, and 0 says only that it could', async () => {
    const { code, stdout, stderr } = await review(world, ['--all', '--output', 'json']);
    expect([code, stderr]).toEqual([0, '']);
    const { reviews } = JSON.parse(stdout) as {
      reviews: readonly Readonly<Record<'pullRequest' | 'plan' | 'gate' | 'written', unknown>>[];
    };
    expect(reviews.map((each) => [each.pullRequest, each.plan, each.gate, each.written])).toEqual([
      [1, 'success', 'failure', true],
      [2, 'success', 'neutral', true],
      [3, 'success', 'success', true],
      [4, 'failure', 'failure', true],
      [5, 'failure', 'failure', false],
    ]);
  });

  it('leaves one alone that goes into another branch', async () => {
    const before = world.github.requests.length;
    const { code, stdout, stderr } = await review(world, [], { number: 6 });
    expect([code, stdout]).toEqual([0, '']);
    expect(stderr).toContain('goes into dev, and main is what is carried out');
    expect(writes(world, before)).toEqual([]);
  });

  it('says which permission is missing, after the plan, and exits 1', async () => {
    const { checks, ...permissions } = permissionsOf(EXAMPLE);
    expect(checks).toBe('write');
    const { github } = world;
    await github.pushToPullRequest(1, { 'notes.md': 'one more commit' });
    const head = github.pullRequest(1).head.sha;
    const { code, stdout, stderr, page } = await review(world, [], { number: 1, permissions });
    expect(code).toBe(1);
    expect(stdout).toContain('lockstep/gate  failure');
    expect(page).toContain('Cannot be released as it is');
    expect(stderr).toMatch(/^error ForgeForbidden\n.*Give `checks: \w+` .*under `permissions`/);
    expect(github.checks(head)).toEqual([]);
  });

  it('exits 1 and writes nothing where no controller answers', async () => {
    const head = world.github.pullRequest(1).head.sha;
    const nowhere = `http://127.0.0.1:${await findFreePort()}`;
    const env = { LOCKSTEP_SERVER: nowhere };
    const { code, stderr } = await review(world, [], { number: 1, isProcess: true, env });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error ServerUnreachable\n.*the connection was refused.*Check/);
    expect(world.github.checks(head)).toEqual([]);
  });

  it.each([
    ['outside of a workflow', { GITHUB_ACTIONS: null }, /^error NoWorkflow\n.*lockstep plan/],
    ['without a token', { GITHUB_TOKEN: '' }, /^error NoWorkflow\n.*GITHUB_TOKEN/],
    ['without a controller', { LOCKSTEP_SERVER: '' }, /^error NoServer\n.*LOCKSTEP_SERVER/],
    ['on another event', {}, /^error NoPullRequest\n.*runs for no pull request.*--all/],
  ])('%s exits 1 and says what to do', async (_case, env, words) => {
    const before = world.github.requests.length;
    const { code, stdout, stderr } = await review(world, [], { env });
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(words);
    expect(world.github.requests).toHaveLength(before);
  });
});

describe('a review by a controller that asks for a token', SLOW, () => {
  let world: ForgeWorld | null = null;
  afterEach(async () => {
    await world?.close();
    world = null;
  });

  it('needs one, and does without where a fork has none', async () => {
    // Whoever names another machine is behind a proxy, and asks everybody for a token.
    world = await startWorld({ serve: { publicUrl: 'https://lockstep.example.com' } });
    const { github, folder } = world;
    const store = await openSqliteStore(join(folder, 'state.db'));
    if (!store.ok) throw new Error(store.error.message);
    const hash = hashApiToken(TOKEN);
    await store.value.saveToken({ name: 'review', role: 'viewer', hash, createdAt: 0 });
    await store.value.close();
    await world.start();
    const files = { ...firmwareFiles(42), ...releaseFile(42) };
    await github.openPullRequest({ branch: 'own', title: 'Own', files });
    const fork = { owner: 'mallory' };
    await github.openPullRequest({ branch: 'good', title: 'Good', fork, files });
    await github.openPullRequest({ branch: 'bad', title: 'Bad', fork, files: releaseFile(43) });

    const before = github.requests.length;
    const env = { LOCKSTEP_TOKEN: TOKEN };
    const known = await review(world, [], { number: 2, isProcess: true, env });
    expect(known).toMatchObject({ code: 3, stderr: '' });
    expect(known.stdout).toContain('Cannot be released as it is');

    const unknown = await review(world, ['--pull-request', '1'], {});
    expect([unknown.code, unknown.stdout]).toEqual([1, '']);
    expect(unknown.stderr).toMatch(/^error Unauthorized\n.*LOCKSTEP_TOKEN/);

    const good = await review(world, [], { number: 2 });
    expect([good.code, good.stderr]).toEqual([0, '']);
    expect(good.stdout).toContain('pull request 2 (from a fork: nothing is written)');
    expect(good.stdout).toContain('Only the manifests are checked.');
    expect(good.stdout).toMatch(/\n6 manifests, no problems\n$/);

    const bad = await review(world, [], { number: 3 });
    expect([bad.code, bad.stderr]).toEqual([3, '']);
    expect(bad.stdout).toMatch(/^release\.yaml:\d+:\d+: error UnknownVersion$/m);
    expect(bad.stdout).toMatch(/mend: /);
    expect(bad.page).toMatch(/Only the manifests are checked[\s\S]*\*\*UnknownVersion\*\*/);
    expect(writes(world, before)).toEqual([]);
  });
});

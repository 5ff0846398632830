// The fake GitHub, asked by the clients that the real one has: octokit, and git. What is tested here is what the tests of
// the forge rely on.

import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync, readlinkSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { verify } from '@octokit/webhooks-methods';
import { App, Octokit, RequestError } from 'octokit';
import { afterEach, describe, expect, it } from 'vitest';

import type { FakeGitHub, FakeGitHubOptions } from '../fakes/github/fake-github.ts';
import { startFakeGitHub } from '../fakes/github/github-server.ts';
import { GIT_ENVIRONMENT, makeTempDir } from '../support/git-repo.ts';

const SLUG = { owner: 'acme', repo: 'fleet' };

/** Octokit without its own patience: what a test does not ask for, it does not wait for. */
const Client = Octokit.defaults({
  throttle: { enabled: false },
  retry: { enabled: false },
  log: { debug() {}, info() {}, warn() {}, error() {} },
});

const cleanups: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const clean of cleanups.splice(0).toReversed()) await clean();
});

async function start(options?: FakeGitHubOptions): Promise<FakeGitHub> {
  const gh = await startFakeGitHub(options);
  cleanups.push(() => gh.close());
  return gh;
}

/** Signed in with a personal token, unless told otherwise; null: not at all. */
function clientOf(gh: FakeGitHub, token: string | null = gh.token): Octokit {
  return new Client({ baseUrl: gh.apiUrl, ...(token === null ? {} : { auth: token }) });
}

function asApp(gh: FakeGitHub): Octokit {
  return clientOf(gh, gh.installationToken());
}

/** Status and message of the refusal that a request ends in, with what is said of its fields. */
async function refusalOf(request: Promise<unknown>): Promise<string> {
  try {
    await request;
    return 'not refused';
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    const data = error.response?.data as
      | { message?: string; errors?: { message?: string; field?: string; code: string }[] }
      | undefined;
    const more = (data?.errors ?? []).map(
      ({ message, field, code }) => message ?? `${field} ${code}`,
    );
    return [`${error.status} ${data?.message ?? error.message}`, ...more].join(' / ');
  }
}

function scratch(): string {
  const dir = makeTempDir('fake-github');
  cleanups.push(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** A git that never asks; the program's output. */
async function git(cwd: string, ...args: string[]): Promise<string> {
  const env = { ...GIT_ENVIRONMENT, GIT_TERMINAL_PROMPT: '0', LC_ALL: 'C' };
  const { stdout } = await promisify(execFile)('git', args, { cwd, env });
  return stdout.trim();
}

function signedIn(gh: FakeGitHub, token = gh.token): string {
  return gh.gitUrl.replace('http://', `http://x-access-token:${token}@`);
}

async function openOne(gh: FakeGitHub, branch = 'lock') {
  return gh.openPullRequest({ branch, title: `Change ${branch}`, files: { [branch]: 'new\n' } });
}

describe('git over HTTP', () => {
  it('clones with a token, and fetches what is in review', async () => {
    const gh = await start({ files: { 'a.yaml': 'a: 1\n' } });
    const pullRequest = await openOne(gh);
    const dir = join(scratch(), 'clone');
    await git('/', 'clone', '--quiet', signedIn(gh), dir);
    expect(readFileSync(join(dir, 'a.yaml'), 'utf8')).toBe('a: 1\n');
    await git(dir, 'fetch', '--quiet', 'origin', 'refs/pull/1/head', 'refs/pull/1/merge');
    const fetched = readFileSync(join(dir, '.git/FETCH_HEAD'), 'utf8');
    expect(fetched.split('\n').map((line) => line.slice(0, 40))).toEqual([
      pullRequest.head.sha,
      await git(gh.repoDir, 'rev-parse', 'refs/pull/1/merge'),
      '',
    ]);
    const parents = await git(gh.repoDir, 'log', '-1', '--format=%P', 'refs/pull/1/merge');
    expect(parents).toBe(`${gh.branch('main')} ${pullRequest.head.sha}`);
  });

  it('takes installation tokens and workflow tokens as well', async () => {
    const gh = await start();
    await git('/', 'ls-remote', signedIn(gh, gh.installationToken()));
    await git('/', 'ls-remote', signedIn(gh, gh.workflowToken({ contents: 'read' })));
    await expect(git('/', 'ls-remote', signedIn(gh, gh.workflowToken({})))).rejects.toThrow(/403/);
  });

  it('refuses strangers, and shows a public repository to all', async () => {
    const gh = await start({
      tokens: {
        writer: { login: 'rosa', access: 'write' },
        stranger: { login: 'mallory', access: 'none' },
      },
    });
    await expect(git('/', 'ls-remote', gh.gitUrl)).rejects.toThrow(/could not read Username/);
    await expect(git('/', 'ls-remote', signedIn(gh, 'wrong'))).rejects.toThrow(
      /Authentication failed/,
    );
    await expect(git('/', 'ls-remote', signedIn(gh, 'stranger'))).rejects.toThrow(/not found/);
    gh.isPrivate = false;
    expect(await git('/', 'ls-remote', gh.gitUrl)).toContain('refs/heads/main');
  });

  it('takes a push, and synchronises the pull request', async () => {
    const gh = await start();
    await openOne(gh);
    const dir = join(scratch(), 'clone');
    await git('/', 'clone', '--quiet', '--branch=lock', signedIn(gh), dir);
    await git(dir, 'commit', '--quiet', '--allow-empty', '--message=more');
    await git(dir, 'push', '--quiet', 'origin', 'lock');
    const head = await git(dir, 'rev-parse', 'HEAD');
    expect(gh.pullRequest(1).head.sha).toBe(head);
    expect(await git(gh.repoDir, 'rev-parse', 'refs/pull/1/head')).toBe(head);
  });

  it('is down, or breaks off, with the rest', async () => {
    const gh = await start();
    gh.mood = 'down';
    await expect(git('/', 'ls-remote', signedIn(gh))).rejects.toThrow(/503/);
    gh.mood = 'cut';
    await expect(git('/', 'clone', signedIn(gh), join(scratch(), 'x'))).rejects.toThrow(
      /early EOF|hung up|unexpected disconnect|transfer closed/,
    );
    gh.mood = 'ok';
    await git('/', 'ls-remote', signedIn(gh));
  });
});

describe('who is asking', () => {
  it('knows people by their tokens, in both spellings', async () => {
    const gh = await start();
    const { data } = await clientOf(gh).rest.users.getAuthenticated();
    expect(data).toMatchObject({ login: 'rosa', type: 'User' });
    for (const scheme of ['token', 'Bearer']) {
      const response = await fetch(`${gh.apiUrl}/repos/acme/fleet`, {
        headers: { authorization: `${scheme} ${gh.token}` },
      });
      expect(response.status).toBe(200);
    }
  });

  it('answers 401 to bad credentials, and 404 to those that may not see the repository', async () => {
    const gh = await start({
      tokens: {
        reader: { login: 'sam', access: 'read' },
        stranger: { login: 'mallory', access: 'none' },
      },
    });
    const get = (token: string | null) => clientOf(gh, token).rest.repos.get(SLUG);
    expect(await refusalOf(get('wrong'))).toBe('401 Bad credentials');
    expect(await refusalOf(get('stranger'))).toBe('404 Not Found');
    expect(await refusalOf(get(null))).toBe('404 Not Found');
    expect((await get('reader')).data.default_branch).toBe('main');
    gh.setAccess('stranger', 'read');
    expect((await get('stranger')).data.private).toBe(true);
    gh.isPrivate = false;
    expect((await get(null)).data.private).toBe(false);
    const create = clientOf(gh, 'reader').rest.git.createBlob({ ...SLUG, content: 'x' });
    expect(await refusalOf(create)).toBe('403 Resource not accessible by personal access token');
  });

  it('lets an app in by its JWT, and gives its installation a token', async () => {
    const gh = await start();
    const app = new App({
      appId: gh.app.id,
      privateKey: gh.app.privateKey,
      Octokit: Client.defaults({ baseUrl: gh.apiUrl }),
    });
    expect((await app.octokit.rest.apps.getAuthenticated()).data?.slug).toBe('lockstep');
    const { data } = await app.octokit.rest.apps.getRepoInstallation(SLUG);
    expect(data).toMatchObject({ id: gh.app.installationId, app_slug: 'lockstep' });
    const installed = await app.getInstallationOctokit(data.id);
    expect((await installed.rest.repos.get(SLUG)).data.full_name).toBe('acme/fleet');
    expect(await refusalOf(installed.rest.users.getAuthenticated())).toBe(
      '403 Resource not accessible by integration',
    );
    const { data: list } = await installed.rest.apps.listReposAccessibleToInstallation();
    expect(list.repositories.map(({ name }) => name)).toEqual(['fleet']);
  });

  it('refuses a JWT that is signed by another key, or for another app, or used without one', async () => {
    const gh = await start();
    const { privateKey } = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    });
    const withKey = (appId: number, key: string) =>
      new App({
        appId,
        privateKey: key,
        Octokit: Client.defaults({ baseUrl: gh.apiUrl }),
      }).octokit.rest.apps.getAuthenticated();
    expect(await refusalOf(withKey(gh.app.id, privateKey))).toBe(
      '401 A JSON web token could not be decoded',
    );
    expect(await refusalOf(withKey(1, gh.app.privateKey))).toBe('404 Integration not found');
    expect(await refusalOf(clientOf(gh).rest.apps.getAuthenticated())).toBe(
      '401 A JSON web token could not be decoded',
    );
  });

  it('tells a client whose clock is wrong, so that octokit corrects it', async () => {
    const gh = await start();
    gh.advance(3 * 3_600_000);
    const app = new App({
      appId: gh.app.id,
      privateKey: gh.app.privateKey,
      Octokit: Client.defaults({ baseUrl: gh.apiUrl }),
    });
    await app.octokit.rest.apps.getAuthenticated();
    expect(gh.requests.map(({ status }) => status)).toEqual([401, 200]);
  });

  it('ends tokens of installations after an hour, and when the app is uninstalled', async () => {
    const gh = await start();
    const client = asApp(gh);
    await client.rest.repos.get(SLUG);
    gh.advance(3_600_001);
    expect(await refusalOf(client.rest.repos.get(SLUG))).toBe('401 Bad credentials');
    const again = asApp(gh);
    gh.app.isInstalled = false;
    expect(await refusalOf(again.rest.repos.get(SLUG))).toBe('401 Bad credentials');
  });

  it('asks an installation for the permission of each route', async () => {
    const gh = await start({ permissions: { metadata: 'read', contents: 'read' } });
    const client = asApp(gh);
    await client.rest.git.getRef({ ...SLUG, ref: 'heads/main' });
    for (const ask of [
      () => client.rest.pulls.list(SLUG),
      () => client.rest.git.createBlob({ ...SLUG, content: 'x' }),
      () => client.rest.checks.listForRef({ ...SLUG, ref: 'main' }),
    ]) {
      expect(await refusalOf(ask())).toBe('403 Resource not accessible by integration');
    }
  });
});

describe('pull requests', () => {
  it('are opened from a branch, and refused where GitHub refuses', async () => {
    const gh = await start();
    const { pulls } = clientOf(gh).rest;
    await gh.push('ready', { 'a.yaml': 'a: 1\n' });
    await gh.setBranch('idle', gh.branch('main') ?? '');
    const open = (head: string, base = 'main') =>
      pulls.create({ ...SLUG, head, base, title: 'Lock', body: 'why' });
    expect(await refusalOf(open('nowhere'))).toBe('422 Validation Failed / head invalid');
    expect(await refusalOf(open('ready', 'nowhere'))).toBe('422 Validation Failed / base invalid');
    expect(await refusalOf(open('idle'))).toBe(
      '422 Validation Failed / No commits between main and idle',
    );
    const { data } = await open('ready');
    expect(data).toMatchObject({
      number: 1,
      state: 'open',
      title: 'Lock',
      body: 'why',
      mergeable: null,
      commits: 1,
      changed_files: 1,
      user: { login: 'rosa' },
      head: { label: 'acme:ready', sha: gh.branch('ready') },
      base: { ref: 'main', sha: gh.branch('main') },
    });
    expect(await refusalOf(open('ready'))).toBe(
      '422 Validation Failed / A pull request already exists for acme:ready.',
    );
  });

  it('are listed by state, base, head and order', async () => {
    const gh = await start();
    for (const branch of ['one', 'two', 'three']) await openOne(gh, branch);
    await gh.closePullRequest(2);
    const numbers = async (query: object) => {
      const { data } = await clientOf(gh).rest.pulls.list({ ...SLUG, ...query });
      return data.map(({ number }) => number);
    };
    expect(await numbers({})).toEqual([3, 1]);
    expect(await numbers({ direction: 'asc' })).toEqual([1, 3]);
    expect(await numbers({ state: 'closed' })).toEqual([2]);
    expect(await numbers({ state: 'all' })).toEqual([3, 2, 1]);
    expect(await numbers({ state: 'all', head: 'acme:two' })).toEqual([2]);
    expect(await numbers({ head: 'someone:one' })).toEqual([]);
    expect(await numbers({ base: 'other' })).toEqual([]);
    expect(await numbers({ per_page: 1, page: 2 })).toEqual([1]);
  });

  it('say whether they can be merged, and what they change', async () => {
    const gh = await start({ files: { 'a.yaml': 'a: 1\nb: 2\nc: 3\n', 'old.yaml': 'x: 1\n' } });
    await gh.openPullRequest({
      branch: 'edit',
      title: 'Edit',
      files: { 'a.yaml': (text) => text.replace('a: 1', 'a: 9'), 'old.yaml': null, new: 'n\n' },
    });
    const { pulls } = clientOf(gh).rest;
    const { data } = await pulls.get({ ...SLUG, pull_number: 1 });
    expect(data).toMatchObject({ mergeable: true, additions: 2, deletions: 2, merged: false });
    const files = await pulls.listFiles({ ...SLUG, pull_number: 1 });
    expect(files.data.map(({ filename, status, changes }) => [filename, status, changes])).toEqual([
      ['a.yaml', 'modified', 2],
      ['new', 'added', 1],
      ['old.yaml', 'removed', 1],
    ]);
    await gh.push('main', { 'a.yaml': 'a: 5\n' });
    const after = await pulls.get({ ...SLUG, pull_number: 1 });
    expect(after.data).toMatchObject({ mergeable: false, merge_commit_sha: null });
    expect(await refusalOf(pulls.merge({ ...SLUG, pull_number: 1 }))).toBe(
      '405 Pull Request is not mergeable',
    );
    await expect(gh.mergePullRequest(1)).rejects.toThrow('#1 is in conflict');
  });

  it.each(['merge', 'squash', 'rebase'] as const)('are merged by %s', async (method) => {
    const gh = await start({ files: { list: 'a\nb\nc\nd\ne\n' } });
    await openOne(gh);
    const second = { list: (text: string) => text.replace('a', 'A') };
    await gh.pushToPullRequest(1, second, { message: 'Second' });
    const base = await gh.push('main', { list: (text) => text.replace('e', 'E') });
    const { pulls, repos } = clientOf(gh).rest;
    const sha = gh.pullRequest(1).head.sha;
    const stale = pulls.merge({ ...SLUG, pull_number: 1, sha: base });
    expect(await refusalOf(stale)).toMatch(/^409 Head branch was modified/);
    const merge = { ...SLUG, pull_number: 1, sha, merge_method: method } as const;
    const { data } = await pulls.merge(merge);
    expect(data.sha).toBe(gh.branch('main'));
    expect(await gh.file('main', 'list')).toBe('A\nb\nc\nd\nE\n');
    expect(await gh.file('main', 'lock')).toBe('new\n');
    const log = await git(gh.repoDir, 'log', '--first-parent', '--format=%s', `${base}..main`);
    expect(log.split('\n')).toEqual(
      {
        merge: ['Merge pull request #1 from acme/lock'],
        squash: ['Change lock (#1)'],
        rebase: ['Second', 'Change lock'],
      }[method],
    );
    const after = await pulls.get({ ...SLUG, pull_number: 1 });
    expect(after.data).toMatchObject({ merged: true, state: 'closed', merge_commit_sha: data.sha });
    const of = await repos.listPullRequestsAssociatedWithCommit({ ...SLUG, commit_sha: data.sha });
    expect(of.data.map(({ number }) => number)).toEqual([1]);
    const none = { ...SLUG, commit_sha: base };
    expect((await repos.listPullRequestsAssociatedWithCommit(none)).data).toEqual([]);
    await expect(git(gh.repoDir, 'rev-parse', '--verify', 'refs/pull/1/merge')).rejects.toThrow(
      /single revision/,
    );
  });

  it('are edited, closed and opened again', async () => {
    const gh = await start();
    await openOne(gh);
    const { pulls } = clientOf(gh).rest;
    const update = { ...SLUG, pull_number: 1 };
    const { data } = await pulls.update({ ...update, title: 'New', state: 'closed' });
    expect(data).toMatchObject({ title: 'New', state: 'closed', merged: false });
    expect((await pulls.update({ ...update, state: 'open' })).data.state).toBe('open');
    await gh.deleteBranch('lock');
    expect(gh.pullRequest(1).state).toBe('closed');
    expect(await refusalOf(pulls.update({ ...update, state: 'open' }))).toBe(
      '422 Validation Failed / state invalid',
    );
    expect(await refusalOf(pulls.get({ ...SLUG, pull_number: 9 }))).toBe('404 Not Found');
  });

  it('come from forks, also from forks that are gone', async () => {
    const gh = await start();
    const files = { 'a.yaml': 'a: 1\n' };
    const fork = { branch: 'main', title: 'Hello', files };
    await gh.openPullRequest({ ...fork, fork: { owner: 'mallory' } });
    await gh.openPullRequest({ ...fork, fork: { owner: 'gone', isDeleted: true } });
    const { pulls } = clientOf(gh).rest;
    const { data } = await pulls.get({ ...SLUG, pull_number: 1 });
    expect(data.head).toMatchObject({
      label: 'mallory:main',
      repo: { full_name: 'mallory/fleet', fork: true },
    });
    expect((await pulls.get({ ...SLUG, pull_number: 2 })).data.head.repo).toBeNull();
    expect([...gh.branches().keys()]).toEqual(['main']);
    const sha = await gh.pushToPullRequest(1, { 'b.yaml': 'b: 1\n' });
    expect(await git(gh.repoDir, 'rev-parse', 'refs/pull/1/head')).toBe(sha);
    await gh.mergePullRequest(1);
    expect(await gh.file('main', 'b.yaml')).toBe('b: 1\n');
  });

  it('count as merged when a person pushes them to the base', async () => {
    const gh = await start();
    const { head } = await openOne(gh);
    await gh.setBranch('main', head.sha);
    expect(gh.pullRequest(1).merged?.sha).toBe(head.sha);
  });
});

describe('comments', () => {
  it('are written, changed, read and paged through', async () => {
    const gh = await start();
    await openOne(gh);
    const client = asApp(gh);
    const { issues } = client.rest;
    for (let index = 0; index < 34; index += 1) await gh.comment(1, `${index}`, 'sam');
    const created = await issues.createComment({ ...SLUG, issue_number: 1, body: 'plan' });
    expect(created.data).toMatchObject({
      user: { login: gh.app.login, type: 'Bot' },
      performed_via_github_app: { id: gh.app.id },
    });
    const comment_id = created.data.id;
    await issues.updateComment({ ...SLUG, comment_id, body: 'new plan' });
    expect((await issues.getComment({ ...SLUG, comment_id })).data.body).toBe('new plan');
    expect((await issues.listComments({ ...SLUG, issue_number: 1 })).data).toHaveLength(30);
    const all = await client.paginate(issues.listComments, {
      ...SLUG,
      issue_number: 1,
      per_page: 10,
    });
    expect(all.map(({ body }) => body)).toEqual([
      ...Array.from({ length: 34 }, (_, index) => `${index}`),
      'new plan',
    ]);
    expect(gh.requestsOf('GET *comments').map(({ query }) => query)).toEqual([
      '',
      '?per_page=10',
      '?per_page=10&page=2',
      '?per_page=10&page=3',
      '?per_page=10&page=4',
    ]);
    expect(gh.comments(1)).toHaveLength(35);
  });

  it('hold at most 65,536 characters', async () => {
    const gh = await start();
    await openOne(gh);
    const { issues } = clientOf(gh).rest;
    const write = (body: string) => issues.createComment({ ...SLUG, issue_number: 1, body });
    // Characters, not the two code units that each of these has.
    await write('\u{1F600}'.repeat(65_536));
    expect(await refusalOf(write('x'.repeat(65_537)))).toBe(
      '422 Validation Failed / body is too long (maximum is 65536 characters)',
    );
    expect(await refusalOf(write(''))).toBe('422 Validation Failed / body missing_field');
    expect(gh.comments(1)).toHaveLength(1);
  });
});

describe('checks and statuses', () => {
  const annotation = (line: number) => ({
    path: 'a.yaml',
    start_line: line,
    end_line: line,
    annotation_level: 'failure' as const,
    message: 'wrong',
  });

  it('are created and updated by apps', async () => {
    const gh = await start();
    const { checks } = asApp(gh).rest;
    const head_sha = gh.branch('main') ?? '';
    const created = await checks.create({
      ...SLUG,
      name: 'lockstep/plan',
      head_sha,
      external_id: 'key',
      status: 'in_progress',
    });
    expect(created.data).toMatchObject({ status: 'in_progress', conclusion: null });
    const check_run_id = created.data.id;
    await checks.update({
      ...SLUG,
      check_run_id,
      conclusion: 'failure',
      output: { title: 'Refused', summary: 'why', annotations: [annotation(1), annotation(2)] },
    });
    expect(gh.check(head_sha, 'lockstep/plan')).toMatchObject({
      status: 'completed',
      conclusion: 'failure',
      externalId: 'key',
      title: 'Refused',
    });
    const annotations = await checks.listAnnotations({ ...SLUG, check_run_id });
    expect(annotations.data.map(({ start_line }) => start_line)).toEqual([1, 2]);
    // More of them are added; nothing takes one away.
    const output = { summary: 'more', annotations: [annotation(3)] };
    await checks.update({ ...SLUG, check_run_id, output });
    const { data } = await checks.get({ ...SLUG, check_run_id });
    expect(data).toMatchObject({
      conclusion: 'failure',
      output: { title: 'Refused', summary: 'more', annotations_count: 3 },
    });
  });

  it('are found by commit, name and app, the newest of each name', async () => {
    const gh = await start();
    const head_sha = gh.branch('main') ?? '';
    const create = (client: Octokit, name: string) =>
      client.rest.checks.create({ ...SLUG, name, head_sha });
    const workflow = clientOf(gh, gh.workflowToken({ checks: 'write' }));
    await create(workflow, 'lockstep/plan');
    await create(asApp(gh), 'lockstep/plan');
    const newest = await create(asApp(gh), 'lockstep/plan');
    await create(asApp(gh), 'lockstep/gate');
    const list = async (query: object) => {
      const { data } = await asApp(gh).rest.checks.listForRef({ ...SLUG, ref: 'main', ...query });
      return data.total_count;
    };
    expect(await list({})).toBe(3);
    expect(await list({ filter: 'all' })).toBe(4);
    const own = { check_name: 'lockstep/plan', app_id: gh.app.id };
    expect(await list(own)).toBe(1);
    expect(await list({ ...own, filter: 'all' })).toBe(2);
    expect(gh.check(head_sha, 'lockstep/plan')?.id).toBe(newest.data.id);
    const foreign = workflow.rest.checks.update({ ...SLUG, check_run_id: newest.data.id });
    expect(await refusalOf(foreign)).toMatch(/^403 Invalid app_id/);
  });

  it('are refused to people, and where they are too large', async () => {
    const gh = await start();
    const head_sha = gh.branch('main') ?? '';
    const create = (more: object, client = asApp(gh)) =>
      client.rest.checks.create({ ...SLUG, name: 'lockstep/plan', head_sha, ...more });
    const output = { title: 't', summary: 's' };
    expect(await refusalOf(create({}, clientOf(gh)))).toBe(
      '403 You must authenticate via a GitHub App.',
    );
    expect(await refusalOf(create({ head_sha: 'f'.repeat(40) }))).toMatch(/^422 No commit found/);
    expect(await refusalOf(create({ output: { title: 't' } }))).toMatch(/"summary" wasn't/);
    expect(await refusalOf(create({ status: 'completed' }))).toMatch(/"conclusion" wasn't/);
    for (const field of ['summary', 'text']) {
      const long = create({ output: { ...output, [field]: 'x'.repeat(65_536) } });
      expect(await refusalOf(long)).toMatch(/65535 characters are allowed; 65536 were supplied/);
    }
    const annotations = Array.from({ length: 51 }, (_, index) => annotation(index + 1));
    expect(await refusalOf(create({ output: { ...output, annotations } }))).toMatch(
      /^422 Invalid request.\n\nNo more than 50 items are allowed; 51 were supplied/,
    );
    const nowhere = { ...output, annotations: [annotation(0)] };
    expect(await refusalOf(create({ output: nowhere }))).toMatch(/0 is not a line/);
    expect(gh.checks(head_sha)).toEqual([]);
    await create({ output: { ...output, annotations: annotations.slice(1) } });
    expect(gh.checks(head_sha)[0]?.annotations).toHaveLength(50);
  });

  it('stand beside commit statuses', async () => {
    const gh = await start();
    const sha = gh.branch('main') ?? '';
    const { repos } = clientOf(gh).rest;
    const write = (state: 'pending' | 'success', context: string, description = 'step 1') =>
      repos.createCommitStatus({ ...SLUG, sha, state, context, description });
    await write('pending', 'lockstep/thermostat');
    await write('success', 'lockstep/thermostat');
    await write('pending', 'lockstep/valve');
    const combined = await repos.getCombinedStatusForRef({ ...SLUG, ref: 'main' });
    expect(combined.data).toMatchObject({ state: 'pending', total_count: 2, sha });
    const all = await repos.listCommitStatusesForRef({ ...SLUG, ref: sha });
    expect(all.data.map(({ state, context }) => [state, context])).toEqual([
      ['pending', 'lockstep/valve'],
      ['success', 'lockstep/thermostat'],
      ['pending', 'lockstep/thermostat'],
    ]);
    expect(gh.statuses(sha, 'lockstep/valve')).toHaveLength(1);
    expect(await refusalOf(write('pending', 'x', 'd'.repeat(141)))).toMatch(/maximum is 140/);
  });
});

describe('git data', () => {
  it('makes a branch with a commit, which GitHub signs for an app', async () => {
    const gh = await start({ files: { 'a.yaml': 'a: 1\n', 'b/old.yaml': 'x: 1\n' } });
    const client = asApp(gh);
    const { data: main } = await client.rest.git.getRef({ ...SLUG, ref: 'heads/main' });
    const base = main.object.sha;
    const { data: commit } = await client.rest.git.getCommit({ ...SLUG, commit_sha: base });
    expect(commit.verification.verified).toBe(false);
    const { data: blob } = await client.rest.git.createBlob({
      ...SLUG,
      content: Buffer.from([0, 255]).toString('base64'),
      encoding: 'base64',
    });
    const { data: tree } = await client.rest.git.createTree({
      ...SLUG,
      base_tree: commit.tree.sha,
      tree: [
        { path: 'b/bin', mode: '100644', type: 'blob', sha: blob.sha },
        { path: 'a.yaml', mode: '100644', type: 'blob', content: 'a: 2\n' },
        { path: 'b/old.yaml', mode: '100644', type: 'blob', sha: null },
      ],
    });
    const { data: made } = await client.rest.git.createCommit({
      ...SLUG,
      message: 'Revert\n\nbecause',
      tree: tree.sha,
      parents: [base],
    });
    expect(made).toMatchObject({
      verification: { verified: true, reason: 'valid' },
      author: { name: gh.app.login },
      committer: { name: 'GitHub' },
      parents: [{ sha: base }],
    });
    await client.rest.git.createRef({ ...SLUG, ref: 'refs/heads/lockstep/x', sha: made.sha });
    expect(await gh.file('lockstep/x', 'a.yaml')).toBe('a: 2\n');
    expect(await gh.file('lockstep/x', 'b/old.yaml')).toBeNull();
    const { data: read } = await client.rest.git.getTree({
      ...SLUG,
      tree_sha: tree.sha,
      recursive: 'true',
    });
    expect(read.tree.map(({ path, type }) => `${type} ${path}`)).toEqual([
      'blob a.yaml',
      'tree b',
      'blob b/bin',
    ]);
    const { data: bytes } = await client.rest.git.getBlob({ ...SLUG, file_sha: blob.sha });
    expect([...Buffer.from(bytes.content, 'base64')]).toEqual([0, 255]);
    const named = await clientOf(gh).rest.git.createCommit({
      ...SLUG,
      message: 'By a person',
      tree: tree.sha,
      parents: [base],
    });
    expect(named.data.verification.verified).toBe(false);
    const looked = await client.rest.repos.getCommit({ ...SLUG, ref: 'lockstep/x' });
    expect(looked.data).toMatchObject({ sha: made.sha, commit: { message: made.message } });
  });

  it('moves and deletes references, and refuses what is no fast forward', async () => {
    const gh = await start();
    const { git: data } = clientOf(gh).rest;
    const first = gh.branch('main') ?? '';
    const second = await gh.push('main', { a: '1' });
    const ref = 'heads/x';
    const create = (name: string, sha: string) => data.createRef({ ...SLUG, ref: name, sha });
    const move = (sha: string, force = false) => data.updateRef({ ...SLUG, ref, sha, force });
    expect(await refusalOf(move(first))).toBe('422 Reference does not exist');
    await create('refs/heads/x', second);
    expect(await refusalOf(create('refs/heads/x', second))).toBe('422 Reference already exists');
    expect(await refusalOf(create('x', second))).toMatch(/^422 Reference name must start/);
    expect(await refusalOf(create('refs/heads/y', 'f'.repeat(40)))).toBe(
      '422 Object does not exist',
    );
    expect(await refusalOf(move(first))).toBe('422 Update is not a fast forward');
    await move(first, true);
    expect(gh.branch('x')).toBe(first);
    await move(second);
    const found = await data.listMatchingRefs({ ...SLUG, ref: 'heads/' });
    expect(found.data.map(({ ref }) => ref)).toEqual(['refs/heads/main', 'refs/heads/x']);
    await data.deleteRef({ ...SLUG, ref });
    expect(await refusalOf(data.getRef({ ...SLUG, ref }))).toBe('404 Not Found');
    expect(await refusalOf(data.deleteRef({ ...SLUG, ref }))).toBe('422 Reference does not exist');
  });

  it('refuses trees and commits of what is not there', async () => {
    const gh = await start();
    const { git: data } = clientOf(gh).rest;
    const tree = (entry: object, base_tree?: string) =>
      data.createTree({
        ...SLUG,
        tree: [{ path: 'a', mode: '100644', type: 'blob', ...entry }],
        ...(base_tree === undefined ? {} : { base_tree }),
      });
    const missing = 'f'.repeat(40);
    expect(await refusalOf(tree({ content: 'x' }, missing))).toMatch(/^422 base_tree/);
    expect(await refusalOf(tree({ sha: missing }))).toMatch(/^422 tree.sha/);
    expect(await refusalOf(tree({ path: '../a', content: 'x' }))).toMatch(/malformed path/);
    expect(await refusalOf(tree({ sha: null }, gh.branch('main') ?? ''))).toMatch(/BadObjectState/);
    const commit = data.createCommit({ ...SLUG, message: 'm', tree: missing });
    expect(await refusalOf(commit)).toBe('422 Tree SHA does not exist');
  });
});

describe('the limits', () => {
  it('answers 304 to a known ETag, which counts for nothing', async () => {
    const gh = await start();
    await openOne(gh);
    const client = clientOf(gh);
    const first = await client.rest.pulls.list(SLUG);
    const etag = first.headers.etag ?? '';
    expect(etag).toMatch(/^W\/"[0-9a-f]{64}"$/);
    expect(first.headers).toMatchObject({
      'x-ratelimit-limit': '5000',
      'x-ratelimit-remaining': '4999',
      'x-ratelimit-used': '1',
    });
    const ask = () => client.rest.pulls.list({ ...SLUG, headers: { 'if-none-match': etag } });
    gh.advance(5000);
    expect(await refusalOf(ask())).toMatch(/^304/);
    expect(gh.rateLimitUsed(gh.token)).toBe(1);
    await gh.editPullRequest(1, { title: 'Another' });
    expect((await ask()).status).toBe(200);
    expect(gh.rateLimitUsed(gh.token)).toBe(2);
  });

  it('refuses once nothing remains, until the hour is over', async () => {
    const gh = await start();
    gh.rateLimit = 1;
    const client = clientOf(gh);
    await client.rest.repos.get(SLUG);
    expect(await refusalOf(client.rest.repos.get(SLUG))).toMatch(/^403 API rate limit exceeded/);
    gh.advance(3_600_001);
    await client.rest.repos.get(SLUG);
  });

  it('is understood by the throttling of octokit', async () => {
    const gh = await start();
    const told: string[] = [];
    const tell = (kind: string) => (retryAfter: number) => {
      told.push(`${kind} ${Math.round(retryAfter / 60)} min`);
    };
    const client = new Octokit({
      baseUrl: gh.apiUrl,
      auth: gh.token,
      throttle: { onRateLimit: tell('primary'), onSecondaryRateLimit: tell('secondary') },
      retry: { enabled: false },
      log: { debug() {}, info() {}, warn() {}, error() {} },
    });
    gh.mood = 'secondary-limit';
    expect(await refusalOf(client.rest.repos.get(SLUG))).toMatch(/secondary rate limit/);
    gh.mood = 'primary-limit';
    expect(await refusalOf(client.rest.repos.get(SLUG))).toMatch(/^403 API rate limit/);
    expect(told).toEqual(['secondary 1 min', 'primary 60 min']);
  });
});

describe('bad days', () => {
  it('come as moods, for all requests or for some', async () => {
    const gh = await start();
    const { rest } = clientOf(gh);
    gh.mood = 'down';
    expect(await refusalOf(rest.repos.get(SLUG))).toBe('503 Service Unavailable');
    gh.mood = 'bad-gateway';
    expect(await refusalOf(rest.repos.get(SLUG))).toMatch(/^502/);
    gh.mood = 'unauthorized';
    expect(await refusalOf(rest.repos.get(SLUG))).toBe('401 Bad credentials');
    gh.mood = 'ok';
    const end = gh.disturb('down', 'GET */pulls', 2);
    expect(await refusalOf(rest.pulls.list(SLUG))).toMatch(/^503/);
    await rest.repos.get(SLUG);
    end();
    await rest.pulls.list(SLUG);
    expect(gh.requests.map(({ status }) => status)).toEqual([503, 502, 401, 503, 200, 200]);
  });

  it('break off in the middle of an answer, which octokit takes for an empty one', async () => {
    const gh = await start();
    gh.mood = 'cut';
    const response = await fetch(`${gh.apiUrl}/repos/acme/fleet`, {
      headers: { authorization: `token ${gh.token}` },
    });
    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toThrow(/terminated/);
    // Whoever uses octokit has to look at what it gives: here is a repository that is no object.
    const { status, data } = await clientOf(gh).rest.repos.get(SLUG);
    expect([status, typeof data]).toEqual([200, 'string']);
    expect(gh.requests.map(({ status }) => status)).toEqual([0, 0]);
  });

  it('may give no answer at all', async () => {
    const gh = await start();
    gh.mood = 'silent';
    const giveUp = new AbortController();
    const asked = clientOf(gh).rest.repos.get({ ...SLUG, request: { signal: giveUp.signal } });
    void gh.waitFor(() => gh.requests.length === 1).then(() => giveUp.abort());
    await expect(asked).rejects.toThrow(/aborted/);
  });

  it('can carry a request out and lose the answer', async () => {
    const gh = await start();
    await openOne(gh);
    const { issues } = clientOf(gh).rest;
    const write = () => issues.createComment({ ...SLUG, issue_number: 1, body: 'plan' });
    gh.cutAfter('POST *comments');
    await expect(write()).rejects.toThrow(/other side closed|fetch failed|terminated|socket/);
    expect(gh.comments(1)).toHaveLength(1);
    await write();
    expect(gh.comments(1)).toHaveLength(2);
  });

  it('can do something between a request and its answer', async () => {
    const gh = await start();
    await openOne(gh);
    const { issues } = clientOf(gh).rest;
    let seen = -1;
    gh.callAfter(/^POST .*comments$/, () => {
      seen = gh.comments(1).length;
    });
    await issues.createComment({ ...SLUG, issue_number: 1, body: 'plan' });
    expect(seen).toBe(1);
  });

  it('can hold an answer back', async () => {
    const gh = await start();
    await openOne(gh);
    const { issues } = clientOf(gh).rest;
    const held = gh.hold('POST *comments');
    let isAnswered = false;
    const write = issues
      .createComment({ ...SLUG, issue_number: 1, body: 'plan' })
      .finally(() => (isAnswered = true));
    await held.reached;
    expect([gh.comments(1).length, isAnswered]).toEqual([1, false]);
    held.release();
    await write;
  });

  it('says loudly what the fake does not know', async () => {
    const gh = await start();
    expect(await refusalOf(clientOf(gh).rest.repos.listTags(SLUG))).toBe(
      '501 The fake GitHub does not know GET /repos/acme/fleet/tags.',
    );
  });
});

describe('a repository that changes', () => {
  it('redirects from its old name, in the API and in git', async () => {
    const gh = await start();
    await openOne(gh);
    const old = gh.gitUrl.replace('http://', `http://x-access-token:${gh.token}@`);
    gh.rename('devices');
    const { rest } = clientOf(gh);
    expect((await rest.repos.get(SLUG)).data.full_name).toBe('acme/devices');
    await rest.issues.createComment({ ...SLUG, issue_number: 1, body: 'plan' });
    expect(gh.comments(1)).toHaveLength(1);
    expect(gh.requests.map(({ method, path, status }) => `${method} ${path} ${status}`)).toEqual([
      'GET /repos/acme/fleet 301',
      'GET /repositories/500 200',
      'POST /repos/acme/fleet/issues/1/comments 307',
      'POST /repositories/500/issues/1/comments 201',
    ]);
    expect(await git('/', 'ls-remote', old)).toContain('refs/heads/main');
    expect(gh.gitUrl).toMatch(/\/acme\/devices\.git$/);
  });

  it('has force pushes, and branches that go', async () => {
    const gh = await start();
    await openOne(gh);
    const before = gh.pullRequest(1).head.sha;
    const after = await gh.forcePush('lock', { lock: 'other\n' });
    expect(gh.pullRequest(1).head.sha).toBe(after);
    expect(await git(gh.repoDir, 'rev-list', `${after}..${before}`)).toBe(before);
    await gh.deleteBranch('lock');
    expect(gh.pullRequest(1)).toMatchObject({ state: 'closed', merged: null });
  });

  it('holds links, submodules, programs and thousands of files', async () => {
    const gh = await start();
    await gh.push('odd', {
      link: { symlink: '../../etc/passwd' },
      module: { submodule: 'a'.repeat(40) },
      run: { executable: '#!/bin/sh\n' },
      'a "strange" \\ näme\n': 'x',
    });
    const listed = await git(gh.repoDir, 'ls-tree', '-z', 'odd');
    expect(listed.split('\0').map((line) => line.replace(/ [0-9a-f]{40}/, ''))).toEqual([
      '100644 blob\tREADME.md',
      '100644 blob\ta "strange" \\ näme\n',
      '120000 blob\tlink',
      '160000 commit\tmodule',
      '100755 blob\trun',
      '',
    ]);
    const dir = join(scratch(), 'clone');
    await git('/', 'clone', '--quiet', '--branch=odd', signedIn(gh), dir);
    expect(readlinkSync(join(dir, 'link'))).toBe('../../etc/passwd');
    const many = Object.fromEntries(
      Array.from({ length: 5000 }, (_, index) => [`many/${index}.yaml`, `n: ${index}\n`]),
    );
    await gh.push('many', many);
    expect(await gh.file('many', 'many/4999.yaml')).toBe('n: 4999\n');
  });
});

describe('webhooks', () => {
  interface Heard {
    readonly headers: IncomingHttpHeaders;
    readonly body: string;
  }

  /** A program that takes webhooks, and answers them with this status. */
  async function listen(status = 202): Promise<{ url: string; heard: readonly Heard[] }> {
    const heard: Heard[] = [];
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        heard.push({ headers: request.headers, body: Buffer.concat(chunks).toString('utf8') });
        response.writeHead(status).end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    cleanups.push(
      () =>
        new Promise<void>((resolve) => {
          server.close(() => resolve());
          server.closeAllConnections();
        }),
    );
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, heard };
  }

  const settled = (gh: FakeGitHub, count: number) =>
    gh.waitFor(
      () =>
        gh.deliveries.length === count && gh.deliveries.every(({ state }) => state !== 'sending'),
    );

  const told = (gh: FakeGitHub) =>
    gh.deliveries.map(({ event, action }) => (action === null ? event : `${event} ${action}`));

  it('tell of everything that happens, signed', async () => {
    const { url, heard } = await listen();
    const gh = await start({ webhook: { url, secret: 's3cret' } });
    await gh.ping();
    await openOne(gh);
    const head = await gh.pushToPullRequest(1, { more: 'm\n' });
    await gh.editPullRequest(1, { title: 'Better' });
    await gh.closePullRequest(1);
    await gh.reopenPullRequest(1);
    const { data } = await asApp(gh).rest.checks.create({
      ...SLUG,
      name: 'lockstep/plan',
      head_sha: head,
    });
    await gh.rerequestCheck(data.id);
    await gh.mergePullRequest(1);
    await settled(gh, 11);
    expect(told(gh)).toEqual([
      'ping',
      'push',
      'pull_request opened',
      'push',
      'pull_request synchronize',
      'pull_request edited',
      'pull_request closed',
      'pull_request reopened',
      'check_run rerequested',
      'pull_request closed',
      'push',
    ]);
    expect(new Set(gh.deliveries.map(({ status }) => status))).toEqual(new Set([202]));
    for (const { headers, body } of heard) {
      expect(await verify('s3cret', body, String(headers['x-hub-signature-256']))).toBe(true);
      expect(headers).toMatchObject({
        'content-type': 'application/json',
        'x-github-hook-id': '9001',
      });
    }
    expect(new Set(heard.map(({ headers }) => headers['x-github-delivery'])).size).toBe(11);
    const payloadOf = (index: number): unknown =>
      JSON.parse(Buffer.from(gh.deliveries[index]?.body ?? []).toString('utf8'));
    expect(payloadOf(3)).toMatchObject({
      ref: 'refs/heads/lock',
      after: head,
      forced: false,
      commits: [{ id: head, added: ['more'], modified: [], removed: [] }],
      repository: { full_name: 'acme/fleet' },
    });
    expect(payloadOf(4)).toMatchObject({ number: 1, after: head });
    expect(payloadOf(8)).toMatchObject({ check_run: { id: data.id, head_sha: head } });
    expect(payloadOf(9)).toMatchObject({
      pull_request: { merged: true, merge_commit_sha: gh.branch('main') },
    });
  });

  it('tell of what is written through the API, too', async () => {
    const { url } = await listen();
    const gh = await start({ webhook: { url, secret: 's' } });
    const client = asApp(gh);
    const main = gh.branch('main') ?? '';
    await client.rest.git.createRef({ ...SLUG, ref: 'refs/heads/x', sha: main });
    await gh.push('x', { a: '1' });
    await client.rest.pulls.create({ ...SLUG, head: 'x', base: 'main', title: 'T' });
    await client.rest.pulls.merge({ ...SLUG, pull_number: 1 });
    await settled(gh, 5);
    expect(told(gh)).toEqual([
      'push',
      'push',
      'pull_request opened',
      'pull_request closed',
      'push',
    ]);
  });

  it('get lost, are sent again, and are forged', async () => {
    const { url, heard } = await listen(500);
    const gh = await start({ webhook: { url, secret: 's' } });
    gh.loseWebhooks = true;
    await gh.push('main', { a: '1' });
    await settled(gh, 1);
    expect(heard).toEqual([]);
    expect(gh.deliveries[0]).toMatchObject({ state: 'lost', status: null });
    gh.loseWebhooks = false;
    const id = gh.deliveries[0]?.id ?? '';
    expect(await gh.redeliver(id)).toMatchObject({ id, state: 'answered', status: 500 });
    await gh.redeliver(id);
    expect(heard.map(({ headers }) => headers['x-github-delivery'])).toEqual([id, id]);
    expect(heard[0]?.body).toBe(heard[1]?.body);
    await gh.sendWebhook('push', { ref: 'x' }, { secret: 'wrong' });
    await gh.sendWebhook('push', {}, { body: '{', headers: { 'x-hub-signature-256': null } });
    const [forged, malformed] = heard.slice(2);
    const signature = String(forged?.headers['x-hub-signature-256']);
    expect(await verify('s', forged?.body ?? '', signature)).toBe(false);
    expect(malformed?.body).toBe('{');
    expect(malformed?.headers['x-hub-signature-256']).toBeUndefined();
  });

  it('fail where nobody listens', async () => {
    const gh = await start({ webhook: { url: 'http://127.0.0.1:1/', secret: 's' } });
    await gh.push('main', { a: '1' });
    await settled(gh, 1);
    expect(gh.deliveries[0]).toMatchObject({ state: 'failed', status: null });
  });
});

describe('the handle', () => {
  it('says what it has waited for in vain', async () => {
    const gh = await start();
    await expect(gh.waitFor(() => gh.requests.length > 7, 1)).rejects.toThrow(
      /Not within 1 ms.*gh\.requests\.length > 7/,
    );
  });

  it('is woken by what happens', async () => {
    const gh = await start();
    await openOne(gh);
    const waited = gh.waitFor(() => gh.comments(1).length === 1);
    await gh.comment(1, 'hello');
    await expect(waited).resolves.toBeUndefined();
  });
});

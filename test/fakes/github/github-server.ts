// The fake GitHub on a real socket: REST under `/api/v3`, as GitHub Enterprise has it, and git beside it, in front of one
// real bare repository.

import { rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';

import { makeTempDir } from '../../support/git-repo.ts';
import { createApi } from './api.ts';
import { createBareRepo } from './bare-repo.ts';
import { readBranches } from './branches.ts';
import { createCredentialDesk } from './credentials.ts';
import { repositoryUrl } from './documents.ts';
import type { FakeGitHub, FakeGitHubOptions, SeenRequest } from './fake-github.ts';
import { commitFiles } from './files.ts';
import { createGitDoor } from './git-door.ts';
import type { AppRecord } from './identity.ts';
import { identityOf, person } from './identity.ts';
import { createMoods, matches } from './moods.ts';
import type { People } from './people.ts';
import { createPeople } from './people.ts';
import { createRateLimit } from './rate-limit.ts';
import type { InTurn } from './turns.ts';
import { createTurns } from './turns.ts';
import { createWebhookDesk } from './webhooks.ts';
import type { World } from './world.ts';

const APP: AppRecord = {
  id: 4201,
  slug: 'lockstep',
  clientId: 'Iv23liFakeLockstep',
  name: 'Lockstep',
};

/** The app whose tokens workflow runs have. */
const WORKFLOWS: AppRecord = {
  id: 15_368,
  slug: 'github-actions',
  clientId: 'Iv1.fakeactions',
  name: 'GitHub Actions',
};

const INSTALLATION_ID = 77;
const HOOK_ID = 9001;
const DEFAULT_BRANCH = 'main';
const DEFAULT_TOKEN = 'ghp_rosaMayWrite';
const WAIT_MS = 10_000;

export async function startFakeGitHub(options: FakeGitHubOptions = {}): Promise<FakeGitHub> {
  const { owner = 'acme', repo = 'fleet', isPrivate = true } = options;
  const machineNow = options.now ?? Date.now;
  let advanced = 0;
  const now = () => machineNow() + advanced;

  const folder = makeTempDir('github');
  const git = createBareRepo(join(folder, 'repository.git'), DEFAULT_BRANCH);
  await commitFiles(git, {
    ref: `refs/heads/${DEFAULT_BRANCH}`,
    parent: null,
    files: options.files ?? { 'README.md': '# The fleet\n' },
    message: 'Begin',
    author: { ...identityOf(person('rosa')), date: Math.floor(now() / 1000) },
  });

  const waiting = new Set<() => void>();
  const wake = () => {
    for (const look of waiting) look();
  };
  const webhooks = createWebhookDesk(HOOK_ID, APP.id, wake);
  webhooks.target = options.webhook ?? null;
  const moods = createMoods();
  const rateLimit = createRateLimit(now);
  const tokens = options.tokens ?? { [DEFAULT_TOKEN]: { login: 'rosa', access: 'write' } };
  const desk = createCredentialDesk(APP, tokens, now);
  const inTurn = createTurns(wake);
  const requests: SeenRequest[] = [];
  const sockets = new Set<Socket>();

  const server = createServer();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  let lastId = 1000;
  const world: World = {
    origin,
    git,
    repository: {
      id: 500,
      owner,
      name: repo,
      formerNames: new Set(),
      isPrivate,
      defaultBranch: DEFAULT_BRANCH,
      createdAt: now(),
      pushedAt: now(),
    },
    app: APP,
    installation: {
      id: INSTALLATION_ID,
      permissions: options.permissions ?? {
        checks: 'write',
        contents: 'write',
        metadata: 'read',
        pull_requests: 'write',
        statuses: 'write',
      },
      isInstalled: true,
    },
    pullRequests: [],
    comments: [],
    checks: [],
    statuses: [],
    signedCommits: new Set(),
    branches: readBranches({ git }),
    now,
    nextId: () => (lastId += 1),
    emit: webhooks.emit,
  };

  const serveApi = createApi({ world, desk, moods, rateLimit, inTurn });
  const serveGit = createGitDoor({ world, desk, moods, inTurn, folder });
  server.on('request', (request, response) => {
    const url = new URL(request.url ?? '/', origin);
    const path = url.pathname.replace(/^\/api(?:\/v3)?(?=\/|$)/, '');
    const seen: { -readonly [Key in keyof SeenRequest]: SeenRequest[Key] } = {
      method: request.method ?? 'GET',
      path,
      query: url.search,
      headers: request.headers,
      body: '',
      status: 0,
    };
    requests.push(seen);
    response.once('close', () => {
      if (response.writableFinished) seen.status = response.statusCode;
      wake();
    });
    wake();
    if (path === url.pathname) {
      serveGit(request, response, url);
      return;
    }
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks);
      seen.body = body.toString('utf8');
      void serveApi({ method: seen.method, path, url, headers: request.headers, body }, response);
    });
  });

  const find = (number: number) => {
    const found = world.pullRequests.find((pullRequest) => pullRequest.number === number);
    if (found === undefined) throw new Error(`There is no pull request #${number}.`);
    return found;
  };

  return {
    ...takeTurns(createPeople(world, HOOK_ID), inTurn),
    url: origin,
    apiUrl: `${origin}/api/v3`,
    get webUrl() {
      return repositoryUrl(world);
    },
    get gitUrl() {
      return `${repositoryUrl(world)}.git`;
    },
    owner,
    get repo() {
      return world.repository.name;
    },
    repoDir: git.dir,
    defaultBranch: DEFAULT_BRANCH,
    token: Object.keys(tokens)[0] ?? '',
    app: {
      ...APP,
      login: `${APP.slug}[bot]`,
      installationId: INSTALLATION_ID,
      get privateKey() {
        return desk.privateKey();
      },
      get permissions() {
        return world.installation.permissions;
      },
      set permissions(permissions) {
        world.installation.permissions = permissions;
      },
      get isInstalled() {
        return world.installation.isInstalled;
      },
      set isInstalled(isInstalled) {
        world.installation.isInstalled = isInstalled;
        if (!isInstalled) desk.revoke();
      },
    },
    get mood() {
      return moods.mood;
    },
    set mood(mood) {
      moods.mood = mood;
    },
    get retryAfterS() {
      return moods.retryAfterS;
    },
    set retryAfterS(seconds) {
      moods.retryAfterS = seconds;
    },
    get isPrivate() {
      return world.repository.isPrivate;
    },
    set isPrivate(isPrivate) {
      world.repository.isPrivate = isPrivate;
    },
    get rateLimit() {
      return rateLimit.limit;
    },
    set rateLimit(limit) {
      rateLimit.limit = limit;
    },
    get webhook() {
      return webhooks.target;
    },
    set webhook(target) {
      webhooks.target = target;
    },
    get loseWebhooks() {
      return webhooks.isLosing;
    },
    set loseWebhooks(isLosing) {
      webhooks.isLosing = isLosing;
    },
    disturb: (...given) => moods.disturb(...given),
    cutAfter: (...given) => moods.cutAfter(...given),
    callAfter: (...given) => moods.callAfter(...given),
    hold: (...given) => moods.hold(...given),
    advance(ms) {
      advanced += ms;
    },
    now,
    rename(name) {
      world.repository.formerNames.add(world.repository.name);
      world.repository.formerNames.delete(name);
      world.repository.name = name;
    },
    // GitHub adds what nobody can ask for.
    workflowToken: (permissions) =>
      desk.mint(WORKFLOWS, { metadata: 'read', ...permissions }).token,
    installationToken: (permissions) =>
      desk.mint(APP, permissions ?? world.installation.permissions).token,
    setAccess: (token, access) => desk.setAccess(token, access),
    revokeTokens: (token) => desk.revoke(token),
    rateLimitUsed: (token) => rateLimit.used(token),
    requests,
    requestsOf: (pattern) =>
      requests.filter(({ method, path }) => matches(`${method} ${path}`, pattern)),
    pullRequests: () => world.pullRequests,
    pullRequest: find,
    comments: (number) => world.comments.filter((comment) => comment.number === number),
    checks: (sha) => world.checks.filter((check) => check.sha === sha),
    check: (sha, name) =>
      world.checks.findLast((check) => check.sha === sha && check.name === name) ?? null,
    statuses: (sha, context) =>
      world.statuses.filter(
        (status) => status.sha === sha && (context === undefined || status.context === context),
      ),
    branch: (name) => git.ref(`refs/heads/${name}`),
    branches: () => readBranches(world),
    async file(at, path) {
      const { code, stdout } = await git.git(['cat-file', 'blob', `${at}:${path}`], {
        answers: [128],
      });
      return code === 0 ? stdout.toString('utf8') : null;
    },
    deliveries: webhooks.deliveries,
    redeliver: (id) => webhooks.redeliver(id),
    sendWebhook: (event, payload, overrides) => webhooks.send(event, payload, overrides),
    waitFor(condition, timeoutMs = WAIT_MS) {
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          waiting.delete(look);
          reject(new Error(`Not within ${timeoutMs} ms: ${condition.toString()}`));
        }, timeoutMs);
        const look = () => {
          if (!condition()) return;
          clearTimeout(timer);
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      });
    },
    async close() {
      await webhooks.close();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      });
      rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

function takeTurns(people: People, inTurn: InTurn): People {
  return {
    push: (...given) => inTurn(() => people.push(...given)),
    forcePush: (...given) => inTurn(() => people.forcePush(...given)),
    deleteBranch: (...given) => inTurn(() => people.deleteBranch(...given)),
    setBranch: (...given) => inTurn(() => people.setBranch(...given)),
    openPullRequest: (...given) => inTurn(() => people.openPullRequest(...given)),
    pushToPullRequest: (...given) => inTurn(() => people.pushToPullRequest(...given)),
    mergePullRequest: (...given) => inTurn(() => people.mergePullRequest(...given)),
    closePullRequest: (...given) => inTurn(() => people.closePullRequest(...given)),
    reopenPullRequest: (...given) => inTurn(() => people.reopenPullRequest(...given)),
    editPullRequest: (...given) => inTurn(() => people.editPullRequest(...given)),
    comment: (...given) => inTurn(() => people.comment(...given)),
    rerequestCheck: (...given) => inTurn(() => people.rerequestCheck(...given)),
    ping: () => inTurn(() => people.ping()),
    noticeBranches: (...given) => inTurn(() => people.noticeBranches(...given)),
  };
}

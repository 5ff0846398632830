// Trouble between GitHub and the forge: GitHub that is down, cut off, limited, silent or somebody else; credentials that
// are wrong, ended or lack rights; a repository that is renamed or hidden. Each ends in a failure that says what to do.

import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openForge } from '../../controller/forges/open-forge.ts';
import { createTransport } from '../../controller/forges/github/transport.ts';
import {
  anyPullRequest,
  appAuth,
  checkOf,
  failureOf,
  newCommit,
  setStage,
  tokenAuth,
  valueOf,
} from './github-forge-fixtures.ts';

const HOUR_MS = 3_600_000;

describe('GitHub in trouble', () => {
  const stage = setStage();
  const comment = { name: 'plan', key: 'k1', body: 'One release.', create: true };
  const POST = 'POST *comments';

  it.each([
    ['down', 'ForgeUnavailable', 'retry'],
    ['bad-gateway', 'ForgeUnavailable', 'retry'],
    ['cut', 'ForgeUnavailable', 'retry'],
    ['secondary-limit', 'ForgeRateLimited', 'wait'],
    ['primary-limit', 'ForgeRateLimited', 'wait'],
    ['unauthorized', 'ForgeUnauthorized', 'stall'],
  ] as const)(
    'that is %s: a write is sent once, and is %s (%s)',
    async (mood, code, disposition) => {
      const { github, start } = stage();
      const { number } = await anyPullRequest(stage());
      const forge = start(tokenAuth(github.token));
      const posts = github.requestsOf(POST).length;
      const calm = github.disturb(mood, POST);
      const failure = failureOf(await forge.putComment(number, comment));
      calm();
      expect(failure).toMatchObject({ code, disposition });
      expect(failure.message).toContain(
        `Cannot write a comment on pull request ${number} of 127.0.0.1`,
      );
      expect(failure.message).not.toContain(github.token);
      expect(github.requestsOf(POST)).toHaveLength(posts + 1);
      valueOf(await forge.putComment(number, comment));
      expect(github.comments(number)).toHaveLength(1);
    },
  );

  it.each(['down', 'bad-gateway', 'cut'] as const)(
    'that is %s for a moment is not noticed by a read, and for longer it is',
    async (mood) => {
      const { github, start } = stage();
      const { number } = await anyPullRequest(stage());
      const forge = start(tokenAuth(github.token));
      github.disturb(mood, 'GET *', 1);
      expect(valueOf(await forge.pullRequest(number)).number).toBe(number);
      const calm = github.disturb(mood, 'GET *');
      expect(failureOf(await forge.pullRequest(number))).toMatchObject({
        code: 'ForgeUnavailable',
        disposition: 'retry',
      });
      calm();
    },
  );

  it('says how long to wait for a limit', async () => {
    const { github, start } = stage();
    const forge = start(tokenAuth(github.token));
    github.disturb('secondary-limit', 'GET *', 1);
    expect(failureOf(await forge.defaultBranch()).retryAfterMs).toBe(60_000);
    github.disturb('primary-limit', 'GET *', 1);
    const { retryAfterMs = 0 } = failureOf(await forge.defaultBranch());
    expect(retryAfterMs).toBeGreaterThan(HOUR_MS - 5_000);
    expect(retryAfterMs).toBeLessThan(HOUR_MS + 5_000);
  });

  it('is not waited for in silence where writes are paced, as they are in earnest', async () => {
    const { github, start } = stage();
    const { number } = await anyPullRequest(stage());
    const forge = start(tokenAuth(github.token), { pacing: 'github' });
    for (const mood of ['secondary-limit', 'primary-limit'] as const) {
      github.disturb(mood, 'GET *', 1);
      expect(failureOf(await forge.defaultBranch()).code).toBe('ForgeRateLimited');
    }
    valueOf(await forge.putComment(number, comment));
    expect(github.comments(number)).toHaveLength(1);
  });

  it('that never answers is left when the program ends', async () => {
    const { github, start } = stage();
    const closing = new AbortController();
    const forge = start(tokenAuth(github.token), { signal: closing.signal });
    const calm = github.disturb('silent', 'GET *');
    const asked = github.requests.length;
    const answer = forge.defaultBranch();
    await github.waitFor(() => github.requests.length > asked);
    closing.abort();
    expect(failureOf(await answer)).toMatchObject({ code: 'ForgeClosed', disposition: 'retry' });
    calm();
    expect(failureOf(await forge.defaultBranch()).code).toBe('ForgeClosed');
    expect(github.requests.length).toBe(asked + 1);
  });

  it('that is not there at all is unavailable', async () => {
    const auth = tokenAuth('ghp_unused');
    const apiUrl = 'http://127.0.0.1:9/api/v3';
    const forge = openForge(
      { kind: 'github', repository: 'a/b', apiUrl, webUrl: null, auth, webhookSecret: null },
      { clock: { now: () => 0, monotonicMs: () => 0 }, pacing: 'none' },
    );
    expect(failureOf(await forge.defaultBranch()).code).toBe('ForgeUnavailable');
    expect(forge.takesWebhooks).toBe(false);
  });
});

describe('credentials', () => {
  const stage = setStage({
    tokens: {
      ghp_mayWrite: { login: 'rosa', access: 'write' },
      ghp_mayRead: { login: 'rudi', access: 'read' },
      ghp_seesNothing: { login: 'stranger', access: 'none' },
    },
  });

  beforeEach(() => vi.useFakeTimers({ toFake: ['Date'] }));
  afterEach(() => vi.useRealTimers());

  it('of a person that may write pass without a word', async () => {
    const { start } = stage();
    expect(valueOf(await start(tokenAuth('ghp_mayWrite')).probe())).toEqual({ warnings: [] });
  });

  it('of a person that may only read are warned of, and fail at writing', async () => {
    const forge = stage().start(tokenAuth('ghp_mayRead'));
    const { warnings } = valueOf(await forge.probe());
    expect(warnings).toEqual([expect.stringContaining('may not write')]);
    const commit = await newCommit(stage());
    expect(failureOf(await forge.putCheck(checkOf(commit)))).toMatchObject({
      code: 'ForgeForbidden',
      disposition: 'stall',
    });
  });

  it('that may not see the repository are told apart from a missing pull request', async () => {
    const forge = stage().start(tokenAuth('ghp_seesNothing'));
    for (const result of [await forge.probe(), await forge.pullRequest(1)]) {
      expect(failureOf(result)).toMatchObject({
        code: 'ForgeRepositoryMissing',
        disposition: 'stall',
      });
    }
  });

  it('of a workflow pass, though GitHub says that they may do nothing', async () => {
    const { github, start } = stage();
    const token = github.workflowToken({ metadata: 'read', statuses: 'write' });
    const forge = start(tokenAuth(token));
    expect(valueOf(await forge.probe())).toEqual({ warnings: [] });
    const commit = await newCommit(stage());
    expect(failureOf(await forge.putCheck(checkOf(commit))).code).toBe('ForgeForbidden');
  });

  it('that are no longer good need a person', async () => {
    const failure = failureOf(await stage().start(tokenAuth('ghp_ended')).probe());
    expect(failure).toMatchObject({ code: 'ForgeUnauthorized', disposition: 'stall' });
    expect(failure.message).toMatch(/issue a new one/);
    expect(failure.message).not.toContain('ghp_ended');
  });

  it('of an app are found, and pass', async () => {
    const { github, start } = stage();
    expect(valueOf(await start(appAuth(github)).probe())).toEqual({ warnings: [] });
  });

  it('of an app name each permission that is missing', async () => {
    const { github, start } = stage();
    const whole = github.app.permissions;
    const { statuses, ...others } = whole;
    github.app.permissions = { ...others, contents: 'read' };
    const { warnings } = valueOf(await start().probe());
    expect(warnings).toEqual([expect.stringMatching(/`contents: write`.*`statuses: write`/)]);
    github.app.permissions = { contents: 'write', metadata: 'read', checks: 'read' };
    const failure = failureOf(await start().probe());
    github.app.permissions = { ...whole, ...(statuses && { statuses }) };
    expect(failure).toMatchObject({ code: 'ForgeForbidden', disposition: 'stall' });
    expect(failure.message).toMatch(/`pull_requests: write`.*`checks: write`.*`statuses: write`/);
    expect(failure.message).not.toContain('contents');
  });

  it('of an app that is not installed say so, and work once it is', async () => {
    const { github, start } = stage();
    github.app.isInstalled = false;
    const forge = start(appAuth(github));
    for (const result of [await forge.probe(), await start().probe()]) {
      const failure = failureOf(result);
      expect(failure).toMatchObject({ code: 'ForgeUnauthorized', disposition: 'stall' });
      expect(failure.message).toContain('not installed');
    }
    github.app.isInstalled = true;
    valueOf(await forge.probe());
  });

  it('of an app with a broken key say so, without the key', async () => {
    const { github, start } = stage();
    const privateKey = github.app.privateKey.slice(0, 400);
    const auth = { kind: 'app', appId: '1', privateKey, installationId: 1 } as const;
    const failure = failureOf(await start(auth).probe());
    expect(failure).toMatchObject({ code: 'ForgeUnauthorized', disposition: 'stall' });
    expect(failure.message).not.toContain(privateKey.slice(40, 60));
  });

  it('of another app than the key belongs to are refused', async () => {
    const { github, start } = stage();
    const { privateKey, installationId } = github.app;
    const auth = { kind: 'app', appId: '99', privateKey, installationId } as const;
    expect(failureOf(await start(auth).probe())).toMatchObject({ disposition: 'stall' });
  });

  it('take a key whose line ends an environment has spelt out', async () => {
    const { github, start } = stage();
    const { id, installationId, privateKey } = github.app;
    const spelt = privateKey.replaceAll('\n', '\\n');
    const auth = { kind: 'app', appId: String(id), privateKey: spelt, installationId } as const;
    expect(valueOf(await start(auth).probe()).warnings).toEqual([]);
  });

  it('for git are the token, and of an app a new one before the old one ends', async () => {
    const { github, start } = stage();
    const person = start(tokenAuth('ghp_mayWrite'));
    expect(valueOf(await person.gitCredentials())).toEqual({
      username: 'x-access-token',
      password: 'ghp_mayWrite',
    });
    const forge = start();
    const password = async () => valueOf(await forge.gitCredentials())?.password;
    const first = await password();
    expect(first).toMatch(/^ghs_/);
    stage().ahead += 0.7 * HOUR_MS;
    expect(await password()).toBe(first);
    stage().ahead += 0.2 * HOUR_MS;
    const second = await password();
    expect(second).not.toBe(first);
    expect(await password()).toBe(second);
    expect(github.requestsOf('POST *access_tokens').length).toBeGreaterThan(1);
  });

  it('of an app that GitHub has ended early are fetched anew', async () => {
    const { github, start } = stage();
    const { number } = await anyPullRequest(stage());
    const forge = start();
    valueOf(await forge.pullRequest(number));
    github.revokeTokens();
    // octokit waits a while for tokens that are seconds old.
    vi.setSystemTime(Date.now() + 10_000);
    const comment = { name: 'plan', key: 'k1', body: 'One release.', create: true };
    valueOf(await forge.putComment(number, comment));
    expect(github.comments(number)).toHaveLength(1);
  });
});

describe('a repository that was renamed', () => {
  const stage = setStage();

  it('is read and written by its old name, and the new one is told', async () => {
    const { github, start } = stage();
    const { number } = await anyPullRequest(stage());
    github.rename('devices');
    const forge = start(tokenAuth(github.token));
    expect(valueOf(await forge.probe()).warnings).toEqual([
      expect.stringContaining('acme/fleet is now called acme/devices'),
    ]);
    const comment = { name: 'plan', key: 'k1', body: 'One release.', create: true };
    for (const key of ['k1', 'k1', 'k2'])
      valueOf(await forge.putComment(number, { ...comment, key }));
    expect(github.comments(number)).toMatchObject([{ body: expect.stringContaining('plan k2') }]);
    expect(valueOf(await forge.pullRequests('main'))[0]?.number).toBe(1);
  });
});

describe('something else in the place of GitHub', () => {
  const servers: (() => void)[] = [];
  afterEach(() => servers.splice(0).forEach((close) => close()));

  const serve = async (listener: RequestListener): Promise<string> => {
    const server = createServer(listener);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    servers.push(() => {
      server.close();
      server.closeAllConnections();
    });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  const ask = async (apiUrl: string) => {
    const auth = tokenAuth('ghp_secretSecret');
    const forge = openForge(
      { kind: 'github', repository: 'a/b', apiUrl, webUrl: null, auth, webhookSecret: null },
      { clock: { now: () => 0, monotonicMs: () => 0 }, pacing: 'none' },
    );
    return failureOf(await forge.defaultBranch());
  };

  it('that serves pages for people is no API', async () => {
    for (const status of [200, 403, 404]) {
      const url = await serve((_, response) => {
        response.writeHead(status, { 'content-type': 'text/html' }).end('<h1>Sign in</h1>');
      });
      const failure = await ask(url);
      expect(failure).toMatchObject({ code: 'ForgeUnavailable', disposition: 'retry' });
      expect(failure.message).toContain('not GitHub');
      expect(failure.message).not.toContain('Sign in');
    }
  });

  it('that leads elsewhere does not get the credentials there', async () => {
    const seen: unknown[] = [];
    const other = await serve(({ headers }, response) => {
      seen.push(headers);
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
    const url = await serve((_, response) => {
      response.writeHead(302, { location: `${other}/repos/a/b` }).end();
    });
    const { message } = await ask(url);
    expect(message).toContain(other);
    expect(seen).toEqual([]);
  });

  it('that leads in circles is left', async () => {
    let count = 0;
    const url = await serve((_, response) => {
      count += 1;
      response.writeHead(301, { location: '/repos/a/b' }).end();
    });
    expect((await ask(url)).message).toContain('circles');
    expect(count).toBeLessThan(12);
  });

  it('that repeats what it is sent shows no token in the message', async () => {
    const url = await serve(({ headers }, response) => {
      response
        .writeHead(422, { 'content-type': 'application/json' })
        .end(JSON.stringify({ message: `Bad ${headers.authorization} and ghs_others123` }));
    });
    const { code, message } = await ask(url);
    expect(code).toBe('ForgeRefused');
    expect(message).not.toMatch(/secretSecret|ghs_/);
  });

  it('that never answers is left after a time', async () => {
    const url = await serve(() => undefined);
    const get = createTransport({ api: url, signal: null, timeLimitMs: 30 });
    await expect(get(`${url}/repos/a/b`, {})).rejects.toThrow(/timeout/);
  });

  it('whose answers are many is remembered within bounds', async () => {
    let known = 0;
    const url = await serve(({ headers }, response) => {
      if (headers['if-none-match'] !== undefined) known += 1;
      response.writeHead(200, { etag: '"x"' }).end('x');
    });
    const get = createTransport({ api: url, signal: null, timeLimitMs: 5_000 });
    for (let count = 0; count <= 200; count += 1) await get(`${url}/${count}`, {});
    await get(`${url}/0`, {});
    expect(known).toBe(0);
    await get(`${url}/200`, {});
    await get(`${url}/200`, { headers: { accept: 'application/vnd.github.raw' } });
    expect(known).toBe(1);
  });
});

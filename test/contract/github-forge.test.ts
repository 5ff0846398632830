// GitHub as a forge, over the fake: what is read, what is written (each thing twice, and with the connection cut between
// a request and its answer), and pull requests of its own.

import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { PullRequestRecord } from '../fakes/github/fake-github.ts';
import {
  anyPullRequest,
  changeOf,
  checkOf,
  failureOf,
  newCommit,
  newPullRequest,
  SECRET,
  setStage,
  tokenAuth,
  valueOf,
} from './github-forge-fixtures.ts';

describe('reading', () => {
  const stage = setStage();

  it('says where it is', () => {
    const { github, start } = stage();
    const { host, origin } = new URL(github.url);
    const forge = start();
    expect(forge.description).toBe(`${host}/acme/fleet`);
    expect(forge.takesWebhooks).toBe(true);
    expect(forge.fileUrl('ab12', 'a b.yaml', 7)).toBe(
      `${origin}/acme/fleet/blob/ab12/a%20b.yaml#L7`,
    );
    expect(forge.commitUrl('ab12')).toBe(`${origin}/acme/fleet/commit/ab12`);
  });

  it('knows the default branch', async () => {
    expect(valueOf(await stage().start().defaultBranch())).toBe('main');
  });

  it('shows pull requests in all their states', async () => {
    const { github, start } = stage();
    const forge = start();
    const own = await newPullRequest(stage(), {
      branch: 'states',
      title: 'Lock it',
      login: 'olga',
    });
    expect(valueOf(await forge.pullRequest(own.number))).toEqual({
      number: own.number,
      title: 'Lock it',
      url: `${github.webUrl}/pull/${own.number}`,
      author: 'olga',
      state: 'open',
      head: { commit: own.head.sha, branch: 'states', isFork: false },
      base: 'main',
      mergeCommit: null,
    });
    const fork = await newPullRequest(stage(), { fork: { owner: 'mallory' } });
    expect(valueOf(await forge.pullRequest(fork.number)).head.isFork).toBe(true);
    const gone = await newPullRequest(stage(), { fork: { owner: 'mallory', isDeleted: true } });
    expect(valueOf(await forge.pullRequest(gone.number)).head.isFork).toBe(true);
    await github.closePullRequest(fork.number);
    expect(valueOf(await forge.pullRequest(fork.number)).state).toBe('closed');
    const merge = await github.mergePullRequest(own.number);
    const merged = valueOf(await forge.pullRequest(own.number));
    expect(merged).toMatchObject({ state: 'merged', mergeCommit: merge });
  });

  it('finds the pull request that a commit was merged with', async () => {
    const { github, start } = stage();
    const forge = start();
    const one = await newPullRequest(stage());
    const many = await newPullRequest(stage());
    expect(valueOf(await forge.pullRequestOf(one.head.sha))).toBeNull();
    const part = one.head.sha;
    const merge = await github.mergePullRequest(one.number);
    const squash = await github.mergePullRequest(many.number, 'squash');
    expect(valueOf(await forge.pullRequestOf(merge))?.number).toBe(one.number);
    expect(valueOf(await forge.pullRequestOf(part))?.number).toBe(one.number);
    expect(valueOf(await forge.pullRequestOf(squash))?.number).toBe(many.number);
    expect(valueOf(await forge.pullRequestOf('0'.repeat(40)))).toBeNull();
  });

  it('prefers the pull request that was merged as the commit to one that brought it along', async () => {
    const { github, start } = stage();
    const outer = await newPullRequest(stage(), { branch: 'outer' });
    const inner = await newPullRequest(stage(), { branch: 'inner', base: 'outer' });
    const merge = await github.mergePullRequest(inner.number);
    await github.mergePullRequest(outer.number);
    expect(valueOf(await start().pullRequestOf(merge))?.number).toBe(inner.number);
  });

  it('says that there is no such pull request', async () => {
    const failure = failureOf(await stage().start().pullRequest(4711));
    expect(failure).toMatchObject({ code: 'ForgeNotFound', disposition: 'stall' });
    expect(failure.message).toContain('pull request 4711');
  });
});

describe('lists of pull requests', () => {
  const stage = setStage();

  it('are whole, sorted, and cost nothing where nothing changed', async () => {
    const { github, start } = stage();
    await github.push('other', { 'a.txt': 'a\n' });
    const first = await newPullRequest(stage());
    const other = await newPullRequest(stage(), { base: 'other' });
    const own = await newPullRequest(stage(), { branch: 'lockstep/approve' });
    const fork = await newPullRequest(stage(), {
      branch: 'lockstep/forged',
      fork: { owner: 'mallory' },
    });
    // Copies stand for the work of years.
    const records = github.pullRequests() as PullRequestRecord[];
    for (let number = 5; number <= 230; number += 1) records.push({ ...first, number });
    const forge = start(tokenAuth(github.token));
    const numbers = async () =>
      valueOf(await forge.pullRequests('main')).map(({ number }) => number);
    const expected = records
      .map(({ number }) => number)
      .filter((number) => number !== other.number);
    expect(await numbers()).toEqual(expected);
    const before = github.rateLimitUsed(github.token);
    expect(await numbers()).toEqual(expected);
    expect(github.rateLimitUsed(github.token)).toBe(before);
    records.pop();
    expect(await numbers()).toEqual(expected.slice(0, -1));
    const ours = valueOf(await forge.ownPullRequests('lockstep/'));
    expect(ours.map(({ number }) => number)).toEqual([own.number]);
    expect(expected).toContain(fork.number);
  });
});

describe('a comment', () => {
  const stage = setStage();
  const POST = 'POST *comments';
  const PATCH = 'PATCH *comments*';
  const content = { name: 'plan', key: 'k1', body: 'One release.', create: true };

  it('is written once, and updated in place', async () => {
    const { github, start } = stage();
    const { number } = await anyPullRequest(stage());
    const forge = start();
    const first = valueOf(await forge.putComment(number, content));
    expect(valueOf(await start().putComment(number, { ...content, body: 'other' }))).toEqual(first);
    expect(github.comments(number)).toMatchObject([
      { author: { login: 'lockstep[bot]' }, body: 'One release.\n\n<!-- lockstep:plan k1 -->' },
    ]);
    const changed = { ...content, key: 'k2', body: 'Two releases.' };
    expect(valueOf(await forge.putComment(number, changed))).toEqual(first);
    expect(valueOf(await forge.putComment(number, changed))).toEqual(first);
    expect(valueOf(await forge.putComment(number, { ...content, name: 'revert' }))).not.toEqual(
      first,
    );
    expect(github.comments(number).map(({ body }) => body)).toEqual([
      'Two releases.\n\n<!-- lockstep:plan k2 -->',
      'One release.\n\n<!-- lockstep:revert k1 -->',
    ]);
    expect(first?.url).toContain(`/pull/${number}#issuecomment-`);
  });

  it('is not created where it is only to be changed', async () => {
    const { github, start } = stage();
    const { number } = await anyPullRequest(stage());
    expect(valueOf(await start().putComment(number, { ...content, create: false }))).toBeNull();
    expect(github.comments(number)).toEqual([]);
    await start().putComment(number, content);
    await start().putComment(number, { ...content, key: 'k2', create: false });
    expect(github.comments(number)).toMatchObject([{ body: expect.stringContaining('plan k2') }]);
  });

  it("is not mistaken for a stranger's that carries its marker", async () => {
    const { github, start } = stage();
    const { number } = await anyPullRequest(stage());
    const theirs = await github.comment(number, 'Ha!\n\n<!-- lockstep:plan k1 -->', 'mallory');
    await start().putComment(number, content);
    await start().putComment(number, { ...content, key: 'k2' });
    expect(github.comments(number)).toHaveLength(2);
    expect(github.comments(number)[0]).toEqual({
      ...theirs,
      body: 'Ha!\n\n<!-- lockstep:plan k1 -->',
    });
    expect(github.comments(number)[1]?.body).toContain('plan k2');
  });

  it('is found behind a hundred others, and the first of several', async () => {
    const { github, start } = stage();
    const { number } = await anyPullRequest(stage());
    for (let count = 0; count < 205; count += 1) await github.comment(number, `Opinion ${count}`);
    const forge = start(tokenAuth(github.token));
    await github.comment(number, 'First\n\n<!-- lockstep:plan old -->');
    await github.comment(number, 'Second\n\n<!-- lockstep:plan old -->');
    await forge.putComment(number, content);
    await start(tokenAuth(github.token)).putComment(number, content);
    const comments = github.comments(number).slice(205);
    expect(comments.map(({ body }) => body)).toEqual([
      'One release.\n\n<!-- lockstep:plan k1 -->',
      'Second\n\n<!-- lockstep:plan old -->',
    ]);
  });

  it('is there once when the answer to the first request was lost', async () => {
    const { github, start } = stage();
    const { number } = await anyPullRequest(stage());
    github.cutAfter(POST);
    const posts = github.requestsOf(POST).length;
    expect(failureOf(await start().putComment(number, content))).toMatchObject({
      code: 'ForgeUnavailable',
      disposition: 'retry',
    });
    expect(github.requestsOf(POST)).toHaveLength(posts + 1);
    valueOf(await start().putComment(number, content));
    github.cutAfter(PATCH);
    failureOf(await start().putComment(number, { ...content, key: 'k2' }));
    valueOf(await start().putComment(number, { ...content, key: 'k2' }));
    expect(github.comments(number)).toHaveLength(1);
  });

  it('is there once when two want it at the same time', async () => {
    const { github, start } = stage();
    const { number } = await anyPullRequest(stage());
    const forge = start();
    const both = [forge.putComment(number, content), forge.putComment(number, content)];
    const urls = (await Promise.all(both)).map((result) => valueOf(result)?.url);
    expect(urls[0]).toBe(urls[1]);
    expect(github.comments(number)).toHaveLength(1);
  });

  it("is a workflow's own too, whose token may not ask who it is", async () => {
    const { github, start } = stage();
    const { number } = await anyPullRequest(stage());
    const auth = tokenAuth(github.workflowToken({ pull_requests: 'write', metadata: 'read' }));
    await start(auth).putComment(number, content);
    await start(auth).putComment(number, { ...content, key: 'k2' });
    expect(github.comments(number)).toMatchObject([{ author: { login: 'github-actions[bot]' } }]);
  });
});

describe('a check', () => {
  const stage = setStage();
  const POST = 'POST *check-runs';
  const PATCH = 'PATCH *check-runs*';
  const annotation = {
    path: 'release.yaml',
    line: 7,
    level: 'failure',
    title: 'ReleaseUnverified',
    message: 'Nothing runs 43.',
  } as const;

  it('is written once, and updated in place', async () => {
    const { github, start } = stage();
    const commit = await newCommit(stage());
    const pending = checkOf(commit, { name: 'lockstep/gate', state: 'pending' });
    const forge = start();
    const first = valueOf(await forge.putCheck(pending));
    expect(valueOf(await start().putCheck(pending))).toEqual(first);
    expect(github.checks(commit)).toMatchObject([
      { externalId: 'k1', status: 'in_progress', conclusion: null, title: 'One release' },
    ]);
    const green = checkOf(commit, { name: 'lockstep/gate', key: 'k2', text: 'More.' });
    expect(valueOf(await forge.putCheck(green))).toEqual(first);
    expect(valueOf(await forge.putCheck(green))).toEqual(first);
    expect(github.checks(commit)).toMatchObject([
      { externalId: 'k2', status: 'completed', conclusion: 'success', text: 'More.' },
    ]);
    await forge.putCheck(checkOf(commit, { state: 'neutral' }));
    expect(github.check(commit, 'lockstep/plan')?.conclusion).toBe('neutral');
  });

  it('is written again where a person asks for it', async () => {
    const { github, start } = stage();
    const commit = await newCommit(stage());
    await start().putCheck(checkOf(commit));
    const patches = github.requestsOf(PATCH).length;
    await start().putCheck(checkOf(commit), { again: true });
    expect(github.requestsOf(PATCH)).toHaveLength(patches + 1);
    expect(github.checks(commit)).toHaveLength(1);
  });

  it('gives way to a new run where it has ended and is to be pending again', async () => {
    const { github, start } = stage();
    const commit = await newCommit(stage());
    const forge = start();
    await forge.putCheck(checkOf(commit));
    const pending = checkOf(commit, { key: 'k2', state: 'pending' });
    await forge.putCheck(pending);
    await forge.putCheck(pending);
    expect(github.checks(commit)).toMatchObject([
      { externalId: 'k1', status: 'completed' },
      { externalId: 'k2', status: 'in_progress' },
    ]);
    await forge.putCheck(checkOf(commit, { key: 'k3', state: 'failure' }));
    expect(github.checks(commit)).toHaveLength(2);
    expect(github.check(commit, 'lockstep/plan')).toMatchObject({ conclusion: 'failure' });
  });

  it('shows the annotations of its newest content alone', async () => {
    const { github, start } = stage();
    const commit = await newCommit(stage());
    const annotations = Array.from({ length: 60 }, (_, line) => ({
      ...annotation,
      line: line + 1,
    }));
    await start().putCheck(checkOf(commit, { state: 'failure', annotations }));
    expect(github.check(commit, 'lockstep/plan')?.annotations).toHaveLength(50);
    const changed = checkOf(commit, { key: 'k2', state: 'failure', annotations: [annotation] });
    await start().putCheck(changed);
    await start().putCheck(changed);
    expect(github.check(commit, 'lockstep/plan')?.annotations).toMatchObject([
      { path: 'release.yaml', start_line: 7, end_line: 7, annotation_level: 'failure' },
    ]);
    expect(github.checks(commit)).toHaveLength(2);
  });

  it('is not mistaken for one of another app with the same name', async () => {
    const { github, start } = stage();
    const commit = await newCommit(stage());
    const rights = { checks: 'write', metadata: 'read' } as const;
    const workflow = tokenAuth(github.workflowToken(rights));
    await start(workflow).putCheck(checkOf(commit));
    await start().putCheck(checkOf(commit));
    await start(workflow).putCheck(checkOf(commit, { key: 'k2' }));
    expect(github.checks(commit).map(({ app, externalId }) => [app.slug, externalId])).toEqual([
      ['github-actions', 'k2'],
      ['lockstep', 'k1'],
    ]);
  });

  it('is there once when answers were lost', async () => {
    const { github, start } = stage();
    const commit = await newCommit(stage());
    for (const [request, key] of [
      [POST, 'k1'],
      [PATCH, 'k2'],
    ] as const) {
      github.cutAfter(request);
      expect(failureOf(await start().putCheck(checkOf(commit, { key }))).disposition).toBe('retry');
      valueOf(await start().putCheck(checkOf(commit, { key })));
      expect(github.checks(commit)).toMatchObject([{ externalId: key }]);
    }
  });

  it('is a commit status where a person signs in', async () => {
    const { github, start } = stage();
    const commit = await newCommit(stage());
    const tried = github.requestsOf(/check-runs/).length;
    const person = () => start(tokenAuth(github.token));
    const green = checkOf(commit, { state: 'neutral', annotations: [annotation] });
    expect(valueOf(await person().putCheck(green)).url).toBe(person().commitUrl(commit));
    await person().putCheck(green);
    expect(github.statuses(commit)).toMatchObject([
      { context: 'lockstep/plan', state: 'success', description: 'Neutral: One release' },
    ]);
    await person().putCheck(green, { again: true });
    expect(github.statuses(commit)).toHaveLength(2);
    await person().putCheck(checkOf(commit, { state: 'pending', title: 'x'.repeat(200) }));
    expect(github.statuses(commit).at(-1)).toMatchObject({ state: 'pending' });
    expect(github.statuses(commit).at(-1)?.description).toHaveLength(140);
    expect(github.requestsOf(/check-runs/)).toHaveLength(tried);
  });

  it('says so where the commit is gone', async () => {
    expect(
      failureOf(
        await stage()
          .start()
          .putCheck(checkOf('0'.repeat(40))),
      ),
    ).toMatchObject({
      code: 'ForgeNotFound',
      disposition: 'stall',
    });
  });
});

describe('a status', () => {
  const stage = setStage();
  const POST = 'POST *statuses*';

  it('is written where the newest of its context says something else', async () => {
    const { github, start } = stage();
    const commit = await newCommit(stage());
    const status = { commit, context: 'lockstep/thermostat', state: 'pending' } as const;
    const put = async (description: string, context: string = status.context) =>
      valueOf(await start().putStatus({ ...status, context, description }));
    for (const text of ['step 1', 'step 1', 'step 2', 'step 2', 'step 1']) await put(text);
    await put('step 1', 'lockstep/kettle');
    await put('step 1');
    expect(github.statuses(commit, status.context).map(({ description }) => description)).toEqual([
      'step 1',
      'step 2',
      'step 1',
    ]);
    expect(github.statuses(commit)).toHaveLength(4);
  });

  it('is there once when the answer was lost', async () => {
    const { github, start } = stage();
    const commit = await newCommit(stage());
    const status = {
      commit,
      context: 'lockstep/x',
      state: 'success',
      description: 'Done',
    } as const;
    github.cutAfter(POST);
    expect(failureOf(await start().putStatus(status)).disposition).toBe('retry');
    valueOf(await start().putStatus(status));
    expect(github.statuses(commit)).toHaveLength(1);
  });
});

describe('a pull request of its own', () => {
  const stage = setStage({ files: { 'release.yaml': 'version: 43\n', 'old.yaml': 'a: 1\n' } });

  it('is opened once, with one commit of all files', async () => {
    const { github, start } = stage();
    const change = changeOf(stage());
    const opened = valueOf(await start().openPullRequest(change));
    expect(opened).toMatchObject({
      isNew: true,
      pullRequest: {
        title: 'Go back to 42',
        author: 'lockstep[bot]',
        state: 'open',
        base: 'main',
        head: { branch: change.branch, isFork: false },
      },
    });
    const { commit } = opened.pullRequest.head;
    expect(github.branch(change.branch)).toBe(commit);
    expect(await github.file(commit, 'release.yaml')).toBe('version: 42\n');
    expect(await github.file(commit, 'old.yaml')).toBeNull();
    expect(await github.file(commit, 'README.md')).toBe(await github.file('main', 'README.md'));
    const [written] = github.requestsOf('POST *git/commits');
    expect(JSON.parse(written?.body ?? '')).toEqual({
      message: 'Go back to 42',
      tree: expect.any(String) as string,
      parents: [change.baseCommit],
    });
    const blob = JSON.parse(github.requestsOf('POST *git/blobs')[0]?.body ?? '') as object;
    expect(blob).toEqual({ content: 'AP+ACg==', encoding: 'base64' });
    const again = valueOf(await start().openPullRequest({ ...change, title: 'Other' }));
    expect(again).toEqual({ ...opened, isNew: false });
    expect(github.pullRequest(opened.pullRequest.number).body).toBe('Because 43 fails.');
  });

  it('is not opened again when a person has closed it', async () => {
    const { github, start } = stage();
    const change = changeOf(stage(), { branch: 'lockstep/closed' });
    const { number } = valueOf(await start().openPullRequest(change)).pullRequest;
    await github.closePullRequest(number);
    expect(valueOf(await start().openPullRequest(change))).toMatchObject({
      isNew: false,
      pullRequest: { number, state: 'closed' },
    });
  });

  it('is opened again once it was closed or merged, where a person asks for it again', async () => {
    const { github, start } = stage();
    const change = changeOf(stage(), { branch: 'lockstep/asked' });
    const open = async () => valueOf(await start().openPullRequest(change, { again: true }));
    const first = await open();
    expect(await open()).toEqual({ ...first, isNew: false });
    await github.closePullRequest(first.pullRequest.number);
    const second = await open();
    expect(second.isNew).toBe(true);
    await github.mergePullRequest(second.pullRequest.number);
    const back = { 'release.yaml': 'version: 43\n', 'old.yaml': 'a: 1\n' };
    const baseCommit = await github.push('main', back);
    const third = valueOf(
      await start().openPullRequest({ ...change, baseCommit }, { again: true }),
    );
    expect(third).toMatchObject({ isNew: true, pullRequest: { state: 'open' } });
  });

  it("is not mistaken for a stranger's from a branch of that name", async () => {
    const { start } = stage();
    const branch = 'lockstep/forked';
    await newPullRequest(stage(), { branch, fork: { owner: 'mallory' } });
    expect(valueOf(await start().openPullRequest(changeOf(stage(), { branch }))).isNew).toBe(true);
  });

  it.each(['git/blobs', 'git/refs', 'pulls'])(
    'is there once when the answer to POST %s was lost',
    async (path) => {
      const { github, start } = stage();
      const branch = `lockstep/${path.replace('/', '-')}`;
      github.cutAfter(`POST *${path}`);
      expect(failureOf(await start().openPullRequest(changeOf(stage(), { branch })))).toMatchObject(
        {
          disposition: 'retry',
        },
      );
      const opened = valueOf(await start().openPullRequest(changeOf(stage(), { branch })));
      expect(opened.isNew).toBe(path !== 'pulls');
      const ours = github.pullRequests().filter(({ head }) => head.branch === branch);
      expect(ours).toMatchObject([{ state: 'open', head: { sha: github.branch(branch) } }]);
    },
  );

  it('is opened once when two programs want it at the same time', async () => {
    const { github, start } = stage();
    const branch = 'lockstep/two';
    const change = changeOf(stage(), { branch });
    const held = github.hold('POST *git/refs');
    const slow = start().openPullRequest(change);
    await held.reached;
    const quick = valueOf(await start().openPullRequest(change));
    held.release();
    expect(valueOf(await slow)).toMatchObject({
      isNew: false,
      pullRequest: { number: quick.pullRequest.number },
    });
    expect(quick.isNew).toBe(true);
  });

  it('is not opened where nothing changes', async () => {
    const { github, start } = stage();
    const files = { 'release.yaml': 'version: 43\n' };
    const change = changeOf(stage(), { branch: 'lockstep/nothing', files });
    expect(failureOf(await start().openPullRequest(change))).toMatchObject({
      code: 'ForgeNothingToPropose',
      disposition: 'stall',
    });
    expect(github.branch('lockstep/nothing')).toBeNull();
  });

  it('is closed with a comment, once, also when answers were lost', async () => {
    const { github, start } = stage();
    const change = changeOf(stage(), { branch: 'lockstep/close' });
    const { number } = valueOf(await start().openPullRequest(change)).pullRequest;
    const comment = { name: 'closed', key: 'k1', body: 'No longer needed.', create: true };
    github.cutAfter('POST *comments');
    expect(failureOf(await start().closePullRequest(number, comment)).disposition).toBe('retry');
    expect(github.pullRequest(number).state).toBe('open');
    github.cutAfter('PATCH *pulls*');
    expect(failureOf(await start().closePullRequest(number, comment)).disposition).toBe('retry');
    valueOf(await start().closePullRequest(number, comment));
    expect(github.pullRequest(number).state).toBe('closed');
    expect(github.comments(number)).toHaveLength(1);
  });

  it('that a person has closed gets no comment', async () => {
    const { github, start } = stage();
    const { number } = await newPullRequest(stage());
    await github.closePullRequest(number);
    const comment = { name: 'closed', key: 'k1', body: 'No longer needed.', create: true };
    valueOf(await start().closePullRequest(number, comment));
    expect(github.comments(number)).toEqual([]);
  });
});

describe('a webhook', () => {
  const stage = setStage();
  const deliver = async (payload: object) => {
    const { headers, body } = await stage().github.sendWebhook('push', payload, { secret: SECRET });
    return { headers, body };
  };

  it('is read as it was sent, also under a new name of the repository', async () => {
    const forge = stage().start();
    const renamed = { ref: 'refs/heads/main', repository: { id: 500, full_name: 'acme/renamed' } };
    const request = await deliver(renamed);
    expect(await forge.readWebhook(request)).toMatchObject({ value: { hint: { kind: 'other' } } });
    valueOf(await forge.defaultBranch());
    expect(await forge.readWebhook(request)).toEqual({
      ok: true,
      value: {
        delivery: request.headers['x-github-delivery'],
        hint: { kind: 'push', branch: 'main' },
      },
    });
  });

  it('is refused with another secret', async () => {
    const { headers, body } = await deliver({ ref: 'refs/heads/main' });
    const forged = createHmac('sha256', 'guessed').update(body).digest('hex');
    const request = { headers: { ...headers, 'x-hub-signature-256': `sha256=${forged}` }, body };
    expect(await stage().start().readWebhook(request)).toMatchObject({ error: { status: 401 } });
  });
});

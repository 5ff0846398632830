// Opens pull requests of Lockstep's own: a commit on a branch that nobody else uses, made through the API, so that an
// app's commits carry GitHub's signature. Stopped anywhere and begun again, it ends with one pull request.

import type { Octokit } from 'octokit';
import { failure } from '../../base/failure.ts';
import type { BranchChange, OpenedPullRequest } from '../forge.ts';
import { type GithubPullRequest, toPullRequest } from './pull-requests.ts';
import type { GithubSession } from './session.ts';
import { shorten } from './statuses.ts';
import { ForgeStop, isAnswer } from './trouble.ts';

const TITLE_MAX = 250;

/** As `Forge.openPullRequest`. */
export async function propose(
  session: GithubSession,
  client: Octokit,
  change: BranchChange,
  { again }: { readonly again: boolean },
): Promise<OpenedPullRequest> {
  const before = await findPullRequest(session, client, change.branch);
  if (before !== null && (before.state === 'open' || !again)) {
    return { pullRequest: before, isNew: false };
  }
  const commit = await createCommit(session, client, change);
  await pointBranch(session, client, change.branch, commit);
  try {
    const { data } = await client.rest.pulls.create({
      ...session.target,
      title: shorten(change.title, TITLE_MAX),
      head: change.branch,
      base: change.base,
      body: change.body,
    });
    return { pullRequest: toPullRequest(data), isNew: true };
  } catch (thrown) {
    if (isAnswer(thrown, 422, /already exists/i)) {
      const other = await findPullRequest(session, client, change.branch);
      if (other !== null) return { pullRequest: other, isNew: false };
    }
    throw thrown;
  }
}

/** Open, merged or closed: an open one first, else the last. */
async function findPullRequest(
  session: GithubSession,
  client: Octokit,
  branch: string,
): Promise<OpenedPullRequest['pullRequest'] | null> {
  // The filter wants the owner of today, also where the repository was moved to another.
  const { owner } = await session.repository(client);
  const listed: readonly GithubPullRequest[] = await client.paginate(client.rest.pulls.list, {
    ...session.target,
    head: `${owner}:${branch}`,
    state: 'all',
    per_page: 100,
  });
  const ours = listed
    .map((theirs) => toPullRequest(theirs))
    .filter(({ head }) => head.branch === branch && !head.isFork)
    .sort((one, other) => other.number - one.number);
  return ours.find(({ state }) => state === 'open') ?? ours[0] ?? null;
}

async function createCommit(
  session: GithubSession,
  client: Octokit,
  change: BranchChange,
): Promise<string> {
  const { target } = session;
  const base = await client.rest.git.getCommit({ ...target, commit_sha: change.baseCommit });
  const entries: TreeEntry[] = [];
  for (const [path, content] of Object.entries(change.files)) {
    const entry = { path, mode: '100644', type: 'blob' } as const;
    if (content === null) entries.push({ ...entry, sha: null });
    else if (typeof content === 'string') entries.push({ ...entry, content });
    else {
      const blob = await client.rest.git.createBlob({
        ...target,
        content: Buffer.from(content).toString('base64'),
        encoding: 'base64',
      });
      entries.push({ ...entry, sha: blob.data.sha });
    }
  }
  const tree = await client.rest.git.createTree({
    ...target,
    base_tree: base.data.tree.sha,
    tree: entries,
  });
  if (tree.data.sha === base.data.tree.sha) {
    throw new ForgeStop(
      failure(
        'ForgeNothingToPropose',
        `Cannot open a pull request from ${change.branch} of ${session.at.place}: ` +
          `commit ${change.baseCommit} has this change already.`,
        'stall',
      ),
    );
  }
  const commit = await client.rest.git.createCommit({
    ...target,
    message: change.title,
    tree: tree.data.sha,
    parents: [change.baseCommit],
  });
  return commit.data.sha;
}

interface TreeEntry {
  path: string;
  mode: '100644';
  type: 'blob';
  sha?: string | null;
  content?: string;
}

/** A branch that is there comes from a run that was stopped: it is ours by its name, and has no pull request. */
async function pointBranch(
  session: GithubSession,
  client: Octokit,
  branch: string,
  commit: string,
): Promise<void> {
  try {
    await client.rest.git.createRef({
      ...session.target,
      ref: `refs/heads/${branch}`,
      sha: commit,
    });
  } catch (thrown) {
    if (!isAnswer(thrown, 422, /already exists/i)) throw thrown;
    await client.rest.git.updateRef({
      ...session.target,
      ref: `heads/${branch}`,
      sha: commit,
      force: true,
    });
  }
}

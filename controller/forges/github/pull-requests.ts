// Pull requests as GitHub shows them, read and closed.

import type { Octokit } from 'octokit';
import type { PullRequest } from '../../model/pull-request.ts';
import type { CommentContent } from '../forge.ts';
import { writeComment } from './comments.ts';
import type { GithubSession } from './session.ts';
import { isAnswer } from './trouble.ts';

/** What lists and single answers have in common. */
export interface GithubPullRequest {
  readonly number: number;
  readonly title: string;
  readonly html_url: string;
  readonly state: string;
  readonly merged_at: string | null;
  readonly merge_commit_sha: string | null;
  readonly user: { readonly login: string } | null;
  readonly head: {
    readonly ref: string;
    readonly sha: string;
    readonly repo: { readonly id: number } | null;
  };
  readonly base: { readonly ref: string; readonly repo: { readonly id: number } };
}

export function toPullRequest(theirs: GithubPullRequest): PullRequest {
  const isMerged = theirs.merged_at !== null;
  const state = theirs.state === 'open' ? 'open' : 'closed';
  return {
    number: theirs.number,
    title: theirs.title,
    url: theirs.html_url,
    // What GitHub itself shows where an account is gone.
    author: theirs.user?.login ?? 'ghost',
    state: isMerged ? 'merged' : state,
    head: {
      commit: theirs.head.sha,
      branch: theirs.head.ref,
      isFork: theirs.head.repo?.id !== theirs.base.repo.id,
    },
    base: theirs.base.ref,
    // Before, it names a merge that GitHub tried.
    mergeCommit: isMerged ? theirs.merge_commit_sha : null,
  };
}

/** As `Forge.pullRequests`; null: into any branch. */
export async function openPullRequests(
  session: GithubSession,
  client: Octokit,
  base: string | null,
): Promise<readonly PullRequest[]> {
  const listed = await client.paginate(client.rest.pulls.list, {
    ...session.target,
    state: 'open',
    ...(base !== null && { base }),
    sort: 'created',
    direction: 'asc',
    per_page: 100,
  });
  // One that is opened or closed meanwhile can move another onto two pages.
  const byNumber = new Map(listed.map((theirs) => [theirs.number, toPullRequest(theirs)]));
  return [...byNumber.values()]
    .filter((pullRequest) => base === null || pullRequest.base === base)
    .sort((one, other) => one.number - other.number);
}

export async function readPullRequest(
  session: GithubSession,
  client: Octokit,
  number: number,
): Promise<PullRequest> {
  const { data } = await client.rest.pulls.get({ ...session.target, pull_number: number });
  return toPullRequest(data);
}

/** As `Forge.pullRequestOf`. */
export async function mergedAs(
  session: GithubSession,
  client: Octokit,
  commit: string,
): Promise<PullRequest | null> {
  try {
    const listed = await client.paginate(client.rest.repos.listPullRequestsAssociatedWithCommit, {
      ...session.target,
      commit_sha: commit,
      per_page: 100,
    });
    const merged = listed
      .map((theirs) => toPullRequest(theirs))
      .filter(({ state }) => state === 'merged');
    return merged.find(({ mergeCommit }) => mergeCommit === commit) ?? merged[0] ?? null;
  } catch (thrown) {
    if (isAnswer(thrown, 422, /no commit found/i)) return null;
    if (!isAnswer(thrown, 404)) throw thrown;
    // The commit is not there, or the repository is not.
    await session.repository(client);
    return null;
  }
}

/** As `Forge.closePullRequest`. */
export async function closeWithComment(
  session: GithubSession,
  client: Octokit,
  number: number,
  comment: CommentContent,
): Promise<void> {
  const { state } = await readPullRequest(session, client, number);
  if (state !== 'open') return;
  await writeComment(session, client, number, comment);
  await client.rest.pulls.update({ ...session.target, pull_number: number, state: 'closed' });
}

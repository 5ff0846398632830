// How pull requests look in answers and webhooks.

import { diffCommits } from './diffs.ts';
import {
  actorDocument,
  nodeId,
  repositoryApiUrl,
  repositoryDocument,
  repositoryUrl,
  userDocument,
} from './documents.ts';
import type { PullRequestRecord, World } from './world.ts';
import { isOwnBranch, isoTime } from './world.ts';

/** As lists show it. */
export function pullRequestEntry(world: World, pullRequest: PullRequestRecord) {
  const { id, number, head, base, author, merged, testMerge } = pullRequest;
  const { owner } = world.repository;
  const url = repositoryApiUrl(world);
  const [self, issue] = [`${url}/pulls/${number}`, `${url}/issues/${number}`];
  const html = `${repositoryUrl(world)}/pull/${number}`;
  const isOurs = isOwnBranch(world, pullRequest);
  const timeOf = (at: number | null) => (at === null ? null : isoTime(at));
  const links = {
    commits: `${self}/commits`,
    review_comments: `${self}/comments`,
    review_comment: `${url}/pulls/comments{/number}`,
    comments: `${issue}/comments`,
    statuses: `${url}/statuses/${head.sha}`,
  };
  const testMergeSha = testMerge === null || testMerge === 'conflict' ? null : testMerge.sha;
  return {
    url: self,
    id,
    node_id: nodeId('PR', id),
    html_url: html,
    diff_url: `${html}.diff`,
    patch_url: `${html}.patch`,
    issue_url: issue,
    commits_url: links.commits,
    review_comments_url: links.review_comments,
    review_comment_url: links.review_comment,
    comments_url: links.comments,
    statuses_url: links.statuses,
    number,
    state: pullRequest.state,
    locked: false,
    title: pullRequest.title,
    user: actorDocument(world, author),
    body: pullRequest.body,
    labels: [],
    milestone: null,
    active_lock_reason: null,
    created_at: isoTime(pullRequest.createdAt),
    updated_at: isoTime(pullRequest.updatedAt),
    closed_at: timeOf(pullRequest.closedAt),
    merged_at: timeOf(merged?.at ?? null),
    merge_commit_sha: merged?.sha ?? testMergeSha,
    assignee: null,
    assignees: [],
    requested_reviewers: [],
    requested_teams: [],
    head: {
      label: `${head.owner}:${head.branch}`,
      ref: head.branch,
      sha: head.sha,
      user: isOurs ? userDocument(world, owner, 'Organization') : userDocument(world, head.owner),
      repo: head.repository === null ? null : repositoryDocument(world, head.repository),
    },
    base: {
      label: `${owner}:${base.branch}`,
      ref: base.branch,
      sha: base.sha,
      user: userDocument(world, owner, 'Organization'),
      repo: repositoryDocument(world),
    },
    _links: {
      self: { href: self },
      html: { href: html },
      issue: { href: issue },
      comments: { href: links.comments },
      review_comments: { href: links.review_comments },
      review_comment: { href: links.review_comment },
      commits: { href: links.commits },
      statuses: { href: links.statuses },
    },
    author_association: isOurs ? ('MEMBER' as const) : ('NONE' as const),
    auto_merge: null,
    draft: false,
  };
}

/**
 * By itself, with what GitHub counts. GitHub works out in the background whether it can be merged: the answer to a
 * write says that it does not know yet.
 */
export async function pullRequestDocument(
  world: World,
  pullRequest: PullRequestRecord,
  knows: 'mergeability' | 'not yet',
) {
  const { head, base, merged, testMerge, state } = pullRequest;
  const isKnown = knows === 'mergeability' && testMerge !== null && state === 'open';
  const diff = await diffCommits(world.git, base.sha, head.sha);
  const commits = await world.git.commitsBetween(base.sha, head.sha);
  const isMergeable = isKnown ? testMerge !== 'conflict' : null;
  return {
    ...pullRequestEntry(world, pullRequest),
    merged: merged !== null,
    mergeable: isMergeable,
    rebaseable: isMergeable,
    mergeable_state: isMergeable === null ? 'unknown' : isMergeable ? 'clean' : 'dirty',
    merged_by: merged === null ? null : actorDocument(world, merged.by),
    comments: world.comments.filter(({ number }) => number === pullRequest.number).length,
    review_comments: 0,
    maintainer_can_modify: false,
    commits: commits.length,
    additions: diff.reduce((sum, file) => sum + file.additions, 0),
    deletions: diff.reduce((sum, file) => sum + file.deletions, 0),
    changed_files: diff.length,
  };
}

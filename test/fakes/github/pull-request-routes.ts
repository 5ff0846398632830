// The routes of pull requests, and of the comments on them.

import type { components } from '@octokit/openapi-types';

import {
  ApiError,
  checkLength,
  invalid,
  invalidField,
  notFound,
  requireFields,
} from './api-error.ts';
import { noticeBranches } from './branches.ts';
import { addComment, commentDocument, editComment } from './comments.ts';
import { actorOf } from './credentials.ts';
import { diffCommits } from './diffs.ts';
import { repositoryApiUrl, repositoryUrl } from './documents.ts';
import { pullRequestDocument, pullRequestEntry } from './pull-documents.ts';
import {
  closePullRequest,
  editPullRequest,
  mergePullRequest,
  openPullRequest,
  reopenPullRequest,
} from './pull-requests.ts';
import type { Route } from './routes.ts';
import { route, takePage } from './routes.ts';
import type { PullRequestRecord, World } from './world.ts';

const BODY_MAX = 65_536;
const FILES_MAX = 3000;

export function pullRequestRoutes(world: World): readonly Route[] {
  const find = (number: number): PullRequestRecord => {
    const found = world.pullRequests.find((pullRequest) => pullRequest.number === number);
    if (found === undefined) throw notFound();
    return found;
  };
  const findComment = (id: number) => {
    const found = world.comments.find((comment) => comment.id === id);
    if (found === undefined) throw notFound();
    return found;
  };

  return [
    route(
      'get',
      '/repos/{owner}/{repo}/pulls',
      ['pull_requests:read', 'pull_requests:write'],
      (request) => {
        const { state = 'open', base, head, sort = 'created' } = request.query;
        const direction = request.query.direction ?? (sort === 'created' ? 'desc' : 'asc');
        const found = world.pullRequests
          .filter((pullRequest) => state === 'all' || pullRequest.state === state)
          .filter((pullRequest) => base === undefined || pullRequest.base.branch === base)
          .filter(
            (pullRequest) =>
              head === undefined || !head.includes(':') || labelOf(pullRequest) === head,
          )
          .sort((one, other) =>
            sort === 'updated' ? one.updatedAt - other.updatedAt : one.number - other.number,
          );
        if (direction === 'desc') found.reverse();
        const { items, link } = takePage(request, found);
        return {
          status: 200,
          body: items.map((pullRequest) => pullRequestEntry(world, pullRequest)),
          link,
        };
      },
    ),

    route(
      'post',
      '/repos/{owner}/{repo}/pulls',
      ['pull_requests:write'],
      async ({ body, caller }) => {
        requireFields('PullRequest', body, 'title', 'head', 'base');
        checkBody('PullRequest', body.body);
        const { owner } = world.repository;
        const [branch = '', headOwner = owner] = body.head.split(':').toReversed();
        const sha = world.git.ref(`refs/heads/${branch}`);
        if (headOwner !== owner || sha === null) {
          throw invalidField('PullRequest', 'head', 'invalid');
        }
        const opened = await openPullRequest(world, {
          title: body.title ?? '',
          body: body.body ?? null,
          base: body.base,
          head: { repository: world.repository, owner, branch, sha },
          author: actorOf(caller),
        });
        return { status: 201, body: await pullRequestDocument(world, opened, 'not yet') };
      },
    ),

    route(
      'get',
      '/repos/{owner}/{repo}/pulls/{pull_number}',
      ['pull_requests:read'],
      async ({ path }) => ({
        status: 200,
        body: await pullRequestDocument(world, find(path.pull_number), 'mergeability'),
      }),
    ),

    route(
      'patch',
      '/repos/{owner}/{repo}/pulls/{pull_number}',
      ['pull_requests:write'],
      async ({ path, body, caller }) => {
        const pullRequest = find(path.pull_number);
        checkBody('PullRequest', body.body);
        const { state, ...edit } = body;
        await editPullRequest(world, pullRequest, edit, actorOf(caller));
        if (state === 'closed') await closePullRequest(world, pullRequest, actorOf(caller));
        if (state === 'open') await reopenPullRequest(world, pullRequest, actorOf(caller));
        return { status: 200, body: await pullRequestDocument(world, pullRequest, 'not yet') };
      },
    ),

    route(
      'get',
      '/repos/{owner}/{repo}/pulls/{pull_number}/files',
      ['pull_requests:read'],
      async (request) => {
        const { head, base } = find(request.path.pull_number);
        const diff = await diffCommits(world.git, base.sha, head.sha);
        const { items, link } = takePage(request, diff.slice(0, FILES_MAX));
        const files = items.map((file): components['schemas']['diff-entry'] => ({
          sha: file.blob,
          filename: file.path,
          status: file.status,
          additions: file.additions,
          deletions: file.deletions,
          changes: file.additions + file.deletions,
          blob_url: `${repositoryUrl(world)}/blob/${head.sha}/${encodeURI(file.path)}`,
          raw_url: `${repositoryUrl(world)}/raw/${head.sha}/${encodeURI(file.path)}`,
          contents_url: `${repositoryApiUrl(world)}/contents/${encodeURI(file.path)}?ref=${head.sha}`,
          ...(file.before === null ? {} : { previous_filename: file.before }),
        }));
        return { status: 200, body: files, link };
      },
    ),

    route(
      'put',
      '/repos/{owner}/{repo}/pulls/{pull_number}/merge',
      ['contents:write'],
      async ({ path, body, caller }) => {
        const pullRequest = find(path.pull_number);
        if (pullRequest.state === 'closed') throw notMergeable();
        if (body.sha !== undefined && body.sha !== pullRequest.head.sha) {
          throw new ApiError(409, 'Head branch was modified. Review and try the merge again.');
        }
        const actor = actorOf(caller);
        const { merge_method: method = 'merge', commit_title: title, commit_message } = body;
        const sha = await mergePullRequest(world, pullRequest, method, actor, {
          ...(title === undefined ? {} : { title }),
          ...(commit_message === undefined ? {} : { message: commit_message }),
        });
        if (sha === null) throw notMergeable();
        await noticeBranches(world, actor);
        const message = 'Pull Request successfully merged';
        return { status: 200, body: { sha, merged: true, message } };
      },
    ),

    route(
      'get',
      '/repos/{owner}/{repo}/commits/{commit_sha}/pulls',
      ['pull_requests:read'],
      async (request) => {
        const sha = request.path.commit_sha;
        if ((await world.git.typeOf(sha)) !== 'commit') {
          throw new ApiError(422, `No commit found for SHA: ${sha}`);
        }
        const { items, link } = takePage(request, await pullRequestsOf(world, sha));
        return {
          status: 200,
          body: items.map((pullRequest) => pullRequestEntry(world, pullRequest)),
          link,
        };
      },
    ),

    route(
      'get',
      '/repos/{owner}/{repo}/issues/{issue_number}/comments',
      ['issues:read', 'pull_requests:read'],
      (request) => {
        const { number } = find(request.path.issue_number);
        const found = world.comments.filter((comment) => comment.number === number);
        const { items, link } = takePage(request, found);
        return { status: 200, body: items.map((item) => commentDocument(world, item)), link };
      },
    ),

    route(
      'post',
      '/repos/{owner}/{repo}/issues/{issue_number}/comments',
      ['issues:write', 'pull_requests:write'],
      ({ path, body, caller }) => {
        const { number } = find(path.issue_number);
        requireFields('IssueComment', body, 'body');
        checkBody('IssueComment', body.body);
        const comment = addComment(world, number, body.body, actorOf(caller));
        return { status: 201, body: commentDocument(world, comment) };
      },
    ),

    route(
      'get',
      '/repos/{owner}/{repo}/issues/comments/{comment_id}',
      ['issues:read', 'pull_requests:read'],
      ({ path }) => ({
        status: 200,
        body: commentDocument(world, findComment(path.comment_id)),
      }),
    ),

    route(
      'patch',
      '/repos/{owner}/{repo}/issues/comments/{comment_id}',
      ['issues:write', 'pull_requests:write'],
      ({ path, body }) => {
        const comment = findComment(path.comment_id);
        requireFields('IssueComment', body, 'body');
        checkBody('IssueComment', body.body);
        editComment(world, comment, body.body);
        return { status: 200, body: commentDocument(world, comment) };
      },
    ),
  ];
}

function labelOf({ head }: PullRequestRecord): string {
  return `${head.owner}:${head.branch}`;
}

function notMergeable(): ApiError {
  return new ApiError(405, 'Pull Request is not mergeable');
}

function checkBody(resource: string, body: string | undefined): void {
  checkLength(body, BODY_MAX, () =>
    invalid(resource, `body is too long (maximum is ${BODY_MAX} characters)`),
  );
}

/** Merged ones that brought the commit to the default branch; for a commit that is not there, the open ones with it. */
async function pullRequestsOf(world: World, sha: string): Promise<readonly PullRequestRecord[]> {
  const { git, repository } = world;
  const main = git.ref(`refs/heads/${repository.defaultBranch}`);
  const isMerged = main !== null && (await git.isAncestor(sha, main));
  const found: PullRequestRecord[] = [];
  for (const pullRequest of world.pullRequests) {
    const { merged, state, head, base } = pullRequest;
    if (merged !== null) {
      const brought = merged.sha === sha || merged.commits.includes(sha);
      if (brought) found.push(pullRequest);
    } else if (!isMerged && state === 'open') {
      if ((await git.commitsBetween(base.sha, head.sha)).includes(sha)) found.push(pullRequest);
    }
  }
  return found;
}

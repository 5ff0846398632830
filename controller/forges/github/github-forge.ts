// GitHub as a forge: each operation of the interface, given its words and its turn.

import type { Forge } from '../forge.ts';
import type { GithubSettings } from '../forge-settings.ts';
import { commitPage, pageTemplates, filePage } from './addresses.ts';
import { writeCheck } from './checks.ts';
import { writeComment } from './comments.ts';
import { probeRepository } from './probe.ts';
import { propose } from './propose.ts';
import { closeWithComment, mergedAs, openPullRequests, readPullRequest } from './pull-requests.ts';
import { createSession, type SessionOptions } from './session.ts';
import { writeStatus } from './statuses.ts';
import { readGithubWebhook } from './webhook.ts';

export function createGithubForge(settings: GithubSettings, options: SessionOptions): Forge {
  const session = createSession(settings, options);
  const { at, attempt, attemptInTurn } = session;
  const { webhookSecret: secret, repository } = settings;

  return {
    description: at.place,
    takesWebhooks: secret !== null && secret !== '',
    probe: () => attempt('look at the state', (client) => probeRepository(session, client)),
    defaultBranch: () =>
      attempt('read the default branch', async (client) => {
        const { defaultBranch } = await session.repository(client);
        return defaultBranch;
      }),
    pullRequests: (base) =>
      attempt(`read the pull requests into ${base}`, (client) =>
        openPullRequests(session, client, base),
      ),
    pullRequest: (number) =>
      attempt(`read pull request ${number}`, (client) => readPullRequest(session, client, number)),
    pullRequestOf: (commit) =>
      attempt(`read the pull request of commit ${commit}`, (client) =>
        mergedAs(session, client, commit),
      ),
    putComment: (number, comment) =>
      attemptInTurn(
        `comment ${number} ${comment.name}`,
        `write a comment on pull request ${number}`,
        (client) => writeComment(session, client, number, comment),
      ),
    putCheck: (check, { again } = { again: false }) =>
      attemptInTurn(
        `check ${check.commit} ${check.name}`,
        `write the check ${check.name} on commit ${check.commit}`,
        (client) => writeCheck(session, client, check, { again }),
      ),
    putStatus: (status) =>
      attemptInTurn(
        `status ${status.commit} ${status.context}`,
        `write the status ${status.context} on commit ${status.commit}`,
        (client) => writeStatus(session, client, status),
      ),
    openPullRequest: (change, { again } = { again: false }) =>
      attemptInTurn(
        `branch ${change.branch}`,
        `open the pull request from ${change.branch}`,
        (client) => propose(session, client, change, { again }),
      ),
    ownPullRequests: (prefix) =>
      attempt(`read the pull requests from ${prefix}…`, async (client) => {
        const open = await openPullRequests(session, client, null);
        return open.filter(({ head }) => !head.isFork && head.branch.startsWith(prefix));
      }),
    closePullRequest: (number, comment) =>
      attemptInTurn(`comment ${number} ${comment.name}`, `close pull request ${number}`, (client) =>
        closeWithComment(session, client, number, comment),
      ),
    gitCredentials: () =>
      attempt('get access to the git repository', async () => ({
        username: 'x-access-token',
        password: await session.connection.token(),
      })),
    readWebhook: (request) =>
      readGithubWebhook(request, { secret, repository, repositoryId: session.knownId() }),
    headRef: (number) => `refs/pull/${number}/head`,
    fileUrl: (commit, path, line) => filePage(at, commit, path, line),
    commitUrl: (commit) => commitPage(at, commit),
    pages: pageTemplates(at),
  };
}

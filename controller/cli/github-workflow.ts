// What a job of GitHub Actions knows of itself, from its environment: the repository, its token, and the pull request that
// it runs for. Nothing here holds outside of one.

import { readFile } from 'node:fs/promises';

import { systemClock } from '../base/clock.ts';
import { type Failure, failure, messageOf } from '../base/failure.ts';
import { fail, ok, type Result } from '../base/result.ts';
import type { Forge } from '../forges/forge.ts';
import { isFullCommit } from '../model/revision.ts';
import { shortRevision } from '../reports/plain-text.ts';
import type { Shell } from './shell.ts';

export interface GitHubWorkflow {
  /** `OWNER/NAME`. */
  readonly repository: string;
  readonly apiUrl: string;
  /** `https://github.com`, or that of GitHub Enterprise Server. */
  readonly webUrl: string;
  readonly token: string;
}

/** The workflow that the program runs in; null outside of one, and where it was given no token. */
export function findWorkflow(env: Shell['env']): GitHubWorkflow | null {
  const repository = env['GITHUB_REPOSITORY'];
  const token = env['GITHUB_TOKEN'];
  if (env['GITHUB_ACTIONS'] !== 'true' || !repository || !token) return null;
  return {
    repository,
    token,
    apiUrl: env['GITHUB_API_URL'] ?? 'https://api.github.com',
    webUrl: env['GITHUB_SERVER_URL'] ?? 'https://github.com',
  };
}

/** The forge as the workflow's token sees it. */
export async function openWorkflowForge(workflow: GitHubWorkflow): Promise<Forge> {
  const { repository, apiUrl, webUrl, token } = workflow;
  // Loaded only here: most commands need no forge.
  const { openForge } = await import('../forges/open-forge.ts');
  return openForge(
    {
      kind: 'github',
      repository,
      apiUrl,
      webUrl,
      auth: { kind: 'token', token },
      webhookSecret: null,
    },
    { clock: systemClock },
  );
}

/** The number of the pull request that the workflow runs for. Fails where it runs for something else. */
export async function readPullRequestNumber(env: Shell['env']): Promise<Result<number, Failure>> {
  const path = env['GITHUB_EVENT_PATH'];
  const remedy = 'Give --pull-request NUMBER or --all, or run it on the event pull_request.';
  if (path === undefined) {
    return fail(failure('NoPullRequest', `No pull request is named. ${remedy}`, 'stall'));
  }
  try {
    const event: unknown = JSON.parse(await readFile(path, 'utf8'));
    const number = numberOf(event);
    if (number !== null) return ok(number);
    return fail(
      failure('NoPullRequest', `The workflow runs for no pull request. ${remedy}`, 'stall'),
    );
  } catch (thrown) {
    const message = `The event of the workflow can't be read: ${messageOf(thrown)}. ${remedy}`;
    return fail(failure('NoPullRequest', message, 'stall'));
  }
}

function numberOf(event: unknown): number | null {
  if (typeof event !== 'object' || event === null || !('pull_request' in event)) return null;
  const { pull_request: pullRequest } = event;
  if (typeof pullRequest !== 'object' || pullRequest === null) return null;
  const number = 'number' in pullRequest ? pullRequest.number : null;
  return typeof number === 'number' && Number.isSafeInteger(number) ? number : null;
}

/** The pull request that a commit was merged from, where the program runs in a workflow that can tell; else null. */
export async function findMerged(shell: Shell, revision?: string): Promise<number | null> {
  const workflow = findWorkflow(shell.env);
  if (workflow === null || revision === undefined || !isFullCommit(revision)) return null;
  const forge = await openWorkflowForge(workflow);
  const found = await forge.pullRequestOf(revision);
  if (found.ok) return found.value?.number ?? null;
  // The merge is carried out all the same.
  const commit = shortRevision(revision);
  shell.note(`note: the pull request of ${commit} is not known: ${found.error.message}`);
  return null;
}

// `lockstep review`: what a pull request would do to the live fleet, said in the pull request. The same parts do it as
// beside a controller; here they run once, in a workflow, and ask a controller over the network.

import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type Command, Option } from 'commander';

import { type Failure, failure } from '../base/failure.ts';
import { fail, ok, type Result } from '../base/result.ts';
import type { Forge } from '../forges/forge.ts';
import type { PullRequest } from '../model/pull-request.ts';
import { createRevisionLoader } from '../reconciler/revision-loader.ts';
import type { ChangeReviewJson } from '../reports/review-json.ts';
import { cleanText } from '../reports/plain-text.ts';
import { parseReviewJson } from '../reports/review-json.ts';
import type { JudgeChange } from '../reviewer/ports.ts';
import { type ChangeReader, createChangeReader } from '../reviewer/read-change.ts';
import { createReviewWriter, type Reviewed, type ReviewWriter } from '../reviewer/write-review.ts';
import { openChangeSource, type SourceSpec } from '../sources/open-source.ts';
import type { ChangeSource } from '../sources/change-source.ts';
import { type ApiClient, createHttpClient } from './api-client.ts';
import {
  findWorkflow,
  type GitHubWorkflow,
  openWorkflowForge,
  readPullRequestNumber,
} from './github-workflow.ts';
import { readSourceArgument } from './load-source.ts';
import { addExamples, addOutputOptions, parseCount, parseUrl } from './options.ts';
import type { Shell } from './shell.ts';

interface ReviewOptions {
  readonly server?: string;
  readonly token?: string;
  readonly pullRequest?: number;
  readonly all?: boolean;
}

/** Adds the command. Exit code 0: nothing stands in the way, 3: refused or not verified, 1: failed. */
export function addReview(program: Command, shell: Shell): void {
  const command = program
    .command('review')
    .summary('say in a pull request what it would do')
    .description(
      'In a GitHub workflow: plans the merge result of a pull request against the live fleet of a running controller, and writes the comment and the checks lockstep/plan and lockstep/gate. Nothing of the pull request is executed. For pull requests from forks the plan is printed, and nothing is written. Exit code: 0 nothing stands in the way, 3 refused or not verified, 1 failed.',
    )
    .argument('[SOURCE]', 'git URL with #branch:path (default: the repository of the workflow)')
    .addOption(
      new Option('--server <url>', 'the running controller')
        .env('LOCKSTEP_SERVER')
        .argParser(parseUrl),
    )
    .addOption(
      new Option('--token <token>', 'its API token; better in the environment').env(
        'LOCKSTEP_TOKEN',
      ),
    )
    .addOption(
      new Option(
        '--pull-request <number>',
        'this one (default: the one that the workflow runs for)',
      ).argParser(parseCount(1)),
    )
    .addOption(
      new Option('--all', 'all open pull requests into the branch').conflicts('pullRequest'),
    )
    .action(async (source: string | undefined, options: ReviewOptions) => {
      shell.exitCode = await review(shell, source, options);
    });
  addOutputOptions(command);
  addExamples(command, [
    ['lockstep review', 'in a workflow on pull_request, with LOCKSTEP_SERVER and LOCKSTEP_TOKEN'],
    ['lockstep review --all', 'in a workflow on a schedule: gates turn green'],
  ]);
}

async function review(
  shell: Shell,
  argument: string | undefined,
  options: ReviewOptions,
): Promise<number> {
  const workflow = findWorkflow(shell.env);
  if (workflow === null) return shell.failed(NO_WORKFLOW);
  if (options.server === undefined) return shell.failed(NO_SERVER);
  const forge = await openWorkflowForge(workflow);
  const spec = await settleSource(argument, workflow, forge, shell);
  if (!spec.ok) return shell.failed(spec.error);
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-review-'));
  const client = await createHttpClient(options.server, options.token ?? null);
  try {
    const changes = openChangeSource(spec.value, {
      cacheDir: folder,
      credentials: () => forge.gitCredentials(),
    });
    if (!changes.ok) {
      const { message, remedy } = changes.error;
      return shell.failed(failure('SourceInvalid', `${message} ${remedy}`, 'stall'));
    }
    try {
      return await reviewAll(shell, options, spec.value, forge, changes.value, client);
    } finally {
      await changes.value.close();
    }
  } finally {
    await client.close();
    await rm(folder, { recursive: true, force: true });
  }
}

const NO_WORKFLOW = failure(
  'NoWorkflow',
  'A review is written by a GitHub workflow, and this is none: GITHUB_ACTIONS, GITHUB_REPOSITORY and GITHUB_TOKEN are not all set. `lockstep plan` shows a plan anywhere.',
  'stall',
);

const NO_SERVER = failure(
  'NoServer',
  'A review asks a running controller: give --server URL, or set LOCKSTEP_SERVER.',
  'stall',
);

/** The branch that the controller follows, of the repository that the workflow runs in. */
async function settleSource(
  argument: string | undefined,
  { webUrl, repository }: GitHubWorkflow,
  forge: Forge,
  shell: Shell,
): Promise<Result<Extract<SourceSpec, { kind: 'git' }>, Failure>> {
  const spec = readSourceArgument(shell, argument ?? `${webUrl}/${repository}.git`);
  if (!spec.ok) return spec;
  if (spec.value.kind !== 'git') {
    const message = 'A directory has no pull requests: give the git URL of the repository.';
    return fail(failure('SourceInvalid', message, 'stall'));
  }
  if (spec.value.ref !== null) return ok(spec.value);
  const branch = await forge.defaultBranch();
  return branch.ok ? ok({ ...spec.value, ref: branch.value }) : branch;
}

async function reviewAll(
  shell: Shell,
  options: ReviewOptions,
  { ref }: Extract<SourceSpec, { kind: 'git' }>,
  forge: Forge,
  changes: ChangeSource,
  client: ApiClient,
): Promise<number> {
  const base = ref ?? '';
  const found = await findPullRequests(shell, options, forge, base);
  if (!found.ok) return shell.failed(found.error);
  const tip = await changes.base();
  if (!tip.ok) return shell.failed(tip.error);
  const ports = {
    forge,
    changes,
    loader: createRevisionLoader(),
    judge: judgeByServer(client),
    clock: shell.clock,
  };
  const reader = createChangeReader(ports);
  const writer = createReviewWriter(ports);
  const reviews: Reviewed[] = [];
  let hasFailed = false;
  for (const pullRequest of found.value) {
    const reviewed = await reviewOne(pullRequest, base, tip.value.revision, reader, writer);
    if (reviewed.ok) {
      reviews.push(reviewed.value);
      await tell(shell, reviewed.value);
    } else {
      hasFailed = true;
      const { code, message } = reviewed.error;
      shell.note(`error ${code}\n  pull request ${pullRequest.number}: ${message}`);
    }
  }
  if (shell.output === 'json') {
    shell.writeJson({ reviews: reviews.map(answerOf) });
  }
  if (hasFailed) return 1;
  return reviews.some(({ content: { planCheck, gateCheck } }) =>
    [planCheck.state, gateCheck.state].includes('failure'),
  )
    ? 3
    : 0;
}

async function findPullRequests(
  shell: Shell,
  options: ReviewOptions,
  forge: Forge,
  base: string,
): Promise<Result<readonly PullRequest[], Failure>> {
  if (options.all === true) return forge.pullRequests(base);
  const number =
    options.pullRequest === undefined
      ? await readPullRequestNumber(shell.env)
      : ok(options.pullRequest);
  if (!number.ok) return number;
  const found = await forge.pullRequest(number.value);
  return found.ok ? ok([found.value]) : found;
}

async function reviewOne(
  pullRequest: PullRequest,
  base: string,
  tip: string,
  reader: ChangeReader,
  writer: ReviewWriter,
): Promise<Result<Reviewed, Failure>> {
  const read = await reader.read(pullRequest, tip);
  if (!read.ok) return read;
  const reviewed = await writer.review(pullRequest, read.value, base);
  // A fork's workflow gets a token that may only read; with a larger one, writing would be its author's doing.
  if (!reviewed.ok || pullRequest.head.isFork) return reviewed;
  const written = await writer.write(reviewed.value, { again: false });
  return written.ok ? reviewed : written;
}

function judgeByServer(client: ApiClient): JudgeChange {
  return async ({ merged, base, pullRequest }) => {
    const answer = await client.post<ChangeReviewJson>('review', { merged, base, pullRequest });
    if (!answer.ok) return answer;
    const review = parseReviewJson(answer.value);
    if (review !== null) return ok(review);
    const message =
      'The controller answers in a format that is not known here. Use the same version of Lockstep in the workflow.';
    return fail(failure('PlanFormatUnknown', message, 'stall'));
  };
}

/** Says how it went, and leaves the whole of it on the page of the job. */
async function tell(shell: Shell, { pullRequest, content }: Reviewed): Promise<void> {
  const { planCheck, gateCheck } = content;
  const { body } = content.comment(null);
  const { isFork } = pullRequest.head;
  if (shell.output === 'text') {
    shell.write(
      [
        `pull request ${pullRequest.number}${isFork ? ' (from a fork: nothing is written)' : ''}`,
        `  lockstep/plan  ${planCheck.state}: ${cleanText(planCheck.title)}`,
        `  lockstep/gate  ${gateCheck.state}: ${cleanText(gateCheck.title)}`,
        ...(isFork ? ['', body] : []),
        '',
      ].join('\n'),
    );
  }
  const page = shell.env['GITHUB_STEP_SUMMARY'];
  if (page !== undefined) await appendFile(page, `${body}\n`);
}

function answerOf({ pullRequest, read, content }: Reviewed) {
  return {
    pullRequest: pullRequest.number,
    url: pullRequest.url,
    head: read.head,
    base: read.base,
    plan: content.planCheck.state,
    gate: content.gateCheck.state,
    written: !pullRequest.head.isFork,
  };
}

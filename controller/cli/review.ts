// `lockstep review`: what a pull request would do to the live fleet, said in the pull request. The same parts do it as
// beside a controller; here they run once, in a workflow, and ask a controller over the network.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type Command, Option } from 'commander';

import { type Failure, failure } from '../base/failure.ts';
import { fail, ok, type Result } from '../base/result.ts';
import type { Forge } from '../forges/forge.ts';
import type { PullRequest } from '../model/pull-request.ts';
import { createRevisionLoader } from '../reconciler/revision-loader.ts';
import { cleanText } from '../reports/plain-text.ts';
import { type ChangeReviewJson, parseReviewJson } from '../reports/review-json.ts';
import type { JudgeChange } from '../reviewer/ports.ts';
import {
  type ChangeReader,
  createChangeReader,
  REVIEWED_BINARY_BYTES_MAX,
} from '../reviewer/read-change.ts';
import { createReviewWriter, type ReviewWriter } from '../reviewer/write-review.ts';
import { openChangeSource, type SourceSpec } from '../sources/open-source.ts';
import type { ChangeSource } from '../sources/change-source.ts';
import { type ApiClient, createHttpClient } from './api-client.ts';
import { credentialsOf } from './forge-options.ts';
import {
  findWorkflow,
  type GitHubWorkflow,
  openWorkflowForge,
  readPullRequestNumber,
} from './github-workflow.ts';
import { readSourceArgument } from './load-source.ts';
import { addExamples, addOutputOptions, parseCount, parseUrl } from './options.ts';
import { describeOutcome, outcomeJson, type ReviewOutcome, verdictOf } from './review-outcome.ts';
import type { Shell } from './shell.ts';

interface ReviewOptions {
  readonly server?: string;
  readonly token?: string;
  readonly pullRequest?: number;
  readonly all?: boolean;
}

/**
 * Adds the command. Exit code 0: nothing stands in the way, 3: refused, or nothing leads to a verification, 1: failed.
 * With --all, 0 and 1 alone: how each pull request stands is said by its checks.
 */
export function addReview(program: Command, shell: Shell): void {
  const command = program
    .command('review')
    .summary('say in a pull request what it would do')
    .description(
      'In a GitHub workflow: plans the merge result of a pull request against the live fleet of a running controller, and writes the comment and the checks lockstep/plan and lockstep/gate. Nothing of the pull request is executed. For pull requests from forks the plan is printed, and nothing is written; where the controller asks for a token and there is none, only their manifests are checked. Exit code: 0 nothing stands in the way, 3 refused, or nothing leads to a verification, 1 failed.',
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
      new Option(
        '--all',
        'all open pull requests into the branch; 3 is no exit code then, since their checks say how they stand',
      ).conflicts('pullRequest'),
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
  const number = await settleNumber(shell, options);
  if (!number.ok) return shell.failed(number.error);
  const forge = await openWorkflowForge(workflow);
  const spec = await settleSource(argument, workflow, forge, shell);
  if (!spec.ok) return shell.failed(spec.error);
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-review-'));
  const client = await createHttpClient(options.server, options.token ?? null);
  try {
    const changes = openChangeSource(spec.value, {
      cacheDir: folder,
      ...credentialsOf(spec.value, forge),
    });
    if (!changes.ok) {
      const { message, remedy } = changes.error;
      return shell.failed(failure('SourceInvalid', `${message} ${remedy}`, 'stall'));
    }
    try {
      const ports = { forge, changes: changes.value, client };
      const hasToken = options.token !== undefined;
      return await reviewAll(shell, { number: number.value, hasToken }, spec.value, ports);
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

interface WorkflowPorts {
  readonly forge: Forge;
  readonly changes: ChangeSource;
  readonly client: ApiClient;
}

/** `number`: null stands for all that are open. `hasToken`: the controller is shown one. */
async function reviewAll(
  shell: Shell,
  { number, hasToken }: { readonly number: number | null; readonly hasToken: boolean },
  { ref }: Extract<SourceSpec, { kind: 'git' }>,
  { forge, changes, client }: WorkflowPorts,
): Promise<number> {
  const base = ref ?? '';
  const found =
    number === null
      ? await forge.pullRequests(base)
      : await findPullRequest(shell, number, forge, base);
  if (!found.ok) return shell.failed(found.error);
  const tip = await changes.base();
  if (!tip.ok) return shell.failed(tip.error);
  const ports = {
    forge,
    changes,
    loader: createRevisionLoader({ binaryBytesMax: REVIEWED_BINARY_BYTES_MAX }),
    judge: judgeByServer(client),
    clock: shell.clock,
  };
  const task = {
    base,
    tip: tip.value.revision,
    hasToken,
    reader: createChangeReader(ports),
    writer: createReviewWriter(ports),
  };
  const outcomes: ReviewOutcome[] = [];
  let hasFailed = false;
  for (const pullRequest of found.value) {
    const outcome = await reviewOne(pullRequest, task);
    const failure = outcome.ok ? outcome.value.failure : outcome.error;
    if (outcome.ok) {
      outcomes.push(outcome.value);
      await describeOutcome(shell, outcome.value);
    }
    if (failure === null) continue;
    hasFailed = true;
    shell.note(`error ${failure.code}\n  pull request ${pullRequest.number}: ${failure.message}`);
    // A limit is everybody's.
    if (failure.disposition === 'wait') break;
  }
  if (shell.output === 'json') shell.writeJson({ reviews: outcomes.map(outcomeJson) });
  if (hasFailed) return 1;
  const isRefused = outcomes.some((outcome) => verdictOf(outcome) === 'refused');
  return isRefused && number !== null ? 3 : 0;
}

async function settleNumber(
  shell: Shell,
  { all, pullRequest }: ReviewOptions,
): Promise<Result<number | null, Failure>> {
  if (all === true) return ok(null);
  return pullRequest === undefined ? readPullRequestNumber(shell.env) : ok(pullRequest);
}

/** The one pull request; none where it is not to be reviewed. */
async function findPullRequest(
  shell: Shell,
  number: number,
  forge: Forge,
  base: string,
): Promise<Result<readonly PullRequest[], Failure>> {
  const found = await forge.pullRequest(number);
  if (!found.ok) return found;
  const { state, base: into } = found.value;
  if (state === 'open' && into === base) return ok([found.value]);
  // It may have been closed, or turned to another branch, since the workflow was started.
  const why =
    state === 'open'
      ? `goes into ${cleanText(into)}, and ${base} is what is carried out`
      : `is ${state}`;
  shell.note(`note: pull request ${number} ${why}: there is nothing to review`);
  return ok([]);
}

interface ReviewTask {
  /** Name of the branch, and its newest commit. */
  readonly base: string;
  readonly tip: string;
  /** Whether the controller is shown a token. */
  readonly hasToken: boolean;
  readonly reader: ChangeReader;
  readonly writer: ReviewWriter;
}

/** A failure means that nothing is known; one to write is a part of the outcome. */
async function reviewOne(
  pullRequest: PullRequest,
  { base, tip, hasToken, reader, writer }: ReviewTask,
): Promise<Result<ReviewOutcome, Failure>> {
  const read = await reader.read(pullRequest, tip);
  if (!read.ok) return read;
  const reviewed = await writer.review(pullRequest, read.value, base);
  if (!reviewed.ok) return reviewed;
  const { isFork } = pullRequest.head;
  const { assessment } = reviewed.value;
  const { content } = read.value;
  if (assessment.kind === 'failed' && content.kind === 'merged') {
    // What the controller does not answer is no fault of the pull request.
    const isLocked = assessment.failure.code === 'Unauthorized';
    if (!isFork || hasToken || !isLocked) return fail(assessment.failure);
    const { merged, baseSnapshot } = content;
    return ok({
      kind: 'checked',
      pullRequest,
      read: read.value,
      merged,
      baseSnapshot,
      failure: null,
    });
  }
  // A fork's workflow gets a token that may only read; with a larger one, writing would be its author's doing.
  const written = isFork ? ok(undefined) : await writer.write(reviewed.value, { again: false });
  return ok({
    kind: 'reviewed',
    reviewed: reviewed.value,
    isWritten: written.ok && !isFork,
    failure: written.ok ? null : written.error,
  });
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

// `lockstep apply`: carries a revision out and follows it. Deciding what is done is the controller's part; here are
// the flags, the two ways to reach a controller, and the exit code.

import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';

import { type Command, Option } from 'commander';

import { type Failure, failure } from '../base/failure.ts';
import { fail, ok, type Result } from '../base/result.ts';
import type { Plan } from '../model/plan.ts';
import { isFullCommit } from '../model/revision.ts';
import type { Controller } from '../reconciler/controller.ts';
import { cleanText, shortRevision } from '../reports/plain-text.ts';
import { renderPlanText } from '../reports/plan-text.ts';
import type { SourceSpec } from '../sources/open-source.ts';
import {
  type AppliedReport,
  type ApplyTarget,
  type ReviewComparison,
  targetController,
  targetServer,
} from './apply-target.ts';
import { withFleet } from './connect.ts';
import { finishApply, followRollout, noteAdoption } from './follow-rollout.ts';
import { describeFileTrouble } from './inspect.ts';
import { loadSource } from './load-source.ts';
import { createLog } from './log.ts';
import {
  addExamples,
  addFleetOptions,
  addOutputOptions,
  addServeOptions,
  type FleetOptions,
  parseCount,
  parseDurationMs,
  type ServeFlags,
} from './options.ts';
import { requestPlan } from './plan.ts';
import { parsePlanFile } from './plan-file.ts';
import { findMerged } from './github-workflow.ts';
import { buildServeOptions, readSettings, warnOfAdmission } from './serve.ts';
import type { Shell } from './shell.ts';

/** The flags of the command. */
export interface ApplyOptions extends FleetOptions, ServeFlags {
  readonly plan?: string;
  readonly wait: boolean;
  readonly timeout: number;
  readonly acceptHistory?: boolean;
  readonly revision?: string;
  readonly pullRequest?: number;
}

/** Adds the command. Exit code 0: converged, 3: something needs a commit or a person, 1: failed or timed out. */
export function addApply(program: Command, shell: Shell): void {
  const command = program
    .command('apply')
    .summary('carry a revision out, and follow it')
    .description(
      'Plans, carries the plan out, and follows it until every device heard from runs its target. With --server a running controller goes to a revision of its own source; otherwise the state is opened in place and devices are served meanwhile. Exit code: 0 converged, 3 refused, 1 failed.',
    )
    .argument(
      '[SOURCE]',
      'directory (default: here) or git URL with #branch:path; not with --server',
    )
    .option('--plan <file>', 'carry out this saved plan, or refuse it as stale')
    .option('--revision <revision>', 'go to this commit, branch or tag instead of the newest')
    .option('--no-wait', 'do not follow it')
    .addOption(
      new Option('--timeout <duration>', 'give up following after this time')
        .default(600_000, '10m')
        .argParser(parseDurationMs),
    )
    .option('--accept-history', 'accept a revision that does not descend from the one in force')
    .addOption(
      new Option(
        '--pull-request <number>',
        'that the revision was merged from: says what is otherwise than reviewed (found by itself in a GitHub workflow)',
      ).argParser(parseCount(1)),
    )
    .action(async (source: string | undefined, options: ApplyOptions) => {
      shell.exitCode = await apply(shell, source, options);
    });
  addFleetOptions(command);
  addServeOptions(command);
  addOutputOptions(command);
  addExamples(command, [
    ['lockstep apply --server http://127.0.0.1:8080', 'a controller goes to its newest revision'],
    ['lockstep apply --gateway-token trial --adopt', 'in place, serving devices meanwhile'],
    ['lockstep apply --plan .lockstep/plan.json --timeout 1h', 'what was reviewed, or nothing'],
    [
      'lockstep apply --revision "$GITHUB_SHA" --pull-request 7',
      'what was merged, beside its review',
    ],
  ]);
}

async function apply(
  shell: Shell,
  source: string | undefined,
  options: ApplyOptions,
): Promise<number> {
  const saved = await readSavedPlan(shell, options.plan);
  if (!saved.ok) return shell.failed(saved.error);
  if (options.server === undefined) return applyInPlace(shell, source, options, saved.value);
  if (source !== undefined) {
    const message =
      'SOURCE cannot be given with --server: the controller goes to a revision of its own source. Leave SOURCE out, or name the revision with --revision.';
    return shell.failed(failure('SourceNotUsed', message, 'stall'));
  }
  return applyByServer(shell, options, saved.value);
}

async function applyByServer(
  shell: Shell,
  options: ApplyOptions,
  saved: Plan | null,
): Promise<number> {
  return withFleet(shell, options, 'write', async (client) => {
    if (options.adopt === true) {
      const preview = await requestPlan(client, null, true);
      if (!preview.ok) return shell.failed(preview.error);
      noteAdoption(shell, preview.value);
    }
    // A directory has only its present, which the plan is compared with anyway.
    const planned = saved?.revision.startsWith('dir-') === true ? undefined : saved?.revision;
    const revision = options.revision ?? planned;
    const target = targetServer(client);
    const pullRequest = options.pullRequest ?? (await findMerged(shell, revision));
    const report = await target.sync({
      ...(revision === undefined ? {} : { revision }),
      ...(pullRequest === null ? {} : { pullRequest }),
      ...(saved === null ? {} : { expectedPlan: saved }),
      adopt: options.adopt === true,
      acceptHistory: options.acceptHistory === true,
    });
    if (!report.ok) return refuseOrFail(shell, report.error);
    if (revision !== undefined && isFullCommit(revision) && report.value.revision !== revision) {
      const newer = shortRevision(report.value.revision);
      shell.note(`note: ${newer} is in force already, and contains ${shortRevision(revision)}`);
    }
    noteReview(shell, pullRequest, report.value.reviewed);
    return followReport(shell, target, report.value, options);
  });
}

/** Says whether what is carried out is what was reviewed. */
function noteReview(
  shell: Shell,
  pullRequest: number | null,
  reviewed: ReviewComparison | null,
): void {
  if (pullRequest === null) return;
  if (reviewed === null) {
    shell.note(`note: the controller keeps no review of pull request ${pullRequest}`);
    return;
  }
  const { moved } = reviewed;
  if (moved === null) {
    shell.note(
      `note: pull request ${pullRequest} can't be compared with its review: its commit never was the newest, or is not named in full`,
    );
  } else if (moved.length === 0) {
    shell.note(`as reviewed in pull request ${pullRequest}`);
  } else {
    const lines = moved.map((each) => `\n  - ${cleanText(each)}`).join('');
    shell.note(`otherwise than reviewed in pull request ${pullRequest}:${lines}`);
  }
}

async function applyInPlace(
  shell: Shell,
  source: string | undefined,
  options: ApplyOptions,
  saved: Plan | null,
): Promise<number> {
  const settings = await readSettings(shell, { ...options, source }, undefined);
  if (!settings.ok) return shell.failed(settings.error);
  const serve = await buildServeOptions(shell, settings.value, createLog(shell));
  if (!serve.ok) return shell.failed(serve.error);
  warnOfAdmission(shell, settings.value);
  const compose = await shell.loadCompose();
  const served = await compose.composeController({ ...serve.value, followSource: false });
  if (!served.ok) return shell.failed(served.error);
  try {
    const { controller, deviceAddress } = served.value;
    const { adopt } = settings.value;
    if (adopt) {
      const preview = await previewAdoption(serve.value.source, options.revision, controller);
      if (!preview.ok) return shell.failed(preview.error);
      noteAdoption(shell, preview.value);
    }
    const target = targetController(controller);
    const report = await target.sync({
      ...(options.revision === undefined ? {} : { revision: options.revision }),
      ...(saved === null ? {} : { expectedPlan: saved }),
      adopt,
      acceptHistory: options.acceptHistory === true,
    });
    if (!report.ok) return refuseOrFail(shell, report.error);
    if (options.wait) shell.note(`serving devices at ${deviceAddress} meanwhile`);
    return await followReport(shell, target, report.value, options);
  } finally {
    await served.value.close();
  }
}

/** What adopting would mean, before anything is carried out. */
async function previewAdoption(
  spec: SourceSpec | null,
  revision: string | undefined,
  controller: Controller,
): Promise<Result<Plan, Failure>> {
  const snapshot = spec === null ? ok(null) : await loadSource(spec, revision ?? null);
  return snapshot.ok ? controller.plan(snapshot.value, { adopt: true }) : snapshot;
}

async function followReport(
  shell: Shell,
  target: ApplyTarget,
  report: AppliedReport,
  options: ApplyOptions,
): Promise<number> {
  if (shell.output === 'text') {
    const style = { color: shell.colorOf('out') };
    shell.write(renderPlanText(report.plan, style, [], shell.clock.now()));
  }
  for (const { product, failure } of report.failures) {
    shell.note(`error ${failure.code}\n  ${product}: ${failure.message}`);
  }
  const adopt = options.adopt === true;
  const timeoutMs = options.wait ? options.timeout : 0;
  const followed = await followRollout(shell, target, report.plan, { adopt, timeoutMs });
  if (!followed.ok) return shell.failed(followed.error);
  return finishApply(shell, report, followed.value, options.wait);
}

/** A plan that no longer fits is refused; everything else has failed. */
function refuseOrFail(shell: Shell, error: Failure): number {
  const code = shell.failed(error);
  return error.code === 'StalePlan' ? 3 : code;
}

async function readSavedPlan(
  shell: Shell,
  name: string | undefined,
): Promise<Result<Plan | null, Failure>> {
  if (name === undefined) return ok(null);
  try {
    return parsePlanFile(name, await readFile(resolve(shell.cwd, name), 'utf8'));
  } catch (thrown) {
    return fail(failure('FileUnreadable', describeFileTrouble(name, thrown), 'stall'));
  }
}

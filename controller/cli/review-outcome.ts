// What came of reviewing one pull request in a workflow, and how it is told: on the terminal, as JSON, and on the page of
// the job.

import { appendFile } from 'node:fs/promises';

import { type Failure, messageOf } from '../base/failure.ts';
import type { Problem } from '../model/problem.ts';
import type { PullRequest } from '../model/pull-request.ts';
import { problemKey } from '../model/review.ts';
import type { Snapshot } from '../model/revision.ts';
import { renderManifestsChecked } from '../reports/manifests-checked.ts';
import { cleanText } from '../reports/plain-text.ts';
import type { ChangeRead } from '../reviewer/read-change.ts';
import type { Reviewed } from '../reviewer/write-review.ts';
import type { Shell } from './shell.ts';
import { findProblems, problemJson, renderValidation } from './validate.ts';

export type ReviewOutcome =
  | {
      /** Planned against the live fleet, or found to be beyond that. */
      readonly kind: 'reviewed';
      readonly reviewed: Reviewed;
      /** Whether the comment and the checks show it. */
      readonly isWritten: boolean;
      /** Why they do not, where they should. */
      readonly failure: Failure | null;
    }
  | {
      /** The controller asks for a token, and there is none: only the manifests were looked at. */
      readonly kind: 'checked';
      readonly pullRequest: PullRequest;
      readonly read: ChangeRead;
      readonly merged: Snapshot;
      readonly baseSnapshot: Snapshot;
      readonly failure: null;
    };

/** `refused`: the pull request needs a change, or another one before it. */
export function verdictOf(outcome: ReviewOutcome): 'passed' | 'refused' {
  if (outcome.kind === 'reviewed') {
    const { planCheck, gateCheck } = outcome.reviewed.content;
    return [planCheck.state, gateCheck.state].includes('failure') ? 'refused' : 'passed';
  }
  // What is wrong on the branch already is told, and is no fault of the pull request.
  const standing = new Set(findProblems(outcome.baseSnapshot).map(problemKey));
  const isBrought = (problem: Problem): boolean =>
    problem.severity === 'error' && !standing.has(problemKey(problem));
  return findProblems(outcome.merged).some(isBrought) ? 'refused' : 'passed';
}

/** Says how it went, and leaves the whole of it on the page of the job. */
export async function describeOutcome(shell: Shell, outcome: ReviewOutcome): Promise<void> {
  if (shell.output === 'text') shell.write(renderOutcome(shell, outcome));
  const page = shell.env['GITHUB_STEP_SUMMARY'];
  if (page === undefined || page === '') return;
  try {
    await appendFile(page, `${bodyOf(outcome)}\n`);
  } catch (thrown) {
    shell.note(`note: the page of the job can't be written: ${messageOf(thrown)}`);
  }
}

function renderOutcome(shell: Shell, outcome: ReviewOutcome): string {
  if (outcome.kind === 'checked') {
    const style = { color: shell.colorOf('out') };
    const { number } = outcome.pullRequest;
    return `pull request ${number} (from a fork: nothing is written)\n  ${MANIFESTS_ONLY}\n\n${renderValidation(outcome.merged, style)}`;
  }
  const { pullRequest, content } = outcome.reviewed;
  const { planCheck, gateCheck } = content;
  const { isFork } = pullRequest.head;
  return [
    `pull request ${pullRequest.number}${isFork ? ' (from a fork: nothing is written)' : ''}`,
    `  lockstep/plan  ${planCheck.state}: ${cleanText(planCheck.title)}`,
    `  lockstep/gate  ${gateCheck.state}: ${cleanText(gateCheck.title)}`,
    ...(isFork ? ['', bodyOf(outcome)] : []),
    '',
  ].join('\n');
}

const MANIFESTS_ONLY =
  'There is no plan: the controller asks for a token, and workflows of forks have none. Only the manifests are checked.';

/** Markdown. */
function bodyOf(outcome: ReviewOutcome): string {
  if (outcome.kind === 'reviewed') return outcome.reviewed.content.comment(null).body;
  const { read, merged } = outcome;
  return renderManifestsChecked({
    head: read.head,
    why: MANIFESTS_ONLY,
    problems: findProblems(merged),
  });
}

/** The outcome as `--output json` prints it; `plan` and `gate` are null where only the manifests were checked. */
export function outcomeJson(outcome: ReviewOutcome): object {
  const { pullRequest, read } = outcome.kind === 'reviewed' ? outcome.reviewed : outcome;
  const checks = outcome.kind === 'reviewed' ? outcome.reviewed.content : null;
  return {
    pullRequest: pullRequest.number,
    url: pullRequest.url,
    head: read.head,
    base: read.base,
    plan: checks?.planCheck.state ?? null,
    gate: checks?.gateCheck.state ?? null,
    problems: outcome.kind === 'reviewed' ? null : findProblems(outcome.merged).map(problemJson),
    written: outcome.kind === 'reviewed' && outcome.isWritten,
  };
}

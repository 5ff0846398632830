// `lockstep validate`: every problem of the manifests and their binaries at once, without a fleet and offline.

import type { Command } from 'commander';

import type { Desired } from '../model/desired.ts';
import type { Problem } from '../model/problem.ts';
import type { Snapshot } from '../model/revision.ts';
import { type ProblemStyle, renderProblem } from '../reports/problems.ts';
import { loadSource, readSourceArgument } from './load-source.ts';
import { addExamples, addOutputOptions } from './options.ts';
import type { Shell } from './shell.ts';

/** Adds the command. Exit code 0: no errors (warnings do not count), 1: errors, or the source can't be read. */
export function addValidate(program: Command, shell: Shell): void {
  const command = program
    .command('validate')
    .summary('check manifests and binaries, offline')
    .description(
      'Checks schemas, references and binaries of a fleet repo and shows all problems at once. Binaries by URL are listed as not checked.',
    )
    .argument('[SOURCE]', 'directory (default: here) or git URL with #branch:path')
    .action(async (source: string | undefined) => {
      shell.exitCode = await validate(shell, source);
    });
  addOutputOptions(command);
  addExamples(command, [
    ['lockstep validate', 'the manifests here'],
    ['lockstep validate fleet/ --output json', 'for an editor or a script'],
    [
      'lockstep validate https://git.example.com/fleet.git#main:manifests',
      'a branch, and a folder in it',
    ],
  ]);
}

async function validate(shell: Shell, argument: string | undefined): Promise<number> {
  const spec = readSourceArgument(shell, argument);
  if (!spec.ok) return shell.failed(spec.error);
  const loaded = await loadSource(spec.value, null);
  if (!loaded.ok) return shell.failed(loaded.error);

  const snapshot = loaded.value;
  const problems = findProblems(snapshot);
  const isGood = problems.every(({ severity }) => severity !== 'error');
  if (shell.output === 'json') {
    shell.writeJson({
      ok: isGood,
      revision: snapshot.revision,
      problems: problems.map(problemJson),
    });
  } else {
    shell.write(renderValidation(snapshot, { color: shell.colorOf('out') }));
  }
  return isGood ? 0 : 1;
}

/** All problems of a snapshot: a check that looked at nothing is no success. */
export function findProblems(snapshot: Snapshot): readonly Problem[] {
  const { problems } = snapshot;
  return countManifests(snapshot) === 0 && problems.length === 0 ? [EMPTY] : problems;
}

/** The problems one after the other, and a line that counts them; ends with a line break. */
export function renderValidation(snapshot: Snapshot, style: ProblemStyle): string {
  const problems = findProblems(snapshot);
  const errors = problems.filter(({ severity }) => severity === 'error').length;
  const count = countProblems(errors, problems.length - errors);
  const blocks = problems.map((problem) => `${renderProblem(problem, style)}\n\n`);
  const isWhole = problems.every(({ reason }) => reason !== 'InvalidManifest');
  const noun = isWhole ? 'manifest' : 'readable manifest';
  return `${blocks.join('')}${plural(countManifests(snapshot), noun)}, ${count}\n`;
}

const EMPTY: Problem = {
  severity: 'error',
  reason: 'EmptySource',
  message: 'The source holds no manifest at all.',
  remedy: 'Check the path, write manifests, or start from `lockstep init`.',
  place: null,
  excerpt: null,
  product: null,
};

/** A problem as `--output json` prints it; null where no file can be named. */
export function problemJson({ severity, reason, message, remedy, place }: Problem): object {
  return {
    severity,
    reason,
    message,
    remedy,
    file: place?.file ?? null,
    line: place?.line ?? null,
    column: place?.column ?? null,
  };
}

/** Manifests that could be read: those that are accepted, and those that are refused alone. */
function countManifests({ products, refused }: Snapshot): number {
  const accepted = Object.values(products).map(
    ({ config, firmware, groups, locks, releases }: Desired) =>
      (config === null ? 0 : 1) + firmware.length + groups.length + locks.length + releases.length,
  );
  return accepted.reduce((sum, count) => sum + count, refused.length);
}

function countProblems(errors: number, warnings: number): string {
  const told = errors === 0 ? 'no problems' : plural(errors, 'problem');
  return warnings === 0 ? told : `${told}, ${plural(warnings, 'warning')}`;
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

// `lockstep plan`: what a revision would do to the live fleet. Computing it changes nothing, here or there.

import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, isAbsolute, relative, resolve, sep } from 'node:path';

import { type Command, Option } from 'commander';

import { type Failure, failure, messageOf } from '../base/failure.ts';
import { fail, ok, type Result } from '../base/result.ts';
import type { Plan } from '../model/plan.ts';
import type { Snapshot } from '../model/revision.ts';
import { parsePlanJson, planJson, type PlanJson } from '../reports/plan-json.ts';
import { renderPlanMarkdown } from '../reports/plan-markdown.ts';
import { renderPlanText } from '../reports/plan-text.ts';
import type { SourceSpec } from '../sources/open-source.ts';
import { isLeftOutName } from '../sources/tree-path.ts';
import type { ApiClient } from './api-client.ts';
import { withFleet } from './connect.ts';
import { loadSource, readSourceArgument } from './load-source.ts';
import { addExamples, addFleetOptions, addOutputOptions, type FleetOptions } from './options.ts';
import { renderPlanFile } from './plan-file.ts';
import type { Shell } from './shell.ts';

interface PlanOptions extends FleetOptions {
  readonly out?: string;
  readonly adopt?: boolean;
  readonly revision?: string;
}

/** Adds the command. Exit code 0: nothing to do, 2: changes, 3: a refusal or error (also beside changes), 1: failed. */
export function addPlan(program: Command, shell: Shell): void {
  const command = program
    .command('plan')
    .summary('show what would happen to the live fleet')
    .description(
      'Reads the manifests and shows what they would do to the live fleet: of a running controller (--server), or of a state opened in place. Changes nothing. Exit code: 0 nothing to do, 2 changes, 3 refused, 1 failed.',
    )
    .argument('[SOURCE]', 'directory (default: here) or git URL with #branch:path')
    .option('--out <file>', 'save the plan, for `lockstep apply --plan`')
    .option('--revision <revision>', 'plan this commit, branch or tag of SOURCE')
    .addOption(
      new Option('--adopt', 'plan as if a person adopted products that the state has never seen'),
    )
    .action(async (source: string | undefined, options: PlanOptions) => {
      shell.exitCode = await plan(shell, source, options);
    });
  addFleetOptions(command);
  addOutputOptions(command, ['text', 'json', 'markdown']);
  addExamples(command, [
    ['lockstep plan --server http://127.0.0.1:8080', 'the manifests here, against a controller'],
    ['lockstep plan --out .lockstep/plan.json', 'saved, to be reviewed and then applied'],
    ['lockstep plan --output markdown', 'for a pull request'],
  ]);
}

async function plan(
  shell: Shell,
  argument: string | undefined,
  options: PlanOptions,
): Promise<number> {
  const spec = readSourceArgument(shell, argument);
  if (!spec.ok) return shell.failed(spec.error);
  const snapshot = await loadSource(spec.value, options.revision ?? null);
  if (!snapshot.ok) return shell.failed(snapshot.error);

  return withFleet(shell, options, 'read', async (client) => {
    const planned = await requestPlan(client, snapshot.value, options.adopt === true);
    if (!planned.ok) return shell.failed(planned.error);
    if (options.out !== undefined) {
      const saved = await savePlan(resolve(shell.cwd, options.out), options.out, planned.value);
      if (!saved.ok) return shell.failed(saved.error);
      shell.note(
        `saved ${options.out}; carry it out with \`lockstep apply --plan ${options.out}\``,
      );
      if (isInSource(spec.value, resolve(shell.cwd, options.out))) shell.note(IN_SOURCE);
    }
    writePlan(shell, planned.value);
    return exitCodeOf(planned.value);
  });
}

/** Plans a snapshot, or (null) the newest revision that the controller has read, against its fleet. */
export async function requestPlan(
  client: ApiClient,
  snapshot: Snapshot | null,
  adopt: boolean,
): Promise<Result<Plan, Failure>> {
  const answer = await client.post<PlanJson>('plan', {
    ...(snapshot === null ? {} : { snapshot }),
    adopt,
  });
  return answer.ok ? readPlan(answer.value) : answer;
}

/** The plan in an answer. Fails where the controller is of another generation. */
export function readPlan(json: PlanJson): Result<Plan, Failure> {
  const plan = parsePlanJson(json);
  if (plan !== null) return ok(plan);
  return fail(
    failure(
      'PlanFormatUnknown',
      `The plan has format ${json.formatVersion}, which this version of Lockstep does not read. Use the version of the controller.`,
      'stall',
    ),
  );
}

/** Writes a plan as the common options say. */
export function writePlan(shell: Shell, plan: Plan): void {
  if (shell.output === 'json') shell.writeJson(planJson(plan));
  else if (shell.output === 'markdown') {
    shell.write(renderPlanMarkdown(plan, [], shell.clock.now()));
  } else shell.write(renderPlanText(plan, { color: shell.colorOf('out') }, [], shell.clock.now()));
}

/** 3 where anything is refused, 2 where there is something to do, else 0. Devices on their way are neither. */
function exitCodeOf({ products, errors }: Plan): number {
  if (errors.length > 0 || products.some(({ refusals }) => refusals.length > 0)) return 3;
  return products.some(({ actions }) => actions.length > 0) ? 2 : 0;
}

const IN_SOURCE =
  'note: the file is inside the source and so part of its revision, which makes the plan stale. Save it elsewhere, such as .lockstep/plan.json.';

/** Whether a file counts for the revision of a source: in a directory all do, except in folders that are left out. */
function isInSource(spec: SourceSpec, file: string): boolean {
  if (spec.kind === 'git') return false;
  const path = relative(spec.directory, file);
  const parts = path.split(sep);
  return parts[0] !== '..' && !isAbsolute(path) && !parts.some(isLeftOutName);
}

async function savePlan(file: string, name: string, plan: Plan): Promise<Result<null, Failure>> {
  try {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, renderPlanFile(plan));
    return ok(null);
  } catch (thrown) {
    const message = `The plan can't be saved to ${name}: ${messageOf(thrown)}.`;
    return fail(failure('FileUnwritable', message, 'stall'));
  }
}

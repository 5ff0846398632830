// A run of a GitHub workflow, as far as the program can tell: the environment that the runner gives it, the file of the
// event, and the page of the job.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';

import type { FakeGitHub, Permissions } from '../fakes/github/fake-github.ts';
import { callCli, type CliResult, hasStack, runCli } from './cli.ts';

const EXAMPLES = resolve(import.meta.dirname, '../../examples/github');

export interface WorkflowRun {
  /** The pull request of the event; left out: it is a push. */
  readonly number?: number;
  /** What the workflow gives its token; default: as the example of this name says. */
  readonly permissions?: Permissions;
  /** Changes of the environment; null takes a variable out. */
  readonly env?: Readonly<Record<string, string | null>>;
  /** True: in a process of its own, as a runner does. */
  readonly isProcess?: boolean;
}

export interface WorkflowResult extends CliResult {
  /** What the page of the job shows. */
  readonly page: string;
}

/** The permissions of an example to copy. */
export function permissionsOf(example: string): Permissions {
  const text = readFileSync(join(EXAMPLES, example), 'utf8');
  const { permissions } = parse(text) as { readonly permissions: Readonly<Record<string, string>> };
  // Workflows write with hyphens what the API writes with low lines.
  return Object.fromEntries(
    Object.entries(permissions).map(([name, access]) => [name.replaceAll('-', '_'), access]),
  );
}

/** Runs the program as a job of the example's workflow. Throws where it prints a stack, or its own token. */
export async function runWorkflow(
  github: FakeGitHub,
  example: string,
  args: readonly string[],
  run: WorkflowRun = {},
): Promise<WorkflowResult> {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-job-'));
  try {
    const event = join(folder, 'event.json');
    const page = join(folder, 'page.md');
    writeFileSync(page, '');
    writeFileSync(event, JSON.stringify(eventOf(github, run.number)));
    const token = github.workflowToken(run.permissions ?? permissionsOf(example));
    const given: Readonly<Record<string, string | null>> = {
      CI: 'true',
      GITHUB_ACTIONS: 'true',
      GITHUB_REPOSITORY: `${github.owner}/${github.repo}`,
      GITHUB_API_URL: github.apiUrl,
      GITHUB_SERVER_URL: github.url,
      GITHUB_TOKEN: token,
      GITHUB_EVENT_NAME: run.number === undefined ? 'push' : 'pull_request',
      GITHUB_EVENT_PATH: event,
      GITHUB_STEP_SUMMARY: page,
      // As the action passes inputs that nobody gave.
      LOCKSTEP_TOKEN: '',
      ...run.env,
    };
    const env = Object.fromEntries(
      Object.entries(given).filter((pair): pair is [string, string] => pair[1] !== null),
    );
    const result = await (run.isProcess === true ? runCli : callCli)(args, { cwd: folder, env });
    const written = readFileSync(page, 'utf8');
    const all = `${result.stdout}${result.stderr}${written}`;
    for (const secret of [token, run.env?.['LOCKSTEP_TOKEN'] ?? '']) {
      if (secret !== '' && all.includes(secret)) throw new Error(`a token was printed:\n${all}`);
    }
    if (hasStack(all)) throw new Error(`a stack was printed:\n${all}`);
    return { ...result, page: written };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The event as GitHub writes it, with what somebody could look at. */
function eventOf(github: FakeGitHub, number: number | undefined): object {
  const repository = { full_name: `${github.owner}/${github.repo}` };
  if (number === undefined) return { ref: 'refs/heads/main', repository };
  const { head, base, title } = github.pullRequest(number);
  return {
    action: 'synchronize',
    number,
    pull_request: {
      number,
      title,
      head: { ref: head.branch, sha: head.sha },
      base: { ref: base },
    },
    repository,
  };
}

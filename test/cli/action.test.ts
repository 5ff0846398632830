// The action for GitHub workflows and the workflows to copy: what their scripts run, that no input becomes part of a
// script, and that each permission says why.

import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';

import { readSettingsFile } from '../../controller/cli/settings-file.ts';
import { runCli } from '../support/cli.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const EXAMPLES = join(ROOT, 'examples/github');

interface Step {
  readonly name?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
}

interface Action {
  readonly inputs: Readonly<
    Record<string, { readonly required?: boolean; readonly default?: string }>
  >;
  readonly runs: { readonly using: string; readonly steps: readonly Step[] };
}

interface Workflow {
  readonly permissions: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, { readonly steps: readonly Step[] }>>;
}

const action = parse(readFileSync(join(ROOT, 'action.yml'), 'utf8')) as Action;
const workflows = readdirSync(EXAMPLES).filter((name) => name.startsWith('lockstep-'));
const folder = mkdtempSync(join(tmpdir(), 'lockstep-action-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the last step as a runner would, with a `node` that only says what it was given; all that is printed. */
function printStep(inputs: { readonly command: string; readonly arguments?: string }) {
  const bin = join(folder, 'bin');
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, 'node'), '#!/bin/sh\nfor each in "$@"; do echo "$each"; done\n');
  chmodSync(join(bin, 'node'), 0o755);
  const script = action.runs.steps.at(-1)?.run ?? '';
  const env = {
    PATH: `${bin}:${process.env['PATH'] ?? ''}`,
    GITHUB_ACTION_PATH: '/action',
    GITHUB_SHA: 'c0ffee',
    COMMAND: inputs.command,
    ARGUMENTS: inputs.arguments ?? '',
  };
  return execFileSync('bash', ['-e', '-o', 'pipefail', '-c', script], {
    env,
    cwd: folder,
    encoding: 'utf8',
    stdio: 'pipe',
  })
    .trim()
    .split('\n');
}

/** The same without the first line and the last, which keep the runner from acting on those between them. */
function runStep(inputs: Parameters<typeof printStep>[0]): readonly string[] {
  return printStep(inputs).slice(1, -1);
}

describe('the action', () => {
  it('runs the program with the command and its arguments', () => {
    expect(runStep({ command: 'review' })).toEqual(['/action/controller/main.ts', 'review']);
    expect(runStep({ command: 'apply', arguments: '--timeout=45m\n\n--no-wait' })).toEqual([
      '/action/controller/main.ts',
      'apply',
      '--revision',
      'c0ffee',
      '--timeout=45m',
      '--no-wait',
    ]);
  });

  it('runs nothing that an input says', () => {
    const hostile = '$(touch pwned) `touch pwned`; touch pwned "\'';
    expect(runStep({ command: 'review', arguments: hostile }).at(-1)).toBe(hostile);
    expect(() => runStep({ command: 'review; touch pwned' })).toThrow(
      /give review, apply or validate/,
    );
    expect(readdirSync(folder)).toEqual(['bin']);
    for (const { run = '' } of action.runs.steps) expect(run).not.toContain('${{');
  });

  it('lets nothing that is printed be taken for a command to the runner, until it has ended', () => {
    const [first, ...rest] = printStep({ command: 'review', arguments: '::set-output name=a::b' });
    const [, word] = /^::stop-commands::(lockstep-[0-9a-f]{32})$/.exec(first ?? '') ?? [];
    expect(rest.at(-1)).toBe(`::${word}::`);
    expect(rest.slice(0, -1)).toContain('::set-output name=a::b');
    expect(printStep({ command: 'review' })[0]).not.toBe(first);
    expect(() => printStep({ command: 'other' })).toThrow(
      expect.objectContaining({ status: 1, stdout: expect.stringMatching(/::lockstep-\w+::\n$/) }),
    );
  });

  it('uses each of its inputs', () => {
    const used = JSON.stringify(action.runs.steps.map(({ env }) => env));
    for (const name of Object.keys(action.inputs)) {
      expect([name, used.includes(`\${{ inputs.${name} }}`)]).toEqual([name, true]);
    }
  });
});

describe('workflows to copy', () => {
  it.each(workflows)(
    '%s gives the action what it takes, and permissions with a reason',
    async (name) => {
      const text = readFileSync(join(EXAMPLES, name), 'utf8');
      const { permissions, jobs } = parse(text) as Workflow;
      for (const [permission, access] of Object.entries(permissions)) {
        expect(text).toMatch(
          new RegExp(`^  ${permission}: ${access} # to \\S|^  ${permission}: ${access} # \\S`, 'm'),
        );
      }
      const steps = Object.values(jobs).flatMap((job) => job.steps);
      expect(steps.map(({ uses }) => uses)).toEqual(['lockstep-fleet/lockstep@v1']);
      const given = steps[0]?.with ?? {};
      expect(Object.keys(given).filter((input) => !(input in action.inputs))).toEqual([]);
      // Nothing of a pull request is checked out, and no secret is in reach of a fork.
      expect(text).not.toMatch(/actions\/checkout|pull_request_target/);
      const help = (await runCli([given['command'] ?? '', '--help'])).stdout;
      const options = (given['arguments'] ?? '')
        .split('\n')
        .map((line) => line.split('=')[0] ?? '');
      expect(options.filter((option) => !help.includes(option))).toEqual([]);
    },
  );

  it('come with settings that are read', () => {
    const text = readFileSync(join(EXAMPLES, 'run.yaml'), 'utf8');
    expect(readSettingsFile('run.yaml', text)).toMatchObject({
      ok: true,
      value: { forge: { github: { app: {} } }, source: { verify: { mode: 'strict' } } },
    });
  });
});

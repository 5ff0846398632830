// The tutorial of the README, run to the letter: its shell blocks in bash, with real processes, a real port and a real
// repository. Only the port, the folder and the times of the simulated devices are other ones.

import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findFreePort, makeFolder } from '../support/cli.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const PATIENCE_MS = 60_000;

/** Lines that a shell keeps: each later block of the tutorial stands in a terminal where they were typed. */
const KEPT = /^(?:alias|export|cd) /;

interface Block {
  /** Number of the step, 0 before the first. */
  readonly step: number;
  readonly lines: readonly string[];
}

interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
  /** Commands that did not exit with 0, as `CODE COMMAND`. */
  readonly failed: readonly string[];
}

interface Started {
  readonly child: ChildProcess;
  until(pattern: RegExp): Promise<void>;
}

let folder: ReturnType<typeof makeFolder>;
let started: Started[];
beforeEach(() => {
  folder = makeFolder();
  started = [];
});
afterEach(async () => {
  for (const { child } of started) endGroup(child);
  await Promise.all(started.map(({ child }) => hasEnded(child)));
  folder.remove();
});

describe('the tutorial of the README', { timeout: 180_000 }, () => {
  it('works to the letter', async () => {
    const port = await findFreePort();
    const blocks = readTutorial((text) =>
      text
        .replaceAll('/tmp/my-fleet', join(folder.path, 'my-fleet'))
        .replaceAll('127.0.0.1:8080', `127.0.0.1:${port}`)
        .replace(/^(lockstep run .*)$/m, `$1 --listen 127.0.0.1:${port}`)
        .replace(
          /^(lockstep simulate .*)$/m,
          `$1 --server http://127.0.0.1:${port} --install 0s --reboot 0s`,
        ),
    );
    expect(blocks.map(({ step }) => step)).toEqual([0, 1, 2, 3, 4, 5, 5, 6, 6, 7, 7]);
    const [alias, init, run, simulate, look, release, verify, releaseBad, lookAgain, revert, hold] =
      blocks as [Block, Block, Block, Block, Block, Block, Block, Block, Block, Block, Block];
    let kept: readonly string[] = [];
    const keep = (block: Block): readonly string[] => {
      const before = kept;
      kept = [...kept, ...block.lines.filter((line) => KEPT.test(line))];
      return [...before, ...block.lines];
    };
    const play = (block: Block): Promise<Outcome> => runShell(keep(block), ROOT);

    keep(alias);
    const made = await play(init);
    expect(made).toMatchObject({ failed: [] });
    expect(made.stdout).toContain('7 manifests, no problems');
    expect(made.stdout).toMatch(/3\.bin\n(?:.*\n)*?.*version +3/);

    const controller = startShell(keep(run), ROOT);
    await controller.until(/^lockstep ready at /m);
    const devices = startShell(keep(simulate), ROOT);
    await devices.until(/connected=20 versions=1:20/);

    const looked = await play(look);
    expect(looked).toMatchObject({ failed: [] });
    expect(looked.stdout).toMatch(/thermostat +\w+ +1 +20 /);
    expect(looked.stdout).toContain('sim-00020');
    expect(looked.stdout).toContain('by DeviceLock/bench');

    const refused = await play(release);
    expect(refused.failed).toEqual(['3 lockstep plan']);
    expect(refused.stdout).toContain('refused ReleaseUnverified  release.yaml:7:12');
    expect(refused.stdout).toContain('Version 2 is not verified: 0 of 1');

    const released = await play(verify);
    expect(released).toMatchObject({ failed: [] });
    expect(released.stdout).toMatch(/Converged: revision [0-9a-f]{12}\.\n/);
    expect(released.stderr).toMatch(/devices/);
    await devices.until(/versions=2:20 /);

    expect(await play(releaseBad)).toMatchObject({ failed: [] });
    await devices.until(/ failed=[1-5] /);
    await expect
      .poll(async () => (await play(lookAgain)).stdout, { timeout: PATIENCE_MS, interval: 500 })
      .toMatch(/halted: \d of 5 devices failed with version 3/);
    const lookedAgain = await play(lookAgain);
    expect(lookedAgain).toMatchObject({ failed: [] });
    expect(lookedAgain.stdout).toMatch(/thermostat 3 +canary +[\d.]+% +5 /);
    expect(lookedAgain.stdout).toContain('git revert');

    const reverted = await play(revert);
    expect(reverted).toMatchObject({ failed: [] });
    expect(reverted.stdout).toContain('Converged');
    expect(reverted.stdout).toContain('It runs version 2, by DeviceLock/bench, as it should.');
    await devices.until(/versions=2:20 /);

    const held = await play(hold);
    expect(held).toMatchObject({ failed: [] });
    expect(held.stdout).toBe('stopped thermostat\nresumed thermostat\n');
  });
});

/** The shell blocks between the tutorial's heading and the next, without their indentation. */
function readTutorial(adapt: (text: string) => string): readonly Block[] {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  const section = /^## Ten minutes[^\n]*\n([\s\S]*?)^## /m.exec(readme)?.[1] ?? '';
  const blocks: Block[] = [];
  let step = 0;
  for (const [, number, indent = '', body = ''] of section.matchAll(
    /^(\d+)\. |^( *)```sh\n([\s\S]*?)^ *```$/gm,
  )) {
    if (number === undefined) {
      const text = adapt(body.replaceAll(new RegExp(`^${indent}`, 'gm'), ''));
      blocks.push({ step, lines: text.trimEnd().split('\n') });
    } else {
      step = Number(number);
    }
  }
  return blocks;
}

/** Runs lines as typed one after the other: a command that fails is noted, and the next one runs. */
async function runShell(lines: readonly string[], cwd: string): Promise<Outcome> {
  const noted = 'trap \'echo "failed: $? $BASH_COMMAND" >&2\' ERR';
  const child = spawnShell([noted, ...lines], cwd);
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const timer = setTimeout(() => endGroup(child), PATIENCE_MS);
  await new Promise((ended) => child.once('close', ended));
  clearTimeout(timer);
  const failed = [...stderr.matchAll(/^failed: (\d+ .*)$/gm)].map(([, what = '']) =>
    what.replace(/\S*bin\/node \S*main\.ts/, 'lockstep'),
  );
  return { stdout, stderr, failed };
}

/** Starts lines whose last one goes on until it is stopped, as in a terminal of its own. */
function startShell(lines: readonly string[], cwd: string): Started {
  const child = spawnShell(lines, cwd);
  let written = '';
  let look = (): void => undefined;
  const take = (text: string): void => {
    written += text;
    look();
  };
  child.stdout?.setEncoding('utf8').on('data', take);
  child.stderr?.setEncoding('utf8').on('data', take);
  child.on('exit', () => look());
  const shell: Started = {
    child,
    until: (pattern) =>
      new Promise((found, missed) => {
        const timer = setTimeout(
          () => missed(new Error(`no ${String(pattern)} in: ${written}`)),
          PATIENCE_MS,
        );
        look = () => {
          // Only the newest line counts: earlier ones may show what has passed.
          const newest = written.trimEnd().split('\n').at(-1) ?? '';
          const isFound = pattern.test(`${newest} `);
          if (!isFound && child.exitCode === null) return;
          clearTimeout(timer);
          if (isFound) found();
          else missed(new Error(`ended with ${child.exitCode}: ${written}`));
        };
        look();
      }),
  };
  started.push(shell);
  return shell;
}

/** Bash in a process group of its own, which can be ended with all that it started. */
function spawnShell(lines: readonly string[], cwd: string): ChildProcess {
  return spawn('bash', ['-c', ['shopt -s expand_aliases', ...lines].join('\n')], {
    cwd,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: folder.path,
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_CONFIG_SYSTEM: '/dev/null',
      GIT_AUTHOR_NAME: 'Newcomer',
      GIT_AUTHOR_EMAIL: 'newcomer@example.com',
      GIT_COMMITTER_NAME: 'Newcomer',
      GIT_COMMITTER_EMAIL: 'newcomer@example.com',
    },
  });
}

function endGroup({ pid, exitCode, signalCode }: ChildProcess): void {
  if (pid === undefined || exitCode !== null || signalCode !== null) return;
  process.kill(-pid, 'SIGKILL');
}

function hasEnded(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((ended) => child.once('close', () => ended()));
}

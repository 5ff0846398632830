// Runs one git command that starts programs of its own: to speak to a server (HTTP, SSH), or to check a signature. At its
// deadline all of them have to go; so it gets a process group, which simple-git cannot give it.

import { type ChildProcess, spawn } from 'node:child_process';
import type { GitCommandOptions, GitOutcome } from './git-command.ts';

/** After this time, what has been asked to stop is killed. */
const GRACE_MS = 2_000;

/** What is kept of the error output: its end. */
const STDERR_CHARS_MAX = 64 * 1024;

/** Runs git. Never throws for what it does; at its deadline, or when closed, all of the group is stopped first. */
export function runGitInGroup(options: Omit<GitCommandOptions, 'directory'>): Promise<GitOutcome> {
  const settings = options.settings.flatMap((setting) => ['-c', setting]);
  return runInGroup('git', { ...options, args: [...settings, ...options.args] });
}

export type GroupOptions = Pick<
  GitCommandOptions,
  'args' | 'environment' | 'timeoutMs' | 'closing'
>;

/** Runs a program in a group of its own, without input. */
export async function runInGroup(program: string, options: GroupOptions): Promise<GitOutcome> {
  const deadline = AbortSignal.timeout(options.timeoutMs);
  const stop = AbortSignal.any([deadline, options.closing]);
  if (stop.aborted) return { exitCode: -1, stdout: '', stderr: '', end: 'closed' };
  const child = spawn(program, options.args, {
    env: { ...options.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own; and without a terminal, SSH has nobody to ask.
    detached: process.platform !== 'win32',
    windowsHide: true,
  });
  let stdout = '';
  let stderr = '';
  let isMissing = false;
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-STDERR_CHARS_MAX);
  });
  let killing: NodeJS.Timeout | null = null;
  const stopAll = () => {
    signalGroup(child, 'SIGTERM');
    killing = setTimeout(() => signalGroup(child, 'SIGKILL'), GRACE_MS);
  };
  stop.addEventListener('abort', stopAll, { once: true });
  const exitCode = await new Promise<number>((resolve) => {
    child.once('error', () => {
      isMissing = true;
      resolve(-1);
    });
    child.once('close', (code) => resolve(code ?? -1));
  });
  stop.removeEventListener('abort', stopAll);
  if (killing !== null) clearTimeout(killing);
  const end = isMissing
    ? 'missing'
    : exitCode === 0 || !stop.aborted
      ? 'exited'
      : options.closing.aborted
        ? 'closed'
        : 'timedOut';
  return { exitCode, stdout, stderr, end };
}

function signalGroup({ pid }: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (pid === undefined) return;
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, signal);
  } catch {
    // All of them have ended already.
  }
}

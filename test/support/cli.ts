// Runs the real program, for tests: a process of its own, real files, and an environment without anything of the
// machine's Lockstep.

import { randomInt } from 'node:crypto';
import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';

import { runCommandLine } from '../../controller/cli/program.ts';
import { createShell } from '../../controller/cli/shell.ts';

const MAIN = join(import.meta.dirname, '../../controller/main.ts');

export interface CliOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Source text of a module that runs before the program. */
  readonly preload?: string;
}

export interface CliResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program that is running. */
export interface RunningCli {
  readonly child: ChildProcess;
  /** What it has written so far. */
  stdout(): string;
  stderr(): string;
  /** Waits until what it has written (stdout, then stderr) matches; fails when it ends or takes too long. */
  until(pattern: RegExp, timeoutMs?: number): Promise<RegExpExecArray>;
  /** Waits for its end. */
  readonly ended: Promise<CliResult>;
  /** Sends SIGTERM and waits for its end. */
  stop(): Promise<CliResult>;
}

/** Starts the program. Whoever starts it sees to its end. */
export function startCli(args: readonly string[], options: CliOptions = {}): RunningCli {
  const preload =
    options.preload === undefined
      ? []
      : ['--import', `data:text/javascript,${encodeURIComponent(options.preload)}`];
  const child = spawn(process.execPath, [...preload, MAIN, ...args], {
    cwd: options.cwd ?? tmpdir(),
    env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? tmpdir(), ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  const waiting = new Set<() => void>();
  const wake = (): void => {
    for (const look of waiting) look();
  };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    wake();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    wake();
  });
  const ended = new Promise<CliResult>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      resolve({ code, signal, stdout, stderr });
      wake();
    });
  });
  const until = (pattern: RegExp, timeoutMs = 60_000): Promise<RegExpExecArray> =>
    new Promise((resolve, reject) => {
      const settle = (act: () => void): void => {
        clearTimeout(timer);
        waiting.delete(look);
        act();
      };
      const complain = (what: string): void =>
        settle(() =>
          reject(
            new Error(`${what} before ${String(pattern)}\nstdout: ${stdout}\nstderr: ${stderr}`),
          ),
        );
      const look = (): void => {
        const match = pattern.exec(stdout) ?? pattern.exec(stderr);
        if (match !== null) settle(() => resolve(match));
        else if (child.exitCode !== null) complain(`ended with ${child.exitCode}`);
      };
      const timer = setTimeout(() => complain(`${timeoutMs} ms went by`), timeoutMs);
      waiting.add(look);
      look();
    });
  return {
    child,
    stdout: () => stdout,
    stderr: () => stderr,
    until,
    ended,
    stop: () => {
      child.kill('SIGTERM');
      return ended;
    },
  };
}

/** Runs the program to its end. */
export function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  return startCli(args, options).ended;
}

/**
 * Runs the program to its end inside of this process, which spares its start. One at a time; what is not caught stays a
 * failure of the test.
 */
export async function callCli(
  args: readonly string[],
  options: Omit<CliOptions, 'preload'> = {},
): Promise<CliResult> {
  const [stdout, stderr] = [collect(), collect()];
  const env = Object.entries(options.env ?? {}).filter(
    ([name, value]) => value !== '' || !name.startsWith('LOCKSTEP_'),
  );
  const host = Object.assign(new EventEmitter(), {
    stdout: stdout.stream,
    stderr: stderr.stream,
    env: Object.fromEntries(env),
    cwd: () => options.cwd ?? tmpdir(),
  }) as unknown as NodeJS.Process;
  const shell = createShell(host, { loadCompose: () => import('../../controller/compose.ts') });
  // Options read the environment of the process.
  const before = { ...process.env };
  for (const name of Object.keys(before))
    if (name.startsWith('LOCKSTEP_')) delete process.env[name];
  for (const [name, value] of env) if (name.startsWith('LOCKSTEP_')) process.env[name] = value;
  try {
    const code = await runCommandLine(shell, args);
    await shell.flush();
    return { code, signal: null, stdout: stdout.text(), stderr: stderr.text() };
  } finally {
    for (const [name] of env) delete process.env[name];
    Object.assign(process.env, before);
  }
}

function collect(): { readonly stream: Writable; text(): string } {
  let text = '';
  const stream = new Writable({
    decodeStrings: false,
    write(chunk: string | Buffer, _encoding, done) {
      text += chunk.toString();
      done();
    },
  });
  return { stream, text: () => text };
}

/** A temporary folder, and what removes it. */
export function makeFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'lockstep-cli-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true, maxRetries: 5 }) };
}

/**
 * A port that nobody listens on. Below those that systems give out by themselves (32768 on; 49152 on): one of them could be
 * given to another test before it is used here.
 */
export async function findFreePort(): Promise<number> {
  for (;;) {
    const port = randomInt(20_000, 32_000);
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
    });
    if (isFree) return port;
  }
}

/** Whether text holds a JavaScript stack. */
export function hasStack(text: string): boolean {
  return /^\s+at .+:\d+:\d+\)?$/m.test(text);
}

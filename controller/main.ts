#!/usr/bin/env node
// The entry: the version of Node, signals, bugs and the exit code. What the program does is in `cli/`, and nothing of
// it is loaded before the version is known to fit.

import nodeModule from 'node:module';
import process from 'node:process';

const NODE_MINIMUM = [24, 15, 0];
/** Exit code of a bug of ours, as BSD's sysexits call an internal software error. */
const EXIT_BUG = 70;

if (isTooOld(process.versions.node)) {
  const major = process.versions.node.split('.')[0] ?? '';
  process.stderr.write(`lockstep needs Node.js 24.15 or newer; this is ${major}.x\n`);
  process.exitCode = 1;
} else {
  await start();
}

function isTooOld(version: string): boolean {
  const parts = version.split('.').map(Number);
  for (const [index, least] of NODE_MINIMUM.entries()) {
    const part = parts[index] ?? 0;
    if (part !== least) return part < least;
  }
  return false;
}

async function start(): Promise<void> {
  process.on('uncaughtException', reportBug);
  process.on('unhandledRejection', reportBug);
  dropEmptyVariables();
  // What one start has compiled, the next finds: it takes little more than half the time. Where no folder can be written
  // it does nothing.
  nodeModule.enableCompileCache();
  const { createShell } = await import('./cli/shell.ts');
  const { runCommandLine } = await import('./cli/program.ts');
  const shell = createShell(process, { loadCompose: () => import('./compose.ts') });
  const code = await runCommandLine(shell, process.argv.slice(2));
  await shell.flush();
  process.exit(code);
}

/** `LOCKSTEP_SERVER=` means that no server is named, as people and CI write it; so with the other variables. */
function dropEmptyVariables(): void {
  for (const [name, value] of Object.entries(process.env)) {
    if (name.startsWith('LOCKSTEP_') && value === '') delete process.env[name];
  }
}

/** A bug: says so without a stack, which only `LOCKSTEP_DEBUG` asks for, and ends at once. */
function reportBug(thrown: unknown): void {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const lines = [
    `Internal error: ${message.replace(/^Internal error: /, '')}`,
    'This is a bug in Lockstep: please report it, with the command that was run.',
  ];
  if (process.env['LOCKSTEP_DEBUG'] !== undefined && thrown instanceof Error) {
    lines.push(thrown.stack ?? '');
  }
  process.stderr.write(`${lines.join('\n')}\n`);
  process.exit(EXIT_BUG);
}

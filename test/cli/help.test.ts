// Every command explains itself: usage, what it does, examples, the options that all have.

import { describe, expect, it } from 'vitest';
import { hasStack, runCli } from '../support/cli.ts';

const COMMANDS = [
  'init',
  'validate',
  'inspect',
  'propose',
  'propose firmware',
  'propose approve',
  'propose resume',
  'plan',
  'apply',
  'run',
  'stop',
  'resume',
  'status',
  'devices',
  'devices add',
  'devices token',
  'devices forget',
  'events',
  'why',
  'token create',
  'token list',
  'token revoke',
  'simulate',
];

describe('help', { timeout: 120_000 }, () => {
  it.each(COMMANDS)('explains `%s` on stdout, with examples', async (command) => {
    const { code, stdout, stderr } = await runCli([...command.split(' '), '--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(new RegExp(`^Usage: lockstep ${command} `));
    expect(stdout).toMatch(/\nExamples:\n {2}\$ .*lockstep .+ {2}# .+/);
    expect(stdout).toContain('--output <format>');
    expect(stdout).toContain('--no-color');
  });

  it('explains the filters and orders of `devices` as in the golden file', async () => {
    const { stdout } = await runCli(['devices', '--help']);
    await expect(stdout).toMatchFileSnapshot('golden/devices-help.txt');
  });

  it('explains `demo` and its drivers as in the golden file', async () => {
    const { stdout } = await runCli(['demo', '--help']);
    await expect(stdout).toMatchFileSnapshot('golden/demo-help.txt');
  });

  it.each(['approve', 'resume'])('explains `propose %s` as in the golden file', async (name) => {
    const { stdout } = await runCli(['propose', name, '--help']);
    await expect(stdout).toMatchFileSnapshot(`golden/propose-${name}-help.txt`);
  });

  it('lists every command', async () => {
    const { code, stdout } = await runCli(['--help']);
    expect(code).toBe(0);
    for (const command of COMMANDS.filter((name) => !name.includes(' '))) {
      expect(stdout).toMatch(new RegExp(`^ {2}${command} `, 'm'));
    }
    expect(stdout).toContain('SOURCE is a directory');
  });

  it('prints the version', async () => {
    const { code, stdout } = await runCli(['--version']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it('explains itself on stderr and fails when no command is given', async () => {
    const { code, stdout, stderr } = await runCli([]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^Usage: lockstep COMMAND/);
    expect(hasStack(stderr)).toBe(false);
  });

  it('never shows what a secret variable holds', async () => {
    const env = { LOCKSTEP_TOKEN: 'sesame-1', LOCKSTEP_GATEWAY_TOKEN: 'sesame-2' };
    const results = await Promise.all(
      ['apply', 'run', 'simulate'].map((command) => runCli([command, '--help'], { env })),
    );
    for (const { stdout } of results) expect(stdout).not.toContain('sesame');
  });
});

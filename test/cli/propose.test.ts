// `lockstep propose --local` on a working tree: what it prints, what git then shows, and that a mistake writes nothing.

import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildStarter } from '../../controller/cli/starter.ts';
import { buildParticleModule } from '../../controller/simulator/firmware-image.ts';
import { makeFolder, runCli } from '../support/cli.ts';

const folder = makeFolder();
afterAll(() => folder.remove());
const { path: root } = folder;

const GIT_ENV = { GIT_CONFIG_GLOBAL: '/dev/null', PATH: process.env['PATH'] ?? '' };

function git(cwd: string, ...args: readonly string[]): string {
  const who = ['-c', 'user.name=a', '-c', 'user.email=a@example.com'];
  return execFileSync('git', [...who, ...args], { cwd, env: GIT_ENV, encoding: 'utf8' });
}

/** A committed fleet repo, as `lockstep init` writes it. */
function makeRepo(name: string): string {
  const cwd = join(root, name);
  for (const [path, content] of buildStarter()) {
    mkdirSync(dirname(join(cwd, path)), { recursive: true });
    writeFileSync(join(cwd, path), content);
  }
  git(cwd, 'init', '-q', '-b', 'main');
  git(cwd, 'add', '.');
  git(cwd, 'commit', '-q', '-m', 'Start');
  return cwd;
}

let untouched = '';

beforeAll(() => {
  untouched = makeRepo('untouched');
  writeFileSync(
    join(root, 'built.bin'),
    buildParticleModule({ productId: 94, platformId: 6, version: 4 }),
  );
  writeFileSync(join(root, 'image.swu'), 'an image without a header');
});

describe('propose --local', { timeout: 120_000 }, () => {
  it('changes one line of a release, and says what to do next', async () => {
    const cwd = makeRepo('release');
    const { code, stdout, stderr } = await runCli(['propose', 'release', '2', '--local'], { cwd });
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: 'Next: look at it with git diff, lockstep plan, and commit it.\n',
    });
    expect(stdout).toBe(
      [
        'Release 2 to all devices of thermostat',
        '  Release thermostat (release.yaml) is set from version 1 to 2.',
        '',
        'changed release.yaml',
        '',
      ].join('\n'),
    );
    expect(git(cwd, 'diff', '--unified=0').split('\n').slice(-3)).toEqual([
      '-  version: 1',
      '+  version: 2',
      '',
    ]);
    expect(git(cwd, 'status', '--short')).toBe(' M release.yaml\n');
  });

  it('adds a binary and its manifest', async () => {
    const cwd = makeRepo('firmware');
    const args = ['propose', 'firmware', 'built.bin', '--title', 'Fix: drift', '--local'];
    const { code, stdout } = await runCli([...args, '--source', cwd, '--output', 'json'], {
      cwd: root,
    });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      ok: true,
      changed: true,
      branch: expect.stringMatching(/^lockstep\/firmware-thermostat-4-[0-9a-f]{10}$/) as string,
      files: [
        { path: 'firmware/4.bin', change: 'added' },
        { path: 'firmware/4.yaml', change: 'added' },
      ],
      pullRequest: null,
    });
    expect(readFileSync(join(cwd, 'firmware/4.bin'))).toEqual(
      readFileSync(join(root, 'built.bin')),
    );
    expect(readFileSync(join(cwd, 'firmware/4.yaml'), 'utf8')).toContain('title: "Fix: drift"');
  });

  it('locks, finds nothing to do the second time, and unlocks', async () => {
    const cwd = makeRepo('lock');
    const lock = ['propose', 'lock', '0123', '3', '--reason', 'verify: 3', '--local'];
    expect(await runCli(lock, { cwd })).toMatchObject({ code: 0 });
    expect(git(cwd, 'status', '--short')).toBe('?? 0123-lock.yaml\n');
    expect(readFileSync(join(cwd, '0123-lock.yaml'), 'utf8')).toContain('devices: ["0123"]');
    const again = await runCli(lock, { cwd });
    expect(again).toMatchObject({
      code: 0,
      stdout: 'Nothing to do: DeviceLock 0123 (0123-lock.yaml) locks it to 3 already.\n',
    });
    expect(await runCli(['propose', 'unlock', '0123', '--local'], { cwd })).toMatchObject({
      code: 0,
    });
    expect(git(cwd, 'status', '--short')).toBe('');
  });

  it('approves a step of the released version, and resumes the release', async () => {
    const cwd = makeRepo('approve');
    expect(await runCli(['propose', 'approve', 'half', '--local'], { cwd })).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('Next:') as string,
    });
    const again = await runCli(['propose', 'approve', 'half', '--version', '1', '--local'], {
      cwd,
    });
    expect(again.stdout).toBe(
      'Nothing to do: Release thermostat (release.yaml) approves the step half of version 1 already.\n',
    );
    const other = await runCli(['propose', 'approve', 'half', '--version', '2', '--local'], {
      cwd,
    });
    expect(other.code).toBe(1);
    expect(other.stderr).toContain('error VersionMismatch');
    const resumed = await runCli(['propose', 'resume', '--local'], { cwd });
    expect(resumed.stdout).toContain('`attempt` is raised from 1 to 2');
    const grouped = await runCli(['propose', 'resume', '--group', 'bench', '--local'], { cwd });
    expect(grouped.stderr).toContain('There is no Release to the group bench');
    const added = git(cwd, 'diff', '--unified=0')
      .split('\n')
      .filter((line) => line.startsWith('+ '));
    expect(added).toEqual(['+  approved: [1/half]', '+  attempt: 2']);
  });

  it('writes nothing on a mistake, and tells all of them', async () => {
    const cwd = untouched;
    const [unknown, json, grouped, opaque, noForge] = await Promise.all([
      runCli(['propose', 'withdraw', '9', '--reason', ' ', '--local'], { cwd }),
      runCli(['propose', 'release', '9', '--local', '--output', 'json'], { cwd }),
      runCli(['propose', 'lock', 'sim-00001', '2', '--local'], { cwd }),
      runCli(['propose', 'firmware', '../image.swu', '--version', '5', '--local'], { cwd }),
      runCli(['propose', 'release', '2'], { cwd }),
    ]);
    expect(unknown.code).toBe(1);
    expect(unknown.stderr).toMatch(
      /^error InvalidReason\n[^]*\n\nerror UnknownVersion\n {2}There is no Firmware/,
    );
    expect(json).toMatchObject({ code: 1, stderr: '' });
    expect(JSON.parse(json.stdout)).toMatchObject({
      ok: false,
      problems: [{ reason: 'UnknownVersion' }],
    });
    expect(grouped.code).toBe(1);
    expect(grouped.stderr).toMatch(
      /^bench-lock\.yaml:7:10: error LockConflict\n[^]*\n {2}7 \| {3}group: bench\n/,
    );
    expect(opaque.code).toBe(1);
    expect(opaque.stderr).toContain('most likely the wrong file');
    expect(noForge).toMatchObject({ code: 1, stdout: '' });
    expect(noForge.stderr).toContain('error NoOrigin');
    expect(git(cwd, 'status', '--short')).toBe('');
  });
});

// `lockstep validate` on real trees: all problems at once, as text a person reads and as JSON.

import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { makeFolder, runCli } from '../support/cli.ts';

const folder = makeFolder();
afterAll(() => folder.remove());

function writeTree(name: string, files: Readonly<Record<string, string>>): string {
  for (const [path, content] of Object.entries(files)) {
    const file = join(folder.path, name, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
  return join(folder.path, name);
}

const HEAD = 'apiVersion: lockstep/v1\n';
const DIGEST = 'a'.repeat(64);
const PRODUCT = `${HEAD}kind: Product
metadata: { name: lamp }
spec:
  fleet: { driver: gateway }
`;

const BROKEN = {
  'product.yaml': PRODUCT,
  'firmware.yaml': `${HEAD}kind: Firmware
metadata: { name: lamp-1 }
spec:
  product: lamp
  version: 1
  binary: { path: missing.bin, sha256: ${DIGEST} }
---
${HEAD}kind: Firmware
metadata: { name: lamp-2 }
spec:
  product: lamp
  version: 2
  binary: { url: https://firmware.example.com/2.bin, sha256: ${DIGEST}, format: opaque }
`,
  'release.yaml': `${HEAD}kind: Release
metadata: { name: lamp }
spec:
  product: lamp
  version: 3
`,
  'lock.yaml': `${HEAD}kind: DeviceLock
metadata: { name: bench }
spec:
  product: lamp
  devices: [12345]
  verison: 1
  flash: now
`,
  'other.yaml': 'kind: Deployment\napiVersion: apps/v1\n',
};

describe('validate', { timeout: 120_000 }, () => {
  it('shows all problems at once, each with its place and its remedy', async () => {
    const cwd = writeTree('broken', BROKEN);
    const { code, stdout, stderr } = await runCli(['validate'], { cwd });
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    const golden = join(import.meta.dirname, 'golden/validate.txt');
    if (process.env['UPDATE_GOLDEN'] !== undefined) writeFileSync(golden, stdout);
    expect(stdout).toBe(readFileSync(golden, 'utf8'));
  });

  it('lists the same problems as JSON', async () => {
    const cwd = writeTree('broken', BROKEN);
    const { code, stdout } = await runCli(['validate', cwd, '--output', 'json']);
    expect(code).toBe(1);
    const report = JSON.parse(stdout) as {
      ok: boolean;
      revision: string;
      problems: { severity: string; reason: string; file: string; line: number; column: number }[];
    };
    expect(report.ok).toBe(false);
    expect(report.revision).toMatch(/^dir-[0-9a-f]{40}$/);
    expect(report.problems.map(({ reason, file }) => `${file} ${reason}`)).toEqual([
      'firmware.yaml BinaryMissing',
      'firmware.yaml BinaryNotChecked',
      'lock.yaml InvalidManifest',
      'lock.yaml InvalidManifest',
      'lock.yaml InvalidManifest',
      'release.yaml UnknownVersion',
    ]);
    expect(report.problems.at(-1)).toMatchObject({ severity: 'error', line: 6, column: 12 });
  });

  it('counts warnings as no failure: a binary by URL is listed as not checked', async () => {
    const cwd = writeTree('by-url', {
      'lamp.yaml': `${PRODUCT}---
${HEAD}kind: Firmware
metadata: { name: lamp-2 }
spec:
  product: lamp
  version: 2
  binary: { url: https://firmware.example.com/2.bin, sha256: ${DIGEST}, format: opaque }
`,
    });
    const { code, stdout } = await runCli(['validate'], { cwd });
    expect(code).toBe(0);
    expect(stdout).toContain('warning BinaryNotChecked');
    expect(stdout).toMatch(/\n2 manifests, no problems, 1 warning\n$/);
  });

  it('never writes colours where nobody can see them', async () => {
    const cwd = writeTree('broken', BROKEN);
    const results = await Promise.all([
      runCli(['validate'], { cwd }),
      runCli(['validate', '--no-color'], { cwd }),
      runCli(['--no-color', 'validate'], { cwd, env: { NO_COLOR: '1' } }),
    ]);
    for (const { stdout } of results) expect(stdout).not.toContain('\u001b');
  });

  it('reads a branch and a folder of a git repository, and leaves nothing behind', async () => {
    const repo = writeTree('repo', { 'fleet/lamp.yaml': PRODUCT, 'README.md': 'hello\n' });
    const env = {
      GIT_AUTHOR_NAME: 'a',
      GIT_AUTHOR_EMAIL: 'a@example.com',
      GIT_COMMITTER_NAME: 'a',
      GIT_COMMITTER_EMAIL: 'a@example.com',
      GIT_CONFIG_GLOBAL: '/dev/null',
      PATH: process.env['PATH'] ?? '',
    };
    for (const args of [
      ['init', '-q', '-b', 'main'],
      ['add', '.'],
      ['commit', '-q', '-m', 'one'],
    ]) {
      execFileSync('git', args, { cwd: repo, env });
    }
    const temp = writeTree('temp', { 'keep.txt': '' });
    const { code, stdout, stderr } = await runCli(['validate', `${repo}#main:fleet`], {
      env: { TMPDIR: temp },
    });
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: '1 manifest, no problems\n',
      stderr: '',
    });
    // But what Node keeps of the compiled program, for the next start.
    const left = readdirSync(temp).filter((name) => name !== 'node-compile-cache');
    expect(left).toEqual(['keep.txt']);
  });
});

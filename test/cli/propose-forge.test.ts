// `lockstep propose` from a clone: what it proposes is read from the branch, and becomes a pull request at the forge.

import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { buildParticleModule } from '../../controller/simulator/firmware-image.ts';
import type { FakeGitHub } from '../fakes/github/fake-github.ts';
import { startFakeGitHub } from '../fakes/github/github-server.ts';
import { makeFolder, runCli } from '../support/cli.ts';
import { fleetFiles } from '../support/forge-world.ts';
import { GIT_ENVIRONMENT } from '../support/git-repo.ts';

const folder = makeFolder();
const clone = join(folder.path, 'clone');
let github: FakeGitHub;

beforeAll(async () => {
  const files = Object.entries(fleetFiles([41], 41)).map(
    ([path, content]) => [`fleet/${path}`, content] as const,
  );
  github = await startFakeGitHub({ isPrivate: false, files: Object.fromEntries(files) });
  // Only an origin: the files come from the branch, and none is here.
  mkdirSync(join(clone, 'fleet'), { recursive: true });
  const git = (...args: string[]) =>
    execFileSync('git', args, { cwd: clone, env: GIT_ENVIRONMENT, stdio: 'pipe' });
  git('init', '--quiet');
  git('remote', 'add', 'origin', github.gitUrl);
  writeFileSync(
    join(folder.path, 'built.bin'),
    buildParticleModule({ productId: 94, platformId: 6, version: 42 }),
  );
});
afterAll(async () => {
  await github.close();
  folder.remove();
});

function propose(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return runCli(['propose', ...args], {
    cwd: join(clone, 'fleet'),
    env: { LOCKSTEP_GITHUB_TOKEN: github.token, ...env },
  });
}

describe('propose', { timeout: 120_000 }, () => {
  it('opens one pull request for a new version, with its binary, and finds it again', async () => {
    const args = ['firmware', join(folder.path, 'built.bin'), '--title', 'Fix @heater drift'];
    const first = await propose(args);
    expect({ code: first.code, stderr: first.stderr }).toEqual({ code: 0, stderr: '' });
    expect(first.stdout).toContain(`Opened: ${github.webUrl}/pull/1`);
    const { head, title, body } = github.pullRequest(1);
    expect(title).toContain('42');
    // Nobody is called by what stands in a title.
    expect(body).not.toMatch(/@heater/);
    expect(await github.file(head.branch, 'fleet/firmware/42.yaml')).toContain('version: 42');
    expect(await github.file(head.branch, 'fleet/firmware/42.bin')).not.toBeNull();
    expect(await github.file(head.branch, 'fleet/release.yaml')).toBe(
      await github.file('main', 'fleet/release.yaml'),
    );
    const again = await propose([...args, '--output', 'json']);
    expect(JSON.parse(again.stdout)).toMatchObject({ pullRequest: { number: 1, isNew: false } });
    expect(github.pullRequests()).toHaveLength(1);
    // A variable that is set to nothing hides none of those after it.
    const other = { LOCKSTEP_GITHUB_TOKEN: '', GITHUB_API_URL: '', GITHUB_TOKEN: github.token };
    const third = await propose([...args, '--output', 'json'], other);
    expect({ code: third.code, stderr: third.stderr }).toEqual({ code: 0, stderr: '' });
    expect(github.pullRequests()).toHaveLength(1);
  });

  it('opens nothing on a mistake, without a token, and where the token may not', async () => {
    const before = github.pullRequests().length;
    const unknown = await propose(['release', '77']);
    expect(unknown.code).toBe(1);
    expect(unknown.stderr).toContain('UnknownVersion');
    const without = await propose(['release', '41'], { LOCKSTEP_GITHUB_TOKEN: '' });
    expect(without.code).toBe(1);
    expect(without.stderr).toContain('set LOCKSTEP_GITHUB_TOKEN');
    const wrong = await propose(['release', '41'], { LOCKSTEP_GITHUB_TOKEN: 'ghp_wrongtoken' });
    expect(wrong.code).toBe(1);
    expect(wrong.stderr).toContain('ForgeUnauthorized');
    expect(wrong.stderr).not.toContain('ghp_wrongtoken');
    expect(github.pullRequests()).toHaveLength(before);
  });
});

// `lockstep apply` in a workflow after a merge: it finds the pull request by itself, says whether what is carried out is
// what was reviewed, follows it to its end, and fails where that is refused or halted.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import {
  firmwareFiles,
  fleetFiles,
  type ForgeWorld,
  lockFile,
  releaseFile,
  startForgeWorld,
  TWO_STEPS,
} from '../support/forge-world.ts';
import { runWorkflow, type WorkflowRun } from '../support/workflow-run.ts';

const DEVICES = ['dev-1', 'dev-2', 'dev-3', 'dev-4'];
const BAD = 44;
/** Where fork pull requests come from, for which a review writes nothing: these tests are about what is kept of it. */
const FORK = { owner: 'erin' };

describe('apply after a merge', { timeout: 60_000 }, () => {
  let world: ForgeWorld;

  beforeAll(async () => {
    world = await startForgeWorld({
      files: fleetFiles([41], 41),
      webhooks: false,
      serve: { forge: null },
    });
    await world.start();
    world.startDevices(['bench-1', ...DEVICES], 41, (id, version) =>
      version === BAD && id !== 'bench-1' ? 'fails' : 'runs',
    );
    await world.until('all devices are known', () => world.view()?.live?.devices === 5);
    await world.until('the fleet has converged', () =>
      (world.view()?.conditions ?? []).some(({ reason }) => reason === 'Converged'),
    );
  });
  afterAll(() => world.close());

  const serverOf = (run: WorkflowRun): WorkflowRun => ({
    ...run,
    env: { LOCKSTEP_SERVER: world.served().address, ...run.env },
  });
  const apply = (commit: string, run: WorkflowRun = {}, ...more: readonly string[]) =>
    runWorkflow(
      world.github,
      'lockstep-apply.yml',
      ['apply', '--revision', commit, '--timeout', '40s', ...more],
      serverOf(run),
    );
  const openReviewed = async (title: string, files: Parameters<typeof world.github.push>[1]) => {
    const { number } = await world.github.openPullRequest({
      branch: title,
      title,
      fork: FORK,
      files,
    });
    const reviewed = await runWorkflow(
      world.github,
      'lockstep-review.yml',
      ['review'],
      serverOf({ number }),
    );
    expect(reviewed).toMatchObject({ code: 0, stderr: '' });
    return number;
  };
  let merged42 = '';

  it('says that it is as reviewed, and ends once all devices run it', async () => {
    const files = { ...firmwareFiles(42), ...lockFile(42), ...releaseFile(42) };
    const number = await openReviewed('release-42', files);
    merged42 = await world.github.mergePullRequest(number);
    const { code, stdout, stderr } = await apply(merged42, { isProcess: true });
    expect(stderr).toMatch(new RegExp(`^as reviewed in pull request ${number}$`, 'm'));
    expect(stdout).toContain(`Converged: revision ${merged42.slice(0, 12)}.`);
    expect(code).toBe(0);
    expect(DEVICES.map((id) => world.running(id))).toEqual(DEVICES.map(() => 42));
  });

  it('follows the newer revision that contains it, and says so', async () => {
    const newer = await world.github.push('main', { 'notes.md': 'nothing of ours' });
    const pushed = await apply(newer);
    expect(pushed.code).toBe(0);
    expect(pushed.stderr).not.toMatch(/reviewed|note:/);
    const { code, stdout, stderr } = await apply(merged42);
    const note = `note: ${newer.slice(0, 12)} is in force already, and contains ${merged42.slice(0, 12)}`;
    expect(stderr).toContain(note);
    // Still compared as it was when it arrived.
    expect(stderr).toContain('as reviewed in pull request 1');
    expect(stdout).toContain(`Converged: revision ${newer.slice(0, 12)}.`);
    expect(code).toBe(0);
  });

  it('goes on where GitHub does not tell the pull request', async () => {
    const { code, stderr } = await apply(merged42, { permissions: {} }, '--no-wait');
    expect(stderr).toMatch(/^note: the pull request of \w{12} is not known: .*`pull-requests: /m);
    expect(code).toBe(0);
    const { stdout } = await apply('main', {}, '--no-wait', '--output', 'json');
    expect(JSON.parse(stdout)).toMatchObject({ reviewed: null });
  });

  it('exits 3 at once where it is refused, and says that nobody reviewed it', async () => {
    const { number } = await world.github.openPullRequest({
      branch: 'unverified',
      title: 'Unverified',
      files: { ...firmwareFiles(43), ...releaseFile(43) },
    });
    const commit = await world.github.mergePullRequest(number);
    const { code, stdout, stderr } = await apply(commit, { isProcess: true });
    expect(code).toBe(3);
    expect(stdout).toContain('ReleaseUnverified');
    expect(stderr).toContain(`note: the controller keeps no review of pull request ${number}`);
    expect(DEVICES.map((id) => world.running(id))).toEqual(DEVICES.map(() => 42));
  });

  it('says what is otherwise, and exits 3 when failing devices halt the release', async () => {
    const files = {
      ...firmwareFiles(BAD),
      ...lockFile(BAD),
      ...releaseFile(BAD, ...TWO_STEPS),
    };
    const number = await openReviewed('release-bad', files);
    // While nobody looks, more devices come.
    const more = ['dev-5', 'dev-6', 'dev-7'];
    world.startDevices(more, 42, (_, version) => (version === BAD ? 'fails' : 'runs'));
    await world.until('they are known', () => world.view()?.live?.devices === 8);
    const commit = await world.github.mergePullRequest(number);
    const { code, stdout, stderr } = await apply(commit);
    expect(stderr).toMatch(
      new RegExp(`^otherwise than reviewed in pull request ${number}:\n {2}- \\S`, 'm'),
    );
    expect(stdout).toContain('ReleaseHalted');
    expect(stdout).toMatch(/mend: .*git revert/);
    expect(code).toBe(3);
    expect(world.running('bench-1')).toBe(BAD);

    // Somebody looks again: it is compared with what arrived, and has not mended itself.
    const again = await apply(commit, {}, '--output', 'json');
    expect(JSON.parse(again.stdout)).toMatchObject({
      outcome: 'refused',
      reviewed: { pullRequest: number, moved: expect.arrayContaining([expect.any(String)]) },
      blocked: [{ reason: 'ReleaseHalted' }],
    });
    expect(again.code).toBe(3);
  });
});

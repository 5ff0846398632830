// Stories of pull requests, told on the whole program: a real git repository behind the fake GitHub, webhooks with real
// signatures, devices over HTTP. Each step waits for what a person would see.

import { afterEach, describe, expect, it } from 'vitest';

import {
  firmwareFiles,
  fleetFiles,
  type ForgeWorld,
  type ForgeWorldOptions,
  lockFile,
  releaseFile,
  startForgeWorld,
  TWO_STEPS,
} from '../support/forge-world.ts';

const DEVICES = ['dev-1', 'dev-2', 'dev-3', 'dev-4', 'dev-5', 'dev-6'];

let world: ForgeWorld | null = null;
afterEach(async () => {
  await world?.close();
  world = null;
});

/** A fleet on version 41 that has converged. */
async function startFleet(options: ForgeWorldOptions = {}, bad = 0): Promise<ForgeWorld> {
  world = await startForgeWorld({ files: fleetFiles([41], 41), ...options });
  const { until, view } = world;
  await world.start();
  world.startDevices(['bench-1', ...DEVICES], 41, (id, version) =>
    version === bad && id !== 'bench-1' ? 'fails' : 'runs',
  );
  await until('the fleet has converged on 41', () =>
    (view()?.conditions ?? []).some(
      ({ type, reason }) => type === 'Ready' && reason === 'Converged',
    ),
  );
  await until('all devices are known', () => view()?.live?.devices === DEVICES.length + 1);
  // What a halt goes back to is the version that last finished.
  await until(
    'the release is finished',
    () => view()?.plan?.releases.every(({ finishedAt }) => finishedAt !== null) === true,
  );
  return world;
}

function allRun(told: ForgeWorld, version: number): boolean {
  return DEVICES.every((id) => told.running(id) === version);
}

describe('a release by pull requests', { timeout: 60_000 }, () => {
  it('is refused, verified by a merged lock, turns green by itself, and is followed to its end', async () => {
    const told = await startFleet();
    const { github, until, check, comment, status } = told;
    const release = await github.openPullRequest({
      branch: 'release-42',
      title: 'Release 42',
      files: { ...firmwareFiles(42), ...releaseFile(42, ...TWO_STEPS) },
    });
    const head = github.pullRequest(release.number).head.sha;

    // Nothing leads to a verification: the gate says which lock to add, on the very line.
    await until('the gate has failed', () => check(head, 'gate') === 'failure');
    await until('the comment is there', () => comment(release.number) !== null);
    expect(check(head, 'plan')).toBe('success');
    expect(comment(release.number)).toContain('Cannot be released as it is');
    expect(comment(release.number)).toContain('/release.yaml#L6');
    expect(github.check(head, 'lockstep/gate')?.summary).toContain('DeviceLock');
    expect(told.running('dev-1')).toBe(41);

    // Somebody else merges the lock that verifies it. The bench takes its time.
    let isBenchAway = true;
    const lock = await github.openPullRequest({
      branch: 'lock-42',
      title: 'Verify 42 on the bench',
      files: { ...firmwareFiles(42), ...lockFile(42) },
    });
    const lockHead = github.pullRequest(lock.number).head.sha;
    await until('the lock is reviewed', () => check(lockHead, 'gate') === 'success');
    told.hold('bench-1', () => isBenchAway);
    await github.mergePullRequest(lock.number);
    await until('the gate is on its way', () => check(head, 'gate') === 'in_progress');

    // The device verifies, and the check turns green by itself.
    isBenchAway = false;
    await until('the gate is green', () => check(head, 'gate') === 'success');
    expect(allRun(told, 41)).toBe(true);

    // Merged, it goes through its steps. A status follows it, and the comment says that it is as reviewed.
    let areDevicesAway = true;
    for (const id of DEVICES) told.hold(id, () => areDevicesAway);
    const commit = await github.mergePullRequest(release.number);
    await until('it is on its way', () => status(commit)?.startsWith('pending') === true);
    areDevicesAway = false;
    await until('all devices run 42', () => allRun(told, 42));
    await until('the status says so', () => status(commit)?.startsWith('success') === true);
    await until('the merge is told', () => /\*\*Merged\*\*/.test(comment(release.number) ?? ''));
    expect(comment(release.number)).toContain('as reviewed');
    const seen = github.statuses(commit, 'lockstep/thermostat').map(({ state }) => state);
    expect(seen).toContain('pending');
    expect(seen.indexOf('success')).toBe(seen.length - 1);
    // However often it was looked at. A check that has ended is never made to run again: another takes its place.
    expect(github.comments(release.number)).toHaveLength(1);
    const gates = github.checks(head).filter(({ name }) => name === 'lockstep/gate');
    expect(gates.map(({ conclusion }) => conclusion)).toEqual(['failure', 'success']);
  });

  it('with its own lock is neutral, halts on failing devices, and is taken back by the pull request that is opened', async () => {
    const told = await startFleet({}, 42);
    const { github, until, check, status } = told;
    const opened = await github.openPullRequest({
      branch: 'release-42',
      title: 'Release 42',
      files: { ...firmwareFiles(42), ...lockFile(42), ...releaseFile(42, ...TWO_STEPS) },
    });
    const head = github.pullRequest(opened.number).head.sha;
    await until('the gate is neutral', () => check(head, 'gate') === 'neutral');
    expect(github.check(head, 'lockstep/gate')?.summary).toMatch(/by itself/);

    const commit = await github.mergePullRequest(opened.number);
    await until('the release has halted', () => status(commit)?.startsWith('failure') === true);
    await until('the revert is opened', () => github.pullRequests().length === 2);
    const revert = github.pullRequest(2);
    expect(revert.head.branch).toMatch(/^lockstep\/halted\/thermostat\/42-/);
    expect(revert.author.login).toBe(github.app.login);
    expect(revert.body).toMatch(/dev-\d/);
    // Words of devices stay words.
    expect(revert.body).not.toContain('@everyone');
    expect(revert.body).not.toContain('<b>');
    const changed = await github.file(revert.head.branch, 'release.yaml');
    expect(changed).toContain('version: 41 # what everyone gets');
    expect(await github.file(revert.head.branch, 'firmware/42.yaml')).toMatch(/withdrawn:/);
    expect(await github.file(revert.head.branch, 'bench-lock.yaml')).toContain('version: 41');
    await until('the revert is reviewed', () => check(revert.head.sha, 'gate') === 'success');
    expect(check(revert.head.sha, 'plan')).toBe('success');

    const taken = await github.mergePullRequest(revert.number);
    await until('the bench is back on 41', () => told.running('bench-1') === 41);
    await until('all run 41', () => allRun(told, 41));
    await until('it is done', () => status(taken)?.startsWith('success') === true);
    expect(github.pullRequests()).toHaveLength(2);
  });

  it('waits for an approval, and opens the pull request that gives it', async () => {
    const told = await startFleet();
    const { github, until, check } = told;
    const strategy = [
      'strategy:',
      '  steps:',
      '    - { name: canary, exposure: 40% }',
      '    - { name: all, exposure: 100%, approval: required }',
    ];
    await github.push('main', {
      ...firmwareFiles(42),
      ...lockFile(42),
      ...releaseFile(42, ...strategy),
    });
    await until('the approval is asked for', () => github.pullRequests().length === 1);
    const approval = github.pullRequest(1);
    expect(approval.head.branch).toMatch(/^lockstep\/approve\/thermostat\/42-all-/);
    expect(await github.file(approval.head.branch, 'release.yaml')).toMatch(
      /approved: ?\[ ?42\/all ?\]|approved:\n +- 42\/all/,
    );
    expect(allRun(told, 42)).toBe(false);
    await until('it is reviewed', () => check(approval.head.sha, 'plan') === 'success');
    await github.mergePullRequest(approval.number);
    await until('all devices run 42', () => allRun(told, 42));
  });

  it('that is approved by another commit closes the pull request that was opened for it', async () => {
    const told = await startFleet();
    const { github, until } = told;
    const strategy = [
      'strategy:',
      '  steps:',
      '    - { name: canary, exposure: 40% }',
      '    - { name: all, exposure: 100%, approval: required }',
    ];
    const files = { ...firmwareFiles(42), ...lockFile(42) };
    await github.push('main', { ...files, ...releaseFile(42, ...strategy) });
    await until('the approval is asked for', () => github.pullRequests().length === 1);
    await github.push('main', releaseFile(42, ...strategy, 'approved: [42/all]'));
    await until('all devices run 42', () => allRun(told, 42));
    await until('the other is closed', () => github.pullRequest(1).state === 'closed');
    expect(github.pullRequest(1).merged).toBeNull();
    expect(github.comments(1).some(({ body }) => body.includes('is over'))).toBe(true);
  });
});

describe('what is merged', { timeout: 60_000 }, () => {
  it('is compared with what was reviewed, and what moved since is said', async () => {
    const told = await startFleet();
    const { github, until, check, comment } = told;
    await github.push('main', { ...firmwareFiles(42), ...lockFile(42) });
    await until('the bench runs 42', () => told.running('bench-1') === 42);
    const opened = await github.openPullRequest({
      branch: 'release-42',
      title: 'Release 42',
      files: releaseFile(42),
    });
    const head = github.pullRequest(opened.number).head.sha;
    await until('it is reviewed', () => check(head, 'gate') === 'success');
    await until('it has a comment', () => comment(opened.number) !== null);
    // Nobody looks while more devices register and the merge happens.
    await told.stop();
    const commit = await github.mergePullRequest(opened.number);
    await told.start();
    told.startDevices(['dev-7', 'dev-8', 'dev-9'], 41);
    await until('the merge is told', () => /\*\*Merged\*\*/.test(comment(opened.number) ?? ''));
    expect(comment(opened.number)).toContain(commit.slice(0, 7));
    await until('all devices run 42', () => allRun(told, 42));
  });
});

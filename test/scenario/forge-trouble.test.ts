// A forge in trouble, told on the whole program in the middle of a staged release. Whatever happens, no device moves, and
// the release goes on afterwards from where it was.

import { afterEach, describe, expect, it } from 'vitest';

import {
  firmwareFiles,
  fleetFiles,
  type ForgeWorld,
  lockFile,
  releaseFile,
  startForgeWorld,
  TWO_STEPS,
} from '../support/forge-world.ts';
import {
  DEVICES,
  groupManifest as group,
  readStatus,
  SOAKING,
  startTroubledFleet,
  type TroubledFleet,
  type TroubledFleetOptions,
} from '../support/troubled-fleet.ts';

let fleet: TroubledFleet | null = null;
afterEach(async () => {
  await fleet?.close();
  fleet = null;
});

async function start(options: TroubledFleetOptions = {}): Promise<TroubledFleet> {
  fleet = await startTroubledFleet(options);
  return fleet;
}

describe('a forge', { timeout: 60_000 }, () => {
  it('that is down for an hour is told afterwards, once, what happened meanwhile', async () => {
    const options = { intervalMs: 400, files: fleetFiles([41], 41) };
    const told = await startForgeWorld(options);
    try {
      const { github, until, check, status, view } = told;
      await told.start();
      told.startDevices(['bench-1', ...DEVICES], 41, (id, version) =>
        version === 42 && ['dev-1', 'dev-2', 'dev-3'].includes(id) ? 'fails' : 'runs',
      );
      const isConverged = () =>
        (view()?.conditions ?? []).some(({ reason }) => reason === 'Converged');
      // What a halt goes back to is the version that last finished.
      const isFinished = () =>
        view()?.plan?.releases.every(({ finishedAt }) => finishedAt !== null) === true;
      await until('all run 41', () => view()?.live?.devices === 7 && isConverged() && isFinished());
      let isAway = true;
      for (const id of DEVICES) told.hold(id, () => isAway);
      const files = { ...firmwareFiles(42), ...lockFile(42), ...releaseFile(42, ...TWO_STEPS) };
      const commit = await github.push('main', files);
      await until(
        'the release is on its way',
        () => status(commit)?.startsWith('pending') === true,
      );

      github.mood = 'down';
      const opened = await github.openPullRequest({
        branch: 'bench',
        title: 'Another bench',
        files: { 'bench.yaml': group('bench', ['bench-1', 'bench-2']) },
      });
      isAway = false;
      const isHalted = () =>
        view()?.plan?.releases.some(({ waits }) => waits.some(({ kind }) => kind === 'halted'));
      await until('the release goes on, and halts', () => isHalted() === true);
      expect(DEVICES.map((id) => told.running(id))).toContain(42);
      expect(told.running('dev-1')).toBe(41);
      await until(
        'the source is away',
        () => told.served().controller.view().sourceFailure !== null,
      );
      const asked = apiRequests(told);
      await until('it is tried again and again', () => apiRequests(told) > asked + 10);
      expect(await readStatus(told)).toMatchObject({
        ready: true,
        forge: { failure: { code: 'ForgeUnavailable', disposition: 'retry' } },
      });
      expect(github.pullRequests()).toHaveLength(1);
      expect(check(opened.head.sha, 'plan')).toBeNull();

      github.mood = 'ok';
      await until('the status says so', () => status(commit)?.startsWith('failure') === true);
      await until('the revert is opened', () => github.pullRequests().length === 2);
      const revert = github.pullRequest(2);
      await until('both are reviewed', () =>
        [opened, revert].every(
          ({ number, head }) => check(head.sha, 'gate') !== null && told.comment(number) !== null,
        ),
      );
      const taken = await github.mergePullRequest(2);
      await until('all run 41 again', () => DEVICES.every((id) => told.running(id) === 41));
      await until('the status says so', () => status(taken)?.startsWith('success') === true);
      // Each once, whatever was tried meanwhile.
      expect(github.pullRequests()).toHaveLength(2);
      expect(github.comments(opened.number)).toHaveLength(1);
      for (const { head } of [opened, revert]) expectOncePerVerdict(told, head.sha);
      const states = github.statuses(commit, 'lockstep/thermostat').map(({ state }) => state);
      expect(states.filter((state) => state === 'failure')).toHaveLength(1);
    } finally {
      await told.close();
    }
  });

  it('that asks for patience gets it, and loses webhooks to no harm', async () => {
    const told = await start({ intervalMs: 1_000 });
    const { github, until, check } = told;
    let isAway = true;
    told.hold('bench-1', () => isAway);
    await github.push('main', { ...firmwareFiles(43), ...lockFile(43) });
    github.loseWebhooks = true;
    const { head } = await github.openPullRequest({
      branch: 'release-43',
      title: 'Release 43',
      files: releaseFile(43, ...SOAKING),
    });
    await until('it is found by polling', () => check(head.sha, 'gate') === 'in_progress');
    expect(github.deliveries.some(({ state }) => state === 'lost')).toBe(true);

    // Neither a poll that is due, nor a device, nor a webhook makes it ask sooner than it was told.
    github.retryAfterS = 2;
    github.disturb('secondary-limit', /^(POST|PATCH) .*check-runs/, 1);
    isAway = false;
    const { forge } = await told.untilStatus(
      'the limit is met',
      ({ forge: shown }) => shown !== null && shown.failure !== null,
    );
    const began = performance.now();
    const asked = apiRequests(told);
    expect(forge?.failure).toMatchObject({
      code: 'ForgeRateLimited',
      disposition: 'wait',
      retryAfterMs: 2_000,
    });
    await github.redeliver(github.deliveries.findLast(({ event }) => event === 'push')?.id ?? '');
    await until('it asks again', () => apiRequests(told) > asked);
    expect(performance.now() - began).toBeGreaterThan(1_500);
    await until('it is verified', () => check(head.sha, 'gate') === 'success');
    told.expectUnmoved();
    await told.finish();
  });

  it('that knows a person and their folder, and hides and renames the repository, is followed', async () => {
    const approval = TWO_STEPS.map((line) => line.replace('100% }', '100%, approval: required }'));
    const told = await start({
      auth: 'token',
      webhooks: false,
      intervalMs: 300,
      subfolder: 'fleet',
      release: approval,
    });
    const { github, until } = told;
    await until('the approval is asked for', () => github.pullRequests().length === 1);
    const own = github.pullRequest(1);
    expect(await github.file(own.head.branch, 'fleet/release.yaml')).toMatch(
      /approved: ?\[ ?42\/all ?\]|approved:\n +- 42\/all/,
    );
    expect(await github.file(own.head.branch, 'release.yaml')).toBeNull();

    // The repository is private to the token for a while.
    github.setAccess(github.token, 'none');
    const opened = await github.openPullRequest({
      branch: 'release-43',
      title: 'Release 43',
      files: told.in(releaseFile(43)),
    });
    const { forge, products } = await told.untilStatus(
      'the trouble shows, also that of the source',
      ({ forge: shown, sourceFailure }) =>
        shown !== null && shown.failure !== null && sourceFailure !== null,
    );
    expect(forge?.failure).toMatchObject({ code: 'ForgeRepositoryMissing', disposition: 'stall' });
    expect(JSON.stringify(forge)).not.toContain(github.token);
    expect(products[0]?.revision).toBe(told.view()?.revision);
    told.expectUnmoved();
    github.setAccess(github.token, 'write');

    // A person can't write check runs: statuses take their place.
    const stateOf = (sha: string, name: string) =>
      github.statuses(sha, `lockstep/${name}`).map(({ state }) => state);
    await until('it is refused', () => stateOf(opened.head.sha, 'gate').includes('failure'));
    await until('it is commented on', () => told.comment(opened.number) !== null);
    expect(stateOf(opened.head.sha, 'plan')).toEqual(['failure']);
    expect(told.comment(opened.number)).toContain('/fleet/release.yaml#L6');
    expect(github.checks(opened.head.sha)).toEqual([]);
    await told.untilStatus(
      'the trouble is over',
      ({ forge: shown, sourceFailure }) => shown?.failure === null && sourceFailure === null,
    );

    github.rename('fleet-of-acme');
    const later = await github.openPullRequest({
      branch: 'bench',
      title: 'Another bench',
      files: told.in({ 'bench.yaml': group('bench', ['bench-1', 'bench-2']) }),
    });
    await until('the next is reviewed', () => stateOf(later.head.sha, 'gate').includes('success'));
    told.expectUnmoved();
    const commit = await github.mergePullRequest(own.number);
    await until('the merge is in force', () => told.view()?.revision === commit);
    await until('all devices run 42', () => DEVICES.every((id) => told.running(id) === 42));
    await until('the merge is told', () => (told.comment(own.number) ?? '').includes('**Merged**'));
    expect((await told.apiStatus()).forge?.failure).toBeNull();
  });
});

/** A check that changed is another verdict; none is there twice. */
function expectOncePerVerdict({ github }: ForgeWorld, sha: string): void {
  const verdicts = github.checks(sha).map(({ name, externalId }) => `${name} ${externalId}`);
  expect(verdicts).toEqual([...new Set(verdicts)]);
}

function apiRequests({ github }: ForgeWorld): number {
  return github.requestsOf(/^\w+ \/repos\//).length;
}

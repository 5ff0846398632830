// Killed at the worst moment: after the forge carried a write out, and before its answer. Started again on the same
// state, the program finds what is there, and nothing is written twice. A real process, killed for real.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';

import type { FakeGitHub, Files } from '../fakes/github/fake-github.ts';
import { startFakeGitHub } from '../fakes/github/github-server.ts';
import { makeFolder, type RunningCli, startCli } from '../support/cli.ts';
import { createDeviceHands, DEVICE_TOKEN } from '../support/device-hand.ts';
import { firmwareFiles, fleetFiles, lockFile, releaseFile } from '../support/forge-world.ts';
import { groupManifest } from '../support/troubled-fleet.ts';

const SECRET = 'a secret that only both ends know';
const PATIENCE_MS = 30_000;

/** A timer that does not keep the tests from ending. */
const BACKGROUND = { ref: false };

describe.concurrent(
  'the program, killed between a write and its answer',
  { timeout: 120_000 },
  () => {
    it('has one comment, one check for each verdict, and one status', async ({
      onTestFinished,
    }) => {
      const told = await startKilled(fleetFiles([41], 41), ['bench-1', 'dev-1']);
      onTestFinished(told.close);
      const { github, until, runUntilKilled } = told;
      const base = github.branch('main') ?? '';
      const isReleased = () => statusOf(github, base) === 'success';
      await runUntilKilled('a status is written', 'POST *statuses*', isReleased);

      const looked = github.requestsOf('* *statuses*').length;
      const created = runUntilKilled('a check is created', 'POST *check-runs');
      await until('the status is found', () => github.requestsOf('* *statuses*').length > looked);
      const { number, head } = await github.openPullRequest({
        branch: 'release-42',
        title: 'Release 42',
        files: { ...firmwareFiles(42), ...releaseFile(42) },
      });
      await created;
      expect(github.checks(head.sha)).toHaveLength(1);
      await runUntilKilled('the comment is created', 'POST *issues*comments');
      expect(github.checks(head.sha)).toHaveLength(2);

      // The lock is merged, and the bench verifies while nobody is killed: the gate is pending, then green.
      told.hold('bench-1');
      await github.push('main', { ...firmwareFiles(42), ...lockFile(42) });
      const gate = () => github.check(head.sha, 'lockstep/gate');
      await told.run();
      await until('the gate is pending', () => gate()?.status === 'in_progress');
      const killed = told.killAfter('a check is updated', 'PATCH *check-runs*');
      told.release('bench-1');
      await killed;
      await runUntilKilled('the comment is updated', 'PATCH *issues*comments*');

      const next = told.run();
      await until('the gate is green', () => gate()?.conclusion === 'success');
      const verified = github.branch('main') ?? '';
      await until('all is told', () => statusOf(github, verified) === 'success');
      await (await next).stop();

      // Merged while nobody looks: what was about to be said is known all the same.
      const other = await github.openPullRequest({
        branch: 'bench',
        title: 'Another bench',
        files: { 'bench.yaml': groupManifest('bench', ['bench-1', 'dev-1']) },
      });
      await runUntilKilled('its check is created', 'POST *check-runs');
      await github.mergePullRequest(other.number);
      const last = await told.run();
      const said = () => github.comments(other.number).map(({ body }) => body);
      await until('the merge is told', () => said().some((body) => body.includes('**Merged**')));
      await last.stop();
      expect(said()).toHaveLength(1);
      expect(github.comments(number)).toHaveLength(1);
      expect(github.comments(number)[0]?.body).toContain('Verified');
      const verdicts = github
        .checks(head.sha)
        .map(({ name, externalId }) => `${name} ${externalId}`);
      expect(verdicts).toEqual([...new Set(verdicts)]);
      const gates = github.checks(head.sha).filter(({ name }) => name === 'lockstep/gate');
      expect(gates.map(({ conclusion }) => conclusion)).toEqual(['failure', 'success']);
      for (const commit of [base, verified]) expectNoTwin(github, commit);
    });

    it('has one branch and one pull request for each cause, and closes each once', async ({
      onTestFinished,
    }) => {
      const steps = (approved: readonly string[]): Files =>
        releaseFile(
          42,
          'strategy:',
          '  steps:',
          '    - { name: canary, exposure: 10%, minDevices: 1 }',
          '    - { name: all, exposure: 100%, approval: required }',
          '  halt: { failureRate: 20%, minAttempts: 1, action: hold }',
          `approved: [${approved.join(', ')}]`,
        );
      const devices = ['dev-1', 'dev-2', 'dev-3'];
      const told = await startKilled(fleetFiles([41], 41), ['bench-1', ...devices]);
      onTestFinished(told.close);
      const { github, until, runUntilKilled } = told;
      const killed = runUntilKilled('the branch is created', 'POST *git/refs');
      await until(
        '41 is released',
        () => statusOf(github, github.branch('main') ?? '') === 'success',
      );
      await github.push('main', { ...firmwareFiles(42), ...lockFile(42), ...steps([]) });
      await killed;
      expect(ownBranches(github)).toHaveLength(1);
      expect(github.pullRequests()).toEqual([]);
      await runUntilKilled('the approval is asked for', 'POST *pulls');
      expect(github.pullRequests()).toHaveLength(1);

      // Approved by another commit. From now on whoever gets 42 fails.
      told.breakDevices();
      for (const id of devices) told.hold(id);
      await github.push('main', steps(['42/all']));
      await runUntilKilled('the approval is closed', 'PATCH *pulls*');
      expect(github.pullRequest(1).state).toBe('closed');
      for (const id of devices) told.release(id);
      await runUntilKilled('the revert is opened', 'POST *pulls');
      expect(github.pullRequests()).toHaveLength(2);

      const last = await told.run();
      const { head } = github.pullRequest(2);
      await until('the revert is reviewed', () => github.check(head.sha, 'lockstep/gate') !== null);
      await until(
        'the halt is told',
        () => statusOf(github, github.branch('main') ?? '') === 'failure',
      );
      // The log tells of it once, though nobody was left to note it when it was opened.
      const { items = [] } = await told.untilApi(
        'the revert is in the log',
        '/api/v1/events?type=PullRequestOpened',
        (answer) => (answer.items ?? []).length > 0,
      );
      expect(items.map(({ message }) => message)).toEqual([
        expect.stringMatching(/^Opened pull request 2 /),
      ]);
      await told.untilApi(
        'nothing is wrong',
        '/api/v1/status',
        ({ forge }) => forge?.failure === null && forge.lookedAt !== null,
      );
      await last.stop();
      expect(github.pullRequests().map(({ state }) => state)).toEqual(['closed', 'open']);
      expect(head.branch).toMatch(/^lockstep\/halted\/thermostat\/42-/);
      expect(ownBranches(github)).toHaveLength(2);
      expect(github.comments(1).filter(({ body }) => body.includes('is over'))).toHaveLength(1);
      expectNoTwin(github, github.branch('main') ?? '');
    });
  },
);

function ownBranches(github: FakeGitHub): readonly string[] {
  return [...github.branches().keys()].filter((name) => name.startsWith('lockstep/'));
}

function statusOf(github: FakeGitHub, commit: string): string | null {
  return github.statuses(commit, 'lockstep/thermostat').at(-1)?.state ?? null;
}

/** No status is written again that the newest one says already. */
function expectNoTwin(github: FakeGitHub, commit: string): void {
  const said = github
    .statuses(commit, 'lockstep/thermostat')
    .map(({ state, description }) => `${state} ${description ?? ''}`);
  expect(said).not.toEqual([]);
  expect(said.filter((text, at) => text === said[at - 1])).toEqual([]);
}

/** As far as it is looked at. */
interface Answer {
  readonly items?: readonly { readonly message: string }[];
  readonly forge?: { readonly failure: unknown; readonly lookedAt: string | null };
}

interface Killed {
  readonly github: FakeGitHub;
  /** Starts the program on the state there is. */
  readonly run: () => Promise<RunningCli>;
  /** Kills it when the forge has carried the next such request out, and the condition holds. */
  readonly killAfter: (what: string, pattern: string, condition?: () => boolean) => Promise<void>;
  /** Starts it for that. */
  readonly runUntilKilled: Killed['killAfter'];
  readonly until: (what: string, condition: () => boolean) => Promise<void>;
  /** Asks the program until its answer is like this. */
  readonly untilApi: (
    what: string,
    path: string,
    condition: (answer: Answer) => boolean,
  ) => Promise<Answer>;
  /** Keeps a device from taking what it is offered. */
  readonly hold: (id: string) => void;
  readonly release: (id: string) => void;
  /** Devices fail with whatever they are offered from now on, the bench apart. */
  readonly breakDevices: () => void;
  readonly close: () => Promise<void>;
}

async function startKilled(files: Files, devices: readonly string[]): Promise<Killed> {
  const folder = makeFolder();
  const github = await startFakeGitHub({ files });
  writeFileSync(
    join(folder.path, 'run.yaml'),
    [
      `source: ${github.gitUrl}#main`,
      `state: sqlite:${join(folder.path, 'state.db')}`,
      'listen: 127.0.0.1:0',
      'interval: 2s',
      'adopt: true',
      `forge: { github: { apiUrl: "${github.apiUrl}", app: { id: ${github.app.id} } } }`,
    ].join('\n'),
  );
  const held = new Set<string>();
  let areBroken = false;
  let address = '';
  const ending = new AbortController();
  let program: RunningCli | null = null;
  let hands: ReturnType<typeof createDeviceHands> | null = null;

  const live = async (id: string): Promise<void> => {
    let isKnown = false;
    while (!ending.signal.aborted) {
      const device = hands?.device('thermostat', id);
      try {
        if (device !== undefined && !isKnown) {
          await device.introduce(41);
          isKnown = true;
        } else if (device !== undefined && !held.has(id)) {
          const { link } = await device.poll();
          if (areBroken && id !== 'bench-1' && link?.kind === 'deployment') {
            await device.feedback(link.id, 'closed', 'failure', 'no flash');
          } else await device.update();
        }
      } catch {
        // The program is away for a moment.
      }
      await pause(50);
    }
  };
  const lives = devices.map(live);

  const complain = (what: string): never => {
    throw new Error(`waited in vain until ${what}\n${program?.stderr() ?? ''}`);
  };

  const told: Killed = {
    github,
    async run() {
      github.webhook = null;
      program = startCli(['run', '--config', 'run.yaml'], {
        cwd: folder.path,
        env: {
          LOCKSTEP_GATEWAY_TOKEN: DEVICE_TOKEN,
          LOCKSTEP_WEBHOOK_SECRET: SECRET,
          LOCKSTEP_GITHUB_PRIVATE_KEY: github.app.privateKey,
        },
      });
      [, address = ''] = await program.until(/^lockstep ready at (\S+)/);
      github.webhook = { url: `${address}/webhooks/github`, secret: SECRET };
      await hands?.close();
      hands = createDeviceHands(address);
      return program;
    },
    async killAfter(what, pattern, condition = () => true) {
      const killed = Promise.withResolvers<string | null>();
      const arm = (): void =>
        github.callAfter(pattern, async () => {
          if (!condition()) {
            arm();
            return;
          }
          program?.child.kill('SIGKILL');
          const ended = await program?.ended;
          killed.resolve(ended?.signal ?? null);
        });
      arm();
      const late = pause(PATIENCE_MS, 'nothing', BACKGROUND);
      if ((await Promise.race([killed.promise, late])) !== 'SIGKILL') complain(what);
    },
    async runUntilKilled(...given) {
      const killed = told.killAfter(...given);
      // It may be killed before it says that it is ready.
      await Promise.all([killed, told.run().catch(() => undefined)]);
    },
    async untilApi(what, path, condition) {
      const deadline = performance.now() + PATIENCE_MS;
      for (;;) {
        const answer = (await (await fetch(`${address}${path}`)).json()) as Answer;
        if (condition(answer)) return answer;
        if (performance.now() > deadline) complain(`${what}: ${JSON.stringify(answer)}`);
        await pause(50);
      }
    },
    async until(what, condition) {
      await github.waitFor(condition, PATIENCE_MS).catch(() => complain(what));
    },
    hold: (id) => void held.add(id),
    release: (id) => void held.delete(id),
    breakDevices() {
      areBroken = true;
    },
    async close() {
      ending.abort();
      await Promise.all(lives);
      program?.child.kill('SIGKILL');
      await program?.ended;
      await hands?.close();
      await github.close();
      folder.remove();
    },
  };
  return told;
}

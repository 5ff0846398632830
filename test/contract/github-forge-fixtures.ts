// What the tests of GitHub as a forge share: the fake with a forge on it, and contents to write.

import { afterAll, beforeAll } from 'vitest';
import type { Failure } from '../../controller/base/failure.ts';
import type { Result } from '../../controller/base/result.ts';
import type { BranchChange, CheckContent, Forge } from '../../controller/forges/forge.ts';
import type { GithubAuth } from '../../controller/forges/forge-settings.ts';
import { type ForgeOptions, openForge } from '../../controller/forges/open-forge.ts';
import type {
  FakeGitHub,
  FakeGitHubOptions,
  PullRequestRecord,
} from '../fakes/github/fake-github.ts';
import { startFakeGitHub } from '../fakes/github/github-server.ts';

export const SECRET = 'a secret of the webhook';

export interface Stage {
  readonly github: FakeGitHub;
  /** By the app. A new one stands for a program that was started again. */
  readonly start: (auth?: GithubAuth, options?: Partial<ForgeOptions>) => Forge;
  /** Milliseconds by which the forge's clocks are ahead of the machine's. */
  ahead: number;
}

/** One fake for the tests of a block. */
export function setStage(options: FakeGitHubOptions = {}): () => Stage {
  let stage: Stage | null = null;
  beforeAll(async () => {
    stage = stageOf(await startFakeGitHub(options));
  });
  afterAll(async () => stage?.github.close());
  return () => {
    if (stage === null) throw new Error('The stage is not set yet.');
    return stage;
  };
}

function stageOf(github: FakeGitHub): Stage {
  const stage: Stage = {
    github,
    ahead: 0,
    start: (auth = appAuth(github, github.app.installationId), more = {}) =>
      openForge(
        {
          kind: 'github',
          repository: 'acme/fleet',
          apiUrl: github.apiUrl,
          webUrl: null,
          auth,
          webhookSecret: SECRET,
        },
        {
          clock: {
            now: () => Date.now() + stage.ahead,
            monotonicMs: () => performance.now() + stage.ahead,
          },
          pacing: 'none',
          ...more,
        },
      ),
  };
  return stage;
}

export function appAuth(github: FakeGitHub, installationId: number | null = null): GithubAuth {
  const { id, privateKey } = github.app;
  return { kind: 'app', appId: String(id), privateKey, installationId };
}

export function tokenAuth(token: string): GithubAuth {
  return { kind: 'token', token };
}

export function valueOf<T>(result: Result<T, Failure>): T {
  if (!result.ok) throw new Error(`${result.error.code}: ${result.error.message}`);
  return result.value;
}

export function failureOf(result: Result<unknown, Failure>): Failure {
  if (result.ok) throw new Error('It went well.');
  return result.error;
}

let pullRequests = 0;

/** A pull request of a person's, from a branch of its own. */
export async function newPullRequest(
  { github }: Stage,
  more: Partial<Parameters<FakeGitHub['openPullRequest']>[0]> = {},
) {
  pullRequests += 1;
  const branch = more.branch ?? `change-${pullRequests}`;
  const files = { [`${branch.replaceAll('/', '-')}.yaml`]: `n: ${pullRequests}\n` };
  return github.openPullRequest({ title: `Change ${pullRequests}`, files, ...more, branch });
}

/** One more pull request to write on: a copy of the first, which saves git the work. */
export async function anyPullRequest(stage: Stage): Promise<PullRequestRecord> {
  const records = stage.github.pullRequests() as PullRequestRecord[];
  const first = records[0] ?? (await newPullRequest(stage));
  const copy = { ...first, number: records.length + 1 };
  records.push(copy);
  return copy;
}

/** A commit that nobody has said anything about. */
export async function newCommit({ github }: Stage): Promise<string> {
  pullRequests += 1;
  return github.push('commits', { 'n.txt': `${pullRequests}\n` });
}

export function checkOf(commit: string, more: Partial<CheckContent> = {}): CheckContent {
  return {
    name: 'lockstep/plan',
    commit,
    key: 'k1',
    state: 'success',
    title: 'One release',
    summary: 'Everything is fine.',
    text: null,
    annotations: [],
    ...more,
  };
}

/** Changes a text, adds a binary, deletes a file that `setStage` must have put there. */
export function changeOf({ github }: Stage, more: Partial<BranchChange> = {}): BranchChange {
  return {
    branch: 'lockstep/revert-43',
    base: 'main',
    baseCommit: github.branch('main') ?? '',
    title: 'Go back to 42',
    body: 'Because 43 fails.',
    files: {
      'release.yaml': 'version: 42\n',
      'firmware/43.bin': new Uint8Array([0, 255, 128, 10]),
      'old.yaml': null,
    },
    ...more,
  };
}

// What follows when branches have moved, whoever moved them: the webhooks of the push, and what becomes of the pull
// requests from and into them.

import type { SignedBy } from './bare-repo.ts';
import { repositoryDocument, repositoryUrl, actorDocument } from './documents.ts';
import type { Actor } from './identity.ts';
import { identityOf } from './identity.ts';
import { closePullRequest, markMerged, moveHead, refreshTestMerge } from './pull-requests.ts';
import type { WebhookPayloads } from './webhooks.ts';
import type { World } from './world.ts';
import { isOwnBranch, isoTime } from './world.ts';

const NOWHERE = '0'.repeat(40);

interface Move {
  readonly branch: string;
  readonly before: string | null;
  readonly after: string | null;
}

/** Compares the branches with how they were, and lets follow what follows. */
export async function noticeBranches(world: World, actor: Actor): Promise<void> {
  const before = world.branches;
  const after = readBranches(world);
  world.branches = after;
  const moves = [...new Set([...before.keys(), ...after.keys()])]
    .map((branch): Move => ({
      branch,
      before: before.get(branch) ?? null,
      after: after.get(branch) ?? null,
    }))
    .filter((move) => move.before !== move.after);
  if (moves.length > 0) world.repository.pushedAt = world.now();
  for (const move of moves) {
    await world.emit('push', () => pushPayload(world, move, actor));
    await followMove(world, move, actor);
  }
}

export function readBranches(world: Pick<World, 'git'>): ReadonlyMap<string, string> {
  return new Map(
    [...world.git.refs('refs/heads')].map(([name, sha]) => [name.slice('refs/heads/'.length), sha]),
  );
}

async function followMove(world: World, { branch, after }: Move, actor: Actor): Promise<void> {
  for (const pullRequest of world.pullRequests) {
    if (pullRequest.state === 'closed') continue;
    const isHead = isOwnBranch(world, pullRequest) && pullRequest.head.branch === branch;
    const isBase = pullRequest.base.branch === branch;
    if (!isHead && !isBase) continue;
    if (after === null) {
      await closePullRequest(world, pullRequest, actor);
    } else if (isHead) {
      await moveHead(world, pullRequest, after, actor);
    } else if (await world.git.isAncestor(pullRequest.head.sha, after)) {
      // It came in by a push: a person merged it on their own machine.
      await markMerged(world, pullRequest, { sha: after, by: actor, commits: [] });
    } else {
      await refreshTestMerge(world, pullRequest);
    }
  }
}

async function pushPayload(
  world: World,
  { branch, before, after }: Move,
  actor: Actor,
): Promise<WebhookPayloads['push']> {
  const { git, repository } = world;
  const commits = after === null ? [] : await listCommits(world, before, after);
  const isForced =
    before !== null && after !== null ? !(await git.isAncestor(before, after)) : false;
  return {
    ref: `refs/heads/${branch}`,
    before: before ?? NOWHERE,
    after: after ?? NOWHERE,
    base_ref: null,
    created: before === null,
    deleted: after === null,
    forced: isForced,
    compare: `${repositoryUrl(world)}/compare/${before ?? NOWHERE}...${after ?? NOWHERE}`,
    commits,
    head_commit: commits.at(-1) ?? null,
    pusher: identityOf(actor),
    repository: { ...repositoryDocument(world), master_branch: repository.defaultBranch },
    sender: actorDocument(world, actor),
    installation: { id: world.installation.id, node_id: '' },
  };
}

/** Oldest first. */
async function listCommits(
  world: World,
  before: string | null,
  after: string,
): Promise<WebhookPayloads['push']['commits']> {
  const { git, repository } = world;
  const main = git.ref(`refs/heads/${repository.defaultBranch}`);
  const old = before ?? (main === after ? null : main);
  const options = ['--reverse', '--topo-order', '--no-renames', '--name-status', '--format=%x00%H'];
  const range = old === null ? [after] : [after, `^${old}`];
  const out = await git.text(['-c', 'core.quotePath=false', 'log', ...options, ...range]);
  const signed = ({ name, email }: SignedBy) => ({ name, email });
  const commits: WebhookPayloads['push']['commits'] = [];
  for (const entry of out.split('\0').slice(1)) {
    const [sha = '', , ...lines] = entry.split('\n');
    const commit = await git.commit(sha);
    const pathsWith = (status: string) =>
      lines.filter((line) => line.startsWith(`${status}\t`)).map((line) => line.slice(2));
    commits.push({
      id: sha,
      tree_id: commit.tree,
      distinct: true,
      message: commit.message,
      timestamp: isoTime(commit.committer.date * 1000),
      url: `${repositoryUrl(world)}/commit/${sha}`,
      author: signed(commit.author),
      committer: signed(commit.committer),
      added: pathsWith('A'),
      removed: pathsWith('D'),
      modified: pathsWith('M'),
    });
  }
  return commits;
}

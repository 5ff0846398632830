// The life of a pull request: opened, its head moved, merged by one of the three methods, closed, opened again. Its
// commits are in git as GitHub has them: `refs/pull/N/head`, and the test merge in `refs/pull/N/merge`.

import { invalid, invalidField } from './api-error.ts';
import { actorDocument, repositoryDocument } from './documents.ts';
import type { Actor } from './identity.ts';
import { GITHUB_IDENTITY, identityOf } from './identity.ts';
import { pullRequestDocument } from './pull-documents.ts';
import type { WebhookPayloads } from './webhooks.ts';
import type { PullRequestRecord, World } from './world.ts';
import { isOwnBranch } from './world.ts';

export interface NewPullRequest {
  readonly title: string;
  readonly body: string | null;
  readonly base: string;
  readonly head: PullRequestRecord['head'];
  readonly author: Actor;
}

export type MergeMethod = 'merge' | 'squash' | 'rebase';

/** Throws what GitHub answers where it can't be opened. */
export async function openPullRequest(
  world: World,
  { title, body, base, head, author }: NewPullRequest,
): Promise<PullRequestRecord> {
  const baseSha = world.git.ref(`refs/heads/${base}`);
  if (baseSha === null) throw invalidField('PullRequest', 'base', 'invalid');
  refuseTwin(world, head, base);
  if ((await world.git.commitsBetween(baseSha, head.sha)).length === 0) {
    throw invalid('PullRequest', `No commits between ${base} and ${head.branch}`);
  }
  const at = world.now();
  const pullRequest: PullRequestRecord = {
    id: world.nextId(),
    number: world.pullRequests.length + 1,
    author,
    createdAt: at,
    head,
    base: { branch: base, sha: baseSha },
    title,
    body,
    state: 'open',
    updatedAt: at,
    closedAt: null,
    testMerge: null,
    merged: null,
  };
  world.pullRequests.push(pullRequest);
  await world.git.setRefs({ [headRef(pullRequest)]: head.sha });
  await refreshTestMerge(world, pullRequest);
  await tell(world, pullRequest, author, { action: 'opened' });
  return pullRequest;
}

/** Refuses a second open pull request from the same branch into the same. */
export function refuseTwin(
  world: World,
  head: Pick<PullRequestRecord['head'], 'owner' | 'branch'>,
  base: string,
): void {
  const twin = world.pullRequests.find(
    (other) =>
      other.state === 'open' &&
      other.head.owner === head.owner &&
      other.head.branch === head.branch &&
      other.base.branch === base,
  );
  if (twin === undefined) return;
  const message = `A pull request already exists for ${head.owner}:${head.branch}.`;
  throw invalid('PullRequest', message);
}

export async function moveHead(
  world: World,
  pullRequest: PullRequestRecord,
  sha: string,
  actor: Actor,
): Promise<void> {
  const before = pullRequest.head.sha;
  pullRequest.head.sha = sha;
  pullRequest.base = {
    branch: pullRequest.base.branch,
    sha: world.git.ref(`refs/heads/${pullRequest.base.branch}`) ?? pullRequest.base.sha,
  };
  touch(world, pullRequest);
  await world.git.setRefs({ [headRef(pullRequest)]: sha });
  await refreshTestMerge(world, pullRequest);
  await tell(world, pullRequest, actor, { action: 'synchronize', before, after: sha });
}

export async function closePullRequest(
  world: World,
  pullRequest: PullRequestRecord,
  actor: Actor,
): Promise<void> {
  if (pullRequest.state === 'closed') return;
  await end(world, pullRequest);
  await tell(world, pullRequest, actor, { action: 'closed' });
}

/** Throws what GitHub answers where its branch is gone, or another one is open. */
export async function reopenPullRequest(
  world: World,
  pullRequest: PullRequestRecord,
  actor: Actor,
): Promise<void> {
  const { head, base, merged } = pullRequest;
  if (pullRequest.state === 'open') return;
  const now = isOwnBranch(world, pullRequest)
    ? world.git.ref(`refs/heads/${head.branch}`)
    : head.repository && head.sha;
  if (merged !== null || now === null) throw invalidField('PullRequest', 'state', 'invalid');
  refuseTwin(world, head, base.branch);
  pullRequest.state = 'open';
  pullRequest.closedAt = null;
  head.sha = now;
  touch(world, pullRequest);
  await world.git.setRefs({ [headRef(pullRequest)]: now });
  await refreshTestMerge(world, pullRequest);
  await tell(world, pullRequest, actor, { action: 'reopened' });
}

export async function editPullRequest(
  world: World,
  pullRequest: PullRequestRecord,
  edit: { readonly title?: string; readonly body?: string; readonly base?: string },
  actor: Actor,
): Promise<void> {
  const { title, body, base } = pullRequest;
  const isNewBase = edit.base !== undefined && edit.base !== base.branch;
  const baseSha = world.git.ref(`refs/heads/${edit.base ?? base.branch}`);
  if (isNewBase && baseSha === null) throw invalidField('PullRequest', 'base', 'invalid');
  pullRequest.title = edit.title ?? title;
  pullRequest.body = edit.body ?? body;
  if (isNewBase) pullRequest.base = { branch: edit.base, sha: baseSha ?? base.sha };
  touch(world, pullRequest);
  if (isNewBase) await refreshTestMerge(world, pullRequest);
  const changes = {
    ...(pullRequest.title === title ? {} : { title: { from: title } }),
    ...(pullRequest.body === body ? {} : { body: { from: body ?? '' } }),
    ...(isNewBase ? { base: { ref: { from: base.branch }, sha: { from: base.sha } } } : {}),
  };
  if (Object.keys(changes).length === 0) return;
  await tell(world, pullRequest, actor, { action: 'edited', changes });
}

/** Moves the base branch; null: it is in conflict. The caller looks at the branches afterwards. */
export async function mergePullRequest(
  world: World,
  pullRequest: PullRequestRecord,
  method: MergeMethod,
  actor: Actor,
  text: { readonly title?: string; readonly message?: string } = {},
): Promise<string | null> {
  const { git } = world;
  const { base, head, number } = pullRequest;
  const baseRef = `refs/heads/${base.branch}`;
  const tip = git.ref(baseRef) ?? base.sha;
  const tree = await git.mergeTree(tip, head.sha);
  if (tree === null) return null;
  const commits = await git.commitsBetween(tip, head.sha);
  const date = Math.floor(world.now() / 1000);
  const author = { ...identityOf(actor), date };
  const committer = { ...GITHUB_IDENTITY, date };
  const commitWith = (parents: readonly string[], title: string, more: string) => {
    const message = more === '' ? title : `${title}\n\n${more}`;
    return git.createCommit({ tree, parents, author, committer, message });
  };
  let sha: string | null;
  if (method === 'merge') {
    const title = text.title ?? `Merge pull request #${number} from ${head.owner}/${head.branch}`;
    sha = await commitWith([tip, head.sha], title, text.message ?? pullRequest.title);
  } else if (method === 'squash') {
    const title = text.title ?? `${pullRequest.title} (#${number})`;
    sha = await commitWith([tip], title, text.message ?? '');
  } else {
    sha = await replayCommits(world, tip, commits.toReversed());
  }
  if (sha === null) return null;
  if (method !== 'rebase') world.signedCommits.add(sha);
  const brought = method === 'merge' ? commits : await git.commitsBetween(tip, sha);
  await git.setRefs({ [baseRef]: sha });
  await markMerged(world, pullRequest, { sha, by: actor, commits: [...brought, ...commits] });
  return sha;
}

/** Commits the same changes again, one after another, on another base; null where one is in conflict. */
async function replayCommits(
  world: World,
  onto: string,
  commits: readonly string[],
): Promise<string | null> {
  const { git } = world;
  const committer = { ...GITHUB_IDENTITY, date: Math.floor(world.now() / 1000) };
  let tip = onto;
  for (const sha of commits) {
    const commit = await git.commit(sha);
    const [parent, ...others] = commit.parents;
    if (others.length > 0) continue;
    // A merge takes its base from history, so the new tip is made to look like a child of the old parent.
    const { tree: tipTree } = await git.commit(tip);
    const stand = await git.createCommit({
      tree: tipTree,
      parents: parent === undefined ? [] : [parent],
      message: 'stand-in',
      author: committer,
      committer,
    });
    const tree = await git.mergeTree(stand, sha);
    if (tree === null) return null;
    const { author, message } = commit;
    tip = await git.createCommit({ tree, parents: [tip], message, author, committer });
  }
  return tip;
}

export async function markMerged(
  world: World,
  pullRequest: PullRequestRecord,
  merged: Omit<NonNullable<PullRequestRecord['merged']>, 'at'>,
): Promise<void> {
  pullRequest.merged = { ...merged, at: world.now() };
  await end(world, pullRequest);
  await tell(world, pullRequest, merged.by, { action: 'closed' });
}

/**
 * Merges the head into the base as it is now, for people to try. Where they are in conflict, the old test merge stays
 * behind, as it does on GitHub: it tells of a base or a head that is no more.
 */
export async function refreshTestMerge(
  world: World,
  pullRequest: PullRequestRecord,
): Promise<void> {
  const { git } = world;
  const { head, base, number } = pullRequest;
  const tip = git.ref(`refs/heads/${base.branch}`) ?? base.sha;
  const tree = await git.mergeTree(tip, head.sha);
  if (tree === null) {
    pullRequest.testMerge = 'conflict';
    return;
  }
  const by = { ...GITHUB_IDENTITY, date: Math.floor(world.now() / 1000) };
  const message = `Merge ${head.sha} into ${tip}`;
  const parents = [tip, head.sha];
  const sha = await git.createCommit({ tree, parents, message, author: by, committer: by });
  await git.setRefs({ [`refs/pull/${number}/merge`]: sha });
  pullRequest.testMerge = { sha };
}

async function end(world: World, pullRequest: PullRequestRecord): Promise<void> {
  pullRequest.state = 'closed';
  pullRequest.closedAt = world.now();
  pullRequest.testMerge = null;
  touch(world, pullRequest);
  const mergeRef = `refs/pull/${pullRequest.number}/merge`;
  if (world.git.ref(mergeRef) !== null) await world.git.setRefs({ [mergeRef]: null });
}

function headRef({ number }: PullRequestRecord): string {
  return `refs/pull/${number}/head`;
}

function touch(world: World, pullRequest: PullRequestRecord): void {
  pullRequest.updatedAt = world.now();
}

type PullRequestEvent = WebhookPayloads['pull_request'];

/** What an event says besides the pull request itself. */
type Telling =
  | { readonly action: 'opened' | 'closed' | 'reopened' }
  | { readonly action: 'synchronize'; readonly before: string; readonly after: string }
  | {
      readonly action: 'edited';
      readonly changes: Extract<PullRequestEvent, { action: 'edited' }>['changes'];
    };

async function tell(
  world: World,
  pullRequest: PullRequestRecord,
  actor: Actor,
  telling: Telling,
): Promise<void> {
  await world.emit('pull_request', async (): Promise<PullRequestEvent> => ({
    ...telling,
    number: pullRequest.number,
    pull_request: await pullRequestDocument(world, pullRequest, 'not yet'),
    repository: repositoryDocument(world),
    sender: actorDocument(world, actor),
    installation: { id: world.installation.id, node_id: '' },
  }));
}

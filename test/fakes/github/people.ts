// What people do on the fake GitHub, as functions: push, open pull requests, merge, comment, ask for a check again. Each
// is done when its promise resolves; the webhooks of it are then under way.

import { noticeBranches } from './branches.ts';
import { addComment } from './comments.ts';
import { checkDocument } from './checks.ts';
import { actorDocument, appDocument, repositoryDocument, userId } from './documents.ts';
import type { Files } from './files.ts';
import { commitFiles } from './files.ts';
import type { Identity } from './identity.ts';
import { identityOf, person } from './identity.ts';
import type { MergeMethod } from './pull-requests.ts';
import {
  closePullRequest,
  editPullRequest,
  mergePullRequest,
  moveHead,
  openPullRequest,
  reopenPullRequest,
} from './pull-requests.ts';
import type { WebhookPayloads } from './webhooks.ts';
import type { CheckRecord, CommentRecord, PullRequestRecord, World } from './world.ts';
import { isOwnBranch } from './world.ts';

export interface PushOptions {
  readonly message?: string;
  /** Of the commit; default: whoever pushes. */
  readonly author?: Identity;
  /** Who pushes; default `rosa`. */
  readonly login?: string;
  /**
   * The commit or branch that the new commit stands on. Default: the branch itself, or the default branch where it is
   * new; for `forcePush` the commit before the branch's.
   */
  readonly from?: string;
}

export interface NewPeoplesPullRequest {
  readonly branch: string;
  readonly title: string;
  readonly body?: string;
  /** Default: the default branch. */
  readonly base?: string;
  readonly login?: string;
  /** Pushed to the branch first. */
  readonly files?: Files;
  /** From a fork: its commits are in `refs/pull/N/head` alone; `isDeleted`: and its repository is gone. */
  readonly fork?: { readonly owner: string; readonly isDeleted?: boolean };
}

export interface People {
  /** Commits files to a branch, which is created where there is none; the commit's id. */
  push(branch: string, files: Files, options?: PushOptions): Promise<string>;
  /** Replaces the last commit of the branch, or all since `from`. */
  forcePush(branch: string, files: Files, options?: PushOptions): Promise<string>;
  deleteBranch(branch: string, login?: string): Promise<void>;
  /** Moves or makes a branch without a commit. */
  setBranch(branch: string, sha: string, login?: string): Promise<void>;
  openPullRequest(pullRequest: NewPeoplesPullRequest): Promise<PullRequestRecord>;
  /** Commits files to the head of a pull request, wherever it comes from; the commit's id. */
  pushToPullRequest(number: number, files: Files, options?: PushOptions): Promise<string>;
  /** The merge commit's id. Throws where the branches are in conflict. */
  mergePullRequest(number: number, method?: MergeMethod, login?: string): Promise<string>;
  closePullRequest(number: number, login?: string): Promise<void>;
  reopenPullRequest(number: number, login?: string): Promise<void>;
  editPullRequest(
    number: number,
    edit: { readonly title?: string; readonly body?: string; readonly base?: string },
    login?: string,
  ): Promise<void>;
  comment(number: number, body: string, login?: string): Promise<CommentRecord>;
  /** Presses `Re-run` on a check. */
  rerequestCheck(id: number, login?: string): Promise<void>;
  /** Sends the webhook that GitHub sends when one is set up. */
  ping(): Promise<void>;
  /** To be called after git has moved branches in `repoDir` by other ways than the fake's own. */
  noticeBranches(login?: string): Promise<void>;
}

const SOMEONE = 'rosa';

/** Functions that assume that nothing else writes meanwhile. */
export function createPeople(world: World, hookId: number): People {
  const { git, repository } = world;

  const find = (number: number): PullRequestRecord => {
    const found = world.pullRequests.find((pullRequest) => pullRequest.number === number);
    if (found === undefined) throw new Error(`There is no pull request #${number}.`);
    return found;
  };

  const resolve = (name: string): string | null =>
    git.ref(`refs/heads/${name}`) ?? (/^[0-9a-f]{40}$/.test(name) ? name : null);

  const commit = (ref: string, parent: string | null, files: Files, options: PushOptions) => {
    const { login = SOMEONE, message = `Change ${Object.keys(files).join(', ')}` } = options;
    const identity = options.author ?? identityOf(person(login));
    const author = { ...identity, date: Math.floor(world.now() / 1000) };
    return commitFiles(git, { ref, parent, files, message, author });
  };

  const push = async (branch: string, files: Files, options: PushOptions = {}) => {
    const from = options.from ?? (resolve(branch) === null ? repository.defaultBranch : branch);
    const sha = await commit(`refs/heads/${branch}`, resolve(from), files, options);
    await noticeBranches(world, person(options.login ?? SOMEONE));
    return sha;
  };

  const headOfFork = async (
    { branch, files, base, login }: NewPeoplesPullRequest,
    fork: NonNullable<NewPeoplesPullRequest['fork']>,
  ): Promise<PullRequestRecord['head']> => {
    const ref = `refs/pull/${world.pullRequests.length + 1}/head`;
    const parent = resolve(base ?? repository.defaultBranch);
    const sha = await commit(ref, parent, files ?? {}, { login: login ?? fork.owner });
    const named = { id: userId(fork.owner), owner: fork.owner, name: repository.name };
    return { repository: fork.isDeleted === true ? null : named, owner: fork.owner, branch, sha };
  };

  return {
    push,
    async forcePush(branch, files, options = {}) {
      const tip = resolve(branch);
      if (tip === null) throw new Error(`There is no branch ${branch}.`);
      const [parent = null] = (await git.commit(tip)).parents;
      const from = options.from ?? parent;
      const sha = await commit(
        `refs/heads/${branch}`,
        from === null ? null : resolve(from),
        files,
        options,
      );
      await noticeBranches(world, person(options.login ?? SOMEONE));
      return sha;
    },
    async deleteBranch(branch, login = SOMEONE) {
      await git.setRefs({ [`refs/heads/${branch}`]: null });
      await noticeBranches(world, person(login));
    },
    async setBranch(branch, sha, login = SOMEONE) {
      await git.setRefs({ [`refs/heads/${branch}`]: sha });
      await noticeBranches(world, person(login));
    },
    async openPullRequest(given) {
      const { branch, title, body = null, base = repository.defaultBranch, fork, files } = given;
      if (fork === undefined && files !== undefined) {
        await push(branch, files, { message: title, login: given.login ?? SOMEONE });
      }
      const own = {
        repository,
        owner: repository.owner,
        branch,
        sha: resolve(branch) ?? '',
      };
      return openPullRequest(world, {
        title,
        body,
        base,
        head: fork === undefined ? own : await headOfFork(given, fork),
        author: person(given.login ?? fork?.owner ?? SOMEONE),
      });
    },
    async pushToPullRequest(number, files, options = {}) {
      const pullRequest = find(number);
      if (isOwnBranch(world, pullRequest)) return push(pullRequest.head.branch, files, options);
      const login = options.login ?? pullRequest.head.owner;
      const parent = options.from ?? pullRequest.head.sha;
      const sha = await commit(`refs/pull/${number}/head`, parent, files, { ...options, login });
      await moveHead(world, pullRequest, sha, person(login));
      return sha;
    },
    async mergePullRequest(number, method = 'merge', login = SOMEONE) {
      const sha = await mergePullRequest(world, find(number), method, person(login));
      if (sha === null) throw new Error(`Pull request #${number} is in conflict.`);
      await noticeBranches(world, person(login));
      return sha;
    },
    closePullRequest: (number, login = SOMEONE) =>
      closePullRequest(world, find(number), person(login)),
    reopenPullRequest: (number, login = SOMEONE) =>
      reopenPullRequest(world, find(number), person(login)),
    editPullRequest: (number, edit, login = SOMEONE) =>
      editPullRequest(world, find(number), edit, person(login)),
    comment: (number, body, login = SOMEONE) =>
      Promise.resolve(addComment(world, find(number).number, body, person(login))),
    async rerequestCheck(id, login = SOMEONE) {
      const check = world.checks.find((check) => check.id === id);
      if (check === undefined) throw new Error(`There is no check ${id}.`);
      await world.emit('check_run', () => rerequestPayload(world, check, login));
    },
    ping: () =>
      world.emit('ping', () => ({
        zen: 'Keep it logically awesome.',
        hook_id: hookId,
        repository: repositoryDocument(world),
        sender: actorDocument(world, person(SOMEONE)),
      })),
    noticeBranches: (login = SOMEONE) => noticeBranches(world, person(login)),
  };
}

function rerequestPayload(
  world: World,
  check: CheckRecord,
  login: string,
): WebhookPayloads['check_run'] {
  const { status, detailsUrl, externalId, sha, suiteId } = check;
  const document = checkDocument(world, check);
  // GitHub shows a check that is asked for again as it was; webhooks know fewer states than the API.
  const shown: WebhookPayloads['check_run']['check_run']['status'] =
    status === 'completed' || status === 'in_progress' || status === 'pending' ? status : 'queued';
  return {
    action: 'rerequested',
    check_run: {
      ...document,
      status: shown,
      details_url: detailsUrl ?? '',
      external_id: externalId,
      app: appDocument(world, check.app),
      check_suite: { id: suiteId, head_sha: sha },
    },
    repository: repositoryDocument(world),
    sender: actorDocument(world, person(login)),
    installation: { id: world.installation.id, node_id: '' },
  };
}

// How users, apps, repositories and commits look in answers and webhooks. Every document is held against octokit's types
// where it is used, so a field that they ask for can't be forgotten.

import { createHash } from 'node:crypto';

import type { CommitObject, SignedBy } from './bare-repo.ts';
import type { Actor, AppRecord } from './identity.ts';
import type { Schema } from './routes.ts';
import type { PullRequestRecord, World } from './world.ts';
import { isoTime } from './world.ts';

export function apiUrlOf(world: World): string {
  return `${world.origin}/api/v3`;
}

export function repositoryApiUrl(world: World, owner?: string, name?: string): string {
  const { repository } = world;
  return `${apiUrlOf(world)}/repos/${owner ?? repository.owner}/${name ?? repository.name}`;
}

export function repositoryUrl(world: World): string {
  return `${world.origin}/${world.repository.owner}/${world.repository.name}`;
}

export function nodeId(kind: string, id: number | string): string {
  return `${kind}_${Buffer.from(String(id)).toString('base64url')}`;
}

/** The same login has the same id. */
export function userId(login: string): number {
  return Number.parseInt(createHash('sha1').update(login).digest('hex').slice(0, 6), 16) + 1;
}

export function userDocument(world: World, login: string, type?: 'Organization') {
  const id = userId(login);
  const url = `${apiUrlOf(world)}/users/${encodeURIComponent(login)}`;
  return {
    login,
    id,
    node_id: nodeId('U', id),
    avatar_url: `${world.origin}/avatars/u/${id}`,
    gravatar_id: '',
    url,
    html_url: `${world.origin}/${login}`,
    followers_url: `${url}/followers`,
    following_url: `${url}/following{/other_user}`,
    gists_url: `${url}/gists{/gist_id}`,
    starred_url: `${url}/starred{/owner}{/repo}`,
    subscriptions_url: `${url}/subscriptions`,
    organizations_url: `${url}/orgs`,
    repos_url: `${url}/repos`,
    events_url: `${url}/events{/privacy}`,
    received_events_url: `${url}/received_events`,
    type: type ?? (login.endsWith('[bot]') ? ('Bot' as const) : ('User' as const)),
    site_admin: false,
  } satisfies Schema<'simple-user'>;
}

export function actorDocument(world: World, actor: Actor) {
  return userDocument(world, actor.login);
}

export function appDocument(world: World, app: AppRecord) {
  return {
    id: app.id,
    slug: app.slug,
    node_id: nodeId('A', app.id),
    client_id: app.clientId,
    owner: userDocument(world, world.repository.owner, 'Organization'),
    name: app.name,
    description: null,
    external_url: 'https://example.com',
    html_url: `${world.origin}/apps/${app.slug}`,
    created_at: isoTime(world.repository.createdAt),
    updated_at: isoTime(world.repository.createdAt),
    permissions: { ...world.installation.permissions },
    events: ['check_run', 'pull_request', 'push'],
  } satisfies Schema<'integration'>;
}

export function installationDocument(world: World) {
  const { app, installation, repository } = world;
  return {
    id: installation.id,
    account: userDocument(world, repository.owner, 'Organization'),
    repository_selection: 'selected' as const,
    access_tokens_url: `${apiUrlOf(world)}/app/installations/${installation.id}/access_tokens`,
    repositories_url: `${apiUrlOf(world)}/installation/repositories`,
    html_url: `${world.origin}/organizations/${repository.owner}/settings/installations/${installation.id}`,
    app_id: app.id,
    client_id: app.clientId,
    target_id: userId(repository.owner),
    target_type: 'Organization',
    permissions: installation.permissions,
    events: ['check_run', 'pull_request', 'push'],
    created_at: isoTime(repository.createdAt),
    updated_at: isoTime(repository.createdAt),
    single_file_name: null,
    has_multiple_single_files: false,
    single_file_paths: [],
    app_slug: app.slug,
    suspended_by: null,
    suspended_at: null,
  } satisfies Schema<'installation'>;
}

export interface RepositoryName {
  readonly id: number;
  readonly owner: string;
  readonly name: string;
}

/** The repository itself, or a fork of it by its name. */
export function repositoryDocument(world: World, named?: RepositoryName) {
  const { isPrivate, defaultBranch, createdAt, pushedAt } = world.repository;
  const { id, owner, name } = named ?? world.repository;
  const isFork = id !== world.repository.id;
  const url = repositoryApiUrl(world, owner, name);
  const html = `${world.origin}/${owner}/${name}`;
  const host = new URL(world.origin).host;
  const openCount = world.pullRequests.filter(({ state }) => state === 'open').length;
  return {
    id,
    node_id: nodeId('R', id),
    name,
    full_name: `${owner}/${name}`,
    owner: isFork ? userDocument(world, owner) : userDocument(world, owner, 'Organization'),
    private: isPrivate,
    html_url: html,
    description: null,
    fork: isFork,
    url,
    archive_url: `${url}/{archive_format}{/ref}`,
    assignees_url: `${url}/assignees{/user}`,
    blobs_url: `${url}/git/blobs{/sha}`,
    branches_url: `${url}/branches{/branch}`,
    collaborators_url: `${url}/collaborators{/collaborator}`,
    comments_url: `${url}/comments{/number}`,
    commits_url: `${url}/commits{/sha}`,
    compare_url: `${url}/compare/{base}...{head}`,
    contents_url: `${url}/contents/{+path}`,
    contributors_url: `${url}/contributors`,
    deployments_url: `${url}/deployments`,
    downloads_url: `${url}/downloads`,
    events_url: `${url}/events`,
    forks_url: `${url}/forks`,
    git_commits_url: `${url}/git/commits{/sha}`,
    git_refs_url: `${url}/git/refs{/sha}`,
    git_tags_url: `${url}/git/tags{/sha}`,
    git_url: `git://${host}/${owner}/${name}.git`,
    issue_comment_url: `${url}/issues/comments{/number}`,
    issue_events_url: `${url}/issues/events{/number}`,
    issues_url: `${url}/issues{/number}`,
    keys_url: `${url}/keys{/key_id}`,
    labels_url: `${url}/labels{/name}`,
    languages_url: `${url}/languages`,
    merges_url: `${url}/merges`,
    milestones_url: `${url}/milestones{/number}`,
    notifications_url: `${url}/notifications{?since,all,participating}`,
    pulls_url: `${url}/pulls{/number}`,
    releases_url: `${url}/releases{/id}`,
    ssh_url: `git@${host}:${owner}/${name}.git`,
    stargazers_url: `${url}/stargazers`,
    statuses_url: `${url}/statuses/{sha}`,
    subscribers_url: `${url}/subscribers`,
    subscription_url: `${url}/subscription`,
    tags_url: `${url}/tags`,
    teams_url: `${url}/teams`,
    trees_url: `${url}/git/trees{/sha}`,
    clone_url: `${html}.git`,
    mirror_url: null,
    hooks_url: `${url}/hooks`,
    svn_url: html,
    homepage: null,
    language: null,
    forks_count: 0,
    stargazers_count: 0,
    watchers_count: 0,
    size: 0,
    default_branch: defaultBranch,
    open_issues_count: openCount,
    topics: [],
    has_issues: true,
    has_projects: false,
    has_wiki: false,
    has_pages: false,
    has_downloads: true,
    has_discussions: false,
    archived: false,
    disabled: false,
    visibility: isPrivate ? ('private' as const) : ('public' as const),
    pushed_at: isoTime(pushedAt),
    created_at: isoTime(createdAt),
    updated_at: isoTime(createdAt),
    allow_rebase_merge: true,
    allow_squash_merge: true,
    allow_merge_commit: true,
    subscribers_count: 0,
    network_count: 0,
    license: null,
    forks: 0,
    open_issues: openCount,
    watchers: 0,
  } satisfies Schema<'full-repository'> & Schema<'repository'> & Schema<'minimal-repository'>;
}

/** As checks and webhooks name pull requests. */
export function pullRequestReference(world: World, pullRequest: PullRequestRecord) {
  const { id, number, head, base } = pullRequest;
  const own = world.repository;
  const repositoryOf = ({ id, owner, name }: RepositoryName) => ({
    id,
    url: repositoryApiUrl(world, owner, name),
    name,
  });
  return {
    id,
    number,
    url: `${repositoryApiUrl(world)}/pulls/${number}`,
    head: { ref: head.branch, sha: head.sha, repo: repositoryOf(head.repository ?? own) },
    base: { ref: base.branch, sha: base.sha, repo: repositoryOf(own) },
  } satisfies Schema<'pull-request-minimal'>;
}

export function gitCommitDocument(world: World, commit: CommitObject): Schema<'git-commit'> {
  const url = repositoryApiUrl(world);
  const isSigned = world.signedCommits.has(commit.sha);
  const by = ({ name, email, date }: SignedBy) => ({ name, email, date: isoTime(date * 1000) });
  return {
    sha: commit.sha,
    node_id: nodeId('C', commit.sha),
    url: `${url}/git/commits/${commit.sha}`,
    html_url: `${repositoryUrl(world)}/commit/${commit.sha}`,
    author: by(commit.author),
    committer: by(commit.committer),
    message: commit.message,
    tree: { sha: commit.tree, url: `${url}/git/trees/${commit.tree}` },
    parents: commit.parents.map((sha) => ({
      sha,
      url: `${url}/git/commits/${sha}`,
      html_url: `${repositoryUrl(world)}/commit/${sha}`,
    })),
    verification: isSigned
      ? {
          verified: true,
          reason: 'valid',
          signature: '-----BEGIN PGP SIGNATURE-----\n\nfake\n-----END PGP SIGNATURE-----\n',
          payload: `tree ${commit.tree}\n`,
          verified_at: isoTime(commit.committer.date * 1000),
        }
      : {
          verified: false,
          reason: 'unsigned',
          signature: null,
          payload: null,
          verified_at: null,
        },
  };
}

export function performedBy(world: World, { app }: Actor) {
  return app === null ? null : appDocument(world, app);
}

// All that the fake GitHub remembers besides git: one repository with its pull requests, comments, checks and statuses.
// Records only; how they look to clients is the business of the documents.

import type { BareRepo } from './bare-repo.ts';
import type { Actor, AppRecord } from './identity.ts';
import type { Schema } from './routes.ts';
import type { Emit } from './webhooks.ts';

export interface World {
  /** `http://127.0.0.1:PORT` */
  readonly origin: string;
  readonly git: BareRepo;
  readonly repository: RepositoryRecord;
  readonly app: AppRecord;
  readonly installation: InstallationRecord;
  /** By number, ascending. */
  readonly pullRequests: PullRequestRecord[];
  readonly comments: CommentRecord[];
  readonly checks: CheckRecord[];
  readonly statuses: StatusRecord[];
  /** Commits that GitHub signed: apps make them through the API, and its own merges are among them. */
  readonly signedCommits: Set<string>;
  /** Branches with their commits, as they were when they were last looked at. */
  branches: ReadonlyMap<string, string>;
  /** Epoch milliseconds; tests can move it. */
  now(): number;
  nextId(): number;
  readonly emit: Emit;
}

export interface RepositoryRecord {
  readonly id: number;
  readonly owner: string;
  name: string;
  readonly formerNames: Set<string>;
  isPrivate: boolean;
  readonly defaultBranch: string;
  /** Epoch milliseconds, like every time here. */
  readonly createdAt: number;
  pushedAt: number;
}

export type Permissions = Schema<'app-permissions'>;

export interface InstallationRecord {
  readonly id: number;
  permissions: Permissions;
  isInstalled: boolean;
}

export interface PullRequestRecord {
  readonly id: number;
  readonly number: number;
  readonly author: Actor;
  readonly createdAt: number;
  readonly head: {
    /** Null: the repository was deleted. */
    repository: { readonly id: number; readonly owner: string; readonly name: string } | null;
    readonly owner: string;
    readonly branch: string;
    sha: string;
  };
  base: { readonly branch: string; sha: string };
  title: string;
  body: string | null;
  state: 'open' | 'closed';
  updatedAt: number;
  closedAt: number | null;
  /** The result of merging it as things stand; null while it is not known, `conflict` where it can't be. */
  testMerge: { readonly sha: string } | 'conflict' | null;
  merged: {
    readonly at: number;
    readonly by: Actor;
    readonly sha: string;
    /** All that it brought to the base branch. */
    readonly commits: readonly string[];
  } | null;
}

export interface CommentRecord {
  readonly id: number;
  readonly number: number;
  readonly author: Actor;
  readonly createdAt: number;
  body: string;
  updatedAt: number;
}

export type CheckOutput = NonNullable<Schema<'check-run'>['output']>;
export type CheckAnnotation = Schema<'check-annotation'>;

export interface CheckRecord {
  readonly id: number;
  readonly app: AppRecord;
  readonly sha: string;
  readonly suiteId: number;
  name: string;
  externalId: string;
  detailsUrl: string | null;
  status: Schema<'check-run'>['status'];
  conclusion: Schema<'check-run'>['conclusion'];
  startedAt: string;
  completedAt: string | null;
  title: string | null;
  summary: string | null;
  text: string | null;
  readonly annotations: CheckAnnotation[];
}

export interface StatusRecord {
  readonly id: number;
  readonly sha: string;
  readonly context: string;
  readonly state: 'error' | 'failure' | 'pending' | 'success';
  readonly description: string | null;
  readonly targetUrl: string | null;
  readonly creator: Actor;
  readonly createdAt: number;
}

/** As GitHub writes times. */
export function isoTime(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`;
}

/** Whether a pull request comes from a branch of the repository itself. */
export function isOwnBranch(world: World, { head }: PullRequestRecord): boolean {
  return head.repository?.id === world.repository.id;
}

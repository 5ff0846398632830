// The handle of the fake GitHub: where it is, what can be switched, what people do, and what there is to see.

import type { InstallationCaller, UserToken } from './credentials.ts';
import type { Files } from './files.ts';
import type { Mood, Moods, RequestPattern } from './moods.ts';
import type { People } from './people.ts';
import type { Delivery, WebhookOverrides, WebhookTarget } from './webhooks.ts';
import type {
  CheckRecord,
  CommentRecord,
  Permissions,
  PullRequestRecord,
  StatusRecord,
} from './world.ts';

export interface FakeGitHubOptions {
  /** Default `acme`. */
  readonly owner?: string;
  /** Default `fleet`. */
  readonly repo?: string;
  /** Default: true. */
  readonly isPrivate?: boolean;
  /** The first commit of `main`. Default: a README. */
  readonly files?: Files;
  /** Personal tokens. Default: one of `rosa`, who may write. */
  readonly tokens?: Readonly<Record<string, UserToken>>;
  /** What the app's installation may do. Default: all that Lockstep needs. */
  readonly permissions?: Permissions;
  /** Epoch milliseconds. Default: the machine's clock. */
  readonly now?: () => number;
  readonly webhook?: WebhookTarget;
}

export interface SeenRequest {
  readonly method: string;
  /** Without `/api/v3` and the query. */
  readonly path: string;
  /** With the question mark; empty without one. */
  readonly query: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: string;
  /** Of the answer; 0 while there is none, and where the connection was cut. */
  readonly status: number;
}

/** The app that Lockstep signs in as; it is installed in the repository. */
export interface FakeApp {
  readonly id: number;
  readonly slug: string;
  readonly clientId: string;
  readonly installationId: number;
  /** `lockstep[bot]` */
  readonly login: string;
  /** PKCS #8, PEM. */
  readonly privateKey: string;
  /** What the installation may do from now on; tokens that are out keep what they were given. */
  permissions: Permissions;
  /** False: the owner has uninstalled it, and its tokens have ended. */
  isInstalled: boolean;
}

export interface FakeGitHub
  extends
    People,
    Pick<Moods, 'mood' | 'retryAfterS' | 'disturb' | 'cutAfter' | 'callAfter' | 'hold'> {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** For octokit's `baseUrl`, as GitHub Enterprise has it. */
  readonly apiUrl: string;
  /** The page of the repository. */
  readonly webUrl: string;
  /** For `git clone`. */
  readonly gitUrl: string;
  readonly owner: string;
  readonly repo: string;
  /** The bare repository. */
  readonly repoDir: string;
  readonly defaultBranch: 'main';
  /** A personal token that may write: the first of the options. */
  readonly token: string;
  readonly app: FakeApp;
  isPrivate: boolean;
  /** Requests per hour and credentials. */
  rateLimit: number;
  webhook: WebhookTarget | null;
  /** Webhooks are noted as lost, and not sent. */
  loseWebhooks: boolean;

  /** Moves the clock forward. */
  advance(ms: number): void;
  /** What the clock says, in epoch milliseconds. */
  now(): number;
  /** Old paths then answer with a redirect. */
  rename(repo: string): void;
  /** The token that a workflow run has, of GitHub's own app, until an hour is over. */
  workflowToken(permissions: Permissions): string;
  /** A token of the app's installation, without the exchange. */
  installationToken(permissions?: Permissions): string;
  /** Changes what a personal token may do with the repository. */
  setAccess(token: string, access: UserToken['access']): void;
  /** Ends all tokens of installations, and this personal one. */
  revokeTokens(token?: string): void;
  /** Requests that count against these credentials' limit. */
  rateLimitUsed(token: string): number;

  readonly requests: readonly SeenRequest[];
  requestsOf(pattern: RequestPattern): readonly SeenRequest[];
  pullRequests(): readonly PullRequestRecord[];
  pullRequest(number: number): PullRequestRecord;
  comments(number: number): readonly CommentRecord[];
  /** All of a commit, also those that a newer one of the same name has taken the place of. */
  checks(sha: string): readonly CheckRecord[];
  /** The newest of the name. */
  check(sha: string, name: string): CheckRecord | null;
  /** All that were written, oldest first. */
  statuses(sha: string, context?: string): readonly StatusRecord[];
  /** Full id of a branch's commit. */
  branch(name: string): string | null;
  branches(): ReadonlyMap<string, string>;
  /** The text of a file at a commit or branch; null: there is none. */
  file(at: string, path: string): Promise<string | null>;

  readonly deliveries: readonly Delivery[];
  /** Sends a delivery again, with the same id. */
  redeliver(id: string): Promise<Delivery>;
  /** Sends anything as a webhook; resolves when it was answered or failed. */
  sendWebhook(event: string, payload: unknown, overrides?: WebhookOverrides): Promise<Delivery>;

  /** Resolves once the condition holds; it is looked at after each request, delivery and write. */
  waitFor(condition: () => boolean, timeoutMs?: number): Promise<void>;
  close(): Promise<void>;
}

export type { Delivery, Files, InstallationCaller, Mood, RequestPattern, UserToken };
export type { CheckRecord, CommentRecord, Permissions, PullRequestRecord, StatusRecord };

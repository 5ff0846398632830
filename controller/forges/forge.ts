// Where pull requests live, as an interface. A forge shows pull requests and takes what Lockstep has to say; what that
// is, is decided elsewhere. Every `put…` makes the forge show the given content and is idempotent: called again, also
// after a crash between request and answer, it finds what is there and writes nothing twice.

import type { Failure } from '../base/failure.ts';
import type { Result } from '../base/result.ts';
import type { PageTemplates } from '../model/pages.ts';
import type { PullRequest } from '../model/pull-request.ts';

/** A comment of ours on a pull request. There is one per `name`. */
export interface CommentContent {
  readonly name: string;
  /** What the body is about; a comment that carries the same key is left as it is, whatever else differs. */
  readonly key: string;
  /** Markdown, at most 64,000 characters. */
  readonly body: string;
  /** False: only a comment that is there already is changed. */
  readonly create: boolean;
}

export interface CheckAnnotation {
  /** Path from the root of the repository. */
  readonly path: string;
  readonly line: number;
  readonly level: 'notice' | 'warning' | 'failure';
  readonly title: string;
  readonly message: string;
}

/** The verdict on a commit, as a check that a branch protection can require. There is one per commit and name. */
export interface CheckContent {
  readonly name: 'lockstep/plan' | 'lockstep/gate';
  readonly commit: string;
  /** As in `CommentContent`. */
  readonly key: string;
  /** `pending` is a check that has not ended. */
  readonly state: 'success' | 'neutral' | 'pending' | 'failure';
  /** One line, at most 140 characters. */
  readonly title: string;
  /** Markdown, at most 65,000 characters. */
  readonly summary: string;
  /** Markdown, at most 65,000 characters; null: none. */
  readonly text: string | null;
  /** At most 50. */
  readonly annotations: readonly CheckAnnotation[];
}

/** Where a commit is on its way to the fleet. There is one per commit and context. */
export interface StatusContent {
  readonly commit: string;
  /** Such as `lockstep/thermostat`. */
  readonly context: string;
  readonly state: 'success' | 'pending' | 'failure' | 'error';
  /** At most 140 characters. */
  readonly description: string;
}

/** A change of files that is to become a pull request. */
export interface BranchChange {
  /** Ours alone, and the identity of the proposal: a pull request from it, also a closed one, is never opened again. */
  readonly branch: string;
  readonly base: string;
  /** Full id of the commit of `base` that the files were changed in. */
  readonly baseCommit: string;
  /** Title of the pull request and subject of the commit. */
  readonly title: string;
  /** Markdown. */
  readonly body: string;
  /** By path from the root of the repository; null deletes. */
  readonly files: Readonly<Record<string, string | Uint8Array | null>>;
}

export interface OpenedPullRequest {
  readonly pullRequest: PullRequest;
  /** False: it was there before. */
  readonly isNew: boolean;
}

/** What a webhook told. A hint only: what is so now is asked of the forge. */
export type ForgeHint =
  | { readonly kind: 'push'; readonly branch: string }
  | { readonly kind: 'pullRequest'; readonly number: number }
  /** A person asks for the checks of a commit to be run again. */
  | { readonly kind: 'recheck'; readonly commit: string }
  | { readonly kind: 'ping' }
  /** Signed and well-formed, and nothing that Lockstep listens to. */
  | { readonly kind: 'other'; readonly event: string };

/** A webhook request, as it came. */
export interface WebhookRequest {
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Uint8Array;
}

/** Why a webhook request is not taken: 401 for a signature that does not fit, 400 for what cannot be read. */
export interface WebhookRefusal {
  readonly status: 400 | 401;
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
}

export interface WebhookReading {
  /** The forge's own id of the delivery; a delivery that is sent again has the same. */
  readonly delivery: string;
  readonly hint: ForgeHint;
}

export interface Forge {
  /** For messages: `github.com/acme/fleet`. Shows no secret. */
  readonly description: string;
  /** Whether `readWebhook` has a secret to check with; without one no webhook is taken. */
  readonly takesWebhooks: boolean;
  /**
   * Looks whether the repository can be reached with the rights that are needed. Warnings are for people, such as that
   * the repository was renamed.
   */
  probe(): Promise<Result<{ readonly warnings: readonly string[] }, Failure>>;
  /** The branch that pull requests are merged into unless they say otherwise. */
  defaultBranch(): Promise<Result<string, Failure>>;
  /** All open pull requests into a branch, by number. */
  pullRequests(base: string): Promise<Result<readonly PullRequest[], Failure>>;
  pullRequest(number: number): Promise<Result<PullRequest, Failure>>;
  /** The pull request that was merged as this commit, or as part of it; null where there is none. */
  pullRequestOf(commit: string): Promise<Result<PullRequest | null, Failure>>;
  /** Null: there is no such comment, and none was to be created. */
  putComment(
    number: number,
    comment: CommentContent,
  ): Promise<Result<{ readonly url: string } | null, Failure>>;
  /** With `again`, a check that carries the same key is written all the same: a person asked for it. */
  putCheck(
    check: CheckContent,
    options?: { readonly again: boolean },
  ): Promise<Result<{ readonly url: string }, Failure>>;
  putStatus(status: StatusContent): Promise<Result<void, Failure>>;
  /**
   * Opens the pull request of a change, with its branch and commit; or finds the one that there is or was. With `again`,
   * only an open one is found: a person asks for what was merged or closed before.
   */
  openPullRequest(
    change: BranchChange,
    options?: { readonly again: boolean },
  ): Promise<Result<OpenedPullRequest, Failure>>;
  /** All pull requests, open ones only, whose branches of this repository start with `prefix`. */
  ownPullRequests(prefix: string): Promise<Result<readonly PullRequest[], Failure>>;
  /** Closes a pull request of ours that is without a cause now; the comment says why. */
  closePullRequest(number: number, comment: CommentContent): Promise<Result<void, Failure>>;
  /** What git needs to read the repository over https; null: nothing that the forge knows of. */
  gitCredentials(): Promise<Result<GitCredentials | null, Failure>>;
  /** The full reference under which git finds the newest commit of a pull request. */
  headRef(number: number): string;
  /** Checks the signature in constant time, and reads what is told. */
  readWebhook(request: WebhookRequest): Promise<Result<WebhookReading, WebhookRefusal>>;
  /** The page of a line of a file at a commit; `path` from the root of the repository. */
  fileUrl(commit: string, path: string, line: number): string;
  commitUrl(commit: string): string;
  /** The same two, to be filled in by somebody else. */
  readonly pages: PageTemplates;
}

export interface GitCredentials {
  readonly username: string;
  readonly password: string;
}

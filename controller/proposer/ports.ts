// What the proposal desk works with, and what it gives: a proposal shown before it is made, and one that was opened.

import type { Clock } from '../base/clock.ts';
import type { Failure } from '../base/failure.ts';
import type { Result } from '../base/result.ts';
import type { Forge } from '../forges/forge.ts';
import type { Plan } from '../model/plan.ts';
import type { Problem } from '../model/problem.ts';
import type { Controller } from '../reconciler/controller.ts';
import type { ReconcilerLog } from '../reconciler/ports.ts';
import type { RevisionLoader } from '../reconciler/revision-loader.ts';
import type { Tree } from '../sources/source.ts';
import type { Store } from '../stores/store.ts';
import type { ProposalRequest } from './request.ts';

/** Where pull requests are opened. */
export interface ProposalForge {
  readonly forge: Pick<Forge, 'openPullRequest' | 'ownPullRequests' | 'defaultBranch'>;
  /** The branch that the controller follows; null: the forge's default. */
  readonly branch: string | null;
  /** Folder of the repository that is the fleet repo, with `/` at its end; empty: all of it. */
  readonly prefix: string;
}

export interface DeskPorts {
  /** Reads the newest tree of the source: the tip of the followed branch, or the directory. */
  readonly readTree: () => Promise<Result<Tree, Failure>>;
  /** Its own: what it reads is nothing that the reconciler uses. */
  readonly loader: RevisionLoader;
  readonly controller: Pick<Controller, 'plan' | 'view'>;
  /** Null: there is none, and the files are for a person to commit. */
  readonly forge: ProposalForge | null;
  readonly store: Pick<Store, 'addEvents'>;
  readonly clock: Clock;
  readonly log: ReconcilerLog;
}

export interface ProposedFile {
  /** From the root of the source. */
  readonly path: string;
  /** Null: the file is new. */
  readonly before: string | null;
  /** Null: the file goes. */
  readonly after: string | null;
}

export interface PullRequestLink {
  readonly number: number;
  readonly url: string;
}

/** A proposal as it would be opened now. */
export interface ProposalPreview {
  readonly title: string;
  readonly branch: string;
  /** Markdown. */
  readonly body: string;
  readonly files: readonly ProposedFile[];
  /** Of the changed manifests against the live fleet, the product's part alone. */
  readonly plan: Result<Plan, Failure>;
  /** What the change brings that was not there before. */
  readonly problems: readonly Problem[];
  /** One that is open already. */
  readonly pullRequest: PullRequestLink | null;
  /** Why it cannot be opened; null where it can. */
  readonly obstacle: string | null;
}

/** Why there is no proposal. */
export type DeskRefusal =
  /** The request does not fit the manifests, or there is nothing to do. */
  | {
      readonly kind: 'refused';
      readonly code: string;
      readonly message: string;
      readonly remedy: string;
    }
  | { readonly kind: 'noForge'; readonly message: string; readonly remedy: string }
  | { readonly kind: 'failed'; readonly failure: Failure };

/** Shows and opens proposals. Neither ever changes the fleet; one is made at a time. */
export interface ProposalDesk {
  /** `asker` says who asks, for the pull request and the log. */
  preview(request: ProposalRequest, asker: string): Promise<Result<ProposalPreview, DeskRefusal>>;
  /** Opens the pull request, or finds the open one of an equal request. */
  open(request: ProposalRequest, asker: string): Promise<Result<PullRequestLink, DeskRefusal>>;
}

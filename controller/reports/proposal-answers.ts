// What the API answers of proposals, as types; the schemas are in `server/schemas/`, and a contract test holds the two
// together.

import type { FailureJson, ProblemJson } from './answers.ts';
import type { PlanJson } from './plan-json.ts';

/** One file of a proposal. */
export interface ProposedFileJson {
  /** From the root of the source. */
  readonly path: string;
  /** Null: the file is new. */
  readonly before: string | null;
  /** Null: the file goes. */
  readonly after: string | null;
  /** Unified. */
  readonly diff: string;
}

export interface PullRequestJson {
  readonly number: number;
  readonly url: string;
}

/** A proposal as it would be opened now. */
export interface ProposalPreviewJson {
  readonly title: string;
  readonly branch: string;
  /** Markdown. */
  readonly body: string;
  readonly files: readonly ProposedFileJson[];
  /** Of the changed manifests against the live fleet, the product's part alone; null where none could be made. */
  readonly plan: PlanJson | null;
  /** Why there is no plan. */
  readonly planFailure: FailureJson | null;
  /** What the change brings that was not there before; mostly warnings. */
  readonly problems: readonly ProblemJson[];
  /** One that is open already. */
  readonly pullRequest: PullRequestJson | null;
  readonly open: { readonly may: boolean; readonly reason: string | null };
}

/** Something that can be proposed, or why it cannot. */
export interface PossibleProposalJson {
  readonly kind: 'release' | 'withdraw' | 'approve' | 'resume';
  /** Null: the release to the whole product, and where no release is meant. */
  readonly group: string | null;
  readonly version: number;
  /** To approve; null for the other kinds. */
  readonly step: string | null;
  readonly may: boolean;
  /** Why not; null where it may be proposed. */
  readonly reason: string | null;
}

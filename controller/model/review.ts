// The review of a change before it is merged: the plan of the merge result, what of it stands without the change too,
// and how the versions that it releases stand with the verification gate.

import type { Place } from './desired.ts';
import type { BinaryFacts } from './firmware.ts';
import type { Plan, ReleasePlan } from './plan.ts';
import type { PullRequest } from './pull-request.ts';

/**
 * How releases stand with the gate, from good to bad. `success`: verified. `neutral`: the change's own lock will verify
 * it after the merge. `pending`: a lock that is merged already, or a soak, is on the way. `failure`: nothing leads there.
 */
export type GateState = 'success' | 'neutral' | 'pending' | 'failure';

/** How one release that the change adds or moves to another version stands with the gate. */
export interface ReleaseGateReport {
  readonly product: string;
  readonly group: string | null;
  /** Null: the manifest, or the file that it stands in, cannot be read. */
  readonly version: number | null;
  /** `Release/name`; `Product/name` where the releases of a product cannot be told. */
  readonly manifest: string;
  /** Of the version in its manifest; null where no file can be named. */
  readonly place: Place | null;
  readonly state: GateState;
  /** Full sentences for people; hold text of manifests. */
  readonly message: string;
  readonly remedy: string | null;
  /** How it would go from now on, were its version verified; null where it would not start. */
  readonly forecast: ReleasePlan | null;
}

/** A version that the change adds, and what its binary has compiled in. */
export interface NewFirmware {
  readonly product: string;
  readonly version: number;
  readonly title: string | null;
  readonly description: string | null;
  /** `path` or `url` of the manifest. */
  readonly binary: string;
  readonly sha256: string;
  /** Null where the binary was not read (by URL, from a host that the settings do not list). */
  readonly facts: BinaryFacts | null;
}

/** What a change would do, judged against the live fleet. Plain data: the API carries it as JSON. */
export interface ChangeReview {
  /** Of the merge result. */
  readonly plan: Plan;
  /** Of the base alone, against the same fleet: what goes on, or is refused, whether the change is merged or not. */
  readonly base: Plan;
  /** Products of which the merge result speaks and whose fleet could not be read: nothing is known of them. */
  readonly unread: readonly string[];
  /** False: the change leaves every manifest and every binary as it is. */
  readonly touchesManifests: boolean;
  /**
   * Errors and refusals of the plan that are there without the change too, as `problemKey`s: they are told, and are no
   * fault of the change.
   */
  readonly standing: readonly string[];
  /** Worst of the releases; `success` where the change releases nothing. */
  readonly gate: GateState;
  readonly releases: readonly ReleaseGateReport[];
  readonly newFirmware: readonly NewFirmware[];
  /** Rules that the change itself changes, one sentence each: they bind from the commit after it on. */
  readonly policyChanges: readonly string[];
}

/** The identity of an error or refusal, apart from where it stands in its file. */
export function problemKey(problem: {
  readonly reason: string;
  readonly message: string;
  readonly product: string | null;
  readonly place: { readonly file: string } | null;
}): string {
  const { product, reason, message, place } = problem;
  return JSON.stringify([product, reason, message, place?.file ?? null]);
}

/** What is kept of the last review of a pull request, so that what was merged can be compared with it. */
export interface ReviewRecord {
  readonly pullRequest: Pick<PullRequest, 'number' | 'title' | 'url'>;
  /** Commits that were reviewed: the head, the base branch's tip, and the merge of both. */
  readonly head: string;
  readonly base: string;
  readonly merge: string;
  readonly review: ChangeReview;
  /** Epoch milliseconds. */
  readonly at: number;
  /** What became of it; null while it is open. */
  readonly outcome: ReviewOutcome | null;
}

/** How a reviewed pull request ended. */
export type ReviewOutcome =
  | { readonly kind: 'closed' }
  | {
      readonly kind: 'merged';
      readonly commit: string;
      /** What is otherwise than in the review, one sentence each; null: there was nothing to compare it with. */
      readonly moved: readonly string[] | null;
    };

/** The plan of a revision as it was when the controller first met it, before anything of it was carried out. */
export interface ArrivalRecord {
  readonly revision: string;
  readonly plan: Plan;
  /** Epoch milliseconds. */
  readonly at: number;
}

// The controller, as the command line and the API see it: what it knows, and the few things that a person may ask of
// it. `create-controller.ts` builds one from adapters; everything else in this folder is its inside.

import type { Failure } from '../base/failure.ts';
import type { Result } from '../base/result.ts';
import type { Condition } from '../model/condition.ts';
import type { Desired, Place } from '../model/desired.ts';
import type { Excerpt } from '../model/excerpt.ts';
import type { LiveState } from '../model/live.ts';
import type { Plan, ProductPlan } from '../model/plan.ts';
import type { Problem } from '../model/problem.ts';
import type { ChangeReview } from '../model/review.ts';
import type { Snapshot } from '../model/revision.ts';
import type { Source } from '../sources/source.ts';

/** How far a product's devices are with what is in force. */
export interface Convergence {
  /** Every device heard from since the change runs its target or is to be left alone. */
  readonly converged: boolean;
  /** Devices that do not run their target yet, offline ones and those left alone included. */
  readonly pending: number;
  /** Of the pending: devices that can't move now. At most 1,000 are counted; names are the first few. */
  readonly offline: { readonly count: number; readonly names: readonly string[] };
  readonly leftAlone: { readonly count: number; readonly names: readonly string[] };
  readonly inFlight: number;
  readonly failed: number;
}

/** What the controller says of a product now. */
export interface ProductView {
  readonly product: string;
  /** The newest revision whose part of this product was carried out (refused parts aside); null before the first. */
  readonly revision: string | null;
  readonly inForce: Desired;
  readonly live: LiveState | null;
  /** The plan of the last pass: empty of actions once carried out, with the refusals and warnings that remain. */
  readonly plan: ProductPlan | null;
  readonly conditions: readonly Condition[];
  readonly stoppedAt: number | null;
  readonly adoptedAt: number | null;
}

export interface ControllerView {
  readonly source: string | null;
  readonly sourceKind: Source['kind'] | null;
  /** The newest good reading of the source, whatever of it was refused; null before the first. */
  readonly snapshot: Snapshot | null;
  /** The newest revision that was read, whatever became of it, and the first line of its message. */
  readonly revisionSeen: string | null;
  readonly subjectSeen: string | null;
  /** Epoch milliseconds of the last successful reading of the source; null before. */
  readonly sourceReadAt: number | null;
  /** Why the source cannot be read at the moment; null while it can. */
  readonly sourceFailure: Failure | null;
  /** All problems of the newest revision, and of the source as a whole. */
  readonly problems: readonly Problem[];
  readonly products: readonly ProductView[];
  /** The first revision is in force and devices are served. */
  readonly ready: boolean;
  /** Raised by every pass; lets a caller wait for the next one. */
  readonly passes: number;
}

/** What going to a revision led to. */
export interface SyncReport {
  readonly revision: string;
  /** What was carried out by this call: the plan as it was before. */
  readonly plan: Plan;
  /** Products whose part failed for an outside reason, with what is to be done. */
  readonly failures: Readonly<Record<string, Failure>>;
}

export interface SyncRequest {
  /** A revision of the controller's own source; undefined: the newest. */
  readonly revision?: string;
  /** A person adopts products that this state has never seen. */
  readonly adopt?: boolean;
  /** A person accepts a revision that does not descend from the one in force. */
  readonly acceptHistory?: boolean;
  /** Carry out only if the plan is still this one; otherwise the failure `StalePlan`. */
  readonly expectedPlan?: Plan;
}

/** A change of the manifests before it is merged. */
export interface ProposedChange {
  /** The base with the change merged in. */
  readonly merged: Snapshot;
  /** The tip of the branch that the source follows. */
  readonly base: Snapshot;
}

export interface Controller {
  /**
   * Puts what the state holds in force, reads the source once and makes the first pass (unless it was told not to follow
   * its source). A source that cannot be read is no failure here: what is in force stays, and reading goes on. Fails
   * only where the state itself is unusable.
   */
  start(): Promise<Result<void, Failure>>;
  /** Takes up what the state holds, to look at and plan against; reads no source, makes no pass and writes nothing. */
  restore(): Promise<Result<void, Failure>>;
  /** The current picture; cheap, no I/O. */
  view(): ControllerView;
  /** Reads the source and makes a pass now. A `StalePlan` or an unreadable source is the failure. */
  sync(request: SyncRequest): Promise<Result<SyncReport, Failure>>;
  /** Plans a snapshot (of a pull request, say) against the live fleet; null: the newest revision. Changes nothing. */
  plan(
    snapshot: Snapshot | null,
    options: { readonly adopt?: boolean },
  ): Promise<Result<Plan, Failure>>;
  /** Judges a change that is proposed to the source, as if it were merged now. Changes nothing. */
  review(
    change: ProposedChange,
    options?: { readonly adopt?: boolean },
  ): Promise<Result<ChangeReview, Failure>>;
  /**
   * The lines around places in the manifests of `ControllerView.snapshot`, in the order of the places; null where the text
   * is not at hand, such as that of another revision, or after a restart without the source.
   */
  excerpts(revision: string, places: readonly Place[]): Promise<readonly (Excerpt | null)[]>;
  /** The emergency stop for one product or (null) all; durable when it returns. Unknown products are a failure. */
  stop(product: string | null): Promise<Result<readonly string[], Failure>>;
  /** Ends the emergency stop. */
  resume(product: string | null): Promise<Result<readonly string[], Failure>>;
  /** A hint that the source has changed: it is read soon, as far as the controller follows it. */
  hint(): void;
  /** How far the fleet is; looks at pending devices only as far as needed. */
  convergence(product: string): Promise<Result<Convergence, Failure>>;
  /** Resolves after the next pass, or after `timeoutMs`. */
  nextPass(timeoutMs: number): Promise<void>;
  close(): Promise<void>;
}

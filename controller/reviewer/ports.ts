// What the reviewer works with: the forge, the proposed changes, and what it asks of the controller. The same parts serve
// the loop beside a controller and a workflow that asks one over the network.

import type { Clock } from '../base/clock.ts';
import type { Failure } from '../base/failure.ts';
import type { Result } from '../base/result.ts';
import type { Forge } from '../forges/forge.ts';
import type { ChangeReview, ReviewRecord } from '../model/review.ts';
import type { Snapshot } from '../model/revision.ts';
import type { Controller } from '../reconciler/controller.ts';
import type { ReconcilerLog } from '../reconciler/ports.ts';
import type { RevisionLoader } from '../reconciler/revision-loader.ts';
import type { ChangeSource } from '../sources/change-source.ts';
import type { Source } from '../sources/source.ts';
import type { Store } from '../stores/store.ts';

/** Judges a change against the live fleet: the controller itself, or one behind the API. */
export type JudgeChange = (change: {
  /** The base with the change merged in. */
  readonly merged: Snapshot;
  readonly base: Snapshot;
  /** What is reviewed, so that a controller over the network can keep it. */
  readonly pullRequest: ReviewRecord['pullRequest'] & Pick<ReviewRecord, 'head' | 'base' | 'merge'>;
}) => Promise<Result<ChangeReview, Failure>>;

/** What one pull request is reviewed with. */
export interface ReviewPorts {
  readonly forge: Forge;
  readonly changes: ChangeSource;
  /** Fetches binaries only from where reviews may; remembers nothing that the reconciler uses. */
  readonly loader: RevisionLoader;
  readonly judge: JudgeChange;
  readonly clock: Clock;
}

/** What the loop needs besides. */
export interface ReviewerPorts extends ReviewPorts {
  readonly controller: Pick<Controller, 'view' | 'hint' | 'nextPass'>;
  readonly store: Pick<
    Store,
    'reviews' | 'saveReview' | 'arrival' | 'events' | 'addEvents' | 'devices'
  >;
  /** Of the source that the controller follows. */
  readonly descends: Source['descends'];
  readonly log: ReconcilerLog;
}

export interface ReviewerOptions {
  /** The branch that the controller follows; null: the forge's default. */
  readonly branch: string | null;
  /** How often the forge is asked without any hint, before jitter. */
  readonly intervalMs: number;
  /** 0 up to 1. */
  readonly random: () => number;
}

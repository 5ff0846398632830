// The API's answers that people watch as types: how releases go, and what is refused of the source. Their JSON Schemas are in
// `server/schemas/watch-schemas.ts`; a contract test holds the two together.

import type { Excerpt } from '../model/excerpt.ts';
import type { FailureJson, ProblemJson, ReleaseJson } from './answers.ts';

/** How a release in force goes, and went. */
export interface RolloutJson extends ReleaseJson {
  readonly commitUrl: string | null;
  /** That brought the revision, where it was reviewed here. */
  readonly pullRequest: { readonly number: number; readonly url: string } | null;
  /** Null while it is not put in motion; so are the times of its start and its step. */
  readonly round: number | null;
  readonly startedAt: string | null;
  /** When the current step began. */
  readonly stepAt: string | null;
  readonly finishedAt: string | null;
  /**
   * When it is done at the earliest, if nothing fails; null where a person, devices that have yet to come, or their
   * failures decide, and once it is done.
   */
  readonly expectedAt: string | null;
  readonly paused: boolean;
  readonly halt: {
    readonly action: 'hold' | 'rollback';
    readonly at: string;
    readonly failed: number;
    readonly succeeded: number;
    readonly message: string;
  } | null;
  /** The halt line: percent of failed devices, of those that failed or succeeded. */
  readonly haltRate: number;
  readonly minAttempts: number;
  readonly haltAction: 'hold' | 'rollback';
  /** Of its round, oldest first; each holds until the next. Exposure in percent. */
  readonly samples: readonly {
    readonly at: string;
    readonly exposure: number;
    readonly inFlight: number;
    readonly succeeded: number;
    readonly failed: number;
  }[];
}

/** `GET /api/v1/sources`. */
export interface SourcesJson {
  readonly source: string | null;
  readonly kind: 'git' | 'directory' | null;
  readonly readAt: string | null;
  readonly failure: FailureJson | null;
  /** The newest, whatever became of it. */
  readonly revisionSeen: string | null;
  readonly subjectSeen: string | null;
  readonly commitUrl: string | null;
  /** The page of any commit, with `{revision}`. */
  readonly commitUrlTemplate: string | null;
  /** The page of a line of a manifest, with `{revision}`, `{file}` (each segment encoded) and `{line}`. */
  readonly manifestUrlTemplate: string | null;
  readonly products: readonly {
    readonly product: string;
    /** In force. */
    readonly revision: string | null;
    readonly observedRevision: string | null;
    readonly commitUrl: string | null;
  }[];
  /** Problems first; at most 100 of them. */
  readonly refusals: readonly SourceRefusalJson[];
  /** How many there are in all. */
  readonly refusalCount: number;
}

export interface SourceRefusalJson extends ProblemJson {
  readonly product: string | null;
  readonly severity: 'problem' | 'warning';
  /** Whose text the place is in. */
  readonly revision: string | null;
  /** The lines around the place; null where the text of the revision is not at hand. */
  readonly excerpt: Excerpt | null;
}

// What a proposal is: changed files for a pull request, or why there is none.

import type { Place } from '../model/desired.ts';

/** A change of the fleet repo, ready to be put on a branch. */
export interface Proposal {
  /** Derived from what is asked for: equal requests give equal names. At most 100 characters, safe for git. */
  readonly branch: string;
  /** One line; holds text of the request and of manifests. */
  readonly title: string;
  /** What is changed, one sentence each, for the pull request's body. Holds text of the request and of manifests. */
  readonly summary: readonly string[];
  /** New content by path from the root of the source; null deletes. At least one. */
  readonly files: Readonly<Record<string, string | Uint8Array | null>>;
}

/** What a proposal is made from. */
export interface ProposalInput {
  /** Text of all manifest files by path from the root of the source; files of others among them are left alone. */
  readonly files: ReadonlyMap<string, string>;
}

/** Something that stands against a request. */
export interface Mistake {
  /** Stable PascalCase word, such as `UnknownVersion`. */
  readonly code: string;
  /** What is wrong, in full sentences. */
  readonly message: string;
  /** What would mend it. */
  readonly remedy: string;
  /** Null where it is about the request alone. */
  readonly place: Place | null;
}

/** Why there is no proposal. */
export type ProposalRefusal =
  /** What is asked for is so already. */
  | { readonly kind: 'nothingToDo'; readonly message: string }
  /** At least one; all that were found. */
  | { readonly kind: 'mistakes'; readonly mistakes: readonly Mistake[] };

// Where proposed changes are read from, as an interface: what the followed branch would be with a change merged in. Only
// reads; nothing of a change is executed, and nothing of it gets into the copy that the controller reconciles from.

import type { Failure } from '../base/failure.ts';
import type { Result } from '../base/result.ts';
import type { Tree } from './source.ts';

/** A change together with the tip of the branch that it is proposed to. */
export type MergeReading =
  | {
      readonly kind: 'merged';
      /** Full id of the change's own newest commit. */
      readonly head: string;
      /** The tip of the followed branch. */
      readonly base: Tree;
      /** The base with the change merged in. Its revision is the same whenever base and head are. */
      readonly merged: Tree;
    }
  | {
      /** Git cannot merge it by itself. */
      readonly kind: 'conflict';
      readonly head: string;
      readonly base: Tree;
      /** Paths from the root of the repository, sorted; at most 50. */
      readonly files: readonly string[];
    };

export interface ChangeSource {
  /** For messages; shows no secret. */
  readonly description: string;
  /** The folder of the repository that is the fleet repo, with `/` at its end; empty: all of it. */
  readonly prefix: string;
  /** Reads the tip of the followed branch, and merges `head` (a full reference or a commit id) into it. */
  merge(head: string): Promise<Result<MergeReading, Failure>>;
  /** The tip of the followed branch alone. */
  base(): Promise<Result<Tree, Failure>>;
  close(): Promise<void>;
}

// Where a proposal goes when it is not for the working tree: a pull request of a forge. The interface that the command
// needs, and how it is opened.

import { type Failure, failure } from '../base/failure.ts';
import { fail, type Result } from '../base/result.ts';
import type { Proposal } from '../proposals/proposal.ts';
import type { Shell } from './shell.ts';

/** The manifests that a proposal is made from, and the commit that they were read at. */
export interface TargetFiles {
  /** Text of all manifest files by path from the root of the source. */
  readonly files: ReadonlyMap<string, string>;
  /** The branch that the pull request is to be merged into. */
  readonly base: string;
  /** Full id of the commit of `base`. */
  readonly baseCommit: string;
}

export interface OpenedProposal {
  readonly url: string;
  readonly number: number;
  /** False: an equal proposal was open already. */
  readonly isNew: boolean;
}

export interface ProposeTarget {
  readFiles(): Promise<Result<TargetFiles, Failure>>;
  /** Opens the pull request of a proposal that was made from these files, or finds the open one of an equal proposal. */
  carryOut(proposal: Proposal, from: TargetFiles): Promise<Result<OpenedProposal, Failure>>;
}

/** Options by which a target is found. */
export interface ProposeTargetOptions {
  /** Where the fleet repo is checked out, or its URL. */
  readonly source?: string;
}

/** Opens the forge of a source. */
export async function openProposeTarget(
  _shell: Shell,
  _options: ProposeTargetOptions,
): Promise<Result<ProposeTarget, Failure>> {
  return fail(
    failure(
      'ForgeMissing',
      'No forge is set up, so no pull request can be opened. With --local the change is made in the working tree.',
      'stall',
    ),
  );
}

// The failures that sources return, so that both say the same thing in the same words. Classifying what git or the
// disk reported happens in their own folders.

import { type Failure, failure } from '../base/failure.ts';

/** What is wrong with a SOURCE argument, and what would mend it. */
export interface SourceMistake {
  readonly message: string;
  readonly remedy: string;
}

/** The source cannot be read now; `retry` where it may pass by itself, `stall` where a person must act. */
export function sourceUnavailable(message: string, disposition: 'retry' | 'stall'): Failure {
  return failure('SourceUnavailable', message, disposition);
}

/** The source answers, but has no such revision. */
export function revisionUnknown(description: string, revision: string, remedy: string): Failure {
  const message = `${description} has no revision ${JSON.stringify(revision)}. ${remedy}`;
  return failure('RevisionUnknown', message, 'stall');
}

/** A file of a tree cannot be read, and never will be from this tree. */
export function readRefused(path: string, why: string): Failure {
  return failure('ReadFailed', `${JSON.stringify(path)} cannot be read: ${why}.`, 'stall');
}

/** A file of a tree cannot be read now; fetching again may mend it. */
export function readBroken(path: string, why: string): Failure {
  return failure('ReadFailed', `${JSON.stringify(path)} cannot be read: ${why}.`, 'retry');
}

/** What a stream of a tree's file throws when it breaks off: a stream has no other way to return a failure. */
export class StreamBroken extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.name = 'StreamBroken';
    this.failure = failure;
  }
}

// What a store's promise rejects with when the outside world failed it: a full disk, an I/O error, a damaged file.
// The store's methods return plain values, so this is the one failure that travels as an error.

import type { Failure } from '../base/failure.ts';

/** A failure of the state's storage. Whatever was asked for has not happened; the state is as it was before. */
export class StateFailure extends Error {
  /** Classified; `retry` where the same call may succeed later. */
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.name = 'StateFailure';
    this.failure = failure;
  }
}

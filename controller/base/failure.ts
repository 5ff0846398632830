// Failures of the outside world (a network, a disk, a forge, a fleet): returned, classified at the edge where they
// are met, so that the loop above only looks at the disposition.

/** What to do about a failure: try again soon, come back after a time, or leave it until a person has acted. */
export type Disposition = 'retry' | 'wait' | 'stall';

export interface Failure {
  /** Stable PascalCase word, such as `FetchFailed`. */
  readonly code: string;
  /** For people; says what failed and what would mend it. Carries no secret. */
  readonly message: string;
  readonly disposition: Disposition;
  /** With `wait`: milliseconds until it is worth trying again. */
  readonly retryAfterMs?: number;
}

/** Builds a failure. */
export function failure(
  code: string,
  message: string,
  disposition: Disposition,
  retryAfterMs?: number,
): Failure {
  return retryAfterMs === undefined
    ? { code, message, disposition }
    : { code, message, disposition, retryAfterMs };
}

/** The text of anything that was thrown, without a stack. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

// How a release stood at a moment, kept so that people see how it went.

/** What is counted of a release's devices. It holds until the next sample of the round. */
export interface ReleaseSample {
  /** The round of the release (`ReleaseState.round`): a new one begins with its start, and with each resumption. */
  readonly round: number;
  /** Epoch milliseconds; rises from sample to sample of a round. */
  readonly at: number;
  /** Exposure reached, in buckets. */
  readonly exposure: number;
  /** Devices on their way in the round, those within the exposure that run the version, and those that failed in it. */
  readonly inFlight: number;
  readonly succeeded: number;
  readonly failed: number;
}

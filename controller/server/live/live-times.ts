// How often the streams of events look for changes, and tell of them.

export interface LiveTimes {
  /** Between two looks for changes: a reader gets at most one event in it. */
  readonly lookMs: number;
  /** Between two turns; a few readers are told in each. */
  readonly turnMs: number;
}

// What a product's devices have asked for since the process started, as plain numbers: counted on the hot path, read by the
// metrics. Nothing is decided by them.

/** Counts of one product. One object for as long as the process runs; its fields rise. */
export interface Traffic {
  /** Polls that were answered. */
  polls: number;
  /** Downloads that were sent to their last byte; a part that a device asks for counts as one. */
  downloadsSent: number;
  /** Downloads that broke off. */
  downloadsBroken: number;
  /** Bytes of firmware that were sent. */
  downloadedBytes: number;
}

/** Counts that begin. */
export function createTraffic(): Traffic {
  return { polls: 0, downloadsSent: 0, downloadsBroken: 0, downloadedBytes: 0 };
}

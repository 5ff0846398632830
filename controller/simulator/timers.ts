// Timers, as an interface, so that a simulation can be given its own. Only the runtime of a fleet sets them.

export interface Timers {
  /** Calls back once, after at least `delayMs`. Returns what takes it back; harmless after the call. */
  after(delayMs: number, callback: () => void): () => void;
}

/** The machine's timers. */
export const systemTimers: Timers = {
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    return () => {
      clearTimeout(timer);
    };
  },
};

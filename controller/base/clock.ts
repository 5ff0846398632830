// The clock, as an interface. The core never asks for the time: it is given a value named `now` or `moment`.

/** Wall-clock time as milliseconds since 1970 (UTC). For people, and for what must survive a restart. */
export type EpochMs = number;

/** Where the shell gets time from; tests give it their own. */
export interface Clock {
  /** Wall-clock time. May jump, in both directions. */
  now(): EpochMs;
  /** Milliseconds from an arbitrary origin that never jump and never go back. Meaningless after a restart. */
  monotonicMs(): number;
}

/** The machine's clocks. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
};

// How long things take in the simulated fleet. The defaults are what Particle measured on a Boron over LTE, rounded.

export interface Timings {
  /** From the handshake to the start of an automatic update. */
  readonly afterHandshakeMs: number;
  /** From the decision to flash to the first byte. */
  readonly startMs: number;
  readonly bytesPerSecond: number;
  /** From the end of a transfer to the next handshake, and from any other reset. */
  readonly rebootMs: number;
  /** From a broken link to the next handshake. */
  readonly reconnectMs: number;
  /** From the handshake to the app hash and the reason of the last reset. */
  readonly healthMs: number;
  /** From the handshake to `particle/device/updates/*`. */
  readonly updatesReportMs: number;
  /** How long the cloud waits for a device that does not answer. */
  readonly unansweredMs: number;
  /** Each of the two steps of the safe-mode detour. */
  readonly systemUpdateMs: number;
  /** Between two signs of life on a silent event stream. */
  readonly streamKeepAliveMs: number;
}

export const PARTICLE_TIMINGS: Timings = {
  afterHandshakeMs: 4_000,
  startMs: 500,
  bytesPerSecond: 4_000,
  rebootMs: 7_700,
  reconnectMs: 5_000,
  healthMs: 800,
  updatesReportMs: 5_000,
  unansweredMs: 60_000,
  systemUpdateMs: 75_000,
  streamKeepAliveMs: 9_000,
};

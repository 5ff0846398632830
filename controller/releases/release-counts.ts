// What is counted of a release's devices: all that its advance is decided on, besides time.

/** The devices of a release: unlocked, active, and covered by it rather than by another. */
export interface ReleaseCounts {
  /** Devices at positions below a limit. */
  within(limit: number): DevicesWithin;
  /** The smallest limit below which there are `devices` devices, or all there are; 0 where there are none. */
  limitFor(devices: number): number;
  /** Devices that failed in the release's round, and that are on their way in it. */
  readonly failed: number;
  readonly inFlight: number;
}

export interface DevicesWithin {
  readonly devices: number;
  /** Of them, heard from within seven days. */
  readonly awake: number;
  /** Of them, running the release's version. */
  readonly running: number;
  /** Of those heard from lately, running another version that leads to the release's. */
  readonly flashable: number;
}

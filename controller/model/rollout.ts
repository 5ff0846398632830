// How far the releases of a product are: what moves on evidence, as values. Kept with what is in force, so that a halt
// or the next step of a release to a million devices is one write.

/** Buckets on the circle of devices, and the exposure that reaches all of them. */
export const BUCKETS = 10_000;

/** Why a release halted. */
export interface Halt {
  readonly action: 'hold' | 'rollback';
  /** Epoch milliseconds. */
  readonly at: number;
  readonly failed: number;
  readonly succeeded: number;
  /** Nothing failed: the fleet outgrew the step, which would reach far more devices than it was meant for. */
  readonly outgrown?: true;
  /** One sentence for people. */
  readonly message: string;
}

/** One release under way, or finished and still in force. */
export interface ReleaseState {
  readonly version: number;
  /**
   * Numbers the starts and resumptions of the product's releases. A device's failures count for the round they happened
   * in, so a new round begins without any.
   */
  readonly round: number;
  /** The manifest's `attempt` that the round belongs to. */
  readonly attempt: number;
  /** An older version that once finished: to everyone at once, without steps, soaks, approvals or windows. */
  readonly rollback: boolean;
  /** Name of the current step; null before the first. */
  readonly step: string | null;
  /** Exposure reached, in buckets: devices at positions below it are offered the version. Only a rollback lowers it. */
  readonly limit: number;
  /** Present where `minDevices` made the exposure what it is: how many devices that was for. */
  readonly meantFor?: number;
  /** Epoch milliseconds at which the current step began; null before the first. */
  readonly stepAt: number | null;
  /** Devices of the step that ran the version when the step began. */
  readonly runningBefore: number;
  /** Listening time at which the soak of the step began; null: it has not. */
  readonly soakSince: number | null;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  /** Epoch milliseconds at which the last step ended; null before. */
  readonly finishedAt: number | null;
  readonly halt: Halt | null;
  /** The base when the release started: where a rollback returns to. */
  readonly baseBefore: number | null;
}

/** What is known of the releases to one group, or (null) to the product. */
export interface Track {
  readonly group: string | null;
  /** The version that last finished here; null: none. */
  readonly base: number | null;
  /** Versions that were rolled back here: devices that run one return to the base. */
  readonly rolledBack: readonly number[];
  /** Null while no release is in force here. */
  readonly release: ReleaseState | null;
}

/** How the number of a product's devices moved lately: a fleet that is still registering is not counted yet. */
export interface FleetGrowth {
  /** Active devices when it last grew by more than a tenth, or fewer if it shrank since. */
  readonly devices: number;
  /** Listening time of that. */
  readonly since: number;
}

export interface Rollout {
  /** The last round that was given out. */
  readonly rounds: number;
  /** Absent: no device was ever seen. */
  readonly growth?: FleetGrowth;
  /** One per group that has or had a release, and one for the product; sorted by group, the product's first. */
  readonly tracks: readonly Track[];
}

/** A product of which nothing was ever released. */
export const NO_ROLLOUT: Rollout = { rounds: 0, tracks: [] };

/** The track of a group (null: of the product); an empty one where nothing was released there. */
export function trackOf(rollout: Rollout, group: string | null): Track {
  return (
    rollout.tracks.find((track) => track.group === group) ?? {
      group,
      base: null,
      rolledBack: [],
      release: null,
    }
  );
}

// What is in force for a product, compiled for the hot path: all that is needed to tell one device what to do, with
// look-ups in constant time. Made from the desired state in force by `devices/policy.ts`.

import type { EvidenceLevel, FleetSettings, RateSpec, WindowSpec } from './desired.ts';

/** One version that may be asked about or offered. */
export interface PolicyFirmware {
  readonly version: number;
  readonly sha256: string;
  readonly sha1: string;
  readonly md5: string;
  readonly size: number;
  /** Name of the file in the download URL; ends in `.swu`, `.raucb` … as the manifest's path or URL does. */
  readonly fileName: string;
  /** What a device that runs it reports. */
  readonly reportedAs: string;
  readonly title: string | null;
  readonly withdrawn: boolean;
  /** Epoch milliseconds of its last withdrawal, 0 if never: older evidence does not count. */
  readonly evidenceSince: number;
  readonly verified: boolean;
  /** The binary is stored here with its digest checked. */
  readonly stored: boolean;
  /** The lowest version that a device must run before it can take this one; null: any. */
  readonly requiresFrom: number | null;
  readonly retiring: boolean;
}

/** A release in force, and how far it reaches. */
export interface PolicyRelease {
  readonly version: number;
  readonly group: string | null;
  /** `Release/name` and its revision. */
  readonly manifest: string;
  readonly revision: string;
  /** What the attempts of devices count for. */
  readonly round: number;
  /** Where this version's turn of the circle begins, in buckets. */
  readonly offset: number;
  /** Devices at positions below it are offered the version. */
  readonly limit: number;
  /** Why it offers nothing to anybody; null while it does. */
  readonly hold: {
    readonly reason: 'ReleaseHalted' | 'ReleasePaused';
    /** One sentence for people. */
    readonly message: string;
  } | null;
  /** The version that last finished here; null: none. It may be withdrawn. */
  readonly base: number | null;
  /** Versions that devices return from, to the base. */
  readonly rolledBack: ReadonlySet<number>;
  /** Times at which flashes may be started; empty: at any time. */
  readonly windows: readonly WindowSpec[];
  readonly rate: RateSpec | null;
  /**
   * While it soaks, devices that run its version are asked about this often what they run: many send their attributes
   * only when asked, and would fall back unseen. Listening time; null: they are not asked.
   */
  readonly askEveryMs: number | null;
}

/** A group by attributes that has a release. */
export interface PolicyMatchGroup {
  readonly group: string;
  readonly match: Readonly<Record<string, string>>;
}

export interface ProductPolicy {
  readonly product: string;
  readonly settings: FleetSettings;
  readonly productId: number | null;
  readonly verification: {
    readonly soakMs: number;
    readonly evidence: EvidenceLevel;
    /** Devices that may verify; null: any. */
    readonly group: ReadonlySet<string> | null;
  };
  readonly firmware: ReadonlyMap<number, PolicyFirmware>;
  /** Version by the exact text that a device reports. */
  readonly versionByText: ReadonlyMap<string, number>;
  /** The product's release; null where there is none. */
  readonly release: PolicyRelease | null;
  /** Releases of groups, by group name. */
  readonly groupReleases: ReadonlyMap<string, PolicyRelease>;
  /** The groups that list a device, of those that have a release. */
  readonly groupsOf: ReadonlyMap<string, readonly string[]>;
  /** The groups by attributes that have a release, sorted by name. */
  readonly matchGroups: readonly PolicyMatchGroup[];
  /** Devices that a manifest names (admission: listed). */
  readonly named: ReadonlySet<string>;
  /** The emergency stop is pulled. */
  readonly stopped: boolean;
}

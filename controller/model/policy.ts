// What is in force for a product, compiled for the hot path: all that is needed to tell one device what to do, with
// look-ups in constant time. Made from the desired state in force by `devices/policy.ts`.

import type { EvidenceLevel, GatewaySettings } from './desired.ts';

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
  readonly retiring: boolean;
}

/** A release in force. */
export interface PolicyRelease {
  readonly version: number;
  readonly group: string | null;
  /** `Release/name` and its revision. */
  readonly manifest: string;
  readonly revision: string;
}

export interface ProductPolicy {
  readonly product: string;
  readonly settings: GatewaySettings;
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
  /** The groups that a device is in, of those that have a release. */
  readonly groupsOf: ReadonlyMap<string, readonly string[]>;
  /** Devices that a manifest names (admission: listed). */
  readonly named: ReadonlySet<string>;
  /** The emergency stop is pulled. */
  readonly stopped: boolean;
}

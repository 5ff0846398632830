// What manifests ask for, as nouns: defaults filled in, durations in milliseconds, every spec with the place it was
// written. `Desired` is both the shape of what one revision asks for and of what is in force for a product.

import type { Rollout } from './rollout.ts';

/** A position in a file of the fleet repo. Lines and columns count from 1; columns in UTF-16 units. */
export interface Place {
  /** Path inside the fleet repo, with forward slashes. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export type Kind = 'Product' | 'Firmware' | 'DeviceGroup' | 'DeviceLock' | 'Release';

/** Where a manifest comes from. */
export interface Origin extends Place {
  readonly kind: Kind;
  /** `metadata.name`. */
  readonly name: string;
  /** The revision whose text this is. */
  readonly revision: string;
  /** Positions of the values inside the document, by path: `spec.version`, `spec.devices.0`, `metadata.name`. */
  readonly places: Readonly<Record<string, readonly [line: number, column: number]>>;
}

/** A resolved spec together with its origin. */
export interface Placed<T> {
  readonly spec: T;
  readonly origin: Origin;
}

/** Share of devices that counts as a limit, such as `25%`. */
export type Percent = number;

/** What every fleet needs to be told of a product: by it each contact of a device is judged. */
export interface ContactSettings {
  /** `open` registers strangers that authenticate; `listed` holds them in quarantine until a manifest names them. */
  readonly admission: 'open' | 'listed';
  /** How often devices are heard: what they are told to sleep between polls, or how often the fleet is read. */
  readonly pollIntervalMs: number;
  /** Attribute that names the running version. */
  readonly versionAttribute: string;
  /** Attribute that changes at each boot, such as a boot counter; null where devices send none. */
  readonly bootAttribute: string | null;
  /** Attribute that names the product id a device was built for; null where devices send none. */
  readonly productAttribute: string | null;
  readonly attemptTimeoutMs: number;
  readonly rebootGraceMs: number;
  readonly forgetAfterMs: number;
  /** Attempts after the first failed one, per device and version. */
  readonly retries: number;
  /** Attributes by which groups may be matched; devices are counted by their values. */
  readonly groupBy: readonly string[];
}

/** Settings of a product that the embedded gateway serves (`fleet.driver: gateway`). */
export interface GatewaySettings extends ContactSettings {
  readonly driver: 'gateway';
  /** DDI chunk type (`part`). Zephyr accepts `bApp` only. */
  readonly part: string;
  /** DDI tenant in the URL; null means the product's name. Compared without regard to case. */
  readonly tenant: string | null;
}

/** Settings of a product that lives in Particle's cloud (`fleet.driver: particle`). */
export interface ParticleSettings extends ContactSettings {
  readonly driver: 'particle';
  /** Slug or numeric id by which Particle knows the product. */
  readonly product: string;
  /** What becomes of changes that somebody else makes there: undone, or told and left as they are. */
  readonly drift: 'mend' | 'report';
}

export type FleetSettings = GatewaySettings | ParticleSettings;

/** How strong a device's word must be before its version counts as verified, weakest last. */
export type EvidenceLevel = 'flashed' | 'reported' | 'claimed';

export interface ProductSpec {
  /** Product id compiled into the binaries; null where the format carries none. */
  readonly productId: number | null;
  /** Platform name the binaries are built for, such as `photon` or `esp32s3`; null where the format carries none. */
  readonly platform: string | null;
  readonly fleet: FleetSettings;
  readonly verification: {
    /** At least 1. */
    readonly devices: number;
    readonly soakMs: number;
    readonly group: string | null;
    readonly evidence: EvidenceLevel;
  };
  readonly guardrails: {
    /** Share of the product's devices that a release may touch when it starts; null: no limit. */
    readonly maxAffected: Percent | null;
    /** Share of the locked devices that one revision may unlock; null: no limit. */
    readonly maxUnlocked: Percent | null;
    /** Devices that may be locked to a version that is not verified. */
    readonly maxUnverified: number;
    /** Whether a revision may remove all of a product's manifests. */
    readonly allowEmpty: boolean;
  };
}

export interface FirmwareSpec {
  readonly product: string;
  /** 1..65534. */
  readonly version: number;
  /** Exactly what a device reports for this version; null means the decimal number. */
  readonly reportedAs: string | null;
  readonly title: string | null;
  readonly description: string | null;
  readonly binary: {
    /** Path inside the fleet repo (relative to the source's root), or an https URL. Exactly one is set. */
    readonly path: string | null;
    readonly url: string | null;
    /** 64 lower-case hex digits. */
    readonly sha256: string;
    /** `opaque` where the manifest says so; null means: read the header. */
    readonly format: 'opaque' | null;
  };
  readonly withdrawn: { readonly reason: string; readonly url: string | null } | null;
  /** The lowest version that a device must run before it can take this one; null: any. */
  readonly requiresFrom: number | null;
  /** Kept in force without a manifest because it still runs, is released or locked to. Never set by a manifest. */
  readonly retiring: boolean;
}

export interface GroupSpec {
  readonly product: string;
  /** Devices listed by id; empty where the group matches attributes. */
  readonly devices: readonly string[];
  /** Values that a member's attributes have, all of them; null where the group lists its devices. */
  readonly match: Readonly<Record<string, string>> | null;
}

export type FlashMode = 'now' | 'on-reset';

export interface LockSpec {
  readonly product: string;
  /** Devices named one by one; null where `group` names them. */
  readonly devices: readonly string[] | null;
  readonly group: string | null;
  readonly version: number;
  readonly flash: FlashMode;
  readonly reason: string | null;
  readonly owner: string | null;
  /** Last day (UTC, `YYYY-MM-DD`) on which the lock is meant to stand. It warns after that; it never ends by itself. */
  readonly expires: string | null;
}

/** One stage of a release. */
export interface StepSpec {
  /** Unique in the strategy. */
  readonly name: string;
  /** Share of the devices that is offered the version by then, in hundredths of a percent: `1%` is 100. */
  readonly exposure: number;
  /** Devices that the step reaches at least, where there are as many; turned into an exposure once, at its start. */
  readonly minDevices: number;
  /** Listening time for which the step's devices must have run the version, from its first success on. */
  readonly soakMs: number;
  /** Devices that must run the version; at most as many as were seen lately are asked for, and at least one. */
  readonly successes: number;
  /** The step begins only when `approved` of the release names it. */
  readonly approval: boolean;
}

/** At most `flashes` flashes are started in any span of `perMs`. */
export interface RateSpec {
  readonly flashes: number;
  readonly perMs: number;
}

export type Weekday = 'Mon' | 'Tue' | 'Wed' | 'Thu' | 'Fri' | 'Sat' | 'Sun';

/** A time of the week in which flashes may be started. */
export interface WindowSpec {
  /** Days on which the window opens. */
  readonly days: readonly Weekday[];
  /** Minutes since local midnight, 0..1439; never equal. A `toMinute` before `fromMinute` is on the next day. */
  readonly fromMinute: number;
  /** 1..1440, exclusive. */
  readonly toMinute: number;
  /** IANA name, such as `Europe/Berlin`. */
  readonly timezone: string;
}

/** When a release halts, and what a halt does. */
export interface HaltSpec {
  /** Share of failed devices, of those that failed or succeeded, above which the release halts. */
  readonly failureRate: Percent;
  /** Devices that must have failed or succeeded before the rate counts. */
  readonly minAttempts: number;
  readonly action: 'hold' | 'rollback';
}

/** How a release reaches its devices. */
export interface StrategySpec {
  /** At least one; exposures rise, and the last is 10,000. */
  readonly steps: readonly StepSpec[];
  /** Null: no limit. */
  readonly rate: RateSpec | null;
  /** Empty: at any time. */
  readonly windows: readonly WindowSpec[];
  readonly halt: HaltSpec;
  /** Whether a rollback to this version goes to everyone at once, or through the steps. */
  readonly onRollback: 'direct' | 'staged';
}

export interface ReleaseSpec {
  readonly product: string;
  readonly version: number;
  /** Null: every device of the product. */
  readonly group: string | null;
  /** Without one in the manifest: everyone at once, finished at the first success, with the defaults of a halt. */
  readonly strategy: StrategySpec;
  /** Names of steps of this very version that a person has approved. */
  readonly approved: readonly string[];
  /** Raised to resume after a halt; at least 1. */
  readonly attempt: number;
  readonly paused: boolean;
}

/** The strategy of a release that states none. */
export const DIRECT_STRATEGY: StrategySpec = {
  steps: [
    { name: 'all', exposure: 10_000, minDevices: 1, soakMs: 0, successes: 1, approval: false },
  ],
  rate: null,
  windows: [],
  halt: { failureRate: 2, minAttempts: 5, action: 'hold' },
  onRollback: 'direct',
};

/** Everything that manifests say of one product. Lists are sorted by (kind-specific key, manifest name). */
export interface Desired {
  readonly product: string;
  /** Null only in force, for a product whose manifests have never been accepted. */
  readonly config: Placed<ProductSpec> | null;
  readonly firmware: readonly Placed<FirmwareSpec>[];
  readonly groups: readonly Placed<GroupSpec>[];
  readonly locks: readonly Placed<LockSpec>[];
  readonly releases: readonly Placed<ReleaseSpec>[];
  /**
   * In force only: the guardrails that bind the revision named here, which are those of its parent. They stay bound to
   * it however often it is planned, also once its own guardrails are in force.
   */
  readonly parentGuardrails?: {
    readonly revision: string;
    readonly guardrails: ProductSpec['guardrails'];
  };
  /** In force only: how far each release is. Absent: nothing of the product was ever released. */
  readonly rollout?: Rollout;
}

/** A product of which nothing is in force. */
export function emptyDesired(product: string): Desired {
  return { product, config: null, firmware: [], groups: [], locks: [], releases: [] };
}

/** Where the manifests of a product stand. */
export function listOrigins(desired: Desired): readonly Origin[] {
  const { config, firmware, groups, locks, releases } = desired;
  const placed = [...firmware, ...groups, ...locks, ...releases].map(({ origin }) => origin);
  return config === null ? placed : [config.origin, ...placed];
}

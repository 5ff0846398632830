// What manifests ask for, as nouns: defaults filled in, durations in milliseconds, every spec with the place it was
// written. `Desired` is both the shape of what one revision asks for and of what is in force for a product.

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

/** Settings of a product that the embedded gateway serves (`fleet.driver: gateway`). */
export interface GatewaySettings {
  readonly driver: 'gateway';
  /** `open` registers strangers that authenticate; `listed` holds them in quarantine until a manifest names them. */
  readonly admission: 'open' | 'listed';
  /** What devices are told to sleep between polls. */
  readonly pollIntervalMs: number;
  /** Attribute that names the running version. */
  readonly versionAttribute: string;
  /** Attribute that changes at each boot, such as a boot counter; null where devices send none. */
  readonly bootAttribute: string | null;
  /** Attribute that names the product id a device was built for; null where devices send none. */
  readonly productAttribute: string | null;
  /** DDI chunk type (`part`). Zephyr accepts `bApp` only. */
  readonly part: string;
  /** DDI tenant in the URL; null means the product's name. Compared without regard to case. */
  readonly tenant: string | null;
  readonly attemptTimeoutMs: number;
  readonly rebootGraceMs: number;
  readonly forgetAfterMs: number;
  /** Attempts after the first failed one, per device and version. */
  readonly retries: number;
}

export type FleetSettings = GatewaySettings;

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
  /** Kept in force without a manifest because it still runs, is released or locked to. Never set by a manifest. */
  readonly retiring: boolean;
}

export interface GroupSpec {
  readonly product: string;
  readonly devices: readonly string[];
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

export interface ReleaseSpec {
  readonly product: string;
  readonly version: number;
  /** Null: every device of the product. */
  readonly group: string | null;
}

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
}

/** A product of which nothing is in force. */
export function emptyDesired(product: string): Desired {
  return { product, config: null, firmware: [], groups: [], locks: [], releases: [] };
}

// Manifests as they are written, one type per kind. Generated from `schemas/` by `node schemas/generate.ts`: change
// the schemas, never this file. The resolved forms, with defaults filled in, are in `desired.ts`.

/**
 * A kind of device that runs one line of firmware.
 */
export interface ProductManifest {
  /**
   * Version of the manifest format.
   */
  readonly apiVersion: 'lockstep/v1';
  /**
   * What this manifest describes.
   */
  readonly kind: 'Product';
  /**
   * Identity of this manifest.
   */
  readonly metadata: {
    /**
     * Name of the product. Devices find it in their URL, so `api`, `metrics`, `healthz` and `readyz` are reserved.
     */
    readonly name: string;
  };
  /**
   * What the product is, and the rules for changing its devices.
   */
  readonly spec: {
    /**
     * Product id that is compiled into the binaries with PRODUCT_ID(). Omit it for formats that carry none.
     */
    readonly productId?: number;
    /**
     * What the binaries are built for. Omit it for formats that carry none.
     */
    readonly platform?: string;
    /**
     * Where the devices of the product live, and how they are served.
     */
    readonly fleet: {
      /**
       * The code that talks to the devices: `gateway` is the embedded device server, which devices poll over DDI.
       */
      readonly driver: 'gateway';
      /**
       * Whether strangers that authenticate are registered (`open`), or quarantined until a manifest names them (`listed`).
       */
      readonly admission?: 'open' | 'listed';
      /**
       * How long devices are told to wait between two polls: 1s to 23h59m59s.
       */
      readonly pollInterval?: string;
      /**
       * Attribute in which a device names the version that it runs.
       */
      readonly versionAttribute?: string;
      /**
       * Attribute that changes at each boot, such as a boot counter. Omit it where devices send none.
       */
      readonly bootAttribute?: string;
      /**
       * Attribute in which a device names the product id that it was built for. Omit it where devices send none.
       */
      readonly productAttribute?: string;
      /**
       * Chunk type (`part`) in what devices are offered. Zephyr accepts `bApp` only.
       */
      readonly part?: string;
      /**
       * Tenant in the URL that devices poll; the name of the product where it is omitted. Compared without regard to case.
       */
      readonly tenant?: string;
      /**
       * After this long without an outcome an attempt counts as failed.
       */
      readonly attemptTimeout?: string;
      /**
       * How long a device may go on naming the old version after it claimed success without a boot being seen.
       */
      readonly rebootGrace?: string;
      /**
       * A device that was not seen for this long leaves all counts; its lock stays.
       */
      readonly forgetAfter?: string;
      /**
       * Attempts after the first failed one, per device and version.
       */
      readonly retries?: number;
    };
    /**
     * When a version counts as verified, which a release waits for.
     */
    readonly verification?: {
      /**
       * How many devices must have verified the version.
       */
      readonly devices?: number;
      /**
       * How long each of them must have run the version without a break.
       */
      readonly soak?: string;
      /**
       * Name of the DeviceGroup whose devices count. Omit it to count every device of the product.
       */
      readonly group?: string;
      /**
       * How strong the evidence must be: `reported` (a device names the version), `flashed` (this fleet gave it the very binary, and it named the version after that) or `claimed` (an agent’s success report is enough).
       */
      readonly evidence?: 'reported' | 'flashed' | 'claimed';
    };
    /**
     * Limits on what one revision may do. They are read from the revision’s parent, never from the change itself.
     */
    readonly guardrails?: {
      /**
       * Share of the product’s devices that a release may touch when it starts. Omit it for no limit.
       */
      readonly maxAffected?: string;
      /**
       * Share of the product’s locked devices that one revision may unlock. Omit it for no limit.
       */
      readonly maxUnlocked?: string;
      /**
       * How many devices may be locked to a version that is not verified.
       */
      readonly maxUnverified?: number;
      /**
       * Whether a revision may remove all manifests of the product.
       */
      readonly allowEmpty?: boolean;
    };
  };
}

/**
 * One version of a product’s firmware, and the binary that it is.
 */
export interface FirmwareManifest {
  /**
   * Version of the manifest format.
   */
  readonly apiVersion: 'lockstep/v1';
  /**
   * What this manifest describes.
   */
  readonly kind: 'Firmware';
  /**
   * Identity of this manifest.
   */
  readonly metadata: {
    /**
     * Name of this manifest, unique among the manifests of its kind and product.
     */
    readonly name: string;
  };
  /**
   * One version of a product’s firmware.
   */
  readonly spec: {
    /**
     * Name of the Product manifest that this belongs to.
     */
    readonly product: string;
    /**
     * Version that is compiled in with PRODUCT_VERSION().
     */
    readonly version: number;
    /**
     * The exact text that a device reports for this version. Omit it where that is the decimal number.
     */
    readonly reportedAs?: string;
    /**
     * One line on what this version brings.
     */
    readonly title?: string;
    /**
     * Markdown, shown in plans and pull requests.
     */
    readonly description?: string;
    /**
     * The file that devices get. Give either `path` or `url`.
     */
    readonly binary: {
      /**
       * Path of the file in the fleet repo, relative to its root, with forward slashes.
       */
      readonly path?: string;
      /**
       * Where the file can be fetched.
       */
      readonly url?: string;
      /**
       * SHA-256 digest of the file, as `lockstep inspect` prints it.
       */
      readonly sha256: string;
      /**
       * Say `opaque` for a file without a header that Lockstep can read; it is then known only by its digest. Omit it to have the header read.
       */
      readonly format?: 'opaque';
    };
    /**
     * Marks firmware that must never be offered to any device again.
     */
    readonly withdrawn?: {
      /**
       * Why it was withdrawn.
       */
      readonly reason: string;
      /**
       * Where the reason is explained.
       */
      readonly url?: string;
    };
  };
}

/**
 * A named list of devices, for locks, releases and verification.
 */
export interface DeviceGroupManifest {
  /**
   * Version of the manifest format.
   */
  readonly apiVersion: 'lockstep/v1';
  /**
   * What this manifest describes.
   */
  readonly kind: 'DeviceGroup';
  /**
   * Identity of this manifest.
   */
  readonly metadata: {
    /**
     * Name of this manifest, unique among the manifests of its kind and product.
     */
    readonly name: string;
  };
  /**
   * Which devices belong to the group.
   */
  readonly spec: {
    /**
     * Name of the Product manifest that this belongs to.
     */
    readonly product: string;
    /**
     * Ids of the devices in the group, each once.
     *
     * @minItems 1
     *
     * Items: Id of one device, exactly as it reports itself. Quote an id that consists of digits only.
     */
    readonly devices: readonly string[];
  };
}

/**
 * Keeps devices on one version, whatever is released.
 */
export interface DeviceLockManifest {
  /**
   * Version of the manifest format.
   */
  readonly apiVersion: 'lockstep/v1';
  /**
   * What this manifest describes.
   */
  readonly kind: 'DeviceLock';
  /**
   * Identity of this manifest.
   */
  readonly metadata: {
    /**
     * Name of this manifest, unique among the manifests of its kind and product.
     */
    readonly name: string;
  };
  /**
   * Which devices are locked, to which version. Give either `devices` or `group`.
   */
  readonly spec: {
    /**
     * Name of the Product manifest that this belongs to.
     */
    readonly product: string;
    /**
     * Ids of the locked devices, each once.
     *
     * @minItems 1
     *
     * Items: Id of one device, exactly as it reports itself. Quote an id that consists of digits only.
     */
    readonly devices?: readonly string[];
    /**
     * Name of the DeviceGroup whose devices are locked.
     */
    readonly group?: string;
    /**
     * Version that the devices run for as long as the lock stands.
     */
    readonly version: number;
    /**
     * When a device is flashed: `now` (as soon as it is online) or `on-reset` (when it next comes online after having been offline, or reports a new boot).
     */
    readonly flash: 'now' | 'on-reset';
    /**
     * Why the devices are locked.
     */
    readonly reason?: string;
    /**
     * Who answers for the lock.
     */
    readonly owner?: string;
    /**
     * Last day (UTC) on which the lock is meant to stand. It warns after that; it never ends by itself.
     */
    readonly expires?: string;
  };
}

/**
 * The version that the devices of a product, or of a group, are to run.
 */
export interface ReleaseManifest {
  /**
   * Version of the manifest format.
   */
  readonly apiVersion: 'lockstep/v1';
  /**
   * What this manifest describes.
   */
  readonly kind: 'Release';
  /**
   * Identity of this manifest.
   */
  readonly metadata: {
    /**
     * Name of this manifest, unique among the manifests of its kind and product.
     */
    readonly name: string;
  };
  /**
   * Which version is released, and to whom.
   */
  readonly spec: {
    /**
     * Name of the Product manifest that this belongs to.
     */
    readonly product: string;
    /**
     * Version that the devices are to run.
     */
    readonly version: number;
    /**
     * Name of the DeviceGroup that the release is for. Omit it to release to every device of the product.
     */
    readonly group?: string;
  };
}

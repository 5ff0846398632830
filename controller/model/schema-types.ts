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
       * The code that talks to the devices: `gateway` is the embedded device server, which devices poll over DDI; `particle` manages a product in Particle’s cloud.
       */
      readonly driver: 'gateway' | 'particle';
      /**
       * The slug (or numeric id) by which Particle knows the product. Only with `driver: particle`, which needs it.
       */
      readonly product?: string;
      /**
       * What becomes of releases, locks and group edits that somebody makes in Particle’s console: undone (`mend`), or named and left as they are (`report`). Only with `driver: particle`.
       */
      readonly drift?: 'mend' | 'report';
      /**
       * Whether strangers that authenticate are registered (`open`), or quarantined until a manifest names them (`listed`).
       */
      readonly admission?: 'open' | 'listed';
      /**
       * How long devices are told to wait between two polls, or how often Particle is asked for all devices: 1s to 23h59m59s. With `driver: particle` the default is 1m.
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
      /**
       * Attributes that devices report and that groups may match, at most four. Devices are counted by their values, so choose attributes with few of them.
       *
       * @maxItems 4
       *
       * Items: Name of an attribute, exactly as devices report it.
       */
      readonly groupBy?: readonly string[];
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
     * What a device must run before it can take this version. Devices on older firmware get a version between first.
     */
    readonly requires?: {
      /**
       * The lowest version from which a device can be brought to this one; below the version itself.
       */
      readonly from: number;
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
 * A named group of devices, for releases; one that lists its devices is also for locks and verification.
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
   * Which devices belong to the group. Give either `devices` or `match`.
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
    readonly devices?: readonly string[];
    /**
     * Values of attributes that devices report: those with all of them belong to the group. The attributes must be listed in `fleet.groupBy` of the Product.
     */
    readonly match?: {
      /**
       * The exact value of the attribute. Quote a value that YAML would read as a number or as true or false.
       */
      readonly [k: string]: string;
    };
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
   * Which version is released, to whom, and how.
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
    /**
     * How the release reaches its devices. Without one it goes to everyone at once, and the defaults of `halt` apply.
     */
    readonly strategy?: {
      /**
       * Stages of the release, in their order. Without them there is one step, `all`, at 100%.
       *
       * @minItems 1
       * @maxItems 50
       *
       * Items: One stage of the release. It ends when its soak has passed, its successes are in and the failure rate is inside the limit.
       */
      readonly steps?: readonly {
        /**
         * Name of the step, unique in the strategy.
         */
        readonly name: string;
        /**
         * Share of the release’s devices that is offered the version by then. It rises from step to step, and the last step reaches 100%.
         */
        readonly exposure: string;
        /**
         * How many devices the step reaches at least, where there are as many.
         */
        readonly minDevices?: number;
        /**
         * How long the step’s devices must have run the version, from its first success on.
         */
        readonly soak?: string;
        /**
         * How many devices must run the version. At most as many are asked for as the step has devices that were seen lately, and at least one.
         */
        readonly successes?: number;
        /**
         * Say `required` for a step that begins only once `approved` of the release names it. Omit it for one that begins by itself.
         */
        readonly approval?: 'required';
      }[];
      /**
       * How many flashes are started at most, per s, min, h or day. Omit it for no limit.
       */
      readonly rate?: string;
      /**
       * Times at which flashes may be started; one open window is enough. Without any they may be started at all times.
       *
       * @maxItems 20
       *
       * Items: A time of the week in which flashes may be started.
       */
      readonly windows?: readonly {
        /**
         * Days on which the window opens, each once.
         *
         * @minItems 1
         *
         * Items: Day of the week.
         */
        readonly days: readonly ('Mon' | 'Tue' | 'Wed' | 'Thu' | 'Fri' | 'Sat' | 'Sun')[];
        /**
         * Local time at which the window opens.
         */
        readonly from: string;
        /**
         * Local time at which the window closes; on the next day where it is before `from`.
         */
        readonly to: string;
        /**
         * IANA name of the time zone of `from` and `to`.
         */
        readonly timezone: string;
      }[];
      /**
       * When the release halts because of failing devices, and what that does.
       */
      readonly halt?: {
        /**
         * Share of failed devices, of those that failed or succeeded, above which the release halts.
         */
        readonly failureRate?: string;
        /**
         * How many devices must have failed or succeeded before the rate counts; at most as many as the step has.
         */
        readonly minAttempts?: number;
        /**
         * What a halt does: `hold` (the version is offered to nobody who does not run it) or `rollback` (devices that run it also return to the version before).
         */
        readonly action?: 'hold' | 'rollback';
      };
      /**
       * How this release goes when its version is an older one that once finished: `direct` (to everyone at once) or `staged` (through the steps).
       */
      readonly onRollback?: 'direct' | 'staged';
    };
    /**
     * Steps of this very version that a person has approved, as VERSION/STEP.
     *
     * @maxItems 50
     *
     * Items: Version and name of an approved step.
     */
    readonly approved?: readonly string[];
    /**
     * Raise it to resume after a halt: failures are then counted afresh.
     */
    readonly attempt?: number;
    /**
     * While it is true the release is held: it offers its version to nobody who does not run it.
     */
    readonly paused?: boolean;
  };
}

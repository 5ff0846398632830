// Builds desired state for tests from the few words that a test is about; everything else is the schema's default.

import type {
  Desired,
  FirmwareSpec,
  GatewaySettings,
  Kind,
  LockSpec,
  Placed,
  ProductSpec,
  ReleaseSpec,
} from '../../controller/model/desired.ts';
import { DIRECT_STRATEGY } from '../../controller/model/desired.ts';

const HOUR_MS = 3_600_000;

export interface DesiredWords {
  /** Default: `thermostat`. */
  readonly product?: string;
  readonly revision?: string;
  readonly productId?: number;
  readonly fleet?: Partial<GatewaySettings>;
  readonly verification?: Partial<ProductSpec['verification']>;
  readonly firmware?: readonly FirmwareWords[];
  /** Devices by group name. */
  readonly groups?: Readonly<Record<string, readonly string[]>>;
  /** What the members of a group have in common, by group name. */
  readonly matchGroups?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly locks?: readonly (Partial<LockSpec> & Pick<LockSpec, 'version'>)[];
  /** The product's release. */
  readonly release?: number;
  readonly groupReleases?: Readonly<Record<string, number>>;
  /** What all the releases say besides: a strategy, approvals, a pause. */
  readonly rollout?: Partial<Pick<ReleaseSpec, 'strategy' | 'approved' | 'attempt' | 'paused'>>;
}

export interface FirmwareWords {
  readonly version: number;
  /** 64 hex digits; made of the version where it is left out. */
  readonly sha256?: string;
  readonly path?: string;
  readonly reportedAs?: string;
  readonly title?: string;
  readonly withdrawn?: boolean;
  readonly requiresFrom?: number;
}

export const GATEWAY_DEFAULTS: GatewaySettings = {
  driver: 'gateway',
  admission: 'open',
  pollIntervalMs: 5 * 60_000,
  versionAttribute: 'fw_version',
  bootAttribute: null,
  productAttribute: null,
  part: 'os',
  tenant: null,
  attemptTimeoutMs: 24 * HOUR_MS,
  rebootGraceMs: 15 * 60_000,
  forgetAfterMs: 90 * 24 * HOUR_MS,
  retries: 3,
  groupBy: [],
};

/** The desired state of one product. */
export function buildDesired(words: DesiredWords = {}): Desired {
  const product = words.product ?? 'thermostat';
  const revision = words.revision ?? 'r1';
  function place<T>(kind: Kind, name: string, spec: T): Placed<T> {
    const origin = { kind, name, revision, file: `${name}.yaml`, line: 1, column: 1, places: {} };
    return { spec, origin };
  }
  return {
    product,
    config: place('Product', product, productSpec(words)),
    firmware: (words.firmware ?? []).map((each) =>
      place('Firmware', `${product}-${each.version}`, firmwareSpec(product, each)),
    ),
    groups: [
      ...Object.entries(words.groups ?? {}).map(([name, devices]) =>
        place('DeviceGroup', name, { product, devices, match: null }),
      ),
      ...Object.entries(words.matchGroups ?? {}).map(([name, match]) =>
        place('DeviceGroup', name, { product, devices: [], match }),
      ),
    ],
    locks: (words.locks ?? []).map((lock, index) =>
      place('DeviceLock', `lock-${index}`, {
        product,
        devices: null,
        group: null,
        flash: 'now' as const,
        reason: null,
        owner: null,
        expires: null,
        ...lock,
      }),
    ),
    releases: [
      ...(words.release === undefined
        ? []
        : [place('Release', product, releaseSpec(words, product, words.release, null))]),
      ...Object.entries(words.groupReleases ?? {}).map(([group, version]) =>
        place('Release', `${product}-${group}`, releaseSpec(words, product, version, group)),
      ),
    ],
  };
}

function productSpec(words: DesiredWords): ProductSpec {
  return {
    productId: words.productId ?? null,
    platform: null,
    fleet: { ...GATEWAY_DEFAULTS, ...words.fleet },
    verification: {
      devices: 1,
      soakMs: 0,
      group: null,
      evidence: 'reported',
      ...words.verification,
    },
    guardrails: { maxAffected: null, maxUnlocked: null, maxUnverified: 10, allowEmpty: false },
  };
}

function releaseSpec(
  { rollout }: DesiredWords,
  product: string,
  version: number,
  group: string | null,
): ReleaseSpec {
  return {
    product,
    version,
    group,
    strategy: DIRECT_STRATEGY,
    approved: [],
    attempt: 1,
    paused: false,
    ...rollout,
  };
}

function firmwareSpec(product: string, words: FirmwareWords): FirmwareSpec {
  return {
    product,
    version: words.version,
    reportedAs: words.reportedAs ?? null,
    title: words.title ?? null,
    description: null,
    binary: {
      path: words.path ?? `firmware/${words.version}.bin`,
      url: null,
      sha256: words.sha256 ?? String(words.version).padStart(64, '0'),
      format: 'opaque',
    },
    withdrawn: words.withdrawn === true ? { reason: 'test', url: null } : null,
    requiresFrom: words.requiresFrom ?? null,
    retiring: false,
  };
}

// Turns a manifest that fits its schema into a resolved spec: defaults filled in, durations in milliseconds, shares
// as numbers. The defaults are those that the schemas state. References are not looked at here.

import type {
  FirmwareSpec,
  FleetSettings,
  GroupSpec,
  LockSpec,
  ProductSpec,
  ReleaseSpec,
} from '../model/desired.ts';
import type {
  DeviceGroupManifest,
  DeviceLockManifest,
  FirmwareManifest,
  ProductManifest,
  ReleaseManifest,
} from '../model/schema-types.ts';
import { normalisePath } from './binary-path.ts';
import { convertStrategy, readDuration, readPercent } from './convert-strategy.ts';

/** Converts a Product whose durations are within their bounds (`checkDurations`). */
export function convertProduct({ spec }: ProductManifest): ProductSpec {
  const { fleet, verification = {}, guardrails = {} } = spec;
  return {
    productId: spec.productId ?? null,
    platform: spec.platform ?? null,
    fleet: convertFleet(fleet),
    verification: {
      devices: verification.devices ?? 1,
      soakMs: readDuration(verification.soak ?? '0s'),
      group: verification.group ?? null,
      evidence: verification.evidence ?? 'reported',
    },
    guardrails: {
      maxAffected: readPercent(guardrails.maxAffected),
      maxUnlocked: readPercent(guardrails.maxUnlocked),
      maxUnverified: guardrails.maxUnverified ?? 10,
      allowEmpty: guardrails.allowEmpty ?? false,
    },
  };
}

type FleetManifest = ProductManifest['spec']['fleet'];

function convertFleet(fleet: FleetManifest): FleetSettings {
  const shared = {
    attemptTimeoutMs: readDuration(fleet.attemptTimeout ?? '24h'),
    forgetAfterMs: readDuration(fleet.forgetAfter ?? '90d'),
    retries: fleet.retries ?? 3,
  };
  if (fleet.driver === 'particle') {
    return {
      ...shared,
      driver: 'particle',
      product: fleet.product ?? '',
      drift: fleet.drift ?? 'mend',
      pollIntervalMs: readDuration(fleet.pollInterval ?? '1m'),
      admission: 'open',
      versionAttribute: 'firmware_version',
      bootAttribute: null,
      productAttribute: null,
      // The cloud may take a device that vanished for online for 46 minutes.
      rebootGraceMs: readDuration('1h'),
      groupBy: [],
    };
  }
  return {
    ...shared,
    driver: 'gateway',
    admission: fleet.admission ?? 'open',
    pollIntervalMs: readDuration(fleet.pollInterval ?? '5m'),
    versionAttribute: fleet.versionAttribute ?? 'fw_version',
    bootAttribute: fleet.bootAttribute ?? null,
    productAttribute: fleet.productAttribute ?? null,
    part: fleet.part ?? 'firmware',
    tenant: fleet.tenant ?? null,
    rebootGraceMs: readDuration(fleet.rebootGrace ?? '15m'),
    groupBy: fleet.groupBy ?? [],
  };
}

/** Converts a Firmware manifest. A path that leaves the fleet repo is kept as written; `resolve.ts` refuses it. */
export function convertFirmware({ spec }: FirmwareManifest): FirmwareSpec {
  const { path } = spec.binary;
  return {
    product: spec.product,
    version: spec.version,
    reportedAs: spec.reportedAs ?? null,
    title: spec.title ?? null,
    description: spec.description ?? null,
    binary: {
      path: path === undefined ? null : (normalisePath(path) ?? path),
      url: spec.binary.url ?? null,
      sha256: spec.binary.sha256.toLowerCase(),
      format: spec.binary.format ?? null,
    },
    withdrawn:
      spec.withdrawn === undefined
        ? null
        : { reason: spec.withdrawn.reason, url: spec.withdrawn.url ?? null },
    requiresFrom: spec.requires?.from ?? null,
    retiring: false,
  };
}

/** Converts a DeviceGroup. Devices keep the order of the manifest, so that their places can be found. */
export function convertGroup({ spec }: DeviceGroupManifest): GroupSpec {
  const { product, devices = [], match } = spec;
  return { product, devices, match: match === undefined ? null : sortKeys(match) };
}

/** The order in which attributes are written means nothing. */
function sortKeys(match: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(match).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Converts a DeviceLock. Devices keep the order of the manifest, so that their places can be found. */
export function convertLock({ spec }: DeviceLockManifest): LockSpec {
  return {
    product: spec.product,
    devices: spec.devices ?? null,
    group: spec.group ?? null,
    version: spec.version,
    flash: spec.flash,
    reason: spec.reason ?? null,
    owner: spec.owner ?? null,
    expires: spec.expires ?? null,
  };
}

/** Converts a Release. Of its approvals only those of its own version are kept. */
export function convertRelease({ spec }: ReleaseManifest): ReleaseSpec {
  const prefix = `${spec.version}/`;
  return {
    product: spec.product,
    version: spec.version,
    group: spec.group ?? null,
    strategy: convertStrategy(spec.strategy),
    approved: (spec.approved ?? [])
      .filter((entry) => entry.startsWith(prefix))
      .map((entry) => entry.slice(prefix.length)),
    attempt: spec.attempt ?? 1,
    paused: spec.paused ?? false,
  };
}

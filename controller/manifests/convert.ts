// Turns a manifest that fits its schema into a resolved spec: defaults filled in, durations in milliseconds, shares
// as numbers. The defaults are those that the schemas state. References are not looked at here.

import { assert } from '../base/assert.ts';
import { parseDuration } from '../base/duration.ts';
import type {
  FirmwareSpec,
  GatewaySettings,
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

/** Converts a Product whose durations are within their bounds (`checkDurations`). */
export function convertProduct({ spec }: ProductManifest): ProductSpec {
  const { fleet, verification = {}, guardrails = {} } = spec;
  const settings: GatewaySettings = {
    driver: fleet.driver,
    admission: fleet.admission ?? 'open',
    pollIntervalMs: readDuration(fleet.pollInterval ?? '5m'),
    versionAttribute: fleet.versionAttribute ?? 'fw_version',
    bootAttribute: fleet.bootAttribute ?? null,
    productAttribute: fleet.productAttribute ?? null,
    part: fleet.part ?? 'firmware',
    tenant: fleet.tenant ?? null,
    attemptTimeoutMs: readDuration(fleet.attemptTimeout ?? '24h'),
    rebootGraceMs: readDuration(fleet.rebootGrace ?? '15m'),
    forgetAfterMs: readDuration(fleet.forgetAfter ?? '90d'),
    retries: fleet.retries ?? 3,
  };
  return {
    productId: spec.productId ?? null,
    platform: spec.platform ?? null,
    fleet: settings,
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

/** Milliseconds of a text that fits the schemas' pattern. */
function readDuration(text: string): number {
  const ms = parseDuration(text);
  assert(ms !== null, `the schema let ${text} pass as a duration`);
  return ms;
}

/** `25%` as 25. */
function readPercent(text: string | undefined): number | null {
  return text === undefined ? null : Number(text.slice(0, -1));
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
    retiring: false,
  };
}

/** Converts a DeviceGroup. Devices keep the order of the manifest, so that their places can be found. */
export function convertGroup({ spec }: DeviceGroupManifest): GroupSpec {
  return { product: spec.product, devices: spec.devices };
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

/** Converts a Release. */
export function convertRelease({ spec }: ReleaseManifest): ReleaseSpec {
  return { product: spec.product, version: spec.version, group: spec.group ?? null };
}

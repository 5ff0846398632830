// A product with a bench and a release, as the reports meet it: desired state, plans, devices. Plain data, built anew by
// each call.

import type {
  Desired,
  FirmwareSpec,
  Kind,
  LockSpec,
  Origin,
  Placed,
  ProductSpec,
} from '../../../controller/model/desired.ts';
import { DIRECT_STRATEGY } from '../../../controller/model/desired.ts';
import { expectedDevice, type DeviceRecord } from '../../../controller/model/device.ts';
import type { FirmwareRecord } from '../../../controller/model/firmware.ts';
import type { Action, Plan, ProductPlan } from '../../../controller/model/plan.ts';
import { BUCKETS, type ReleaseState } from '../../../controller/model/rollout.ts';

export const REVISION = '5f0c1d2e3b4a59687766554433221100ffeeddcc';

/** The manifest of a value. */
export function sampleOrigin(kind: Kind, name: string, line = 1): Origin {
  const file = `${kind.toLowerCase()}.yaml`;
  return { kind, name, revision: REVISION, file, line, column: 1, places: {} };
}

function place<T>(kind: Kind, name: string, spec: T, line?: number): Placed<T> {
  return { spec, origin: sampleOrigin(kind, name, line) };
}

export function sampleProductSpec(): ProductSpec {
  return {
    productId: 94,
    platform: 'photon',
    fleet: {
      driver: 'gateway',
      admission: 'open',
      pollIntervalMs: 300_000,
      versionAttribute: 'fw_version',
      bootAttribute: null,
      productAttribute: null,
      part: 'os',
      tenant: null,
      attemptTimeoutMs: 86_400_000,
      rebootGraceMs: 900_000,
      forgetAfterMs: 90 * 86_400_000,
      retries: 3,
      groupBy: [],
    },
    verification: { devices: 1, soakMs: 3_600_000, group: 'bench', evidence: 'reported' },
    guardrails: { maxAffected: 25, maxUnlocked: null, maxUnverified: 10, allowEmpty: false },
  };
}

export function sampleFirmware(version: number, title: string | null = null): Placed<FirmwareSpec> {
  return place('Firmware', `thermostat-${version}`, {
    product: 'thermostat',
    version,
    reportedAs: null,
    title,
    description: null,
    binary: {
      path: `firmware/${version}.bin`,
      url: null,
      sha256: String(version).padStart(64, '0'),
      format: null,
    },
    withdrawn: null,
    requiresFrom: null,
    retiring: false,
  });
}

export function sampleFirmwareRecord(version: number): FirmwareRecord {
  return {
    product: 'thermostat',
    version,
    sha256: String(version).padStart(64, '0'),
    size: 4_096,
    sha1: '1'.repeat(40),
    md5: '2'.repeat(32),
    addedAt: 1_700_000_000_000,
    addedRevision: REVISION,
    verifiedAt: version === 41 ? 1_700_000_100_000 : null,
    finishedAt: null,
    withdrawnAt: null,
    stored: true,
  };
}

/** Version 41 is released to everyone; `bench` is locked to 42. */
export function sampleDesired(lock: Partial<LockSpec> = {}): Desired {
  return {
    product: 'thermostat',
    config: place('Product', 'thermostat', sampleProductSpec()),
    firmware: [sampleFirmware(41, 'First light'), sampleFirmware(42, 'Fix heater drift')],
    groups: [
      place('DeviceGroup', 'bench', {
        product: 'thermostat',
        devices: ['bench-1', 'bench-2'],
        match: null,
      }),
    ],
    locks: [
      place(
        'DeviceLock',
        'bench-on-42',
        {
          product: 'thermostat',
          devices: null,
          group: 'bench',
          version: 42,
          flash: 'now',
          reason: 'verify 42',
          owner: null,
          expires: null,
          ...lock,
        },
        12,
      ),
    ],
    releases: [
      place(
        'Release',
        'thermostat',
        {
          product: 'thermostat',
          version: 41,
          group: null,
          strategy: DIRECT_STRATEGY,
          approved: [],
          attempt: 1,
          paused: false,
        },
        3,
      ),
    ],
    rollout: {
      rounds: 1,
      tracks: [{ group: null, base: 41, rolledBack: [], release: sampleReleaseState() }],
    },
  };
}

/** The release of 41, finished; changed as given. */
export function sampleReleaseState(change: Partial<ReleaseState> = {}): ReleaseState {
  return {
    version: 41,
    round: 1,
    attempt: 1,
    rollback: false,
    step: 'all',
    limit: BUCKETS,
    stepAt: 1_700_000_000_000,
    runningBefore: 0,
    soakSince: 0,
    startedAt: 1_700_000_000_000,
    finishedAt: 1_700_000_100_000,
    halt: null,
    baseBefore: null,
    ...change,
  };
}

/** An active device, changed as given. */
export function sampleDevice(change: Partial<DeviceRecord> = {}): DeviceRecord {
  return {
    ...expectedDevice('thermostat', change.id ?? 'e00f01'),
    key: 1,
    rev: 1,
    standing: 'active',
    registeredAt: 1_700_000_000_000,
    reported: '41',
    running: 41,
    runningSince: 0,
    ...change,
  };
}

/** The lock that `sampleDesired` has, as carried out on a device. */
export function sampleCarriedLock(
  change: Partial<NonNullable<DeviceRecord['lock']>> = {},
): NonNullable<DeviceRecord['lock']> {
  return {
    version: 42,
    flash: 'now',
    armed: true,
    manifest: 'bench-on-42',
    revision: REVISION,
    since: 1_700_000_000_000,
    ...change,
  };
}

/** An action of version 42, changed as given. */
export function sampleAction(
  change: Partial<NonNullable<DeviceRecord['action']>> = {},
): NonNullable<DeviceRecord['action']> {
  return {
    id: 734_211,
    version: 42,
    sha256: String(42).padStart(64, '0'),
    goal: 42,
    attempt: 1,
    phase: 'offered',
    fetchedAt: null,
    claimedAt: null,
    offeredAt: 1_700_000_000_000,
    deadline: 90_000_000,
    graceUntil: null,
    bootAtClaim: null,
    cancelPolls: 0,
    cancelRefused: false,
    round: 0,
    manifest: 'DeviceLock/bench-on-42',
    revision: REVISION,
    ...change,
  };
}

function trace(file: string, line: number, manifest: string): Action['trace'] {
  return { revision: REVISION, manifest, place: { file, line, column: 1 } };
}

/** One action of each type, and many locks of one manifest. */
export function sampleActions(): readonly Action[] {
  return [
    { type: 'WithdrawFirmware', version: 39, trace: trace('old.yaml', 1, 'Firmware/t-39') },
    {
      type: 'ConfigureProduct',
      changes: ['verification', 'guardrails'],
      trace: trace('product.yaml', 1, 'Product/thermostat'),
    },
    {
      type: 'UploadFirmware',
      version: 42,
      sha256: String(42).padStart(64, '0'),
      trace: trace('firmware.yaml', 1, 'Firmware/thermostat-42'),
    },
    {
      type: 'ChangeGroup',
      group: 'bench',
      devices: 12,
      trace: trace('bench.yaml', 1, 'DeviceGroup/bench'),
    },
    ...Array.from({ length: 12 }, (_, index): Action => ({
      type: 'LockDevice',
      device: `bench-${index + 1}`,
      version: 42,
      flash: 'now',
      trace: trace('bench.yaml', 9, 'DeviceLock/bench-on-42'),
    })),
    {
      type: 'LockDevice',
      device: 'lab-7',
      version: 41,
      flash: 'on-reset',
      trace: trace('bench.yaml', 21, 'DeviceLock/lab'),
    },
    {
      type: 'UnlockDevice',
      device: 'desk-3',
      from: 40,
      trace: trace('desk.yaml', 1, 'DeviceLock/desk'),
    },
    {
      type: 'EndRelease',
      version: 41,
      group: 'beta',
      trace: trace('beta.yaml', 1, 'Release/beta'),
    },
    {
      type: 'ReleaseFirmware',
      version: 41,
      from: 40,
      group: null,
      rollback: false,
      exposure: BUCKETS,
      trace: trace('release.yaml', 1, 'Release/thermostat'),
    },
    {
      type: 'SetExposure',
      version: 42,
      group: 'beta',
      step: 'half',
      from: 1_234,
      exposure: 5_000,
      cause: 'step',
      message: 'Step half begins: exposure 50%.',
      trace: trace('beta.yaml', 9, 'Release/beta'),
    },
    { type: 'RetireFirmware', version: 38, trace: trace('gone.yaml', 1, 'Firmware/t-38') },
  ];
}

export function sampleProductPlan(change: Partial<ProductPlan> = {}): ProductPlan {
  return {
    product: 'thermostat',
    frozen: false,
    actions: sampleActions(),
    refusals: [
      {
        reason: 'ReleaseUnverified',
        message:
          'Version 42 is not verified: 0 of 2 devices of group bench reported running it and stayed up for 1h. On the way: bench-1.',
        remedy: 'Nothing to commit: the release starts by itself once they have verified it.',
        place: { file: 'release.yaml', line: 14, column: 12 },
        manifest: 'Release/beta',
        flashes: [
          { from: 40, to: 42, devices: 1_200 },
          { from: 41, to: 42, devices: 300 },
        ],
        lifts: 'devices',
      },
    ],
    warnings: [
      {
        reason: 'DeviceOffline',
        message: 'bench-2 is offline.',
        remedy: 'Nothing to do, unless the device should be online.',
        place: { file: 'bench.yaml', line: 9, column: 1 },
      },
      {
        reason: 'VersionUnknown',
        message: '4 devices have not named a version that a manifest knows.',
        remedy: 'Have the device agent send the version attribute; see how devices connect.',
        place: null,
      },
    ],
    impact: {
      devices: 1_000_000,
      flashes: [
        { from: null, to: 41, devices: 4 },
        { from: 40, to: 41, devices: 899_986 },
      ],
      locked: 13,
      offline: 120,
      quarantined: 2,
    },
    gates: [
      {
        version: 42,
        verdict: 'waiting',
        reason: 'ReleaseUnverified',
        message: '0 of 2 devices have verified it.',
      },
    ],
    newlyVerified: [],
    newlyFinished: [40],
    releases: [],
    ...change,
  };
}

export function samplePlan(products: readonly ProductPlan[] = [sampleProductPlan()]): Plan {
  return { revision: REVISION, fingerprint: `sha256:${'ab'.repeat(32)}`, products, errors: [] };
}

/** A product without anything to do. */
export function emptyProductPlan(product = 'lamp'): ProductPlan {
  return sampleProductPlan({
    product,
    actions: [],
    refusals: [],
    warnings: [],
    impact: { devices: 12, flashes: [], locked: 0, offline: 1, quarantined: 0 },
    gates: [],
    newlyFinished: [],
  });
}

/** A plan of a revision with a file that cannot be read. */
export function sampleFrozenPlan(): Plan {
  return {
    ...samplePlan([{ ...emptyProductPlan('thermostat'), frozen: true }]),
    errors: [
      {
        severity: 'error',
        reason: 'InvalidManifest',
        message: 'Unknown field `verison` in spec; did you mean `version`?',
        remedy: 'Write `version`.',
        place: { file: 'release.yaml', line: 7, column: 3 },
        excerpt: '  verison: 42',
        product: 'thermostat',
      },
    ],
  };
}

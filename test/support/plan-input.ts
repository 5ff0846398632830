// Small builders for tests of the pure core: desired state with places to point at, what the fleet reports, devices,
// a policy. Everything that a test does not say is the default of the schemas.

import { unreachable } from '../../controller/base/assert.ts';
import { recordOf } from '../../controller/devices/decision.ts';
import { compilePolicy } from '../../controller/devices/policy.ts';
import type {
  Desired,
  LockSpec,
  Origin,
  Placed,
  ProductSpec,
} from '../../controller/model/desired.ts';
import type {
  ActionRecord,
  DeviceRecord,
  EvidenceRecord,
  Moment,
  OpenAction,
} from '../../controller/model/device.ts';
import { expectedDevice } from '../../controller/model/device.ts';
import type { FirmwareRecord } from '../../controller/model/firmware.ts';
import type { LiveState, NamedDevice, VersionCount } from '../../controller/model/live.ts';
import type { ProductPlan } from '../../controller/model/plan.ts';
import type { ProductPolicy } from '../../controller/model/policy.ts';
import type { Snapshot } from '../../controller/model/revision.ts';
import type { PlanContext, PlanResult } from '../../controller/plan/build-plan.ts';
import { buildPlan } from '../../controller/plan/build-plan.ts';
import { censusOf } from './census.ts';
import type { DesiredWords } from './desired.ts';
import { buildDesired } from './desired.ts';
import { finishReleases } from './finished-tracks.ts';
import type { TracksWords } from './tracks.ts';

export const PRODUCT = 'thermostat';
export const TODAY = '2026-11-22';
/** Noon of that day. */
export const NOW = Date.UTC(2026, 10, 22, 12);
export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;

/** What the given manifests say; a lock is given by name, and every value has a place of its own. */
export interface PlanWords extends Omit<DesiredWords, 'locks'> {
  readonly platform?: string;
  readonly guardrails?: Partial<ProductSpec['guardrails']>;
  readonly locks?: Readonly<Record<string, Partial<LockSpec> & Pick<LockSpec, 'version'>>>;
  /** How far the releases are, where it is in force; by default each has finished. Null: nothing is known of them. */
  readonly tracks?: TracksWords | null;
}

/** Line of each value in every manifest that `desired` builds, for expectations. */
export const LINES = {
  'spec.version': 7,
  'spec.group': 8,
  'spec.expires': 9,
  'spec.binary': 10,
  'spec.binary.sha256': 11,
  'spec.verification.evidence': 12,
  'spec.guardrails.maxUnlocked': 13,
  spec: 5,
} as const;

/** The desired state of one product, with places. */
export function desired(words: PlanWords = {}): Desired {
  const { guardrails, locks = {}, platform, tracks = {}, ...rest } = words;
  const names = Object.keys(locks).sort();
  const built = buildDesired({
    ...rest,
    locks: names.map((name) => locks[name] ?? { version: 0 }),
  });
  const config = built.config;
  const rollout = tracks === null ? null : finishReleases(built.releases, tracks);
  return {
    ...built,
    ...(rollout !== null && { rollout }),
    config: config && {
      origin: withPlaces(config.origin),
      spec: {
        ...config.spec,
        platform: platform ?? null,
        guardrails: { ...config.spec.guardrails, ...guardrails },
      },
    },
    firmware: built.firmware.map(placed),
    groups: built.groups.map(placed),
    locks: built.locks.map((lock, index) =>
      placed({ ...lock, origin: { ...lock.origin, ...fileOf(names[index] ?? '') } }),
    ),
    releases: built.releases.map((release) =>
      placed({
        ...release,
        origin: { ...release.origin, file: `release-${release.origin.name}.yaml` },
      }),
    ),
  };
}

function fileOf(name: string): { readonly name: string; readonly file: string } {
  return { name, file: `${name}.yaml` };
}

function placed<T>(manifest: Placed<T>): Placed<T> {
  return { spec: manifest.spec, origin: withPlaces(manifest.origin) };
}

function withPlaces(origin: Origin): Origin {
  const devices = Array.from({ length: 40 }, (_, index) => [
    `spec.devices.${index}`,
    [20 + index, 7] as const,
  ]);
  const values = Object.entries(LINES).map(([path, line]) => [path, [line, 12] as const]);
  return { ...origin, places: Object.fromEntries([...values, ...devices]) };
}

/** A revision that holds the given desired states and no problem. */
export function snapshot(
  states: Desired | readonly Desired[],
  more: Partial<Snapshot> = {},
): Snapshot {
  const all = 'product' in states ? [states] : states;
  return {
    revision: all[0]?.config?.origin.revision ?? 'r1',
    products: Object.fromEntries(all.map((state) => [state.product, state])),
    problems: [],
    frozen: [],
    productsByFile: {},
    refused: [],
    binaries: {},
    ...more,
  };
}

/** A fleet that was adopted and has no devices. The census is that of `unlocked`, where none is given. */
export function live(more: Partial<LiveState> = {}): LiveState {
  return {
    product: PRODUCT,
    adopted: true,
    stopped: false,
    devices: 0,
    offline: 0,
    quarantined: 0,
    unlocked: [],
    locked: [],
    outcomes: [],
    rounds: [],
    census: censusOf(more.unlocked ?? [], more.named),
    listened: 0,
    listening: true,
    named: new Map(),
    firmware: [],
    evidence: [],
    ...more,
  };
}

/** An online, active device that nobody has locked. */
export function namedDevice(id: string, more: Partial<NamedDevice> = {}): NamedDevice {
  return {
    id,
    standing: 'active',
    running: 41,
    online: true,
    lock: null,
    failing: false,
    actionVersion: null,
    traits: {},
    dormant: false,
    ...more,
  };
}

/** A fleet of the given devices alone: all of them are named, and the counters fit. */
export function liveOf(
  devices: readonly NamedDevice[],
  more: Partial<LiveState> & { readonly crowd?: readonly VersionCount[] } = {},
): LiveState {
  const { crowd = [], ...rest } = more;
  const active = devices.filter(({ standing }) => standing === 'active');
  const free = active.filter(({ lock }) => lock === null);
  const held = active.filter(({ lock }) => lock !== null);
  return live({
    devices: active.length + crowd.reduce((sum, each) => sum + each.devices, 0),
    unlocked: countVersions([
      ...free.map(({ running }) => ({ version: running, devices: 1 })),
      ...crowd,
    ]),
    locked: countVersions(held.map(({ running }) => ({ version: running, devices: 1 }))),
    named: new Map(devices.map((device) => [device.id, device])),
    ...rest,
  });
}

function countVersions(parts: readonly VersionCount[]): readonly VersionCount[] {
  const counts = new Map<number | null, number>();
  for (const { version, devices } of parts)
    counts.set(version, (counts.get(version) ?? 0) + devices);
  return [...counts]
    .map(([version, devices]) => ({ version, devices }))
    .sort((a, b) => (a.version ?? 0) - (b.version ?? 0));
}

/** A lock as it is carried out on a device. */
export function carried(
  version: number,
  manifest = 'bench-lock',
  more: Partial<NonNullable<DeviceRecord['lock']>> = {},
): NonNullable<DeviceRecord['lock']> {
  return { version, flash: 'now', armed: true, manifest, revision: 'r1', since: 0, ...more };
}

/** The digest that `desired` gives a version. */
export function shaOf(version: number): string {
  return String(version).padStart(64, '0');
}

/** What the state remembers of a version whose binary is stored. */
export function remembered(version: number, more: Partial<FirmwareRecord> = {}): FirmwareRecord {
  return {
    product: PRODUCT,
    version,
    sha256: shaOf(version),
    size: 100,
    sha1: 'a'.repeat(40),
    md5: 'b'.repeat(32),
    addedAt: 1,
    addedRevision: 'r0',
    verifiedAt: null,
    finishedAt: null,
    withdrawnAt: null,
    stored: true,
    ...more,
  };
}

/** A device's word about a version, with its soak met. */
export function evidence(
  device: string,
  version: number,
  more: Partial<EvidenceRecord> = {},
): EvidenceRecord {
  return {
    product: PRODUCT,
    version,
    sha256: shaOf(version),
    device,
    level: 'reported',
    since: 0,
    passedAt: 5,
    soakedMs: 0,
    ...more,
  };
}

export interface PlanCase {
  readonly now: Desired | null;
  readonly inForce?: Desired | null;
  readonly live?: LiveState;
  readonly context?: Partial<PlanContext>;
  readonly snapshot?: Partial<Snapshot>;
}

/** The whole result of planning one product. */
export function planAll(words: PlanCase): PlanResult {
  const inForce = words.inForce ?? null;
  return buildPlan({
    snapshot: snapshot(words.now === null ? [] : words.now, words.snapshot),
    inForce: new Map(inForce === null ? [] : [[inForce.product, inForce]]),
    live: new Map([[PRODUCT, words.live ?? live()]]),
    context: { now: NOW, today: TODAY, adopt: false, unavailable: new Map(), ...words.context },
  });
}

/** The plan of the one product, and what would be in force after it. */
export function planOne(words: PlanCase): { readonly plan: ProductPlan; readonly next: Desired } {
  const { plan, next } = planAll(words);
  const product = plan.products.find((each) => each.product === PRODUCT);
  const state = next.get(PRODUCT);
  if (product === undefined || state === undefined) throw new Error('the product was not planned');
  return { plan: product, next: state };
}

/** `Type` and what it is about, such as `LockDevice d1 42`, in the order of the plan. */
export function actionsOf(plan: ProductPlan): readonly string[] {
  return plan.actions.map((action) => {
    switch (action.type) {
      case 'ConfigureProduct':
        return `${action.type} ${action.changes.join(',')}`;
      case 'ChangeGroup':
        return `${action.type} ${action.group} ${action.devices}`;
      case 'LockDevice':
        return `${action.type} ${action.device} ${action.version} ${action.flash}`;
      case 'UnlockDevice':
        return `${action.type} ${action.device} ${action.from}`;
      case 'ReleaseFirmware':
        return `${action.type} ${action.version} from ${action.from ?? '-'} group ${action.group ?? '-'}${action.rollback ? ' rollback' : ''}`;
      case 'SetExposure':
        return `${action.type} ${action.version} group ${action.group ?? '-'} ${action.cause} ${action.step ?? '-'} ${action.from} to ${action.exposure}`;
      case 'EndRelease':
        return `${action.type} ${action.version} group ${action.group ?? '-'}`;
      case 'UploadFirmware':
      case 'RetireFirmware':
      case 'WithdrawFirmware':
        return `${action.type} ${action.version}`;
      default:
        return unreachable(action);
    }
  });
}

/** The reasons of what is refused, in order. */
export function refusalsOf(plan: ProductPlan): readonly string[] {
  return plan.refusals.map(({ reason }) => reason);
}

/** The reasons of what is warned about, in order. */
export function warningsOf(plan: ProductPlan): readonly string[] {
  return plan.warnings.map(({ reason }) => reason);
}

/** The policy of a desired state, all of whose firmware is stored unless told otherwise. */
export function policyOf(
  state: Desired,
  more: { readonly stopped?: boolean; readonly firmware?: readonly FirmwareRecord[] } = {},
): ProductPolicy {
  const records =
    more.firmware ?? state.firmware.map(({ spec }) => remembered(spec.version, { verifiedAt: 1 }));
  const policy = compilePolicy(state, records, { stopped: more.stopped ?? false });
  if (policy === null) throw new Error('a desired state without a Product has no policy');
  return policy;
}

/** A registered device that runs version 41 and names it. */
export function device(more: Partial<DeviceRecord> = {}): DeviceRecord {
  return {
    ...expectedDevice(PRODUCT, 'd1'),
    key: 1,
    rev: 1,
    standing: 'active',
    registeredAt: 1,
    reported: '41',
    running: 41,
    runningSince: 0,
    ...more,
  };
}

/** A moment at which listening time and wall clock have gone on by as much. */
export function at(listened: number): Moment {
  return { at: 1_000_000_000_000 + listened, listened };
}

/** An open action: version 42, offered by the product's release, not fetched yet. */
export function openAction(more: Partial<OpenAction> = {}): OpenAction {
  return {
    id: 1500,
    version: 42,
    sha256: shaOf(42),
    goal: more.version ?? 42,
    attempt: 1,
    phase: 'offered',
    fetchedAt: null,
    claimedAt: null,
    offeredAt: 0,
    deadline: 24 * HOUR_MS,
    graceUntil: null,
    bootAtClaim: null,
    cancelPolls: 0,
    cancelRefused: false,
    round: 0,
    manifest: 'Release/thermostat',
    revision: 'r1',
    ...more,
  };
}

/** The kept form of an open action. */
export function keptAction(
  action: OpenAction,
  state: ActionRecord['state'] = 'open',
): ActionRecord {
  return recordOf(device({ action }), action, { state });
}

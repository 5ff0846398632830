// How the releases of a change stand with the verification gate, before it is merged. The gate itself is asked (never a
// copy of it): with the locks that the merge result has, and with those that are merged already.

import type { GateContext, GateVerdict } from '../gates/gate.ts';
import { verificationOf, verifiedGate } from '../gates/verified.ts';
import { releaseWithdrawnGate } from '../gates/withdrawn.ts';
import type { Desired, FirmwareSpec, Placed, ProductSpec, ReleaseSpec } from '../model/desired.ts';
import { emptyDesired } from '../model/desired.ts';
import type { FirmwareRecord } from '../model/firmware.ts';
import type { LiveState } from '../model/live.ts';
import type { GateState } from '../model/review.ts';

/** One product before and after the change, against the same fleet. */
export interface GateSides {
  /** In force once the merge result is carried out. */
  readonly merged: Desired;
  /** In force once the base alone is carried out. */
  readonly base: Desired;
  readonly live: LiveState;
}

/** What the gate says of one release of a change. */
export interface GateJudgement {
  readonly state: GateState;
  readonly message: string;
  readonly remedy: string | null;
}

const ORDER: readonly GateState[] = ['success', 'neutral', 'pending', 'failure'];

/** The worst of some states; `success` where there is none. */
export function worstState(states: readonly GateState[]): GateState {
  return ORDER[Math.max(0, ...states.map((state) => ORDER.indexOf(state)))] ?? 'failure';
}

/**
 * Judges a release whose firmware the merge result accepts.
 *
 * - Withdrawn: `failure`, however well it was verified.
 * - Verified, or finished once (a rollback): `success`.
 * - Not verified, and the devices that soak or that the merge result's own locks hold are not enough: `failure`. A lock
 *   that the change removes, or moves to another version, is not one of them, although it is merged and on the way: a merge
 *   before its device is done would leave the version without anybody to verify it. The soak of a device that the change
 *   takes away from the version is not counted either, for it would not reach its end. Both turn to `success` as soon as the
 *   version is verified, since evidence is kept.
 * - They are enough, and so are the devices that soak or that locks hold once the base is carried out: `pending`. It turns
 *   green by itself, merged or not. A lock of the base counts only where the base itself brings the very binary to its
 *   device: one that names a version which only the change adds is refused until then, and brings nobody there.
 * - They are enough only with what the change brings: `neutral`.
 *
 * The rule (how many devices, how strong their evidence) is that of the merge result, for it is what the release will be
 * started by; and a change does not pass by a rule that it loosens itself: what the rule of the base does not let pass is
 * a `failure`. Who is in the group that verifies is read from the merge result, so that a change may bring its own bench.
 */
export function judgeRelease(release: Placed<ReleaseSpec>, sides: GateSides): GateJudgement {
  const { merged, base, live } = sides;
  const { version } = release.spec;
  const firmware = firmwareIn(merged, version);
  if (merged.config === null || firmware === null) {
    throw new Error('a release is judged only where its firmware is accepted');
  }
  const context = contextOf(merged, merged.config, firmware, live);
  const withdrawal = releaseWithdrawnGate.evaluate(release, { ...context, ...NO_FLASHES });
  if (!withdrawal.passes) return failureOf(withdrawal);
  const own = judgeBy(merged.config.spec.verification, release, context, sides);
  const rule = base.config?.spec.verification ?? null;
  if (rule === null || isSameRule(rule, merged.config.spec.verification)) return own;
  const before = judgeBy(rule, release, context, sides);
  const isLoosened =
    (before.state === 'failure' && own.state !== 'failure') ||
    (before.state === 'neutral' && own.state === 'success');
  if (!isLoosened) return worstState([own.state, before.state]) === own.state ? own : before;
  return {
    state: 'failure',
    message: `${before.message} This change loosens that rule, and does not pass by its own.`,
    remedy: 'Change the rule in a pull request of its own, and merge that one first.',
  };
}

/** The firmware of a version that is in force then; null where there is none. */
export function firmwareIn(desired: Desired, version: number): Placed<FirmwareSpec> | null {
  return desired.firmware.find(({ spec }) => spec.version === version) ?? null;
}

/** The live state in which versions count as verified: for how a release would go once its gate has passed. */
export function assumeVerified(
  live: LiveState,
  merged: Desired,
  versions: ReadonlySet<number>,
  revision: string,
): LiveState {
  const known = live.firmware.map((record) =>
    versions.has(record.version) ? { ...record, verifiedAt: 0 } : record,
  );
  const missing = [...versions]
    .filter((version) => !live.firmware.some((record) => record.version === version))
    .map((version): FirmwareRecord => {
      return {
        product: live.product,
        version,
        sha256: firmwareIn(merged, version)?.spec.binary.sha256 ?? '',
        size: 0,
        sha1: '',
        md5: '',
        addedAt: 0,
        addedRevision: revision,
        verifiedAt: 0,
        finishedAt: null,
        withdrawnAt: null,
        stored: false,
      };
    });
  return { ...live, firmware: [...known, ...missing].sort((a, b) => a.version - b.version) };
}

type Rule = ProductSpec['verification'];

const NO_FLASHES = { flashes: [], rollback: false, isListed: false, onTheWay: [] } as const;

function judgeBy(
  rule: Rule,
  release: Placed<ReleaseSpec>,
  shown: GateContext,
  { merged, base, live }: GateSides,
): GateJudgement {
  const { version } = release.spec;
  const context: GateContext = {
    ...shown,
    config: { ...shown.config, spec: { ...shown.config.spec, verification: rule } },
    verifiers: verifiersOf(merged, base, rule),
  };
  const ask = (locks: Desired, seen: LiveState): GateVerdict =>
    verifiedGate.evaluate(release, {
      ...context,
      ...NO_FLASHES,
      live: seen,
      onTheWay: devicesHeld(locks, version, context),
    });
  const isSameBinary = firmwareIn(base, version)?.spec.binary.sha256 === context.sha256;
  const before = ask(isSameBinary ? base : emptyDesired(base.product), live);
  if (before.passes)
    return { state: 'success', message: tellVerified(context, version), remedy: null };
  const letGo = devicesLetGo(merged, base, version);
  const own = ask(merged, withoutSoaks(context, version, letGo));
  if (own.passes) throw new Error('leaving evidence out verifies nothing');
  if (own.lifts === 'devices') {
    return before.lifts === 'devices'
      ? {
          state: 'pending',
          message: before.message,
          remedy:
            'Nothing to commit: this check turns green by itself once they have verified the version.',
        }
      : { state: 'neutral', message: own.message, remedy: remedyAfterMerge(live) };
  }
  if (before.lifts !== 'devices') return failureOf(own);
  return {
    state: 'failure',
    message: `${own.message} What is on the way to it is taken away by this change.`,
    remedy:
      'Merge it after the version is verified, when this check turns green by itself; or leave in place the lock that verifies it.',
  };
}

function contextOf(
  merged: Desired,
  config: Placed<ProductSpec>,
  { spec }: Placed<FirmwareSpec>,
  live: LiveState,
): GateContext {
  return {
    live,
    config,
    guardrails: config.spec.guardrails,
    record: live.firmware.find(({ version }) => version === spec.version) ?? null,
    sha256: spec.binary.sha256,
    withdrawn: spec.withdrawn !== null,
    verifiers: verifiersOf(merged, merged, config.spec.verification),
  };
}

function verifiersOf(merged: Desired, base: Desired, { group }: Rule): ReadonlySet<string> | null {
  if (group === null) return null;
  const found = [...merged.groups, ...base.groups].find(({ origin }) => origin.name === group);
  return new Set(found?.spec.devices ?? []);
}

function isSameRule(one: Rule, other: Rule): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** Devices by the version that locks hold them on. */
function heldVersions({ locks, groups }: Desired): ReadonlyMap<string, number> {
  const held = new Map<string, number>();
  for (const { spec } of locks) {
    const group = groups.find(({ origin }) => origin.name === spec.group);
    for (const device of spec.devices ?? group?.spec.devices ?? []) {
      if (!held.has(device)) held.set(device, spec.version);
    }
  }
  return held;
}

/** The devices that locks bring to a version, of those that may verify it; quarantined ones are brought nowhere. */
function devicesHeld(
  locks: Desired,
  version: number,
  { live, verifiers }: GateContext,
): readonly string[] {
  return [...heldVersions(locks)].flatMap(([device, held]) => {
    const isBrought =
      held === version &&
      live.named.get(device)?.standing !== 'quarantined' &&
      (verifiers === null || verifiers.has(device));
    return isBrought ? [device] : [];
  });
}

/** The devices that the change takes away from a version: unlocks, or locks to another one. */
function devicesLetGo(merged: Desired, base: Desired, version: number): ReadonlySet<string> {
  const after = heldVersions(merged);
  const before = heldVersions(base);
  const devices = [...after.keys(), ...before.keys()];
  return new Set(
    devices.filter(
      (device) => after.get(device) !== version && after.get(device) !== before.get(device),
    ),
  );
}

/** The fleet without what devices have said of a version that does not count yet. */
function withoutSoaks(
  { live, config, record, sha256 }: GateContext,
  version: number,
  devices: ReadonlySet<string>,
): LiveState {
  if (devices.size === 0) return live;
  const { verification } = config.spec;
  const state = verificationOf(version, sha256, record, live.evidence, verification, null);
  const unmet = new Set(state.soaking.filter((device) => devices.has(device)));
  return {
    ...live,
    evidence: live.evidence.filter((each) => each.version !== version || !unmet.has(each.device)),
  };
}

function tellVerified(
  { live, config, record, sha256, verifiers }: GateContext,
  version: number,
): string {
  if (record !== null && record.finishedAt !== null) {
    return `Version ${version} is verified: it has gone through a release before.`;
  }
  const { verification } = config.spec;
  const { devices } = verificationOf(
    version,
    sha256,
    record,
    live.evidence,
    verification,
    verifiers,
  );
  const shown = devices.slice(0, 5).join(', ');
  const rest = devices.length > 5 ? ` and ${devices.length - 5} more` : '';
  return `Version ${version} is verified, by ${shown === '' ? 'earlier evidence' : `${shown}${rest}`}.`;
}

function remedyAfterMerge({ adopted, product }: LiveState): string {
  const verifies =
    'Nothing more to commit: the lock of this very change verifies the version after the merge';
  return adopted
    ? `${verifies}, and the release then starts by itself.`
    : `${verifies}. This state has never seen ${product}, so a person has to say \`--adopt\` before the release starts.`;
}

function failureOf({ message, remedy }: Extract<GateVerdict, { passes: false }>): GateJudgement {
  return { state: 'failure', message, remedy };
}

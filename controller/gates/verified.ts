// The verification gate: a release waits until enough devices run its version, with the evidence the product asks for.

import { countOf } from '../base/count.ts';
import type { EvidenceLevel, ProductSpec } from '../model/desired.ts';
import type { EvidenceRecord } from '../model/device.ts';
import { isAsStrong } from '../model/evidence.ts';
import type { FirmwareRecord } from '../model/firmware.ts';
import { formatDuration } from '../base/duration.ts';
import type { GateContext, ReleaseGate } from './gate.ts';
import { PASSES } from './gate.ts';

/** How a version stands with the verification that its product asks for. */
export interface Verification {
  readonly verified: boolean;
  /** Devices whose evidence counts. */
  readonly devices: readonly string[];
  /** Devices that name the version, and whose soak or evidence is not there yet. */
  readonly soaking: readonly string[];
  /** Devices that run the version without having been given it, where that is asked for: they will not be given it. */
  readonly tooWeak: readonly string[];
  readonly needed: number;
}

/** Looks at a version's evidence. What passed once, or finished a release, stays verified (unless withdrawn). */
export function verificationOf(
  version: number,
  sha256: string,
  record: FirmwareRecord | null,
  evidence: readonly EvidenceRecord[],
  rule: ProductSpec['verification'],
  verifiers: ReadonlySet<string> | null,
): Verification {
  const words = evidence.filter(
    (each) =>
      each.version === version &&
      each.sha256 === sha256 &&
      (verifiers === null || verifiers.has(each.device)),
  );
  const counts = (each: EvidenceRecord): boolean =>
    each.passedAt !== null && each.soakedMs >= rule.soakMs && isAsStrong(each.level, rule.evidence);
  const devices = words
    .filter(counts)
    .map((each) => each.device)
    .sort();
  const isTooWeak = (each: EvidenceRecord): boolean =>
    rule.evidence === 'flashed' && each.level === 'reported';
  const rest = words.filter((each) => !counts(each));
  const soaking = rest
    .filter((each) => !isTooWeak(each))
    .map((each) => each.device)
    .sort();
  const tooWeak = rest
    .filter(isTooWeak)
    .map((each) => each.device)
    .sort();
  const needed = Math.max(1, rule.devices);
  const kept =
    record !== null &&
    record.sha256 === sha256 &&
    (record.verifiedAt !== null || record.finishedAt !== null);
  return { verified: kept || devices.length >= needed, devices, soaking, tooWeak, needed };
}

/**
 * The devices that can still verify the version: those whose soak runs and those that locks bring to it. `suffices`:
 * with them it would be verified, so there is nothing to commit.
 */
export function devicesOnTheWay(
  verification: Verification,
  locked: readonly string[],
): { readonly onTheWay: readonly string[]; readonly suffices: boolean } {
  const done = new Set(verification.devices);
  const stuck = new Set(verification.tooWeak);
  const onTheWay = [...new Set([...verification.soaking, ...locked])]
    .filter((device) => !done.has(device) && !stuck.has(device))
    .sort();
  return { onTheWay, suffices: done.size + onTheWay.length >= verification.needed };
}

export const verifiedGate: ReleaseGate = {
  name: 'verified',
  evaluate(release, context) {
    const { version } = release.spec;
    const verification = verificationOf(
      version,
      context.sha256,
      context.record,
      context.live.evidence,
      context.config.spec.verification,
      context.verifiers,
    );
    if (verification.verified) return PASSES;
    const { onTheWay, suffices } = devicesOnTheWay(verification, context.onTheWay);
    return {
      passes: false,
      reason: 'ReleaseUnverified',
      at: 'spec.version',
      message: describe(version, verification, onTheWay, context),
      remedy: suffices
        ? 'Nothing to commit: the release starts by itself once they have verified it.'
        : lockToAdd(version, context),
      lifts: suffices ? 'devices' : 'commit',
    };
  },
};

function describe(
  version: number,
  verification: Verification,
  onTheWay: readonly string[],
  context: GateContext,
): string {
  const rule = context.config.spec.verification;
  const where = rule.group === null ? '' : ` of group ${rule.group}`;
  const soak = rule.soakMs === 0 ? '' : ` and stayed up for ${formatDuration(rule.soakMs)}`;
  const have = verification.devices.length;
  const way = onTheWay.length === 0 ? 'None is on the way.' : `On the way: ${listed(onTheWay)}.`;
  const weak =
    verification.tooWeak.length === 0
      ? ''
      : ` Not given it by this fleet, but running it: ${listed(verification.tooWeak)}.`;
  return `Version ${version} is not verified: ${have} of ${countOf(verification.needed, 'device')}${where} ${EVIDENCE_TEXT[rule.evidence]}${soak}. ${way}${weak}`;
}

const EVIDENCE_TEXT: Readonly<Record<EvidenceLevel, string>> = {
  claimed: 'reported success with it',
  reported: 'reported running it',
  flashed: 'got its very binary from this fleet and named it since',
};

function lockToAdd(version: number, context: GateContext): string {
  const { group } = context.config.spec.verification;
  const who = group === null ? 'devices: [a bench device]' : `group: ${group}`;
  return `Commit a DeviceLock with { product: ${context.live.product}, ${who}, version: ${version}, flash: now }; the release starts by itself once it has verified the version.`;
}

/** At most five names, then how many more. */
function listed(names: readonly string[]): string {
  const shown = names.slice(0, 5).join(', ');
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown;
}

// The rules that decide what a device should run, in the order in which they are tried: which of them decides, and where
// the device stands on the circle of each release. What it waits for is in `why-waits.ts`.

import type { Desired, Origin } from '../model/desired.ts';
import type { DeviceRecord } from '../model/device.ts';
import type { ReleasePlan } from '../model/plan.ts';
import type { PolicyRelease, ProductPolicy } from '../model/policy.ts';
import { bucketOf, positionOf } from '../releases/circle.ts';
import { formatExposure } from '../releases/describe-release.ts';
import { groupsWithRelease, hasTraits } from '../releases/governing-release.ts';
import type { Target } from '../releases/target.ts';
import { coveringRelease, resolveTarget } from '../releases/target.ts';
import type { TraceJson } from './answers.ts';
import { percentOf } from './release-json.ts';

/** One rule, in the order in which they are tried; the first that applies decides. */
export interface RuleExplanation {
  readonly rule: 'quarantine' | 'lock' | 'groupRelease' | 'release' | 'base';
  readonly outcome: 'decides' | 'overruled' | 'doesNotApply';
  readonly message: string;
  /** The manifest that the rule goes back to, where one does. */
  readonly trace: TraceJson | null;
}

/** Where a device stands on the circle of a release. Position and exposure are percentages. */
export interface ExposureExplanation {
  readonly manifest: string;
  readonly version: number;
  readonly group: string | null;
  readonly position: number;
  readonly exposure: number;
  readonly isReached: boolean;
  /** The step in which its turn comes; null where it has come, or nobody knows yet. */
  readonly step: string | null;
}

/** What of a product decides about the rules. */
export interface RulesInput {
  /** Null while no Product manifest is in force. */
  readonly policy: ProductPolicy | null;
  /** In force for the product. */
  readonly inForce: Desired;
  /** How its releases go on; empty while there is no plan. */
  readonly releases: readonly ReleasePlan[];
}

/** The rules of a device, each with what came of it. */
export function explainRules(device: DeviceRecord, input: RulesInput): readonly RuleExplanation[] {
  const { policy, inForce } = input;
  let decided = false;
  const rules: RuleExplanation[] = [];
  const add = (
    rule: RuleExplanation['rule'],
    found: 'applies' | 'overruled' | 'doesNotApply',
    message: string,
    trace: TraceJson | null = null,
  ): void => {
    const outcome = found !== 'applies' ? found : decided ? 'overruled' : 'decides';
    decided ||= found === 'applies';
    rules.push({ rule, outcome, message, trace });
  };

  if (device.standing === 'quarantined') {
    add('quarantine', 'applies', `It is in quarantine: ${device.quarantine ?? 'no reason given'}.`);
  }
  if (device.lock === null) add('lock', 'doesNotApply', 'No lock holds it.');
  else {
    const { version, flash, manifest } = device.lock;
    const lock = inForce.locks.find(({ origin }) => origin.name === manifest);
    const note = lock?.spec.reason ?? null;
    add(
      'lock',
      'applies',
      `It is locked to version ${version} (flash: ${flash})${note === null ? '' : `: ${note}`}.`,
      traceOf(lock?.origin ?? null, `DeviceLock/${manifest}`, device.lock.revision),
    );
  }
  if (policy === null) return rules;

  const bucket = bucketOf(device.id);
  const covering = coveringRelease(device, policy, bucket);
  const groups = groupsWithRelease(device, policy);
  const chosen = covering === 'conflict' ? null : (covering?.release ?? null);
  const isOutside = chosen !== null && isOutsideOf(chosen, device, policy);
  const verdictOf = (release: PolicyRelease): 'applies' | 'overruled' | 'doesNotApply' => {
    if (covering === 'conflict') return release.group === null ? 'overruled' : 'applies';
    if (release === chosen) return isOutside ? 'doesNotApply' : 'applies';
    return release === covering?.through ? 'doesNotApply' : 'overruled';
  };

  if (groups.length === 0) add('groupRelease', 'doesNotApply', 'None of its groups has a release.');
  for (const group of groups) {
    const release = policy.groupReleases.get(group);
    if (release === undefined) continue;
    const note = covering === 'conflict' ? ' Another of its groups is given another one.' : '';
    add(
      'groupRelease',
      verdictOf(release),
      `Its group ${group} is released version ${release.version}${reachOf(release, bucket)}.${note}`,
      traceOfRelease(release, inForce),
    );
  }
  if (policy.release === null) add('release', 'doesNotApply', 'The product has no release.');
  else {
    const { release } = policy;
    add(
      'release',
      verdictOf(release),
      `The product's release is version ${release.version}${reachOf(release, bucket)}.`,
      traceOfRelease(release, inForce),
    );
  }
  if (chosen !== null && isOutside) {
    add('base', 'applies', describeBase(chosen, device, policy), traceOfRelease(chosen, inForce));
  }
  return rules;
}

/** Where a device without a lock stands on the circles that decide about it, the group's first. */
export function explainExposure(
  device: DeviceRecord,
  input: RulesInput,
): readonly ExposureExplanation[] {
  const { policy, releases } = input;
  if (policy === null || device.lock !== null || device.standing === 'quarantined') return [];
  const bucket = bucketOf(device.id);
  const covering = coveringRelease(device, policy, bucket);
  if (covering === null || covering === 'conflict') return [];
  const { release, through } = covering;
  return (through === null ? [release] : [through, release]).map((each) => {
    const position = positionOf(bucket, each.offset);
    const plan = findReleasePlan(releases, each);
    const isReached = position < each.limit;
    const turn = isReached ? undefined : plan?.steps.find(({ limit }) => position < limit);
    return {
      manifest: each.manifest,
      version: each.version,
      group: each.group,
      position: percentOf(position),
      exposure: percentOf(each.limit),
      isReached,
      step: turn?.name ?? null,
    };
  });
}

/** The groups that a device belongs to, whether they have a release or not; sorted. */
export function findGroups(device: DeviceRecord, { inForce }: RulesInput): readonly string[] {
  return inForce.groups
    .filter(({ spec }) =>
      spec.match === null ? spec.devices.includes(device.id) : hasTraits(device.traits, spec.match),
    )
    .map(({ origin }) => origin.name)
    .sort();
}

/** How a release in force goes on; undefined while there is no plan of it. */
export function findReleasePlan(
  releases: readonly ReleasePlan[],
  { version, group }: Pick<PolicyRelease, 'version' | 'group'>,
): ReleasePlan | undefined {
  return releases.find((each) => each.version === version && each.group === group);
}

/** Whether a release leaves the device to its base: it is offered, and has not reached it. */
function isOutsideOf(release: PolicyRelease, device: DeviceRecord, policy: ProductPolicy): boolean {
  // A lock hides what the release would say.
  const target = resolveTarget({ ...device, lock: null, standing: 'active' }, policy);
  if (target.kind === 'version') return target.rule === 'base';
  const isBeyond = positionOf(bucketOf(device.id), release.offset) >= release.limit;
  return isBeyond && !SAID_BY_RELEASE.has(target.reason);
}

/** Reasons to leave a device alone that hold wherever it stands on the circle. */
const SAID_BY_RELEASE: ReadonlySet<Extract<Target, { kind: 'none' }>['reason']> = new Set([
  'ReleaseHalted',
  'ReleasePaused',
  'ReleaseUnverified',
  'FirmwareWithdrawn',
  'UnknownVersion',
] as const);

function describeBase(
  { base }: PolicyRelease,
  device: DeviceRecord,
  policy: ProductPolicy,
): string {
  const target = resolveTarget({ ...device, lock: null, standing: 'active' }, policy);
  if (target.kind === 'version')
    return `What it runs may not stay, so it returns to the base, ${target.goal}.`;
  if (target.reason !== 'OutsideExposure') return target.message;
  if (base === null) return 'No version has finished here yet, so it keeps what it runs.';
  return `It keeps what it runs: that is not older than the base, ${base}, nor taken back.`;
}

/** Says how far a release reaches, where that is not everybody. */
function reachOf({ limit, offset, hold }: PolicyRelease, bucket: number): string {
  if (hold !== null) return hold.reason === 'ReleaseHalted' ? ', and halted' : ', and paused';
  const position = positionOf(bucket, offset);
  if (position < limit) return '';
  return `, which reaches ${formatExposure(limit)} of the circle (it stands at ${formatExposure(position)})`;
}

function traceOfRelease({ manifest, revision, group }: PolicyRelease, inForce: Desired): TraceJson {
  const release = inForce.releases.find(({ spec }) => spec.group === group);
  return traceOf(release?.origin ?? null, manifest, revision);
}

function traceOf(origin: Origin | null, manifest: string, revision: string): TraceJson {
  if (origin === null) return { manifest, revision, file: null, line: null, column: null };
  const { kind, name, file, line, column } = origin;
  return { manifest: `${kind}/${name}`, revision: origin.revision, file, line, column };
}

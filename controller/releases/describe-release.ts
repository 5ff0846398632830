// A release under way in words: its step, its exposure, and what it waits for. The same words in conditions, plans and
// status; how they are laid out is decided by whoever shows them.

import { unreachable } from '../base/assert.ts';
import { formatNumber } from '../base/count.ts';
import { formatDuration } from '../base/duration.ts';
import { formatUtc } from '../base/format-time.ts';
import type { ReleasePlan, ReleaseWait } from '../model/plan.ts';
import type { Reason } from '../model/reasons.ts';

/** `exact`: with what changes while nothing happens, such as the time that a soak has left. */
export interface DescribeOptions {
  readonly exact: boolean;
  /** False: without counts of devices, which change with every one of them. */
  readonly counts?: boolean;
}

/** An exposure or a position on the circle, in hundredths of a percent, as manifests write it: `1%`, `12.34%`. */
export function formatExposure(exposure: number): string {
  return `${exposure / 100}%`;
}

/** Whom a release is for: `every device`, or `group beta`. */
export function describeGroup(group: string | null): string {
  return group === null ? 'every device' : `group ${group}`;
}

/**
 * How a release stands, without its version and a full stop: `step tenth, exposure 10%; waits for its soak`. A halt is
 * told by its message, with the numbers.
 */
export function describeProgress(release: ReleasePlan, options: DescribeOptions): string {
  const { step, exposure, finishedAt, waits, rollback } = release;
  const halt = waits.find(({ kind }) => kind === 'halted');
  const where = step === null ? 'not begun' : `step ${step}, exposure ${formatExposure(exposure)}`;
  if (halt?.kind === 'halted') return `halted; ${halt.message.replace(/\.$/, '')}`;
  if (waits.some(({ kind }) => kind === 'paused')) return `paused; ${where}`;
  if (finishedAt !== null && waits.length === 0) return 'finished';
  const what = rollback ? 'a rollback to everyone at once' : where;
  return waits.length === 0 ? what : `${what}; waits for ${describeWaits(waits, options)}`;
}

/** What a release waits for, to be read after `waits for`. */
export function describeWaits(waits: readonly ReleaseWait[], options: DescribeOptions): string {
  const phrases = waits.map((wait) => describeWait(wait, options));
  const last = phrases.at(-1) ?? '';
  return phrases.length < 2 ? last : `${phrases.slice(0, -1).join(', ')} and ${last}`;
}

/** One thing that a release waits for, to be read after `waits for`. */
export function describeWait(wait: ReleaseWait, { exact, counts = true }: DescribeOptions): string {
  switch (wait.kind) {
    case 'devices':
      return 'its first device';
    case 'approval':
      return `approval of step ${wait.step}`;
    case 'successes':
      return counts
        ? `successes (${formatNumber(wait.have)} of ${formatNumber(wait.need)})`
        : 'successes';
    case 'soak':
      return exact ? `its soak (${formatLeft(wait.leftMs)} left)` : 'its soak';
    case 'failureRate':
      return counts
        ? `a lower failure rate (${formatNumber(wait.failed)} failed, ${formatNumber(wait.succeeded)} succeeded)`
        : 'a lower failure rate';
    case 'window':
      return wait.opensAt === null
        ? 'its window (which does not open within two weeks)'
        : `its window (opens ${formatUtc(wait.opensAt)})`;
    case 'halted':
      return 'a person, since it halted';
    case 'paused':
      return 'the end of its pause';
    case 'stopped':
      return 'the end of the emergency stop';
    case 'frozen':
      return 'its manifests to be mended';
    case 'firmware':
      return FIRMWARE_WAITS[wait.reason] ?? `its firmware (${wait.reason})`;
    default:
      return unreachable(wait);
  }
}

const FIRMWARE_WAITS: Partial<Record<Reason, string>> = {
  ReleaseUnverified: 'its version to be verified',
  FirmwareWithdrawn: 'another version, since this one is withdrawn',
  BinaryMissing: 'its binary',
};

/** What a person can do about a wait; null where it ends by itself. */
export function findRemedy(
  wait: ReleaseWait,
  { manifest, version, attempt }: Pick<ReleasePlan, 'manifest' | 'version' | 'attempt'>,
): string | null {
  switch (wait.kind) {
    case 'approval':
      return `Add ${version}/${wait.step} to \`approved\` of ${manifest}.`;
    case 'halted':
      return `Take the release back with \`git revert\`, or mend the cause and set \`attempt: ${attempt + 1}\` in ${manifest}.`;
    case 'paused':
      return `Remove \`paused\` from ${manifest} to go on.`;
    case 'stopped':
      return 'Run `lockstep resume` when the cause is mended.';
    case 'devices':
    case 'successes':
    case 'soak':
    case 'failureRate':
    case 'window':
    case 'frozen':
    case 'firmware':
      return null;
    default:
      return unreachable(wait);
  }
}

/** Whether a release goes on by itself, as far as can be said now. */
export function movesByItself({ waits }: Pick<ReleasePlan, 'waits'>): boolean {
  return waits.every(({ kind }) => SELF_ENDING.has(kind));
}

const SELF_ENDING: ReadonlySet<ReleaseWait['kind']> = new Set<ReleaseWait['kind']>([
  'devices',
  'successes',
  'soak',
  'failureRate',
  'window',
]);

/** Whole minutes for what lasts longer than an hour; never less than is left. */
function formatLeft(leftMs: number): string {
  const unitMs = leftMs >= 3_600_000 ? 60_000 : 1_000;
  return formatDuration(Math.ceil(leftMs / unitMs) * unitMs);
}

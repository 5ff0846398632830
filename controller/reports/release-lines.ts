// A staged release in words, for every report that people read: its headline, a row per step, when it is done. How that
// is laid out in a terminal or in a pull request is not decided here.

import { formatNumber } from '../base/count.ts';
import { formatAhead, formatUtc } from '../base/format-time.ts';
import type { VersionCount } from '../model/live.ts';
import type { ReleasePlan, StepPlan } from '../model/plan.ts';
import {
  describeGroup,
  describeProgress,
  describeWaits,
  findRemedy,
  formatExposure,
  movesByItself,
} from '../releases/describe-release.ts';

/** One step in words. */
export interface StepLine {
  /** Not cleaned: the name is text of a manifest. */
  readonly name: string;
  readonly state: StepPlan['state'];
  readonly exposure: string;
  readonly devices: string;
  /** `9,998 from 41`, or `-` where nobody would be flashed. */
  readonly flashes: string;
  /** `done`, a time in UTC, `needs approval`, or `-` where a person decides earlier. */
  readonly ends: string;
}

/** Versions that a cell names; the rest is counted. */
const VERSIONS_SHOWN = 2;

/** Whether the plan's totals leave something unsaid about a release: it has steps to go, or a person is needed. */
export function isStaged({ finishedAt, steps, waits }: ReleasePlan): boolean {
  const isHeld = waits.some(({ kind }) => kind === 'halted' || kind === 'paused');
  const isTimed = waits.some(({ kind }) => kind === 'approval' || kind === 'window');
  return isHeld || isTimed || (finishedAt === null && steps.length > 1);
}

/** `release of 42 for group beta, a rollback`. Not cleaned. */
export function nameRelease({ version, group, rollback }: ReleasePlan): string {
  return `release of ${version} for ${describeGroup(group)}${rollback ? ', a rollback' : ''}`;
}

/** Where it stands, and what it waits for. Not cleaned. */
export function describeStanding(release: ReleasePlan): string {
  return describeProgress(release, { exact: true });
}

/** Its step and exposure: `step canary (1%)`. Not cleaned. */
export function nameStep({ step, exposure }: Pick<ReleasePlan, 'step' | 'exposure'>): string {
  return `${step === null ? 'no step' : `step ${step}`} (${formatExposure(exposure)})`;
}

/** One line on how a release goes on from here: by itself, or after what a person does. */
export function describeNext(release: ReleasePlan, now: number): string {
  const { version, group, step, exposure, waits, expectedAt } = release;
  const name = `release of ${version}${group === null ? '' : ` for group ${group}`}`;
  if (waits.some(({ kind }) => kind === 'halted'))
    return `${name}: ${describeProgress(release, { exact: true })}`;
  const where =
    step === null ? 'has not begun' : `is in step ${step} (${formatExposure(exposure)})`;
  const wanted = waits.length === 0 ? '' : describeWaits(waits, { exact: true });
  if (!movesByItself(release)) {
    const remedy = waits.map((wait) => findRemedy(wait, release)).find((each) => each !== null);
    return `${name} ${where} and waits for ${wanted}${remedy === undefined ? '' : `. ${remedy}`}`;
  }
  const after = wanted === '' ? '' : ` after ${wanted}`;
  const end =
    expectedAt === null ? '' : `, and finishes ${formatAhead(expectedAt, now)} at the earliest`;
  return `${name} ${where} and goes on by itself${after}${end}`;
}

/** The steps in their order. */
export function describeSteps({ steps }: ReleasePlan): readonly StepLine[] {
  return steps.map((step) => ({
    name: step.name,
    state: step.state,
    exposure: formatExposure(step.limit),
    devices: formatNumber(step.devices),
    flashes: describeFlashes(step.flashes),
    ends: describeEnd(step),
  }));
}

/** `finishes 2026-11-25 15:30Z at the earliest, in about 3 days`; null where that depends on a person, or is past. */
export function describeFinish(
  { expectedAt, finishedAt }: Pick<ReleasePlan, 'expectedAt' | 'finishedAt'>,
  now: number | null,
): string | null {
  if (expectedAt === null || finishedAt !== null) return null;
  const ahead = now === null ? '' : `, ${formatAhead(expectedAt, now)}`;
  return `finishes ${formatUtc(expectedAt)} at the earliest${ahead}`;
}

function describeEnd({ state, approval, endsAt }: StepPlan): string {
  if (state === 'done') return 'done';
  if (endsAt !== null) return formatUtc(endsAt);
  return approval === 'needed' ? 'needs approval' : '-';
}

/** The versions of most devices first. */
function describeFlashes(flashes: readonly VersionCount[]): string {
  const sorted = flashes
    .filter(({ devices }) => devices > 0)
    .toSorted((a, b) => b.devices - a.devices || (a.version ?? 0) - (b.version ?? 0));
  if (sorted.length === 0) return '-';
  const shown = sorted.length > VERSIONS_SHOWN ? VERSIONS_SHOWN - 1 : VERSIONS_SHOWN;
  const parts = sorted
    .slice(0, shown)
    .map(({ version, devices }) =>
      version === null
        ? `${formatNumber(devices)} unknown`
        : `${formatNumber(devices)} from ${version}`,
    );
  const rest = sorted.slice(shown).reduce((sum, { devices }) => sum + devices, 0);
  return [...parts, ...(rest > 0 ? [`${formatNumber(rest)} others`] : [])].join(', ');
}

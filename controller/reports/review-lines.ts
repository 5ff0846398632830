// A review in words: what the change does to the fleet in one sentence, and how its releases stand with the gate. How that
// is laid out in a comment or a check is not decided here.

import { countOf, formatNumber } from '../base/count.ts';
import type { FlashCount, Refusal, ReleasePlan } from '../model/plan.ts';
import type { ChangeReview, GateState, ReleaseGateReport } from '../model/review.ts';
import type { ProductDelta, ReviewDelta } from '../plan/review-delta.ts';
import { isTouched } from '../plan/review-delta.ts';
import { code } from './markdown-text.ts';
import { sumDevices } from './plan-lines.ts';

/** Versions that are named; of more they are counted. */
const VERSIONS_NAMED = 2;

/** Products whose part of a headline is told apart. */
const PRODUCTS_TOLD = 2;

export const GATE_MARKS: Readonly<Record<GateState, string>> = {
  success: '✅',
  neutral: '🔵',
  pending: '⏳',
  failure: '⛔',
};

/** The gate in a few words. */
export const GATE_WORDS: Readonly<Record<GateState, string>> = {
  success: 'verified',
  neutral: 'will be verified by this very change',
  pending: 'verification is on its way',
  failure: 'cannot be released as it is',
};

/**
 * What the change does to the fleet in one sentence without its full stop: `899,990 devices would go from 41 to 42, in 4
 * steps over at least 3 days`. `now`: epoch milliseconds. Not cleaned: names products.
 */
export function describeEffect(delta: ReviewDelta, now: number): string {
  const rules = delta.review.policyChanges.length;
  const effect = describeFlashing(delta, now);
  return rules === 0 ? effect : `${effect}; it changes ${countOf(rules, 'rule')}`;
}

function describeFlashing({ review, errors, products }: ReviewDelta, now: number): string {
  const deltas = products.filter(isTouched);
  const told = deltas.map((delta) => ({ delta, said: describeDelta(delta, now) }));
  const effects = told.filter(({ said }) => said !== null);
  if (review.unread.length > 0) return 'what it flashes is not known: a fleet could not be read';
  if (effects.length > PRODUCTS_TOLD) {
    const total = effects.reduce((sum, { delta }) => sum + totalOf(delta), 0);
    return `${countOf(total, 'device')} of ${effects.length} products would be flashed`;
  }
  if (effects.length > 0) {
    return effects
      .map(({ delta, said }) => (deltas.length === 1 ? said : `${delta.product}: ${said}`))
      .join('; ');
  }
  const isHeld = deltas.some(({ plan }) => plan.frozen);
  if (isHeld || errors.brought.length > 0) return 'it changes nothing: it has errors';
  const versions = [...new Set(deltas.flatMap(refusedVersions))];
  if (versions.length === 0) return 'it flashes nothing';
  return versions.length === 1
    ? `it flashes nothing: the release of ${versions[0]} is refused`
    : `it flashes nothing: ${countOf(versions.length, 'release')} are refused`;
}

/** A release that has passed, as far as the plan starts it. */
function starting({ releases }: ProductDelta): readonly ReleaseGateReport[] {
  return releases.filter(({ state, forecast }) => state === 'success' && forecast !== null);
}

/** Releases that start by themselves after the merge, once a device has verified them. */
function following({ releases }: ProductDelta): readonly ReleaseGateReport[] {
  return releases.filter(
    ({ state, forecast }) => (state === 'neutral' || state === 'pending') && forecast !== null,
  );
}

function refusedVersions(delta: ProductDelta): readonly number[] {
  return delta.releases.flatMap(({ state, forecast, version }) =>
    version !== null && (state === 'failure' || forecast === null) ? [version] : [],
  );
}

function describeDelta(delta: ProductDelta, now: number): string | null {
  const starts = starting(delta).flatMap(({ forecast }) => (forecast === null ? [] : [forecast]));
  const released = new Set(starts.map(({ version }) => version));
  const others = delta.flashes.filter(({ to }) => !released.has(to));
  const parts = starts.map((release) => describeStart(release, now));
  for (const to of new Set(others.map((flash) => flash.to))) {
    parts.push(
      describeFlashes(
        others.filter((flash) => flash.to === to),
        'would go',
      ),
    );
  }
  for (const { forecast } of following(delta)) {
    if (forecast === null) continue;
    const flashes = remainingFlashes(forecast);
    if (flashes.length === 0) continue;
    const course = describeCourse(forecast, now);
    parts.push(
      parts.length === 0
        ? `${describeFlashes(flashes, 'would go')} once it is verified, ${course}`
        : `once ${forecast.version} is verified, ${formatNumber(sumDevices(flashes))} more from ${nameOrigins(flashes)}, ${course}`,
    );
  }
  if (parts.length === 0 && delta.spared.length > 0) {
    for (const to of new Set(delta.spared.map((flash) => flash.to))) {
      const flashes = delta.spared.filter((flash) => flash.to === to);
      parts.push(describeFlashes(flashes, 'would no longer go'));
    }
  }
  return parts.length === 0 ? null : parts.join('; ');
}

function totalOf(delta: ProductDelta): number {
  const starts = starting(delta).flatMap(({ forecast }) => (forecast === null ? [] : [forecast]));
  const released = new Set(starts.map(({ version }) => version));
  return (
    sumDevices(starts.flatMap(remainingFlashes)) +
    sumDevices(delta.flashes.filter(({ to }) => !released.has(to)))
  );
}

function describeStart(release: ReleasePlan, now: number): string {
  const flashes = remainingFlashes(release);
  const { version, rollback } = release;
  const verb = rollback ? 'would return' : 'would go';
  if (flashes.length === 0) return `${version} is released, which all devices run that it reaches`;
  return `${describeFlashes(flashes, verb)}, ${describeCourse(release, now)}`;
}

/** `899,990 devices would go from 40 and 41 to 42`; all to one version. */
function describeFlashes(flashes: readonly FlashCount[], verb: string): string {
  const devices = countOf(sumDevices(flashes), 'device');
  return `${devices} ${verb} from ${nameOrigins(flashes)} to ${flashes[0]?.to ?? '?'}`;
}

function nameOrigins(flashes: readonly FlashCount[]): string {
  const froms = [...new Set(flashes.map(({ from }) => from))].sort((a, b) => (a ?? 0) - (b ?? 0));
  const names = froms.map((from) => (from === null ? 'an unknown version' : String(from)));
  return names.length > VERSIONS_NAMED ? `${names.length} versions` : names.join(' and ');
}

/** How a release goes through its devices, to be read after a comma: `in 4 steps over at least 3 days`. */
export function describeCourse(release: ReleasePlan, now: number): string {
  const ahead = release.steps.filter(({ state }) => state !== 'done');
  const approvals = ahead.filter(({ approval }) => approval === 'needed').length;
  const isPaused = release.waits.some(({ kind }) => kind === 'paused');
  const steps = ahead.length < 2 ? 'all at once' : `in ${ahead.length} steps`;
  const span =
    release.expectedAt === null || ahead.length < 2 ? null : describeSpan(release.expectedAt - now);
  return [
    span === null ? steps : `${steps} over at least ${span}`,
    ...(approvals === 0 ? [] : [`${approvals} of them after an approval`]),
    ...(isPaused ? ['paused for now'] : []),
  ].join(', ');
}

/** All that a release still flashes: in its current step, and in those ahead. */
export function remainingFlashes({ steps, version }: ReleasePlan): readonly FlashCount[] {
  return steps
    .filter(({ state }) => state !== 'done')
    .flatMap(({ flashes }) =>
      flashes.map(({ version: from, devices }) => ({ from, to: version, devices })),
    )
    .filter(({ devices }) => devices > 0);
}

const MINUTE_MS = 60_000;

/** Whole days, hours or minutes that are contained in a span; null for less than a minute. */
function describeSpan(ms: number): string | null {
  const minutes = Math.floor(ms / MINUTE_MS);
  if (minutes < 1) return null;
  if (minutes < 120) return countOf(minutes, 'minute');
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? countOf(hours, 'hour') : countOf(Math.floor(hours / 24), 'day');
}

/** The fleets that could not be read, as Markdown; empty where all were. */
export function tellUnread({ unread }: ChangeReview): readonly string[] {
  if (unread.length === 0) return [];
  const names = unread.map(code).join(', ');
  return [
    `❌ The fleet of ${names} could not be read, so nothing is known of it. It is tried again by itself.`,
  ];
}

const TOLD: ReadonlySet<Refusal['reason']> = new Set<Refusal['reason']>([
  'ReleaseUnverified',
  'UnknownVersion',
]);

/** Whether a refusal is what the gate says of its release, and need not be told twice. */
export function isToldByGate(refusal: Refusal, releases: readonly ReleaseGateReport[]): boolean {
  return releases.some(
    ({ manifest, message }) =>
      manifest === refusal.manifest && (TOLD.has(refusal.reason) || message === refusal.message),
  );
}

// Which moments of a release are kept for people to look at: those at which something changed, as many as a chart has
// room for. A release of a day and one of a year both get the same number.

import type { ReleaseSample } from '../model/release-sample.ts';

/** Samples of a round that are kept at most. */
export const SAMPLES_MAX = 300;

/** Counts that change all the time are not kept more often; what changes sooner is told by the sample that is there. */
const GAP_LEAST_MS = 1_000;

/**
 * The samples of a round, oldest first, with one that is to be added; null where it adds nothing yet. A new exposure is
 * never left out. What is added always comes last, also after a clock that was put back.
 */
export function addSample(
  samples: readonly ReleaseSample[],
  now: ReleaseSample,
): readonly ReleaseSample[] | null {
  const first = samples[0];
  const last = samples.at(-1);
  if (first === undefined || last === undefined) return [now];
  if (!isDue(first, last, now)) {
    // Nothing may come after it for a long time: the last word of a release that is done in seconds must not be lost.
    const isSoon = samples.length > 1 && now.at - last.at < GAP_LEAST_MS;
    return isSame(last, now) || !isSoon ? null : [...samples.slice(0, -1), { ...now, at: last.at }];
  }
  const all = [...samples, { ...now, at: Math.max(now.at, last.at + 1) }];
  return all.length <= SAMPLES_MAX ? all : dropOne(all);
}

function isDue(first: ReleaseSample, last: ReleaseSample, now: ReleaseSample): boolean {
  if (now.exposure !== last.exposure) return true;
  const gapMs = Math.max(GAP_LEAST_MS, (last.at - first.at) / SAMPLES_MAX);
  // The first says how it began, and stays as it is.
  return !isSame(last, now) && (last === first || now.at - last.at >= gapMs);
}

function isSame(one: ReleaseSample, other: ReleaseSample): boolean {
  return (
    one.inFlight === other.inFlight &&
    one.succeeded === other.succeeded &&
    one.failed === other.failed
  );
}

/**
 * Without the one that is missed least: its neighbours stand nearest to one another, and no exposure began with it. The
 * first and the last stay.
 */
function dropOne(samples: readonly ReleaseSample[]): readonly ReleaseSample[] {
  let least: { readonly index: number; readonly weight: number } | null = null;
  for (let index = 1; index < samples.length - 1; index += 1) {
    const [before, one, after] = samples.slice(index - 1, index + 2);
    if (before === undefined || one === undefined || after === undefined) continue;
    // A release has few steps. Should they ever be more than there is room for, they are thinned like the rest.
    const weight = after.at - before.at + (one.exposure === before.exposure ? 0 : 1e15);
    if (least === null || weight < least.weight) least = { index, weight };
  }
  return samples.filter((_, index) => index !== least?.index);
}

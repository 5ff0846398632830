// Notes how the releases in force stand at the end of a pass, for people to look at. What was noted of them is held in
// memory too, so that a pass in which nothing happened reads and writes nothing.

import type { ReleasePlan } from '../model/plan.ts';
import type { ReleaseSample } from '../model/release-sample.ts';
import type { ReleaseState, Rollout } from '../model/rollout.ts';
import { NO_ROLLOUT, trackOf } from '../model/rollout.ts';
import { addSample } from '../releases/samples.ts';
import type { SampleChange, Store } from '../stores/store.ts';
import type { HeldProduct } from './held-products.ts';

/** After its last step a release is followed for so long: devices that were away come to it. */
const FOLLOWED_MS = 30 * 86_400_000;

type Noted = ReadonlyMap<number, readonly ReleaseSample[]>;

/** Creates what notes samples; call it with each product at the end of a pass. */
export function createSampleNotes(
  store: Pick<Store, 'releaseSamples' | 'saveReleaseSamples'>,
): (product: string, held: Pick<HeldProduct, 'record' | 'plan'>, now: number) => Promise<void> {
  const known = new Map<string, Noted>();
  return async (product, { record, plan }, now) => {
    const rollout = record.inForce.rollout ?? NO_ROLLOUT;
    const noted = known.get(product) ?? byRound(await store.releaseSamples(product));
    const rounds = new Set(rollout.tracks.map(({ release }) => release?.round));
    const next = new Map([...noted].filter(([round]) => rounds.has(round)));
    for (const release of plan?.releases ?? []) {
      const sample = sampleOf(release, rollout, now);
      if (sample === null) continue;
      const added = addSample(next.get(sample.round) ?? [], sample);
      if (added !== null) next.set(sample.round, added);
    }
    const change = changeBetween(noted, next);
    if (change !== null) await store.saveReleaseSamples(product, change);
    known.set(product, next);
  };
}

/** How a release stands; null where it is not in force (the plan may be of a newer revision), or long finished. */
function sampleOf(release: ReleasePlan, rollout: Rollout, now: number): ReleaseSample | null {
  const { release: state } = trackOf(rollout, release.group);
  if (state?.version !== release.version || isLongFinished(state, now)) return null;
  const { exposure, inFlight, succeeded, failed } = release;
  return { round: state.round, at: now, exposure, inFlight, succeeded, failed };
}

function isLongFinished({ finishedAt }: ReleaseState, now: number): boolean {
  return finishedAt !== null && now - finishedAt > FOLLOWED_MS;
}

function byRound(samples: readonly ReleaseSample[]): Noted {
  return Map.groupBy(samples, ({ round }) => round);
}

/** Null: nothing changes. */
function changeBetween(before: Noted, after: Noted): SampleChange | null {
  const forgotten = [...before.keys()].filter((round) => !after.has(round));
  const changed = [...after].filter(([round, samples]) => samples !== before.get(round));
  if (forgotten.length === 0 && changed.length === 0) return null;
  const missingIn = (one: Noted, other: Noted): readonly ReleaseSample[] =>
    changed.flatMap(([round]) => {
      // One that was amended stands at the same time, with other counts.
      const there = new Set(other.get(round));
      return (one.get(round) ?? []).filter((sample) => !there.has(sample));
    });
  return { add: missingIn(after, before), dropped: missingIn(before, after), forgotten };
}

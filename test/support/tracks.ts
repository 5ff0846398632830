// How far the releases of a desired state are, for tests: everyone at once, unless a test says something else.

import type { Desired } from '../../controller/model/desired.ts';
import type { ReleaseState, Rollout, Track } from '../../controller/model/rollout.ts';
import { BUCKETS } from '../../controller/model/rollout.ts';

/** What a test says of one release, or of what came before it. */
export type TrackWords = Partial<Omit<ReleaseState, 'version'>> &
  Partial<Pick<Track, 'base' | 'rolledBack'>>;

/** What a test says of the releases of a product, by group; the product's own is `''`. */
export type TracksWords = Readonly<Record<string, TrackWords>>;

/**
 * The desired state with each of its releases under way, in a round of its own. One that has such states already keeps
 * them.
 */
export function releaseAll(desired: Desired, words: TracksWords = {}): Desired {
  if (desired.rollout !== undefined) return desired;
  const tracks = desired.releases.map(({ spec }, index): Track => {
    const { base = null, rolledBack = [], ...state } = words[spec.group ?? ''] ?? {};
    return {
      group: spec.group,
      base,
      rolledBack,
      release: {
        version: spec.version,
        round: spec.version * 10 + index,
        attempt: spec.attempt,
        rollback: false,
        step: 'all',
        limit: BUCKETS,
        stepAt: 0,
        runningBefore: 0,
        soakSince: null,
        startedAt: 0,
        finishedAt: null,
        halt: null,
        baseBefore: base,
        ...state,
      },
    };
  });
  const rounds = Math.max(0, ...tracks.map(({ release }) => release?.round ?? 0));
  const rollout: Rollout = { rounds, tracks };
  return { ...desired, rollout };
}

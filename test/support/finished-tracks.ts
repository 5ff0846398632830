// Releases that have gone through all their steps, for tests of the pure core that are about something else. What a
// test says of a release (`''`: the product's) replaces that; what is under way from the start is in `tracks.ts`.

import type { Placed, ReleaseSpec } from '../../controller/model/desired.ts';
import type { Rollout, Track } from '../../controller/model/rollout.ts';
import { BUCKETS } from '../../controller/model/rollout.ts';
import type { TracksWords } from './tracks.ts';

/**
 * The rollout in which each release has finished, with its version as base, in rounds 1, 2, … A group without a release
 * is given what remains of earlier ones. Null where there is nothing to say.
 */
export function finishReleases(
  releases: readonly Placed<ReleaseSpec>[],
  words: TracksWords = {},
): Rollout | null {
  const finished = releases.map(({ spec }, index): Track => {
    const { base = spec.version, rolledBack = [], ...state } = words[spec.group ?? ''] ?? {};
    return {
      group: spec.group,
      base,
      rolledBack,
      release: {
        version: spec.version,
        round: index + 1,
        attempt: spec.attempt,
        rollback: false,
        step: spec.strategy.steps.at(-1)?.name ?? null,
        limit: BUCKETS,
        stepAt: 0,
        runningBefore: 0,
        soakSince: 0,
        startedAt: 0,
        finishedAt: 0,
        halt: null,
        baseBefore: null,
        ...state,
      },
    };
  });
  const ended = Object.entries(words)
    .filter(([name]) => !releases.some(({ spec }) => (spec.group ?? '') === name))
    .map(([name, { base = null, rolledBack = [] }]): Track => {
      return { group: name === '' ? null : name, base, rolledBack, release: null };
    });
  const tracks = [...finished, ...ended].sort((one, other) =>
    (one.group ?? '') < (other.group ?? '') ? -1 : 1,
  );
  if (tracks.length === 0) return null;
  const rounds = Math.max(1, ...finished.map(({ release }) => release?.round ?? 0));
  return { rounds, tracks };
}

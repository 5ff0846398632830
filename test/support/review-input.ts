// A change for tests of reviews: what is in force, the base, and the merge result, each from a few words.

import type { Desired } from '../../controller/model/desired.ts';
import type { LiveState } from '../../controller/model/live.ts';
import type { Problem } from '../../controller/model/problem.ts';
import type { ChangeReview } from '../../controller/model/review.ts';
import type { Snapshot } from '../../controller/model/revision.ts';
import type { PlanContext } from '../../controller/plan/build-plan.ts';
import type { ReviewInput } from '../../controller/plan/review-change.ts';
import { reviewChange } from '../../controller/plan/review-change.ts';
import type { PlanWords } from './plan-input.ts';
import { desired, live, NOW, PRODUCT, snapshot, TODAY } from './plan-input.ts';

export interface ChangeWords {
  readonly base: PlanWords;
  readonly merged: PlanWords;
  /** Default: as the base, with its releases finished. */
  readonly inForce?: PlanWords | null;
  readonly live?: LiveState | null;
  readonly context?: Partial<PlanContext>;
  readonly baseSnapshot?: Partial<Snapshot>;
  readonly mergedSnapshot?: Partial<Snapshot>;
  readonly sourceProblems?: readonly Problem[];
}

/** The input of a review of one product. Revisions: `r-base`, `r-merged`. */
export function changeOf(words: ChangeWords): ReviewInput {
  const inForce: Desired | null =
    words.inForce === null
      ? null
      : desired({ revision: 'r-base', ...(words.inForce ?? words.base) });
  const seen = words.live === undefined ? live() : words.live;
  return {
    merged: snapshot(bare({ revision: 'r-merged', ...words.merged }), words.mergedSnapshot),
    base: snapshot(bare({ revision: 'r-base', ...words.base }), words.baseSnapshot),
    inForce: new Map(inForce === null ? [] : [[PRODUCT, inForce]]),
    live: new Map(seen === null ? [] : [[PRODUCT, seen]]),
    context: { now: NOW, today: TODAY, adopt: false, unavailable: new Map(), ...words.context },
    sourceProblems: words.sourceProblems ?? [],
  };
}

/** What a revision asks for; how far its releases are is known of what is in force only. */
function bare(words: PlanWords): Desired {
  return desired({ ...words, tracks: null });
}

/** The review of such a change. */
export function review(words: ChangeWords): ChangeReview {
  return reviewChange(changeOf(words)).review;
}

/** `state version group` of each release that the gate looked at. */
export function verdictsOf({ releases }: ChangeReview): readonly string[] {
  return releases.map(
    ({ state, version, group }) => `${state} ${version ?? '?'}${group === null ? '' : ` ${group}`}`,
  );
}

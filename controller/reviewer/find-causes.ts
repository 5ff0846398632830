// What makes the controller open pull requests of its own: a halt, which git does not know of yet, and a step that waits
// for approval. Pure; opening them happens in `own-pull-requests.ts`.

import { createHash } from 'node:crypto';

import type { StrategySpec } from '../model/desired.ts';
import type { ReleasePlan } from '../model/plan.ts';
import { type Halt, NO_ROLLOUT, type ReleaseState, trackOf } from '../model/rollout.ts';
import type { ProductView } from '../reconciler/controller.ts';

/** Beginnings of the branches that are the controller's alone. */
export const HALTED_PREFIX = 'lockstep/halted/';
export const APPROVAL_PREFIX = 'lockstep/approve/';

interface CauseBase {
  /** The branch of its pull request: the identity of the cause. */
  readonly branch: string;
  readonly product: string;
  readonly group: string | null;
  readonly version: number;
  readonly release: ReleasePlan;
  /** As the manifest in force says. */
  readonly strategy: StrategySpec;
}

export type Cause =
  | (CauseBase & {
      readonly kind: 'halted';
      readonly halt: Halt;
      /** The version that the devices go back to; null: none has finished before. */
      readonly to: number | null;
      readonly round: number;
      /** Exposure that it had reached when it halted, in hundredths of a percent. */
      readonly exposure: number;
    })
  | (CauseBase & { readonly kind: 'approval'; readonly step: string });

/**
 * The causes of a product now. A release that the fleet outgrew has no bad firmware, and what it needs is a look and a
 * higher `attempt`; so nothing is proposed for it.
 */
export function findCauses(view: ProductView): readonly Cause[] {
  return openReleases(view).flatMap(({ release, state, strategy }): readonly Cause[] => {
    const { product } = view;
    const { version, group } = release;
    const base = { product, group, version, release, strategy };
    const { halt, baseBefore: to, round } = state;
    if (halt !== null) {
      if (halt.outgrown === true) return [];
      const branch = branchOf(HALTED_PREFIX, product, release, state);
      // A rollback has taken the exposure away; its step says what it was.
      const step = strategy.steps.find(({ name }) => name === state.step);
      const exposure = Math.max(state.limit, step?.exposure ?? 0);
      return [{ ...base, kind: 'halted', branch, halt, to, round, exposure }];
    }
    return release.waits.flatMap((wait): readonly Cause[] => {
      if (wait.kind !== 'approval') return [];
      const branch = branchOf(APPROVAL_PREFIX, product, release, state, wait.step);
      return [{ ...base, kind: 'approval', branch, step: wait.step }];
    });
  });
}

/**
 * Branches whose pull requests still make sense. More than the causes: a release that waits for something else for a
 * while, such as the end of an emergency stop, still has its approval before it.
 */
export function branchesWithSense(view: ProductView): readonly string[] {
  const ahead = openReleases(view).flatMap(({ release, state }) =>
    release.steps
      .filter(({ approval, state: at }) => approval === 'needed' && at === 'ahead')
      .map(({ name }) => branchOf(APPROVAL_PREFIX, view.product, release, state, name)),
  );
  return [...findCauses(view).map(({ branch }) => branch), ...ahead];
}

function openReleases({ inForce, plan }: ProductView) {
  return (plan?.releases ?? []).flatMap((release) => {
    const state = trackOf(inForce.rollout ?? NO_ROLLOUT, release.group).release;
    const placed = inForce.releases.find(({ spec }) => spec.group === release.group);
    return state !== null && state.version === release.version && placed !== undefined
      ? [{ release, state, strategy: placed.spec.strategy }]
      : [];
  });
}

/**
 * The same for one attempt of one start of a release, and for no other: also a state that lost its memory never meets
 * the branch of an earlier pull request. No version looks like `group-…`, so the branches of a group and those of the
 * product never stand in each other's way.
 */
function branchOf(
  prefix: string,
  product: string,
  { version, group }: ReleasePlan,
  { startedAt, attempt }: ReleaseState,
  step: string | null = null,
): string {
  const place = group === null ? product : `${product}/group-${branchWord(group)}`;
  const start = Math.floor(startedAt / 1_000).toString(36);
  const last = [version, ...(step === null ? [] : [branchWord(step)]), start, attempt].join('-');
  return `${prefix}${place}/${last}`;
}

/** Names may hold dots, and a branch not everywhere. Two names never become the same. */
function branchWord(name: string): string {
  const word = name.replaceAll('.', '_');
  if (word.length <= WORD_MAX) return word;
  const digest = createHash('sha256').update(name).digest('hex').slice(0, DIGEST_LENGTH);
  return `${word.slice(0, WORD_MAX - DIGEST_LENGTH - 1)}_${digest}`;
}

/** Longer words are cut, so that a branch stays within what forges take. */
const WORD_MAX = 48;
const DIGEST_LENGTH = 12;

// The same input of a plan with every list and map the other way round, for tests that order does not matter.

import type { Desired } from '../../controller/model/desired.ts';
import type { LiveState } from '../../controller/model/live.ts';
import type { PlanInput } from '../../controller/plan/build-plan.ts';

/** Reverses whatever has no meaning in its order. */
export function reverseInput(input: PlanInput): PlanInput {
  const products = Object.entries(input.snapshot.products)
    .reverse()
    .map(([name, state]) => [name, reverseDesired(state)] as const);
  return {
    ...input,
    snapshot: { ...input.snapshot, products: Object.fromEntries(products) },
    inForce: new Map(
      [...input.inForce].reverse().map(([name, state]) => [name, reverseDesired(state)]),
    ),
    live: new Map([...input.live].reverse().map(([name, state]) => [name, reverseLive(state)])),
  };
}

function reverseDesired(state: Desired): Desired {
  const { firmware, groups, locks, releases } = state;
  return {
    ...state,
    firmware: [...firmware].reverse(),
    groups: [...groups].reverse(),
    locks: [...locks].reverse(),
    releases: [...releases].reverse(),
  };
}

function reverseLive(live: LiveState): LiveState {
  return {
    ...live,
    unlocked: [...live.unlocked].reverse(),
    locked: [...live.locked].reverse(),
    outcomes: [...live.outcomes].reverse(),
    named: new Map([...live.named].reverse()),
    firmware: [...live.firmware].reverse(),
    evidence: [...live.evidence].reverse(),
  };
}

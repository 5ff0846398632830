// The same input of a plan with every list and map the other way round, for tests that order does not matter.

import type { Desired } from '../../controller/model/desired.ts';
import type { LiveState } from '../../controller/model/live.ts';
import type { PlanInput } from '../../controller/plan/build-plan.ts';

/** Reverses whatever has no meaning in its order. */
export function reverseInput(input: PlanInput): PlanInput {
  const products = Object.entries(input.snapshot.products)
    .toReversed()
    .map(([name, state]) => [name, reverseDesired(state)] as const);
  return {
    ...input,
    snapshot: { ...input.snapshot, products: Object.fromEntries(products) },
    inForce: new Map(
      [...input.inForce].toReversed().map(([name, state]) => [name, reverseDesired(state)]),
    ),
    live: new Map([...input.live].toReversed().map(([name, state]) => [name, reverseLive(state)])),
  };
}

function reverseDesired(state: Desired): Desired {
  const { firmware, groups, locks, releases } = state;
  return {
    ...state,
    firmware: [...firmware].toReversed(),
    groups: [...groups].toReversed(),
    locks: [...locks].toReversed(),
    releases: [...releases].toReversed(),
  };
}

function reverseLive(live: LiveState): LiveState {
  return {
    ...live,
    unlocked: [...live.unlocked].toReversed(),
    locked: [...live.locked].toReversed(),
    outcomes: [...live.outcomes].toReversed(),
    rounds: [...live.rounds].toReversed(),
    census: [...live.census].toReversed(),
    named: new Map([...live.named].toReversed()),
    firmware: [...live.firmware].toReversed(),
    evidence: [...live.evidence].toReversed(),
  };
}

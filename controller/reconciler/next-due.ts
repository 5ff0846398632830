// When a release can next move by the passing of time alone, so that a soak of a minute does not wait for the resync.

import type { HeldProducts } from './held-products.ts';

/** Listening time is counted by the second. */
const LISTENING_STEP_MS = 1_000;

/** A fleet that is still registering is looked at this often. */
const COUNTING_STEP_MS = 2_000;

/** Milliseconds until the next pass is worth making without any hint; null: nothing is waited for. */
export function nextDueMs(held: HeldProducts): number | null {
  const due = held.names().flatMap((product): readonly number[] => {
    const { plan = null, live = null } = held.get(product) ?? {};
    if (plan === null || live === null) return [];
    const movesNow =
      plan.newlyFinished.length > 0 || plan.actions.some(({ type }) => type === 'SetExposure');
    if (movesNow) return [0];
    if (!live.listening) return [];
    return plan.releases.flatMap(({ waits }) =>
      waits.flatMap((wait) => {
        if (wait.kind === 'soak') return [wait.leftMs + LISTENING_STEP_MS];
        return wait.kind === 'devices' && live.devices > 0 ? [COUNTING_STEP_MS] : [];
      }),
    );
  });
  return due.length === 0 ? null : Math.min(...due);
}

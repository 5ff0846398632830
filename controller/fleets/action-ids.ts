// Ids for new actions, taken from the store in blocks, so that an offer costs no extra write. An id is looked at
// before a decision, used up only if the decision offers it, and given back if the decision was not written.

import { assert } from '../base/assert.ts';
import { isUsableActionId } from '../devices/action-id.ts';

const BLOCK_SIZE = 1_000;

export interface ActionIds {
  /** The next id, or null where a new block has to be reserved first. */
  peek(): number | null;
  /** Uses up the id that `peek` returned. Call it in the same synchronous step. */
  use(): void;
  /** Takes back an id that was used up by a decision of which nothing was written. */
  giveBack(id: number): void;
  /** Reserves the next block; calls at the same time share one reservation. */
  refill(): Promise<void>;
}

/** Creates a supply on top of `reserve`, which returns the first of `count` ids that nobody else gets. */
export function createActionIds(reserve: (count: number) => Promise<number>): ActionIds {
  const returned: number[] = [];
  let next = 0;
  let end = 0;
  let reserving: Promise<void> | null = null;

  async function reserveBlock(): Promise<void> {
    const first = await reserve(BLOCK_SIZE);
    end = first + BLOCK_SIZE;
    next = first;
    assert(
      isUsableActionId(first) && isUsableActionId(end - 1),
      `the store reserved action ids from ${first}`,
    );
  }

  return {
    peek: () => returned.at(-1) ?? (next < end ? next : null),
    use() {
      if (returned.pop() === undefined) next += 1;
    },
    giveBack: (id) => void returned.push(id),
    refill() {
      reserving ??= reserveBlock().finally(() => {
        reserving = null;
      });
      return reserving;
    },
  };
}

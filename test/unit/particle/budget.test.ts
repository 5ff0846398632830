// One budget of calls for all products of an address.

import { describe, expect, it } from 'vitest';

import {
  type Budget,
  CALLS_MAX,
  CALLS_SPAN_MS,
  createBudget,
} from '../../../controller/fleets/particle/budget.ts';

function create(options?: { readonly calls: number; readonly spanMs: number }): {
  readonly budget: Budget;
  readonly now: () => number;
} {
  let now = 0;
  const clock = { monotonicMs: () => now };
  const sleep = async (ms: number): Promise<void> => void (now += ms);
  return { budget: createBudget({ clock, sleep }, options), now: () => now };
}

describe('the budget of calls', () => {
  it('never lets more through in any span than Particle allows', async () => {
    const { budget, now } = create();
    const times: number[] = [];
    for (let call = 0; call < 25_000; call += 1) {
      await budget.take();
      times.push(now());
    }
    const most = times.reduce((max, time, index) => {
      const before = times[index - CALLS_MAX];
      return before === undefined ? max : Math.min(max, time - before);
    }, Infinity);
    expect(most).toBeGreaterThanOrEqual(CALLS_SPAN_MS - 50);
    expect(budget.taken).toBe(25_000);
  });

  it('lets a reading of 10,000 devices through at once', async () => {
    const { budget, now } = create();
    for (let call = 0; call < 410; call += 1) await budget.take();
    expect(now()).toBe(0);
  });

  it('waits as long as Particle asks for', async () => {
    const { budget, now } = create({ calls: 10, spanMs: 1_000 });
    budget.pause(5_000);
    await budget.take();
    expect(now()).toBe(5_000);
  });
});

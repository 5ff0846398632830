import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { createLoop } from '../../../controller/reconciler/loop.ts';

const HINT_MS = 1_000;

function createCountingLoop() {
  let passes = 0;
  const loop = createLoop({
    ports: { source: null, drivers: new Map(), log: { info: () => {}, warn: () => {} } },
    options: { adopt: true, followSource: false, intervalMs: 60_000, random: () => 0.5 },
    readSource: async () => undefined,
    makePass: async () => {
      passes += 1;
      return null;
    },
    inTurn: (work) => work(),
  });
  return { loop, passes: () => passes };
}

describe('the loop', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('makes no pass on a hint before it was started', async () => {
    const { loop, passes } = createCountingLoop();
    loop.wake();
    await vi.advanceTimersByTimeAsync(HINT_MS);
    expect(passes()).toBe(0);
    loop.close();
  });

  it('makes one pass on several hints once it was started', async () => {
    const { loop, passes } = createCountingLoop();
    loop.start();
    loop.wake();
    loop.wake();
    await vi.advanceTimersByTimeAsync(HINT_MS);
    expect(passes()).toBe(1);
    loop.close();
  });
});

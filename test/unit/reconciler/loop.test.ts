import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { createLoop } from '../../../controller/reconciler/loop.ts';
import { createSerial } from '../../../controller/sources/serial.ts';

const HINT_MS = 1_000;

function createCountingLoop(followSource = false) {
  let passes = 0;
  let reads = 0;
  const loop = createLoop({
    ports: { source: null, drivers: new Map(), log: { info: () => {}, warn: () => {} } },
    options: { adopt: true, followSource, intervalMs: 60_000, random: () => 0.5 },
    readSource: async () => void (reads += 1),
    makePass: async () => {
      passes += 1;
      return null;
    },
    inTurn: createSerial(),
  });
  return { loop, passes: () => passes, reads: () => reads };
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

  it('reads the source at once when told that it changed, and joins what comes meanwhile', async () => {
    const { loop, passes, reads } = createCountingLoop(true);
    loop.readNow();
    loop.start();
    for (let hint = 0; hint < 5; hint += 1) loop.readNow();
    await vi.advanceTimersByTimeAsync(0);
    expect([reads(), passes()]).toEqual([1, 1]);
    loop.readNow();
    await vi.advanceTimersByTimeAsync(0);
    expect(reads()).toBe(2);
    loop.close();
  });

  it('reads nothing on a hint where it does not follow its source', async () => {
    const { loop, reads } = createCountingLoop(false);
    loop.start();
    loop.readNow();
    await vi.advanceTimersByTimeAsync(HINT_MS);
    expect(reads()).toBe(0);
    loop.close();
  });
});

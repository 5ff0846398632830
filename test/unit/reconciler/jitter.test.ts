import { assert, double, integer, property } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextPollDelay } from '../../../controller/reconciler/jitter.ts';

describe('poll delay', () => {
  it('is the interval at the middle of chance, and 10 % to either side at its ends', () => {
    expect(nextPollDelay(60_000, 0.5)).toBe(60_000);
    expect(nextPollDelay(60_000, 0)).toBe(54_000);
    expect(nextPollDelay(60_000, 1)).toBe(66_000);
  });

  it('never leaves the 10 % and rises with chance', () => {
    assert(
      property(
        integer({ min: 1_000, max: 86_400_000 }),
        double({ min: 0, max: 1, noNaN: true }),
        double({ min: 0, max: 1, noNaN: true }),
        (intervalMs, a, b) => {
          const [low, high] = [Math.min(a, b), Math.max(a, b)];
          expect(nextPollDelay(intervalMs, low)).toBeLessThanOrEqual(
            nextPollDelay(intervalMs, high),
          );
          expect(Math.abs(nextPollDelay(intervalMs, a) - intervalMs)).toBeLessThanOrEqual(
            Math.ceil(intervalMs * 0.1),
          );
        },
      ),
    );
  });
});

// Stepping stones: which version comes next on the way to the one that a device should run.

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { Stone } from '../../../controller/releases/stones.ts';
import { findHop } from '../../../controller/releases/stones.ts';

function stone(version: number, requiresFrom: number | null = null): Stone {
  return { version, requiresFrom };
}

describe('a device that can take the version', () => {
  it('gets it at once where nothing is required', () => {
    expect(findHop(1, 9, [stone(5), stone(9)])).toBe(9);
  });

  it('gets it at once from the very version that is required, and from a higher one', () => {
    expect(findHop(5, 9, [stone(5), stone(7), stone(9, 5)])).toBe(9);
    expect(findHop(7, 9, [stone(5), stone(7), stone(9, 5)])).toBe(9);
  });

  it('gets it at once where that is a downgrade', () => {
    expect(findHop(9, 5, [stone(5), stone(7), stone(9)])).toBe(5);
    expect(findHop(9, 5, [stone(5, 4), stone(7), stone(9)])).toBe(5);
  });
});

describe('a device that is too old for the version', () => {
  it('gets the highest version that it can take on a shortest path', () => {
    expect(findHop(1, 9, [stone(5), stone(6), stone(7, 5), stone(9, 5)])).toBe(6);
  });

  it('is led over several stones, one after the other', () => {
    const stones = [stone(9, 7), stone(7, 5), stone(5, 3), stone(3)];
    expect(findHop(1, 9, stones)).toBe(3);
    expect(findHop(3, 9, stones)).toBe(5);
    expect(findHop(5, 9, stones)).toBe(7);
    expect(findHop(7, 9, stones)).toBe(9);
  });

  it('is not led over a version above the one that it should run', () => {
    expect(findHop(1, 9, [stone(9, 5), stone(12)])).toBeNull();
  });

  it('is not led over a version below the one that it runs', () => {
    expect(findHop(6, 9, [stone(4), stone(6), stone(9, 7)])).toBeNull();
  });

  it('gets nothing where no stone reaches the required version', () => {
    expect(findHop(1, 9, [stone(4), stone(9, 5)])).toBeNull();
    expect(findHop(1, 9, [stone(6, 2), stone(9, 5)])).toBeNull();
    expect(findHop(1, 9, [stone(4), stone(6, 5), stone(9, 6)])).toBeNull();
  });
});

it('leads nowhere where the version itself may not be offered', () => {
  expect(findHop(1, 9, [stone(5)])).toBeNull();
});

it('leads nowhere by a detour where a downgrade requires more than the device runs', () => {
  expect(findHop(5, 4, [stone(3), stone(4, 6), stone(6)])).toBeNull();
});

const someStones = fc.uniqueArray(
  fc.record({
    version: fc.integer({ min: 1, max: 14 }),
    requiresFrom: fc.option(fc.integer({ min: 1, max: 14 }), { freq: 3 }),
  }),
  { selector: ({ version }) => version, maxLength: 9 },
);

it('agrees with a search over all paths', () => {
  let detours = 0;
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 14 }),
      fc.integer({ min: 1, max: 14 }),
      someStones,
      (running, to, stones) => {
        const expected = searchHop(running, to, stones);
        expect(findHop(running, to, stones)).toBe(expected);
        if (expected !== null && expected !== to) detours += 1;
      },
    ),
    { numRuns: 5_000 },
  );
  expect(detours).toBeGreaterThan(10);
});

it('brings a device that follows its hops to the version', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 14 }),
      fc.integer({ min: 1, max: 14 }),
      someStones,
      (running, to, stones) => {
        let reached = running;
        for (let hop = findHop(reached, to, stones); hop !== null;) {
          const taken = stones.find(({ version }) => version === hop);
          expect(taken?.requiresFrom ?? 0).toBeLessThanOrEqual(reached);
          reached = hop;
          if (reached === to) return;
          hop = findHop(reached, to, stones);
          expect(hop).toBeGreaterThan(reached);
        }
      },
    ),
    { numRuns: 2_000 },
  );
});

/** The first hop by walking every path there is. */
function searchHop(running: number, to: number, stones: readonly Stone[]): number | null {
  const paths: (readonly number[])[] = [];
  const walk = (path: readonly number[], from: number): void => {
    for (const { version, requiresFrom } of stones) {
      if (requiresFrom !== null && requiresFrom > from) continue;
      if (version === to && (to > from || path.length === 0)) paths.push([...path, version]);
      else if (version > from && version < to) walk([...path, version], version);
    }
  };
  walk([], running);
  const shortest = Math.min(...paths.map((path) => path.length));
  const firsts = paths
    .filter((path) => path.length === shortest)
    .map(([first]) => first ?? Number.NaN);
  return firsts.length === 0 ? null : Math.max(...firsts);
}

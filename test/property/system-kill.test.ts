// Invariant 6: kill the controller at any moment and start it again. Nothing that was acknowledged is lost, nothing is
// done twice with effect, and the end is that of a life without a kill.

import { rmSync } from 'node:fs';

import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { makeTempDir } from '../support/git-repo.ts';
import type { EndState, Kill } from './support/killed-run.ts';
import { COMMITS, liveLife } from './support/killed-run.ts';

const KILLS_PER_LIFE = 9;
const LIVES_AT_ONCE = 3;
const ROUNDS = 2;

const kill: fc.Arbitrary<Kill> = fc.record({
  // None: while it starts, whether it serves by then or not.
  acknowledgements: fc.oneof(
    { weight: 1, arbitrary: fc.constant(0) },
    { weight: 6, arbitrary: fc.integer({ min: 1, max: 120 }) },
  ),
  delayMs: fc.integer({ min: 0, max: 25 }),
});

const lives = fc.array(fc.array(kill, { minLength: KILLS_PER_LIFE, maxLength: KILLS_PER_LIFE }), {
  minLength: LIVES_AT_ONCE,
  maxLength: LIVES_AT_ONCE,
});

let compiled: string;
beforeAll(() => {
  compiled = makeTempDir('compiled');
});
afterAll(() => rmSync(compiled, { recursive: true, force: true }));

describe('a controller that is killed', () => {
  it(
    'loses nothing, repeats nothing and ends where it would have',
    { timeout: 240_000 },
    async () => {
      const unkilled: EndState = await liveLife([], compiled);
      expect(unkilled.devices).toHaveLength(4);
      expect(unkilled.decisions.filter((line) => line.startsWith('RevisionInForce'))).toHaveLength(
        COMMITS,
      );
      await fc.assert(
        fc.asyncProperty(lives, async (each) => {
          for (const end of await Promise.all(each.map((kills) => liveLife(kills, compiled))))
            expect(end).toEqual(unkilled);
        }),
        { numRuns: ROUNDS, endOnFailure: true },
      );
    },
  );
});

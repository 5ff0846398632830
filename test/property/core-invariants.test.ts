// The invariants of the design over random lives of a small fleet; what is checked is in `check-life.ts`.

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { checkLife } from '../support/check-life.ts';
import { lives } from '../support/core-steps.ts';

describe('whatever revisions and devices do', () => {
  it('the invariants of the core hold after every step', () => {
    fc.assert(
      fc.property(lives, (steps) => {
        expect(checkLife(steps)).toBe(steps.length);
      }),
      { numRuns: 400 },
    );
  });
});

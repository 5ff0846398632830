// The progress bar: what is filled, and what is left out where there is no room.

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fitParts, renderProgressBar } from '../../../controller/reports/progress-bar.ts';

describe('the progress bar', () => {
  it('fills in step with what is done, and names share and counts', () => {
    expect(renderProgressBar({ done: 0, total: 2000 })).toBe(`${'░'.repeat(24)}   0% 0/2,000`);
    expect(renderProgressBar({ done: 1000, total: 2000 })).toBe(
      `${'█'.repeat(12)}${'░'.repeat(12)}  50% 1,000/2,000`,
    );
    expect(renderProgressBar({ done: 2000, total: 2000 })).toBe(
      `${'█'.repeat(24)} 100% 2,000/2,000`,
    );
  });

  it('is full only when all is done, and empty when there is nothing to do', () => {
    expect(renderProgressBar({ done: 199_999, total: 200_000 })).toContain('█░  99% ');
    expect(renderProgressBar({ done: 0, total: 0 })).toBe(`${'░'.repeat(24)}   0% 0/0`);
  });

  it('keeps its width while it fills, so that nothing beside it jumps', () => {
    fc.assert(
      fc.property(fc.nat(10_000), (done) => {
        const bar = renderProgressBar({ done, total: 10_000 });
        expect(bar.indexOf('%')).toBe(28);
        expect(bar.slice(0, 24)).toMatch(/^█*░*$/);
      }),
    );
  });
});

describe('parts on a line', () => {
  it('leave out the least important where there is no room', () => {
    expect(fitParts(['first', 'second', 'third'], 80)).toBe('first · second · third');
    expect(fitParts(['first', 'second', 'third'], 20)).toBe('first · second');
    expect(fitParts(['first', 'second', 'third'], 3)).toBe('fir');
  });

  it('never exceed the width', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), fc.nat(100), (parts, width) => {
        expect(fitParts(parts, width).length).toBeLessThanOrEqual(width);
      }),
    );
  });
});

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { renderPlainLine, renderProgressLine } from '../../../controller/simulator/progress.ts';
import { emptyErrors } from '../../../controller/simulator/snapshot.ts';
import type { FleetSnapshot } from '../../../controller/simulator/snapshot.ts';

const SNAPSHOT: FleetSnapshot = {
  devices: 2000,
  online: 1998,
  byVersion: { 41: 500, 42: 1500 },
  downloading: 12,
  installing: 0,
  rebooting: 1,
  failed: 3,
  polls: 40_000,
  errors: { ...emptyErrors(), server: 1200 },
};

describe('the progress line', () => {
  it('names the largest version first and leaves out what is zero', () => {
    expect(renderProgressLine(SNAPSHOT, 200)).toBe(
      '1,998/2,000 online · version 42: 1,500, 41: 500 · 3 failed · 12 downloading · 1 rebooting · 1,200 errors',
    );
  });

  it('leaves out the least important parts where the terminal is narrow', () => {
    expect(renderProgressLine(SNAPSHOT, 60)).toBe(
      '1,998/2,000 online · version 42: 1,500, 41: 500 · 3 failed',
    );
    expect(renderProgressLine(SNAPSHOT, 30)).toBe('1,998/2,000 online');
  });

  it('never exceeds the width', () => {
    fc.assert(
      fc.property(fc.nat(200), fc.dictionary(fc.string(), fc.nat(100_000)), (width, byVersion) => {
        expect(renderProgressLine({ ...SNAPSHOT, byVersion }, width).length).toBeLessThanOrEqual(
          width,
        );
      }),
    );
  });

  it('counts the versions that it has no room for', () => {
    const byVersion = { a: 6, b: 5, c: 4, d: 3, e: 2, f: 1 };
    expect(renderProgressLine({ ...SNAPSHOT, byVersion }, 200)).toContain(
      'version a: 6, b: 5, c: 4, d: 3, 2 more',
    );
  });
});

describe('the plain line', () => {
  it('says everything, in a fixed order', () => {
    expect(renderPlainLine(SNAPSHOT)).toBe(
      'devices=2000 online=1998 versions=41:500,42:1500 downloading=12 installing=0 rebooting=1 failed=3 polls=40000 errors=server:1200',
    );
  });
});

// A simulated fleet in words, and how far it is on its way.

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  findGoal,
  renderSimulationLine,
  renderSimulationNote,
} from '../../../controller/cli/simulation-line.ts';
import { renderPlainLine } from '../../../controller/simulator/progress.ts';
import { emptyErrors } from '../../../controller/simulator/snapshot.ts';
import type { FleetSnapshot } from '../../../controller/simulator/snapshot.ts';

const SNAPSHOT: FleetSnapshot = {
  devices: 2000,
  online: 1998,
  connected: 1000,
  byVersion: { 41: 500, 42: 1500 },
  downloading: 12,
  installing: 0,
  rebooting: 1,
  failed: 3,
  polls: 40_000,
  errors: { ...emptyErrors(), server: 1200 },
};
const GOAL = { version: '42', devices: 2000 };
const HALF = `${'█'.repeat(12)}${'░'.repeat(12)}`;

describe('the line of a simulated fleet', () => {
  it('shows who is connected while nothing moves, and names the largest version first', () => {
    expect(renderSimulationLine(SNAPSHOT, null, 200)).toBe(
      `${HALF}  50% 1,000/2,000 connected · version 42: 1,500, 41: 500 · 3 failed · 12 downloading · 1 rebooting · 1,200 errors`,
    );
  });

  it('shows how far the fleet is on its way to a version, and leaves out what is zero', () => {
    expect(renderSimulationLine({ ...SNAPSHOT, connected: 1998 }, GOAL, 200)).toBe(
      `${'█'.repeat(18)}${'░'.repeat(6)}  75% 1,500/2,000 on version 42 · 3 failed · 12 downloading · 1 rebooting · 1,200 errors`,
    );
    expect(renderSimulationNote(SNAPSHOT, GOAL)).toBe(
      '1,500/2,000 on version 42, 1,000/2,000 connected, 3 failed, 12 downloading, 1 rebooting, 1,200 errors',
    );
  });

  it('leaves out the least important parts where the terminal is narrow', () => {
    expect(renderSimulationLine(SNAPSHOT, null, 80)).toBe(
      `${HALF}  50% 1,000/2,000 connected · version 42: 1,500, 41: 500`,
    );
    expect(renderSimulationLine(SNAPSHOT, null, 30)).toBe('1,000/2,000 connected');
    expect(renderSimulationLine(SNAPSHOT, GOAL, 30)).toBe('1,500/2,000 on version 42');
  });

  it('never exceeds the width', () => {
    fc.assert(
      fc.property(
        fc.nat(200),
        fc.dictionary(fc.string(), fc.nat(2000)),
        fc.string(),
        (width, byVersion, version) => {
          for (const goal of [null, { version, devices: 2000 }]) {
            const line = renderSimulationLine({ ...SNAPSHOT, byVersion }, goal, width);
            expect(line.length).toBeLessThanOrEqual(width);
          }
        },
      ),
    );
  });

  it('counts the versions that it has no room for', () => {
    const byVersion = { a: 6, b: 5, c: 4, d: 3, e: 2, f: 1 };
    expect(renderSimulationLine({ ...SNAPSHOT, byVersion }, null, 200)).toContain(
      'version a: 6, b: 5, c: 4, d: 3, 2 more',
    );
  });
});

describe('the goal of a simulated fleet', () => {
  const on = (byVersion: Readonly<Record<string, number>>): FleetSnapshot => ({
    ...SNAPSHOT,
    byVersion,
  });

  it('is none before a device has changed its version', () => {
    expect(findGoal(on({ 1: 2000 }), on({ 1: 2000 }), null)).toBeNull();
  });

  it('is the version that most devices came to since the last look, and stays until others come', () => {
    const goal = findGoal(on({ 1: 1990, 2: 9, 3: 1 }), on({ 1: 2000 }), null);
    expect(goal).toEqual({ version: '2', devices: 2000 });
    expect(findGoal(on({ 1: 1990, 2: 10 }), on({ 1: 1990, 2: 10 }), goal)).toBe(goal);
    expect(findGoal(on({ 1: 1995, 2: 5 }), on({ 1: 1990, 2: 10 }), goal)?.version).toBe('1');
  });
});

describe('the plain line', () => {
  it('says everything, in a fixed order', () => {
    expect(renderPlainLine(SNAPSHOT)).toBe(
      'devices=2000 online=1998 connected=1000 versions=41:500,42:1500 downloading=12 installing=0 rebooting=1 failed=3 polls=40000 errors=server:1200',
    );
  });
});

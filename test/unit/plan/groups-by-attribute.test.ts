// Groups that match attributes, in a plan: whom their releases cover, what changes them, and who is torn between two.

import { describe, expect, it } from 'vitest';

import type { PlanWords } from '../../support/plan-input.ts';
import {
  actionsOf,
  desired,
  live,
  namedDevice,
  planOne,
  refusalsOf,
  remembered,
} from '../../support/plan-input.ts';
import { buildCensus } from '../../support/census.ts';

const firmware = [{ version: 41 }, { version: 42 }, { version: 43 }];
const words: PlanWords = {
  firmware,
  fleet: { groupBy: ['hw', 'site'] },
  matchGroups: { b: { hw: 'B' }, roof: { site: 'roof' } },
  release: 41,
};
const entry = (bucket: number, hw: string, site: string | null, version = 41) => ({
  version,
  bucket,
  traits: { hw, site },
  dormant: false,
});
const seen = live({
  devices: 6,
  unlocked: [{ version: 41, devices: 6 }],
  census: buildCensus([
    entry(1, 'A', null),
    entry(2, 'A', 'roof'),
    entry(3, 'B', null),
    entry(4, 'B', null),
    entry(5, 'B', 'roof'),
    entry(6, 'C', null),
  ]),
  firmware: firmware.map(({ version }) => remembered(version, { verifiedAt: 1 })),
});
const inForce = (more: PlanWords) => desired({ ...words, ...more });
const planWith = (more: PlanWords, fleet = seen) =>
  planOne({ now: inForce(more), inForce: inForce(more), live: fleet }).plan;

describe('the release of a group that matches attributes', () => {
  it('covers the devices with all of its values', () => {
    expect(planWith({ groupReleases: { b: 42 } }).impact.flashes).toEqual([
      { from: 41, to: 42, devices: 3 },
    ]);
    const both = { matchGroups: { b: { hw: 'B', site: 'roof' } }, groupReleases: { b: 42 } };
    expect(planWith(both).impact.flashes).toEqual([{ from: 41, to: 42, devices: 1 }]);
  });

  it('tells the devices that another group gives another version, by their number and names', () => {
    const plan = planWith({ groupReleases: { b: 42, roof: 43 } });
    expect(plan.impact.flashes).toEqual([
      { from: 41, to: 42, devices: 2 },
      { from: 41, to: 43, devices: 1 },
    ]);
    expect(plan.warnings).toMatchObject([{ reason: 'ReleaseConflict' }]);
    const named = namedDevice('d1', { traits: { hw: 'B', site: 'roof' } });
    const listed = planWith(
      { groupReleases: { b: 42, roof: 43 }, groups: { some: ['d1'] } },
      { ...seen, named: new Map([['d1', named]]) },
    );
    expect(listed.warnings[0]?.message).toMatch(/d1/);
  });

  it('warns where it matches nobody', () => {
    const none = { matchGroups: { b: { hw: 'Z' } }, groupReleases: { b: 42 } };
    const { warnings } = planWith(none);
    expect(warnings).toMatchObject([{ reason: 'NoDevices' }]);
  });

  it('hands its devices back when it is removed, and those flashes count', () => {
    const { plan } = planOne({
      now: inForce({ release: 42 }),
      inForce: inForce({ release: 42, groupReleases: { b: 41 } }),
      live: seen,
    });
    expect(actionsOf(plan)).toEqual(['EndRelease 41 group b']);
    expect(plan.impact.flashes).toEqual([{ from: 41, to: 42, devices: 6 }]);
  });
});

describe('a group that matches attributes', () => {
  it('is changed by another value, and by nothing else', () => {
    const change = (matchGroups: NonNullable<PlanWords['matchGroups']>) =>
      actionsOf(planOne({ now: inForce({ matchGroups }), inForce: inForce({}), live: seen }).plan);
    expect(change({ b: { hw: 'B' }, roof: { site: 'roof' } })).toEqual([]);
    expect(change({ b: { hw: 'C' }, roof: { site: 'roof' } })).toEqual(['ChangeGroup b 0']);
  });

  it('keeps the attributes that it needs counted while it is in force', () => {
    const bare = { fleet: { groupBy: [] } };
    const now = desired({ ...words, ...bare, matchGroups: { b: { hw: 'B' } } });
    const { next } = planOne({ now, inForce: inForce({}), live: seen });
    expect(next.config?.spec.fleet.groupBy).toEqual(['hw']);
    const gone = desired({ ...words, ...bare, matchGroups: {} });
    expect(
      planOne({ now: gone, inForce: inForce({}), live: seen }).next.config?.spec.fleet.groupBy,
    ).toEqual([]);
  });

  it('cannot take the place of a list that a lock needs', () => {
    const locks = { one: { version: 41, group: 'b' } };
    const now = inForce({ locks });
    const listed = desired({ ...words, matchGroups: {}, groups: { b: ['d1'] } });
    expect(refusalsOf(planOne({ now, inForce: listed, live: seen }).plan)).toContain(
      'GroupNotListed',
    );
  });
});

// The attributes that devices are grouped by, as their records keep them.

import { describe, expect, it } from 'vitest';

import type { Traits } from '../../../controller/model/device.ts';
import { hasCurrentTraits } from '../../../controller/devices/traits.ts';
import { takeReport } from '../../../controller/devices/report.ts';
import { at, desired, device, policyOf } from '../../support/plan-input.ts';

const policy = policyOf(
  desired({
    firmware: [{ version: 41 }, { version: 42 }],
    fleet: { groupBy: ['hw', 'site'] },
    matchGroups: { b: { hw: 'B' }, roof: { site: 'roof' }, idle: { hw: 'C' } },
    groupReleases: { b: 41, roof: 41 },
    release: 41,
  }),
);

function report(before: Traits, attributes: Readonly<Record<string, string>>) {
  const { device: after, events } = takeReport(
    device({ traits: before }),
    { attributes, versionText: null },
    policy,
    at(5),
  );
  return { traits: after.traits, events };
}

describe('the traits of a device', () => {
  it('are the values of the attributes that its product groups by, and no others', () => {
    const { traits } = report({}, { hw: 'B', colour: 'red' });
    expect(traits).toEqual({ hw: 'B', site: null });
  });

  it('are cut at 64 characters', () => {
    const { traits } = report({}, { hw: 'x'.repeat(65), site: 'y'.repeat(64) });
    expect(traits).toEqual({ hw: 'x'.repeat(64), site: 'y'.repeat(64) });
  });

  it('go when the device does not send them any more', () => {
    expect(report({ hw: 'B', site: null }, {}).traits).toEqual({ hw: null, site: null });
  });

  it('stay the very same value while nothing changes', () => {
    const before = { hw: 'B', site: null };
    expect(report(before, { hw: 'B' }).traits).toBe(before);
  });

  it('that move it to other groups are told, by group and value', () => {
    const { events } = report({ hw: 'B', site: null }, { hw: 'D', site: 'roof' });
    expect(events).toMatchObject([
      {
        type: 'DeviceMoved',
        message: 'Moved from group b to group roof: hw is "D" now, site is "roof" now.',
      },
    ]);
  });

  it('that change no group with a release are not', () => {
    expect(report({ hw: 'C', site: null }, { hw: 'D' }).events).toEqual([]);
  });

  it.each([
    ['are current with exactly the names that are asked for', { site: null, hw: 'B' }, true],
    ['are not with one too few', { hw: 'B' }, false],
    ['are not with one too many', { hw: 'B', site: null, more: 'x' }, false],
    ['are not with another one', { hw: 'B', place: null }, false],
  ])('%s', (_, traits, expected) => {
    expect(hasCurrentTraits(traits, policy)).toBe(expected);
  });
});

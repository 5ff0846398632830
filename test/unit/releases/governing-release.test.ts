// Which release covers a device: groups that list their devices, groups that match attributes, and conflicts.

import { describe, expect, it } from 'vitest';

import type { Traits } from '../../../controller/model/device.ts';
import {
  groupsWithRelease,
  hasTraits,
  releaseFor,
} from '../../../controller/releases/governing-release.ts';
import type { PlanWords } from '../../support/plan-input.ts';
import { desired, policyOf } from '../../support/plan-input.ts';

const firmware = [{ version: 41 }, { version: 42 }, { version: 43 }];
const groups = { b: ['d1', 'd2'], a: ['d1'], idle: ['d1'] };
const matchGroups = { hot: { site: 'roof' }, both: { site: 'roof', hw: 'B' } };

const policyWith = (words: PlanWords) =>
  policyOf(desired({ firmware, groups, matchGroups, release: 41, ...words }));
const releaseOf = (id: string, traits: Traits, words: PlanWords): string => {
  const release = releaseFor({ id, traits }, policyWith(words));
  if (release === null || release === 'conflict') return String(release);
  return `${release.group ?? 'product'} ${release.version}`;
};

describe('the groups of a device', () => {
  it('are those that list or match it and have a release, by name', () => {
    const policy = policyWith({ groupReleases: { hot: 42, b: 42, a: 42, both: 42 } });
    const traits = { site: 'roof', hw: 'B' };
    expect(groupsWithRelease({ id: 'd1', traits }, policy)).toEqual(['a', 'b', 'both', 'hot']);
    expect(groupsWithRelease({ id: 'd2', traits: {} }, policy)).toEqual(['b']);
    expect(groupsWithRelease({ id: 'd9', traits: { site: 'roof', hw: null } }, policy)).toEqual([
      'hot',
    ]);
  });

  it('are matched by all the values that they ask for, exactly', () => {
    expect(hasTraits({ site: 'roof', hw: 'B' }, { site: 'roof', hw: 'B' })).toBe(true);
    expect(hasTraits({ site: 'roof', hw: 'b' }, { site: 'roof', hw: 'B' })).toBe(false);
    expect(hasTraits({ site: 'roof' }, { site: 'roof', hw: 'B' })).toBe(false);
    expect(hasTraits({ site: null }, { site: 'null' })).toBe(false);
    expect(hasTraits({}, { toString: 'x' })).toBe(false);
  });
});

describe('the release of a device', () => {
  it('is its group’s, else the product’s', () => {
    const words = { groupReleases: { b: 42, hot: 43 } };
    expect(releaseOf('d1', {}, words)).toBe('b 42');
    expect(releaseOf('d9', { site: 'roof' }, words)).toBe('hot 43');
    expect(releaseOf('d9', { site: 'cellar' }, words)).toBe('product 41');
  });

  it('is none of two groups that give it different versions', () => {
    const words = { groupReleases: { b: 42, hot: 43 } };
    expect(releaseOf('d1', { site: 'roof' }, words)).toBe('conflict');
    expect(releaseOf('d1', {}, { groupReleases: { a: 42, b: 43 } })).toBe('conflict');
  });

  it('is, of two groups with the same version, the first by name, or one that is held', () => {
    const same = { groupReleases: { b: 42, a: 42 } };
    expect(releaseOf('d1', {}, same)).toBe('a 42');
    const halt = { action: 'hold' as const, at: 1, failed: 1, succeeded: 0, message: 'bad' };
    expect(releaseOf('d1', {}, { ...same, tracks: { b: { halt } } })).toBe('b 42');
    expect(releaseOf('d1', {}, { ...same, tracks: { a: { halt }, b: { halt } } })).toBe('a 42');
  });
});

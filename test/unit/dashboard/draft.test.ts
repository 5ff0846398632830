// What can be proposed, before it is drawn.

import { describe, expect, it } from 'vitest';

import {
  fieldsOf,
  groupsFor,
  headingOf,
  labelOf,
  requestOf,
  whyNot,
  type Draft,
} from '../../../controller/dashboard/propose/draft.js';
import type { PossibleProposalJson } from '../../../controller/reports/proposal-answers.ts';

const PRODUCT = 'thermostat';

describe('the words for a proposal', () => {
  it('are those of the product’s console', () => {
    const drafts: readonly Draft[] = [
      { kind: 'lock', product: PRODUCT, flash: 'now' },
      { kind: 'lock', product: PRODUCT, flash: 'on-reset' },
      { kind: 'unlock', product: PRODUCT },
      { kind: 'release', product: PRODUCT },
      { kind: 'withdraw', product: PRODUCT },
      { kind: 'approve', product: PRODUCT },
      { kind: 'approve', product: PRODUCT, step: 'half' },
      { kind: 'resume', product: PRODUCT },
    ];
    expect(drafts.map(labelOf)).toEqual([
      'Lock and flash now',
      'Lock and flash on reset',
      'Unlock',
      'Release',
      'Withdraw',
      'Approve step',
      'Approve step half',
      'Resume',
    ]);
  });

  it('name what it is about', () => {
    expect(headingOf({ kind: 'unlock', product: PRODUCT, device: 'dev-1' })).toBe('Unlock: dev-1');
    expect(headingOf({ kind: 'lock', product: PRODUCT, flash: 'now', version: 43 })).toBe(
      'Lock and flash now: a device',
    );
    expect(headingOf({ kind: 'release', product: PRODUCT, version: 42 })).toBe(
      'Release: version 42 of thermostat',
    );
    expect(headingOf({ kind: 'resume', product: PRODUCT })).toBe('Resume: thermostat');
  });
});

describe('what is asked for first', () => {
  const names = (draft: Draft, choices = {}): readonly string[] =>
    fieldsOf(draft, choices).map(({ name, isRequired }) => (isRequired ? name : `${name}?`));

  it('is what the place of the button does not say', () => {
    const lock: Draft = { kind: 'lock', product: PRODUCT, flash: 'now' };
    expect(names({ ...lock, device: 'dev-1' })).toEqual(['version', 'reason?']);
    expect(names({ ...lock, version: 42 })).toEqual(['device', 'reason?']);
    expect(names({ kind: 'withdraw', product: PRODUCT, version: 42 })).toEqual(['reason', 'url?']);
    expect(names({ kind: 'unlock', product: PRODUCT, device: 'dev-1' })).toEqual([]);
    expect(names({ kind: 'resume', product: PRODUCT, group: null })).toEqual([]);
  });

  it('is whom a release is for, where there is a choice', () => {
    const release: Draft = { kind: 'release', product: PRODUCT, version: 42 };
    expect(names(release)).toEqual([]);
    expect(names({ ...release, group: null }, { groups: ['beta'] })).toEqual([]);
    const [both] = fieldsOf(release, { groups: ['beta'] });
    expect(both?.options?.map(({ value }) => value)).toEqual(['', 'beta']);
    const [one] = fieldsOf(release, { groups: ['beta'], mayEveryone: false });
    expect([one?.options?.map(({ value }) => value), one?.value]).toEqual([['beta'], 'beta']);
  });

  it('begins with the first of the versions', () => {
    const versions = [
      { value: '43', label: '43' },
      { value: '42', label: '42' },
    ];
    const lock: Draft = { kind: 'lock', product: PRODUCT, device: 'dev-1', flash: 'now' };
    expect(fieldsOf(lock, { versions })[0]).toMatchObject({ name: 'version', value: '43' });
  });
});

describe('the request', () => {
  it('holds the draft and what was said, without what was left empty', () => {
    const draft: Draft = { kind: 'lock', product: PRODUCT, device: 'dev-1', flash: 'on-reset' };
    expect(requestOf(draft, { version: '42', reason: ' to verify ' })).toEqual({
      kind: 'lock',
      product: PRODUCT,
      device: 'dev-1',
      flash: 'on-reset',
      version: 42,
      reason: 'to verify',
    });
    expect(requestOf({ kind: 'release', product: PRODUCT, version: 42, group: null }, {})).toEqual({
      kind: 'release',
      product: PRODUCT,
      version: 42,
    });
    expect(requestOf({ kind: 'withdraw', product: PRODUCT, version: 1 }, { url: ' ' })).toEqual({
      kind: 'withdraw',
      product: PRODUCT,
      version: 1,
    });
  });
});

describe('why something may not be proposed', () => {
  const possible: readonly PossibleProposalJson[] = [
    item('release', null, 42, null, 'Released already.'),
    item('release', 'beta', 42, null, null),
    item('release', null, 43, null, 'Not verified.'),
    item('release', 'beta', 43, null, 'Not verified.'),
    item('approve', null, 42, 'half', 'Not yet.'),
    item('approve', null, 42, 'all', null),
    item('resume', null, 42, null, 'Neither halted nor paused.'),
  ];

  it('is found by all that the draft says', () => {
    const of = (draft: Omit<Draft, 'product'>): string | null =>
      whyNot(possible, { ...draft, product: PRODUCT });
    expect(of({ kind: 'release', version: 42, group: null })).toBe('Released already.');
    expect(of({ kind: 'release', version: 42, group: 'beta' })).toBeNull();
    expect(of({ kind: 'release', version: 43 })).toBe('Not verified.');
    expect(of({ kind: 'approve', version: 42, step: 'half' })).toBe('Not yet.');
    expect(of({ kind: 'approve', version: 42, step: 'all' })).toBeNull();
    expect(of({ kind: 'resume', group: null })).toBe('Neither halted nor paused.');
  });

  it('is nothing as long as nobody knows', () => {
    expect(whyNot(null, { kind: 'resume', product: PRODUCT, group: null })).toBeNull();
    expect(whyNot([], { kind: 'resume', product: PRODUCT, group: null })).toBeNull();
  });

  it('leaves the groups that may have a version', () => {
    expect(groupsFor(possible, 42)).toEqual(['beta']);
    expect(groupsFor(possible, 43)).toEqual([]);
    expect(groupsFor(null, 42)).toEqual([]);
  });
});

function item(
  kind: PossibleProposalJson['kind'],
  group: string | null,
  version: number,
  step: string | null,
  reason: string | null,
): PossibleProposalJson {
  return { kind, group, version, step, may: reason === null, reason };
}

// What of a review is the change's own, and what goes on without it.

import { describe, expect, it } from 'vitest';

import type { FlashCount, ProductPlan } from '../../../controller/model/plan.ts';
import type { Problem } from '../../../controller/model/problem.ts';
import type { ChangeReview } from '../../../controller/model/review.ts';
import { isTouched, takeApart } from '../../../controller/plan/review-delta.ts';
import { live } from '../../support/plan-input.ts';
import { review } from '../../support/review-input.ts';

const WORDS = { firmware: [{ version: 41 }], release: 41 };

function problem(message: string): Problem {
  return {
    severity: 'error',
    reason: 'InvalidManifest',
    message,
    remedy: '',
    place: { file: 'a.yaml', line: 1, column: 1 },
    excerpt: null,
    product: null,
  };
}

/** The review of a change that touches nothing, with other plans of the product in it. */
function reviewWith(after: Partial<ProductPlan>, before: Partial<ProductPlan> = {}): ChangeReview {
  const found = review({ base: WORDS, merged: WORDS, live: live() });
  const change = (plan: ChangeReview['plan'], to: Partial<ProductPlan>) => ({
    ...plan,
    products: plan.products.map((each) => ({ ...each, warnings: [], ...to })),
  });
  return { ...found, plan: change(found.plan, after), base: change(found.base, before) };
}

function deltaOf(after: Partial<ProductPlan>, before: Partial<ProductPlan> = {}) {
  const [delta] = takeApart(reviewWith(after, before)).products;
  if (delta === undefined) throw new Error('the product is in no plan');
  return delta;
}

function flashing(...flashes: readonly (readonly [from: number, to: number, devices: number])[]) {
  const counts = flashes.map(([from, to, devices]): FlashCount => ({ from, to, devices }));
  return { impact: { devices: 99, locked: 0, offline: 0, quarantined: 0, flashes: counts } };
}

const WARNING = { reason: 'NoDevices' as const, message: 'None.', remedy: '', place: null };
const REFUSAL = {
  reason: 'UnknownVersion' as const,
  message: 'There is none.',
  remedy: '',
  place: { file: 'r.yaml', line: 1, column: 1 },
  manifest: 'Release/thermostat',
  flashes: [],
  lifts: 'commit' as const,
};

describe('of a review', () => {
  it('errors are the change’s own where the base has them not', () => {
    const { errors } = takeApart(
      review({
        base: WORDS,
        merged: WORDS,
        baseSnapshot: { problems: [problem('Old.')] },
        mergedSnapshot: { problems: [problem('Old.'), problem('New.')] },
      }),
    );
    expect(errors.brought.map(({ message }) => message)).toEqual(['New.']);
    expect(errors.standing.map(({ message }) => message)).toEqual(['Old.']);
  });

  it('flashes are told apart by where they come from, where they lead, and how many they are', () => {
    const after = flashing([40, 42, 9], [41, 42, 10], [41, 43, 3]);
    const before = flashing([40, 42, 5], [41, 42, 10], [40, 43, 2]);
    const { flashes, spared, standing } = deltaOf(after, before);
    expect({ impact: { ...after.impact, flashes } }).toEqual(flashing([40, 42, 4], [41, 43, 3]));
    expect({ impact: { ...after.impact, flashes: spared } }).toEqual(flashing([40, 43, 2]));
    expect({ impact: { ...after.impact, flashes: standing.flashes } }).toEqual(
      flashing([40, 42, 5], [41, 42, 10]),
    );
  });

  it.each<[string, Partial<ProductPlan>]>([
    ['frozen', { frozen: true }],
    ['refused as a whole', { refusals: [{ ...REFUSAL, reason: 'EmptySource' }] }],
    ['never accepted', { refusals: [{ ...REFUSAL, reason: 'ProductNotAccepted' }] }],
  ])('no device is spared by a product that is %s', (_, held) => {
    const { flashes, spared } = deltaOf({ ...flashing(), ...held }, flashing([40, 41, 5]));
    expect([flashes, spared]).toEqual([[], []]);
    expect(deltaOf(flashing(), flashing([40, 41, 5])).spared).toHaveLength(1);
  });

  it('warnings that the base gives too are not the change’s own', () => {
    const other = { ...WARNING, message: 'Another.' };
    const { warnings, standing } = deltaOf({ warnings: [WARNING, other] }, { warnings: [WARNING] });
    expect([warnings, standing.warnings]).toEqual([[other], [WARNING]]);
  });

  it('a product is touched by each thing that is the change’s own, and by none that stands', () => {
    expect(isTouched(deltaOf({}))).toBe(false);
    expect(isTouched(deltaOf({ refusals: [REFUSAL] }))).toBe(true);
    expect(isTouched(deltaOf({ warnings: [WARNING] }))).toBe(true);
    expect(isTouched(deltaOf(flashing([40, 41, 5])))).toBe(true);
    expect(isTouched(deltaOf({}, flashing([40, 41, 5])))).toBe(true);
    const same = { warnings: [WARNING], ...flashing([40, 41, 5]) };
    expect(isTouched(deltaOf(same, same))).toBe(false);
  });
});

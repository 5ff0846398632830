// What moved between a review and the merge, and what makes a review another one.

import { describe, expect, it } from 'vitest';

import type { Action, Plan, ProductPlan, Refusal } from '../../../controller/model/plan.ts';
import { changeKey, describeMoves } from '../../../controller/plan/compare-plans.ts';
import {
  evidence,
  liveOf,
  namedDevice,
  planAll,
  desired,
  remembered,
} from '../../support/plan-input.ts';
import { review } from '../../support/review-input.ts';

const firmware = [{ version: 41 }, { version: 42 }];
const known = [remembered(41, { verifiedAt: 1, finishedAt: 2 }), remembered(42)];

/** The plan of the lock and release of 42, for a fleet of so many devices on 41. */
function planned(
  words: {
    readonly devices?: number;
    readonly revision?: string;
    readonly verified?: boolean;
  } = {},
): Plan {
  const { devices = 100, revision = 'r2', verified = false } = words;
  return planAll({
    now: desired({
      firmware,
      release: 42,
      locks: { bench: { version: 42, devices: ['d1'] } },
      revision,
    }),
    inForce: desired({ firmware, release: 41 }),
    live: liveOf([namedDevice('d1')], {
      crowd: [{ version: 41, devices }],
      firmware: known,
      evidence: verified ? [evidence('d1', 42)] : [],
    }),
  }).plan;
}

function withProduct(plan: Plan, change: (product: ProductPlan) => Partial<ProductPlan>): Plan {
  return { ...plan, products: plan.products.map((each) => ({ ...each, ...change(each) })) };
}

/** A start of a release otherwise; any other action as it is. */
function starting(
  action: Action,
  change: Partial<Extract<Action, { type: 'ReleaseFirmware' }>>,
): Action {
  return action.type === 'ReleaseFirmware' ? { ...action, ...change } : action;
}

function moved(plan: Plan, lines: number): Plan {
  return JSON.parse(
    JSON.stringify(plan).replace(/"line":(\d+)/g, (_, line) => `"line":${Number(line) + lines}`),
  ) as Plan;
}

describe('what moved since the review', () => {
  it('is nothing where only revisions, places and order are others', () => {
    const before = planned();
    const after = moved(planned({ revision: 'r3' }), 40);
    const turned = withProduct(after, ({ actions }) => ({ actions: actions.toReversed() }));
    expect(describeMoves(before, turned)).toEqual([]);
  });

  it('is nothing where counts stay within 5 %', () => {
    expect(describeMoves(planned(), planned({ devices: 105 }))).toEqual([]);
    const verified = { verified: true };
    expect(describeMoves(planned(verified), planned({ ...verified, devices: 120 }))).toEqual([
      'Devices of thermostat: 121 now, 101 in the review.',
      'Devices of thermostat that go from 41 to 42: 121 now, 101 in the review.',
    ]);
  });

  it('tells flashes that there were none of before, and those that there are none of now', () => {
    const before = planned();
    const after = withProduct(before, ({ impact }) => ({
      impact: { ...impact, flashes: [...impact.flashes, { from: 40, to: 42, devices: 7 }] },
    }));
    expect(describeMoves(before, after)).toEqual([
      'Devices of thermostat that go from 40 to 42: 7 now, 0 in the review.',
    ]);
    expect(describeMoves(after, before)).toEqual([
      'Devices of thermostat that go from 40 to 42: 0 now, 7 in the review.',
    ]);
  });

  it.each<[string, (action: Action) => Action]>([
    ['another version', (each) => starting(each, { version: 43 })],
    ['another group', (each) => starting(each, { group: 'beta' })],
    ['a rollback', (each) => starting(each, { rollback: true })],
    ['another device', (each) => (each.type === 'LockDevice' ? { ...each, device: 'd2' } : each)],
  ])('tells %s in the place of one', (_, change) => {
    const before = planned({ verified: true });
    const after = withProduct(before, ({ actions }) => ({ actions: actions.map(change) }));
    expect(describeMoves(before, after)).toEqual([
      expect.stringMatching(/^New for thermostat: /),
      expect.stringMatching(/^No longer for thermostat: /),
    ]);
  });

  it('tells a refusal from one in another file', () => {
    const before = planned();
    const found = (file: string): Plan =>
      withProduct(before, ({ refusals }) => ({
        refusals: refusals.map((each) => ({
          ...each,
          manifest: '',
          place: { ...each.place, file },
        })),
      }));
    expect(describeMoves(found('a.yaml'), found('b.yaml'))).toHaveLength(2);
    expect(describeMoves(found('a.yaml'), found('a.yaml'))).toEqual([]);
  });

  it('names what came and what went', () => {
    const waiting = planned();
    const started = planned({ verified: true });
    expect(describeMoves(waiting, started)).toEqual([
      'New for thermostat: ReleaseFirmware, version 41 -> 42 for every device.',
      'No longer refused for thermostat: ReleaseUnverified of Release/thermostat.',
      'Devices of thermostat that go from 41 to 42: 101 now, 1 in the review.',
    ]);
    expect(describeMoves(started, waiting)).toEqual([
      'No longer for thermostat: ReleaseFirmware, version 41 -> 42 for every device.',
      expect.stringMatching(
        /^Now refused for thermostat, ReleaseUnverified of Release\/thermostat: Version 42 is not verified/,
      ),
      'Devices of thermostat that go from 41 to 42: 1 now, 101 in the review.',
    ]);
  });

  it('tells a refusal that devices lift no longer', () => {
    const before = planned();
    const after = withProduct(before, ({ refusals }) => ({
      refusals: refusals.map((each): Refusal => ({ ...each, lifts: 'commit', message: 'None.' })),
    }));
    expect(describeMoves(before, after)).toEqual([
      'ReleaseUnverified of Release/thermostat of thermostat is lifted only by a commit now: None.',
    ]);
  });

  it('tells a release that starts from elsewhere, or elsewhere', () => {
    const before = planned({ verified: true });
    const other = (change: Partial<Extract<Action, { type: 'ReleaseFirmware' }>>): Plan =>
      withProduct(before, ({ actions }) => ({
        actions: actions.map((each) => starting(each, change)),
      }));
    expect(describeMoves(before, other({ from: null }))).toEqual([
      'The release of version 42 of thermostat for every device starts without a version before it at exposure 100% now; in the review from version 41 at exposure 100%.',
    ]);
    expect(describeMoves(before, other({ exposure: 100 }))).toHaveLength(1);
    expect(describeMoves(before, other({ exposure: 9_900 }))).toEqual([]);
  });

  it('tells errors, frozen products and fleets that could not be read', () => {
    const before = planned();
    const error = {
      severity: 'error' as const,
      reason: 'InvalidManifest' as const,
      message: 'Unknown field.',
      remedy: '',
      place: null,
      excerpt: null,
      product: null,
    };
    const after = withProduct({ ...before, errors: [error] }, () => ({ frozen: true }));
    expect(describeMoves(before, after)).toEqual([
      'New error InvalidManifest: Unknown field.',
      'thermostat is frozen now.',
    ]);
    expect(describeMoves(after, before)).toEqual([
      'Mended error InvalidManifest: Unknown field.',
      'thermostat is no longer frozen now.',
    ]);
    const gone = { ...before, products: [] };
    expect(describeMoves(gone, before)).toEqual([
      'The fleet of thermostat could not be read for the review.',
    ]);
    expect(describeMoves(before, gone)).toEqual(['The fleet of thermostat cannot be read now.']);
  });
});

describe('the key of a review', () => {
  const words = (devices: number, more: Parameters<typeof liveOf>[1] = {}) =>
    changeKey(
      review({
        base: { firmware, release: 41 },
        merged: { firmware, release: 42, locks: { bench: { version: 42, devices: ['d1'] } } },
        live: liveOf([namedDevice('d1')], {
          crowd: [{ version: 41, devices }],
          firmware: known,
          ...more,
        }),
      }),
    );

  it('stays while counts move a little, and time passes', () => {
    expect(words(10_000)).toBe(words(10_010));
    expect(words(10_000)).not.toBe(words(20_000));
    const found = review({ base: { firmware }, merged: { firmware, release: 41 } });
    const later = { ...found, plan: { ...moved(found.plan, 9), revision: 'r9', fingerprint: '' } };
    expect(changeKey(later)).toBe(changeKey(found));
  });

  it('stays while the counts of a sentence move a little', () => {
    const refused = (devices: number): string => {
      const limited = { firmware, guardrails: { maxAffected: 10 } };
      const found = review({
        base: { ...limited, release: 41 },
        merged: { ...limited, release: 42 },
        live: liveOf([namedDevice('d1')], {
          crowd: [{ version: 41, devices }],
          firmware: known,
          evidence: [evidence('d1', 42)],
        }),
      });
      expect(found.plan.products[0]?.refusals[0]?.message).toContain(`${devices + 1} of`);
      return changeKey(found);
    };
    expect(refused(10_000)).toBe(refused(10_010));
    expect(refused(10_000)).not.toBe(refused(20_000));
  });

  it('is another one once the plan is, of the change or without it', () => {
    const found = review({
      base: { firmware, release: 41 },
      merged: { firmware, release: 42, locks: { bench: { version: 42, devices: ['d1'] } } },
      live: liveOf([namedDevice('d1')], { crowd: [{ version: 41, devices: 9 }], firmware: known }),
    });
    const having = (change: (product: ProductPlan) => Partial<ProductPlan>) => ({
      ...found,
      plan: withProduct(found.plan, change),
    });
    const warning = { reason: 'NoDevices' as const, message: 'None.', remedy: '', place: null };
    const others = [
      { ...found, unread: ['lamp'] },
      { ...found, base: withProduct(found.base, () => ({ frozen: true })) },
      having(() => ({ actions: [] })),
      having(({ warnings }) => ({ warnings: [...warnings, warning] })),
      having(({ impact }) => ({ impact: { ...impact, devices: 99 } })),
      having(({ refusals }) => ({
        refusals: refusals.map((each) => ({ ...each, lifts: 'person' })),
      })),
      having(({ releases }) => ({
        releases: releases.map((each) => ({
          ...each,
          steps: each.steps.map((step) => ({ ...step, approval: 'needed' as const })),
        })),
      })),
    ];
    const keys = new Set([found, ...others].map(changeKey));
    expect(keys.size).toBe(others.length + 1);
  });

  it('is another one once the gate, a refusal, a rule or a binary is', () => {
    expect(words(100)).not.toBe(words(100, { evidence: [evidence('d1', 42)] }));
    const found = review({ base: { firmware }, merged: { firmware, release: 41 } });
    const others = [
      { ...found, gate: 'pending' as const },
      { ...found, policyChanges: ['x'] },
      { ...found, standing: ['x'] },
      { ...found, touchesManifests: false },
      { ...found, newFirmware: [{ product: 'x' } as never] },
      { ...found, releases: found.releases.map((each) => ({ ...each, remedy: 'x' })) },
      { ...found, plan: withProduct(found.plan, () => ({ frozen: true })) },
      { ...found, plan: withProduct(found.plan, () => ({ refusals: [] })) },
    ];
    const keys = new Set([found, ...others].map(changeKey));
    expect(keys.size).toBe(others.length + 1);
  });
});

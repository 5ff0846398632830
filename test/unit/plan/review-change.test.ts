// What a review says besides its gate: what stands without the change, which rules and firmware it brings, and by whose
// guardrails it is bound.

import { describe, expect, it } from 'vitest';

import type { StrategySpec } from '../../../controller/model/desired.ts';
import { DIRECT_STRATEGY } from '../../../controller/model/desired.ts';
import type { Problem } from '../../../controller/model/problem.ts';
import { reviewChange } from '../../../controller/plan/review-change.ts';
import type { PlanWords } from '../../support/plan-input.ts';
import {
  actionsOf,
  carried,
  desired,
  liveOf,
  namedDevice,
  refusalsOf,
  remembered,
  snapshot,
} from '../../support/plan-input.ts';
import { changeOf, review } from '../../support/review-input.ts';

const old = { version: 41 };
const both = [old, { version: 42 }];
const finished41 = remembered(41, { verifiedAt: 1, finishedAt: 2 });
const fleet = (more: Parameters<typeof liveOf>[1] = {}) =>
  liveOf([namedDevice('d1'), namedDevice('d2')], {
    crowd: [{ version: 41, devices: 98 }],
    firmware: [finished41, remembered(42, { verifiedAt: 3 })],
    ...more,
  });

const HALT = { failureRate: 2, minAttempts: 5, action: 'rollback' } as const;
const STEP = {
  name: 'all',
  exposure: 10_000,
  minDevices: 1,
  soakMs: 0,
  successes: 1,
  approval: true,
};
const STRATEGY: StrategySpec = { ...DIRECT_STRATEGY, steps: [STEP], halt: HALT };

function problem(message: string, line: number, more: Partial<Problem> = {}): Problem {
  return {
    severity: 'error',
    reason: 'VersionMismatch',
    message,
    remedy: 'Mend it.',
    place: { file: 'firmware.yaml', line, column: 3 },
    excerpt: null,
    product: 'thermostat',
    ...more,
  };
}

/** The messages of the plan's refusals and errors that stand without the change. */
function standingOf(found: ReturnType<typeof review>): readonly string[] {
  return found.standing.map((key) => (JSON.parse(key) as string[])[2] ?? '');
}

describe('what stands without the change', () => {
  const words = { firmware: both, release: 41 };

  it('is a problem that the base has too, on whatever line', () => {
    const found = review({
      base: words,
      merged: { ...words, groups: { more: ['d1'] } },
      baseSnapshot: { problems: [problem('41 is 40.', 3)] },
      mergedSnapshot: { problems: [problem('41 is 40.', 90), problem('42 is 43.', 3)] },
      live: fleet(),
    });
    expect(standingOf(found)).toEqual(['41 is 40.']);
  });

  it('is told by the file, since the same can be wrong in two', () => {
    const place = { file: 'other.yaml', line: 3, column: 3 };
    const found = review({
      base: words,
      merged: words,
      baseSnapshot: { problems: [problem('Wrong.', 3)] },
      mergedSnapshot: { problems: [problem('Wrong.', 3), problem('Wrong.', 3, { place })] },
      live: fleet(),
    });
    expect(found.standing).toHaveLength(1);
    expect(found.standing[0]).toContain('firmware.yaml');
  });

  it('is not what is wrong once more in the same file', () => {
    const found = review({
      base: words,
      merged: words,
      baseSnapshot: { problems: [problem('Wrong.', 3)] },
      mergedSnapshot: { problems: [problem('Wrong.', 3), problem('Wrong.', 9)] },
      live: fleet(),
    });
    expect(found.standing).toEqual([]);
  });

  it('does not depend on the revision and the places that a message names', () => {
    const found = review({
      base: words,
      merged: words,
      baseSnapshot: { problems: [problem('In r-base by Release x (a.yaml:3:1).', 3)] },
      mergedSnapshot: { problems: [problem('In r-merged by Release x (a.yaml:7:1).', 3)] },
      live: fleet(),
    });
    expect(found.standing).toHaveLength(1);
  });

  it('is a refusal of a manifest that the change leaves alone, though its counts are others', () => {
    const limited = { ...words, guardrails: { maxAffected: 10 } };
    const found = review({
      inForce: limited,
      base: { ...limited, release: 42 },
      merged: { ...limited, release: 42, locks: { desk: { version: 41, devices: ['d1'] } } },
      live: fleet(),
    });
    expect(refusalsOf(found.plan.products[0]!)).toEqual(['TooManyAffected']);
    expect(standingOf(found)).toEqual([found.plan.products[0]?.refusals[0]?.message]);
  });

  it('is not a refusal of the same manifest that the change writes otherwise', () => {
    const found = review({
      base: { firmware: [old], release: 43 },
      inForce: words,
      merged: { firmware: [old], release: 44 },
      live: fleet(),
    });
    expect(refusalsOf(found.plan.products[0]!)).toEqual(['UnknownVersion']);
    expect(found.standing).toEqual([]);
  });

  it('is not a refusal of the same manifest for another reason', () => {
    const found = review({
      base: { firmware: [old], release: 42 },
      inForce: { firmware: [old], release: 41 },
      merged: { ...words, release: 42 },
      live: fleet({ firmware: [finished41] }),
    });
    expect(refusalsOf(found.base.products[0]!)).toEqual(['UnknownVersion']);
    expect(refusalsOf(found.plan.products[0]!)).toEqual(['ReleaseUnverified']);
    expect(found.standing).toEqual([]);
  });

  it('is not a refusal of a manifest of another product that has the same name', () => {
    const locks = { bench: { version: 42, devices: ['d1'] } };
    const { base, merged, ...rest } = changeOf({
      inForce: { firmware: [old], release: 41 },
      base: { ...words, locks },
      merged: { firmware: [old], release: 41, locks },
      live: fleet(),
    });
    const lamp = { product: 'lamp', firmware: [old], locks, tracks: null };
    const withLamp = (one: typeof base): typeof base => ({
      ...one,
      products: { ...one.products, lamp: desired({ ...lamp, revision: one.revision }) },
    });
    const found = reviewChange({
      ...rest,
      base: withLamp(base),
      merged: withLamp(merged),
      live: new Map([...rest.live, ['lamp', { ...fleet(), product: 'lamp' }]]),
    }).review;
    const unknown = found.plan.products.map((each) => refusalsOf(each).join());
    expect(unknown).toEqual(['UnknownVersion', 'UnknownVersion']);
    expect(found.standing).toHaveLength(1);
    expect(found.standing[0]).toMatch(/^\["lamp"/);
  });

  it('is not a refusal that devices would have lifted without the change', () => {
    const locks = { bench: { version: 42, devices: ['d1'] } };
    const found = review({
      inForce: { ...words, locks },
      base: { ...words, release: 42, locks },
      merged: { ...words, release: 42 },
      live: liveOf([namedDevice('d1', { lock: carried(42, 'bench') })], {
        firmware: [finished41, remembered(42)],
      }),
    });
    expect(refusalsOf(found.plan.products[0]!)).toEqual(['ReleaseUnverified']);
    expect(found.standing).toEqual([]);
  });

  it('is not a guardrail that the change strains further', () => {
    const ids = Array.from({ length: 12 }, (_, index) => `d${index}`);
    const locked = (count: number) => ({
      firmware: both,
      guardrails: { maxUnlocked: 10 },
      locks: Object.fromEntries(
        ids.slice(0, count).map((id) => [`lock-${id}`, { version: 41, devices: [id] }]),
      ),
    });
    const held = ids.map((id) => namedDevice(id, { lock: carried(41, `lock-${id}`) }));
    const found = review({
      inForce: locked(12),
      base: locked(6),
      merged: locked(0),
      live: liveOf(held, { firmware: [finished41] }),
    });
    expect(refusalsOf(found.base.products[0]!)).toEqual(['TooManyUnlocked']);
    expect(refusalsOf(found.plan.products[0]!)).toEqual(['TooManyUnlocked']);
    expect(found.standing).toEqual([]);
  });

  it('is an error of the whole source', () => {
    const rewritten = problem('The tip r9 does not descend.', 1, {
      reason: 'HistoryRewritten',
      place: null,
      product: null,
    });
    const found = review({
      base: words,
      merged: { ...words, release: 42 },
      sourceProblems: [rewritten],
      live: fleet(),
    });
    expect(standingOf(found)).toEqual(['The tip r9 does not descend.']);
    expect(found.gate).toBe('failure');
  });
});

describe('a change', () => {
  it('is bound by the guardrails of the base, and not by its own', () => {
    const before = { firmware: both, release: 41, guardrails: { maxAffected: 25 } };
    const found = review({
      base: before,
      merged: { ...before, release: 42, guardrails: { maxAffected: 100 } },
      live: fleet(),
    });
    expect(refusalsOf(found.plan.products[0]!)).toEqual(['TooManyAffected']);
    const later = review({
      inForce: before,
      base: { ...before, guardrails: { maxAffected: 100 } },
      merged: { ...before, release: 42, guardrails: { maxAffected: 100 } },
      live: fleet(),
    });
    expect(actionsOf(later.plan.products[0]!)).toContain('ReleaseFirmware 42 from 41 group -');
  });

  it('that leaves manifests and binaries as they are touches nothing', () => {
    const words = { firmware: both, release: 41 };
    expect(review({ base: words, merged: words }).touchesManifests).toBe(false);
    const touched = [
      { merged: { ...words, release: 42 } },
      { merged: { ...words, guardrails: { allowEmpty: true } } },
      { merged: { ...words, firmware: [old, { version: 42, title: 'Mended' }] } },
      { merged: { ...words, groups: { bench: ['d1'] } } },
      { merged: { ...words, locks: { bench: { version: 42, devices: ['d1'] } } } },
      { merged: words, mergedSnapshot: { problems: [problem('x', 1)] } },
      { merged: words, mergedSnapshot: { refused: ['Release/thermostat/x'] } },
      { merged: words, mergedSnapshot: { frozen: 'all' as const } },
      { merged: words, mergedSnapshot: { binaries: { a: {} as never } } },
    ];
    for (const each of touched) {
      expect(review({ base: words, ...each }).touchesManifests).toBe(true);
    }
  });

  it('that only moves manifests to other files and lines touches nothing', () => {
    const words = { firmware: both, release: 41 };
    const { merged, ...rest } = changeOf({ base: words, merged: words });
    const moved = JSON.parse(
      JSON.stringify(merged).replaceAll('.yaml', '.yml').replaceAll('"line":1', '"line":8'),
    ) as typeof merged;
    expect(reviewChange({ ...rest, merged: moved }).review.touchesManifests).toBe(false);
    const named = review({
      base: words,
      merged: words,
      baseSnapshot: { problems: [problem('In r-base by Release x (a.yaml:3:1).', 3)] },
      mergedSnapshot: { problems: [problem('In r-merged by Release x (a.yaml:7:1).', 9)] },
    });
    expect(named.touchesManifests).toBe(false);
  });

  it('says which rules it changes, from what to what', () => {
    const found = review({
      base: {
        firmware: both,
        release: 41,
        groups: { bench: ['d1', 'd2'] },
        verification: { group: 'bench' },
        guardrails: { maxAffected: 25 },
      },
      merged: {
        firmware: both,
        release: 41,
        groups: { bench: ['d1', 'd3'] },
        verification: { group: 'bench', devices: 2, soakMs: 3_600_000, evidence: 'claimed' },
        guardrails: { maxAffected: null, allowEmpty: true },
        fleet: { admission: 'listed', retries: 9 },
        rollout: {
          strategy: {
            steps: [],
            rate: null,
            windows: [],
            onRollback: 'direct',
            halt: { failureRate: 50, minAttempts: 5, action: 'hold' },
          },
        },
      },
    });
    expect(found.policyChanges).toEqual([
      'thermostat: `fleet.admission` from open to listed.',
      'thermostat: `verification.devices` from 1 to 2.',
      'thermostat: `verification.soak` from 0s to 1h.',
      'thermostat: `verification.evidence` from reported to claimed.',
      'thermostat: `guardrails.maxAffected` from 25% to no limit.',
      'thermostat: `guardrails.allowEmpty` from false to true.',
      'thermostat: group bench, which verifies, has also d3, no longer d2.',
      'thermostat: Release/thermostat: `halt.failureRate` from 2% to 50%.',
    ]);
  });

  it.each<[string, PlanWords, string]>([
    ['the product id', { productId: 95 }, '`productId` from 94 to 95.'],
    ['the platform', { platform: 'argon' }, '`platform` from photon to argon.'],
    ['who verifies', { verification: {} }, '`verification.group` from bench to none.'],
    [
      'how many are unlocked',
      { guardrails: { maxUnlocked: 50 } },
      '`guardrails.maxUnlocked` from no limit to 50%.',
    ],
    [
      'how many are locked unverified',
      { guardrails: { maxUnverified: 99 } },
      '`guardrails.maxUnverified` from 10 to 99.',
    ],
    [
      'after how many attempts it halts',
      { rollout: { strategy: { ...STRATEGY, halt: { ...HALT, minAttempts: 50 } } } },
      'Release/thermostat: `halt.minAttempts` from 5 to 50.',
    ],
    [
      'what a halt does',
      { rollout: { strategy: { ...STRATEGY, halt: { ...HALT, action: 'hold' } } } },
      'Release/thermostat: `halt.action` from rollback to hold.',
    ],
    [
      'which steps wait for a person',
      { rollout: { strategy: { ...STRATEGY, steps: [{ ...STEP, approval: false }] } } },
      'Release/thermostat: `steps with approval` from all to none.',
    ],
  ])('says that it changes %s', (_, change, sentence) => {
    const words = {
      firmware: both,
      release: 41,
      productId: 94,
      platform: 'photon',
      groups: { bench: ['d1'] },
      verification: { group: 'bench' },
      rollout: { strategy: STRATEGY },
    };
    const { policyChanges } = review({ base: words, merged: { ...words, ...change } });
    expect(policyChanges).toEqual([`thermostat: ${sentence}`]);
  });

  it('says that it changes the fleet that the devices live in', () => {
    const words = { firmware: both, release: 41 };
    const { merged, ...rest } = changeOf({ base: words, merged: words });
    const text = JSON.stringify(merged).replaceAll('"driver":"gateway"', '"driver":"particle"');
    const moved = reviewChange({ ...rest, merged: JSON.parse(text) as typeof merged });
    expect(moved.review.policyChanges).toEqual([
      'thermostat: `fleet.driver` from gateway to particle.',
    ]);
  });

  it('that releases another version brings the limits of that release', () => {
    const words = { firmware: both, groups: {}, rollout: { strategy: STRATEGY } };
    const other = { ...STRATEGY, halt: { ...HALT, failureRate: 90 } };
    const { policyChanges } = review({
      base: { ...words, release: 41 },
      merged: { ...words, release: 42, rollout: { strategy: other } },
    });
    expect(policyChanges).toEqual([]);
  });

  it('that brings a product has no rule to change', () => {
    const input = changeOf({ base: {}, merged: { firmware: both } });
    const empty = snapshot([], { revision: 'r-base' });
    const found = reviewChange({ ...input, base: empty, inForce: new Map() }).review;
    expect(found.policyChanges).toEqual([]);
    expect(found.touchesManifests).toBe(true);
  });

  it('brings the firmware that the base lacks or has with another binary, with what was read of it', () => {
    const sha = 'c'.repeat(64);
    const facts = { size: 4, sha256: sha } as never;
    const found = review({
      base: { firmware: both },
      merged: { firmware: [old, { version: 42, sha256: sha, title: 'Mended' }, { version: 43 }] },
      mergedSnapshot: { binaries: { [sha]: facts } },
    });
    expect(found.newFirmware).toMatchObject([
      { version: 42, title: 'Mended', binary: 'firmware/42.bin', facts: { size: 4 } },
      { version: 43, title: null, facts: null },
    ]);
  });

  it('is planned as the merge would be: what it leads to is handed on', () => {
    const { next } = reviewChange(
      changeOf({
        base: { firmware: both, release: 41 },
        merged: { firmware: both, release: 42 },
        live: fleet(),
      }),
    );
    expect(next.get('thermostat')?.releases.map(({ spec }) => spec.version)).toEqual([42]);
  });

  it('that removes the whole product is refused', () => {
    const input = changeOf({ base: { firmware: both, release: 41 }, merged: {}, live: fleet() });
    const merged = snapshot(desired({ product: 'lamp' }), { revision: 'r-merged' });
    const found = reviewChange({ ...input, merged }).review;
    expect(refusalsOf(found.plan.products[0]!)).toEqual(['EmptySource']);
    expect(found.standing).toEqual([]);
  });
});

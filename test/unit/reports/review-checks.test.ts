// The two checks of a pull request: their verdict, what they say, and which lines they mark.

import { describe, expect, it } from 'vitest';

import type { ReviewOutcome } from '../../../controller/reports/review-checks.ts';
import { renderGateCheck, renderPlanCheck } from '../../../controller/reports/review-checks.ts';
import { parseReviewJson, reviewJson } from '../../../controller/reports/review-json.ts';
import { PAGE, monster, storyOf } from './review-samples.ts';

function input(outcome: ReviewOutcome) {
  return { outcome, prefix: PAGE.prefix, base: PAGE.base, now: PAGE.now };
}

const reviewed = (story: Parameters<typeof storyOf>[0]) =>
  input({ kind: 'reviewed', review: storyOf(story) });

describe('the check of the plan', () => {
  it.each([
    ['refused', 'success', 'It flashes nothing: the release of 42 is refused'],
    [
      'verified',
      'success',
      '1,000,000 devices would go from 41 to 42, in 4 steps over at least 3 days',
    ],
    ['mismatch', 'failure', '3 problems. It flashes nothing: the release of 42 is refused'],
    ['frozen', 'failure', '1 problem. It changes nothing: it has errors'],
    ['standing', 'success', 'It flashes nothing'],
    ['policy', 'success', 'It flashes nothing; it changes 4 rules'],
    ['unread', 'failure', 'What it flashes is not known: a fleet could not be read'],
    ['untouched', 'success', 'It touches no manifest'],
  ] as const)('of %s is a %s', (story, state, title) => {
    expect(renderPlanCheck(reviewed(story))).toMatchObject({ state, title });
  });

  it('is not another one for a fleet that was read again', () => {
    const review = storyOf('refused');
    const products = review.plan.products.map((each) => ({ ...each, readAt: PAGE.now - 42_000 }));
    const read = { ...review, plan: { ...review.plan, products } };
    expect(renderPlanCheck(input({ kind: 'reviewed', review: read }))).toEqual(
      renderPlanCheck(reviewed('refused')),
    );
  });

  it('marks the lines that are at fault, with the remedy', () => {
    const { annotations, summary, text } = renderPlanCheck(reviewed('mismatch'));
    expect(annotations).toEqual([
      {
        path: 'fleet/firmware.yaml',
        line: 23,
        level: 'failure',
        title: 'VersionMismatch',
        message:
          'The manifest says version 42, and version 43 is compiled into firmware/42.bin.\nWrite `version: 43`, or build the binary with PRODUCT_VERSION(42).',
      },
      expect.objectContaining({ line: 27, level: 'failure', title: 'PlatformMismatch' }),
      expect.objectContaining({
        path: 'fleet/release-thermostat.yaml',
        line: 7,
        level: 'failure',
        title: 'UnknownVersion',
      }),
    ]);
    expect(summary).toContain('- **VersionMismatch** (firmware.yaml:23): The manifest says');
    expect(text).toContain('### 🔴 Lockstep plan: ');
  });

  it('leaves an unverified version to the gate', () => {
    const { annotations, summary } = renderPlanCheck(reviewed('refused'));
    expect(annotations.filter(({ level }) => level === 'failure')).toEqual([]);
    expect(summary).not.toContain('ReleaseUnverified');
  });

  it('tells what stands without the change, and does not fail for it', () => {
    const { annotations, summary } = renderPlanCheck(reviewed('standing'));
    expect(summary).toContain('Already so on main, and no fault of this change:');
    expect(annotations).toMatchObject([
      { level: 'notice', title: 'VersionMismatch (on main already)', line: 9 },
      { level: 'notice', title: 'ReleaseUnverified (on main already)', line: 7 },
    ]);
  });

  it('says which rules are changed', () => {
    expect(renderPlanCheck(reviewed('policy')).summary).toContain(
      '- thermostat: `guardrails.maxAffected` from 25% to no limit.',
    );
  });

  it('says what is frozen, and which fleet is away', () => {
    expect(renderPlanCheck(reviewed('frozen')).summary).toContain(
      'Frozen until the errors are mended: thermostat.',
    );
    expect(renderPlanCheck(reviewed('unread')).summary).toContain(
      'The fleet of `thermostat` could not be read',
    );
  });

  it('marks what it warns of, after what is at fault and before what stands', () => {
    const review = storyOf('standing');
    const plan = {
      ...review.plan,
      errors: storyOf('frozen').plan.errors,
      products: review.plan.products.map((each) => ({
        ...each,
        warnings: [
          {
            reason: 'NoDevices' as const,
            message: 'No device.',
            remedy: '',
            place: { file: 'y.yaml', line: 1, column: 1 },
          },
        ],
      })),
    };
    const outcome = { kind: 'reviewed' as const, review: { ...review, plan } };
    const { annotations } = renderPlanCheck(input(outcome));
    expect(annotations.map(({ level }) => level)).toEqual([
      'failure',
      'warning',
      'notice',
      'notice',
    ]);
  });

  it('keeps text of manifests where it is', () => {
    const review = storyOf('mismatch');
    const hostile = '<b>@team #1\n\u202e';
    const said = { message: hostile, remedy: hostile };
    const change = <T extends object>(each: T) => ({ ...each, ...said });
    const plan = {
      ...review.plan,
      products: review.plan.products.map((each) => ({
        ...each,
        product: hostile,
        refusals: each.refusals.map(change),
      })),
    };
    const releases = review.releases.map((each) => ({
      ...change(each),
      product: hostile,
      manifest: hostile,
      version: null,
    }));
    const outcome = { kind: 'reviewed' as const, review: { ...review, plan, releases } };
    for (const render of [renderPlanCheck, renderGateCheck]) {
      const { title, summary, annotations } = render(input(outcome));
      expect(summary).not.toMatch(/<b>|@team|#1|\u202e/);
      expect(title).not.toMatch(/[\n\u202e]/);
      expect(annotations.length).toBeGreaterThan(0);
      for (const { message } of annotations) expect(message).not.toContain('\u202e');
    }
  });

  it('keeps to the limits of a forge', () => {
    const check = renderPlanCheck(input({ kind: 'reviewed', review: monster(5_000) }));
    expect(check.annotations).toHaveLength(50);
    expect(check.summary.length).toBeLessThanOrEqual(65_000);
    expect(check.text?.length).toBeLessThanOrEqual(65_000);
    expect(check.title).toBe('5,000 problems. It flashes nothing');
    const lines = check.annotations.map(({ path, line }) => `${path} ${String(line).padStart(6)}`);
    expect(lines).toEqual(lines.toSorted());
    const [refusal] = storyOf('mismatch').plan.products[0]?.refusals ?? [];
    const hostile = { ...refusal!, message: '@a&<'.repeat(999), remedy: '@a&<'.repeat(999) };
    const loud = storyOf('mismatch');
    const plan = {
      ...loud.plan,
      products: loud.plan.products.map((each) => ({
        ...each,
        refusals: Array.from({ length: 99 }, () => hostile),
      })),
    };
    const [gate] = loud.releases;
    const releases = Array.from({ length: 99 }, () => ({ ...gate!, ...hostile, flashes: [] }));
    const outcome = { kind: 'reviewed' as const, review: { ...loud, plan, releases } };
    for (const render of [renderPlanCheck, renderGateCheck]) {
      const { summary } = render(input(outcome));
      expect(summary.length).toBeLessThanOrEqual(65_000);
      expect(summary).toContain('more');
    }
    const long = { ...storyOf('mismatch'), policyChanges: ['x'.repeat(9_000)] };
    const [product] = long.plan.products;
    const named = { ...product!, product: 'p'.repeat(300) };
    const review = { ...long, plan: { ...long.plan, products: [named, product!, named] } };
    expect(renderPlanCheck(input({ kind: 'reviewed', review })).title.length).toBeLessThan(141);
  });
});

describe('the check of the gate', () => {
  it.each([
    ['refused', 'failure', 'Version 42: cannot be released as it is'],
    ['neutral', 'neutral', 'Version 42: will be verified by this very change'],
    ['pending', 'pending', 'Version 42: verification is on its way'],
    ['verified', 'success', 'Version 42: verified'],
    ['rollback', 'success', 'Version 41: verified'],
    ['mismatch', 'failure', 'Version 42: cannot be released as it is'],
    ['frozen', 'failure', 'Product/thermostat: cannot be released as it is'],
    ['unread', 'failure', 'Version 42: cannot be released as it is'],
    ['policy', 'success', 'No version is released that was not before'],
    ['standing', 'success', 'No version is released that was not before'],
    ['untouched', 'success', 'It touches no manifest'],
  ] as const)('of %s is a %s', (story, state, title) => {
    expect(renderGateCheck(reviewed(story))).toMatchObject({ state, title });
  });

  it('names the devices on the way, and what follows the merge', () => {
    const neutral = renderGateCheck(reviewed('neutral'));
    expect(neutral.summary).toContain('On the way: bench-1.');
    expect(neutral.summary).toContain('the release then starts by itself');
    const pending = renderGateCheck(reviewed('pending'));
    expect(pending.summary).toContain('On the way: bench-1.');
    expect(pending.summary).toContain('turns green by itself');
  });

  it('marks the line of the version: a notice where devices lift it, a failure where a commit must', () => {
    const at = { path: 'fleet/release-thermostat.yaml', line: 7 };
    expect(renderGateCheck(reviewed('refused')).annotations).toMatchObject([
      { ...at, level: 'failure' },
    ]);
    expect(renderGateCheck(reviewed('neutral')).annotations).toMatchObject([
      { ...at, level: 'notice' },
    ]);
    expect(renderGateCheck(reviewed('verified')).annotations).toEqual([]);
  });
});

describe('a check that could not run', () => {
  it('is a failure, whichever it is', () => {
    for (const render of [renderPlanCheck, renderGateCheck]) {
      const conflict = render(input({ kind: 'conflict', files: ['fleet/<b>.yaml'] }));
      expect(conflict).toMatchObject({ state: 'failure', title: 'No plan: it cannot be merged' });
      expect(conflict.summary).toContain('- fleet/&lt;b&gt;.yaml');
      const failed = render(input({ kind: 'failed', message: 'The host @x is unknown.' }));
      expect(failed).toMatchObject({ state: 'failure', title: 'The plan could not be made' });
      expect(failed.summary).toContain('The host @<!-- -->x is unknown.');
    }
  });
});

describe('a review as JSON', () => {
  it('is read back to the very review', () => {
    for (const story of [
      'refused',
      'neutral',
      'rollback',
      'mismatch',
      'frozen',
      'policy',
    ] as const) {
      const review = storyOf(story);
      const sent = JSON.stringify(reviewJson(review));
      const back = parseReviewJson(JSON.parse(sent) as ReturnType<typeof reviewJson>);
      expect(JSON.stringify(back)).toBe(JSON.stringify(review));
    }
  });

  it('of another major version is not read', () => {
    const json = reviewJson(storyOf('policy'));
    expect(parseReviewJson({ ...json, plan: { ...json.plan, formatVersion: '2.0' } })).toBeNull();
    expect(parseReviewJson({ ...json, base: { ...json.base, formatVersion: '2.0' } })).toBeNull();
  });
});

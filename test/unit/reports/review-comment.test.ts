// The comment on a pull request. The golden files are what a reviewer reads.

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { MARKDOWN_MAX } from '../../../controller/reports/markdown-text.ts';
import { remainingFlashes } from '../../../controller/reports/review-lines.ts';
import { renderReviewComment } from '../../../controller/reports/review-markdown.ts';
import {
  NOTE_MAX,
  renderConflictComment,
  renderFailedComment,
  renderMergedNote,
  renderUntouchedComment,
} from '../../../controller/reports/review-notes.ts';
import type { Story } from './review-samples.ts';
import { review } from '../../support/review-input.ts';
import { sampleRelease } from './release-samples.ts';
import {
  factsOf,
  HEAD,
  MAIN,
  million,
  monster,
  PAGE,
  storyOf,
  VERIFIED_42,
  WITH_42,
} from './review-samples.ts';

const GOLDEN = '../../fixtures/reports';

const TOLD: readonly Story[] = [
  'refused',
  'neutral',
  'pending',
  'verified',
  'rollback',
  'mismatch',
  'frozen',
  'policy',
  'standing',
  'unread',
];

describe('the comment on a pull request', () => {
  it.each(TOLD)('reads as in the golden file: %s', async (story) => {
    const text = renderReviewComment({ ...PAGE, review: storyOf(story) });
    await expect(text).toMatchFileSnapshot(`${GOLDEN}/review-${story}.md`);
  });

  it('reads as in the golden file once it is merged', async () => {
    const merged = {
      commit: 'b'.repeat(40),
      moved: ['New for thermostat: ReleaseFirmware, version 41 -> 42 for every device.'],
    };
    const text = renderReviewComment({ ...PAGE, review: storyOf('neutral'), merged });
    await expect(text).toMatchFileSnapshot(`${GOLDEN}/review-merged.md`);
  });

  it('says so where nothing comes of a merge', () => {
    expect(renderReviewComment({ ...PAGE, review: storyOf('untouched') })).toContain(
      '### 🟢 It flashes nothing',
    );
  });

  it('is red for each thing that stands in the way, whatever the gate says', () => {
    const problem = { ...storyOf('frozen').plan.errors[0]!, product: null };
    const guarded = { ...WITH_42, guardrails: { maxAffected: 1 } };
    const unstaged = { rollout: {} };
    const found = {
      away: review({ base: MAIN, merged: WITH_42, live: null }),
      broken: review({
        base: MAIN,
        merged: WITH_42,
        mergedSnapshot: { problems: [problem] },
        live: million(),
      }),
      guarded: review({
        base: { ...guarded, ...unstaged },
        merged: { ...guarded, ...unstaged, release: 42 },
        live: million(VERIFIED_42),
      }),
    };
    for (const each of Object.values(found)) {
      expect(each.gate).toBe('success');
      expect(renderReviewComment({ ...PAGE, review: each })).toMatch(/^### 🔴 /);
    }
    expect(renderReviewComment({ ...PAGE, review: found.guarded })).toContain(
      '⛔ **TooManyAffected**',
    );
    expect(renderReviewComment({ ...PAGE, review: storyOf('verified') })).toMatch(/^### 🟡 /);
  });

  it('tells each refusal that is not what the gate says of its release', () => {
    const found = review({
      base: MAIN,
      merged: { ...WITH_42, release: 42, locks: { desk: { version: 43, devices: ['desk-1'] } } },
      live: million(),
    });
    const text = renderReviewComment({ ...PAGE, review: found });
    expect(text).toContain('⛔ **UnknownVersion**');
    expect(text).not.toContain('⛔ **ReleaseUnverified**');
  });

  it('names the gravest of several releases first', () => {
    const found = storyOf('verified');
    const [release] = found.releases;
    const releases = (['success', 'pending', 'failure', 'neutral'] as const).map((state) => ({
      ...release!,
      state,
    }));
    const text = renderReviewComment({ ...PAGE, review: { ...found, releases } });
    expect(
      text.match(/^- `thermostat` .*? (\S+) \*\*/gm)?.map((line) => line.split(' ').at(-2)),
    ).toEqual(['⛔', '⏳', '🔵', '✅']);
  });

  it('has room for what is said after the merge, however long it is itself', () => {
    const all = monster(95);
    const merged = { commit: HEAD, moved: Array.from({ length: 99 }, () => 'x'.repeat(999)) };
    let isNear = false;
    for (let count = 60; count <= 95; count += 1) {
      const products = all.plan.products.map((each) => ({
        ...each,
        refusals: each.refusals.slice(0, count),
      }));
      const plan = { ...all.plan, products };
      const alone = renderReviewComment({ ...PAGE, review: { ...all, plan } });
      isNear ||= alone.length > MARKDOWN_MAX - 1_000;
      const both = renderReviewComment({ ...PAGE, review: { ...all, plan }, merged });
      expect(both.length).toBeLessThanOrEqual(MARKDOWN_MAX);
    }
    expect(isNear).toBe(true);
  });

  it('counts what a release has still to flash, and not what it has flashed', () => {
    const release = sampleRelease();
    const steps = release.steps.map((step) =>
      step.state === 'done' ? { ...step, flashes: [{ version: 41, devices: 7 }] } : step,
    );
    expect(remainingFlashes({ ...release, steps })).toEqual(remainingFlashes(release));
    expect(remainingFlashes(release)).toHaveLength(5);
  });

  it('stays below its limit, and then says where the rest is', () => {
    const text = renderReviewComment({ ...PAGE, review: monster(5_000) });
    expect(text.length).toBeLessThanOrEqual(MARKDOWN_MAX);
    expect(text.length).toBeGreaterThan(MARKDOWN_MAX / 4);
    expect(text).toContain('- … and 4,');
    expect(text).toMatch(
      /check \[`lockstep\/plan`\]\(https:\/\/github\.com\/acme\/devices\/runs\/71\), and all of it is printed by `lockstep plan`\./,
    );
    expect(text.trimEnd()).toMatch(/Only what is merged is carried out\.<\/sub>$/);
    const moved = Array.from({ length: 500 }, () => '@#<>`*'.repeat(200));
    const merged = { commit: HEAD, moved };
    const long = renderReviewComment({ ...PAGE, review: monster(5_000), merged });
    expect(long.length).toBeLessThanOrEqual(MARKDOWN_MAX);
    expect(long.trimEnd()).toMatch(/- … and \d+ more$/);
  });

  it('stays below its limit with more products than it could name', () => {
    const review = monster(20);
    const [product] = review.plan.products;
    const many = Array.from({ length: 300 }, (_, index) => ({
      ...product!,
      product: `product-${index}`,
    }));
    const text = renderReviewComment({
      ...PAGE,
      links: { ...PAGE.links, checkUrl: null },
      review: { ...review, plan: { ...review.plan, products: many } },
    });
    expect(text.length).toBeLessThanOrEqual(MARKDOWN_MAX);
    expect(text).toContain('300 products; too many to list here. More of it is in the check `');
  });
});

describe('text of manifests in a comment', () => {
  const hostile = fc
    .array(
      fc.constantFrom(
        '<',
        '>',
        '`',
        '``',
        '|',
        '\n',
        '\r\n\r\n',
        '@team',
        '#1',
        'GH-7',
        '![i](https://evil.example/i.png)',
        '[a](https://evil.example)',
        '\\[b](https://evil.example)',
        '\\[b\\](hidden)',
        '`|`',
        '[r]: https://evil.example',
        'https://evil.example',
        'www.evil.example',
        '<img src=x>',
        '</details>',
        '<!-- lockstep:review -->',
        '-->',
        '\u202e',
        '\u2066',
        '\u061c',
        'x',
        '\\',
        '_',
        '*',
        '# h',
      ),
      { maxLength: 24 },
    )
    .map((parts) => parts.join(''));

  /** The review of a change all of whose text is the given one. */
  function filled(text: string): Parameters<typeof renderReviewComment>[0] {
    const review = storyOf('neutral');
    const [plan] = review.plan.products;
    const [firmware] = review.newFirmware;
    const place = { file: text, line: 3, column: 1 };
    const told = { message: text, remedy: text, place };
    const report = review.releases.map((each) => ({
      ...each,
      ...told,
      manifest: `Release/${text}`,
      forecast: each.forecast && {
        ...each.forecast,
        group: text,
        firstDevices: [text],
        steps: each.forecast.steps.map((step) => ({ ...step, name: text })),
      },
    }));
    const facts = factsOf(42);
    return {
      ...PAGE,
      base: text,
      review: {
        ...review,
        plan: {
          ...review.plan,
          errors: [
            {
              severity: 'error',
              reason: 'InvalidManifest',
              ...told,
              excerpt: text,
              product: null,
            },
          ],
          products: [
            {
              ...plan!,
              refusals: [
                {
                  reason: 'BinaryMissing',
                  ...told,
                  manifest: text,
                  flashes: [],
                  lifts: 'commit',
                },
              ],
              warnings: [{ reason: 'NoDevices', ...told }],
            },
          ],
        },
        releases: [...report, ...report],
        policyChanges: [text],
        newFirmware: [
          {
            ...firmware!,
            title: text,
            description: text,
            facts: { ...facts, compiled: { ...facts.compiled!, versionText: text } },
          },
        ],
      },
      merged: { commit: HEAD, moved: [text] },
    };
  }

  it('stays where it is, and is nothing but text', () => {
    const clean = renderReviewComment(filled('x'));
    fc.assert(
      fc.property(hostile, (text) => {
        const rendered = renderReviewComment(filled(`x${text}`));
        expect(rendered).not.toContain('<!-- lockstep:');
        expect(rendered).not.toMatch(/[\u202e\u2066\u061c]/);
        // Code spans are inert; our own links go where ours go.
        const bare = rendered
          .replaceAll(/\]\(https:\/\/github\.com\/acme\/devices\/[\w./#%~!'*-]*\)/g, ']()')
          .replaceAll(/(\\.)|`[^`\n]*`/g, '$1');
        expect(bare).not.toMatch(/@team|#1\b|GH-7|https:\/\/|www\.evil/);
        expect(bare).not.toMatch(/<(?!br>|\/?details>|\/?summary>|\/?sub>|!-- -->)/);
        expect(bare).not.toMatch(/(?<!\\)(?:\\\\)*!?\[[^\]\n]*(?<!\\)(?:\\\\)*\]\(h/);
        for (const tag of [/<details>/g, /<\/details>/g, /<sub>/g, /^#{1,6} /gm, /^\| --- /gm]) {
          expect(bare.match(tag)).toEqual(clean.match(tag));
        }
        const columns = (table: string): readonly number[] =>
          (table.match(/^\|.*\|$/gm) ?? []).map((row) => row.match(/(?<!\\)\|/g)?.length ?? 0);
        // A bar parts cells also where it stands in code.
        expect(columns(rendered)).toEqual(columns(clean));
      }),
      { numRuns: 150 },
    );
  });
});

describe('the small comments', () => {
  it('read as in the golden files', async () => {
    const files = ['fleet/release.yaml', 'fleet/firmware.yaml'];
    await expect(renderConflictComment({ head: HEAD, base: 'main', files })).toMatchFileSnapshot(
      `${GOLDEN}/review-conflict.md`,
    );
    const message = 'The repository could not be read: the host is unknown. Correct its address.';
    await expect(renderFailedComment({ head: HEAD, message })).toMatchFileSnapshot(
      `${GOLDEN}/review-failed.md`,
    );
    await expect(renderUntouchedComment({ head: HEAD })).toMatchFileSnapshot(
      `${GOLDEN}/review-untouched.md`,
    );
  });

  it('tell what became of a merge', () => {
    expect(renderMergedNote({ commit: HEAD, moved: [] })).toBe(
      '---\n\n✅ **Merged** as `7c1e90a4b2d3`, and carried out as reviewed.\n',
    );
    expect(renderMergedNote({ commit: HEAD, moved: null })).toContain('could not be compared');
    const two = renderMergedNote({ commit: HEAD, moved: ['One.', 'Two.'] });
    expect(two).toContain('these 2 things are otherwise:\n\n- One.\n- Two.');
    const long = renderMergedNote({
      commit: HEAD,
      moved: Array.from({ length: 99 }, () => '<@#'.repeat(999)),
    });
    expect(long.length).toBeLessThanOrEqual(NOTE_MAX);
  });

  it('keep what failed inert', () => {
    const text = renderFailedComment({ head: HEAD, message: '<b> @team\n# h' });
    expect(text).not.toMatch(/<b>|@team|^# h/m);
  });

  it('keep names of files inert', () => {
    const text = renderConflictComment({
      head: HEAD,
      base: '<b>@x',
      files: ['a`b</details>@team<!-- lockstep:x -->'],
    });
    expect(text.replaceAll(/`[^`\n]*`/g, '')).not.toMatch(/<b>|@team|details/);
    expect(text).not.toContain('<!-- lockstep:');
  });
});

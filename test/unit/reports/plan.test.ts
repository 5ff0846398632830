// The three forms of a plan: JSON that loses nothing, text for a terminal, Markdown for a pull request. The golden files
// are what a person reads.

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { Action, ReleasePlan } from '../../../controller/model/plan.ts';
import { fingerprintOf, isSamePlan } from '../../../controller/plan/fingerprint.ts';
import { parsePlanJson, planJson } from '../../../controller/reports/plan-json.ts';
import { MARKDOWN_MAX } from '../../../controller/reports/markdown-text.ts';
import { renderPlanMarkdown } from '../../../controller/reports/plan-markdown.ts';
import { renderPlanText } from '../../../controller/reports/plan-text.ts';
import { parseReleaseJson, releaseJson } from '../../../controller/reports/release-json.ts';
import { desired, live, planAll } from '../../support/plan-input.ts';
import {
  RELEASE_NOW,
  sampleHaltedRelease,
  sampleRelease,
  sampleWaitingRelease,
} from './release-samples.ts';
import {
  emptyProductPlan,
  REVISION,
  sampleActions,
  sampleFirmware,
  sampleFrozenPlan,
  samplePlan,
  sampleProductPlan,
} from './samples.ts';

const GOLDEN = '../../fixtures/reports';

describe('a plan as JSON', () => {
  it('has the keys of the contract, in its order', () => {
    const json = planJson(samplePlan());
    expect(Object.keys(json)).toEqual([
      'formatVersion',
      'revision',
      'fingerprint',
      'products',
      'errors',
    ]);
    const [product] = json.products;
    expect(product?.actions.find(({ type }) => type === 'ReleaseFirmware')).toEqual({
      type: 'ReleaseFirmware',
      version: 41,
      from: 40,
      group: null,
      rollback: false,
      exposure: 100,
      manifest: 'Release/thermostat',
      revision: REVISION,
      file: 'release.yaml',
      line: 1,
      column: 1,
    });
    expect(Object.keys(product?.actions.find(({ type }) => type === 'LockDevice') ?? {})).toEqual([
      'type',
      'device',
      'version',
      'flash',
      'manifest',
      'revision',
      'file',
      'line',
      'column',
    ]);
    expect(product?.refusals[0]).toMatchObject({
      reason: 'ReleaseUnverified',
      file: 'release.yaml',
      line: 14,
      column: 12,
    });
    expect(product?.warnings[1]).toMatchObject({ file: null, line: null, column: null });
    expect(product?.impact).toMatchObject({ devices: 1_000_000, locked: 13, offline: 120 });
  });

  it('can be read back to the very plan, whatever it holds', () => {
    for (const plan of [samplePlan(), sampleFrozenPlan(), samplePlan([emptyProductPlan()])]) {
      const sent = JSON.stringify(planJson(plan));
      const back = parsePlanJson(JSON.parse(sent) as ReturnType<typeof planJson>);
      expect(JSON.stringify(back)).toBe(JSON.stringify(plan));
      expect(back !== null && isSamePlan(back, plan)).toBe(true);
      expect(fingerprintOf(REVISION, back?.products ?? [])).toBe(
        fingerprintOf(REVISION, plan.products),
      );
    }
  });

  it('refuses to read a form of another major version', () => {
    const json = planJson(samplePlan());
    expect(parsePlanJson({ ...json, formatVersion: '2.0' })).toBeNull();
    expect(parsePlanJson({ ...json, formatVersion: '1.7' })).not.toBeNull();
  });
});

/** A plan with releases in each state that people look at. */
function stagedPlan(): ReturnType<typeof samplePlan> {
  const actions: readonly Action[] = [
    {
      type: 'ReleaseFirmware',
      version: 42,
      from: 41,
      group: null,
      rollback: false,
      exposure: 5,
      trace: {
        revision: REVISION,
        manifest: 'Release/thermostat',
        place: { file: 'release.yaml', line: 1, column: 1 },
      },
    },
  ];
  const finished = sampleRelease({ finishedAt: 1, waits: [], group: 'done' });
  const releases = [sampleRelease(), sampleHaltedRelease(), finished];
  return samplePlan([
    { ...emptyProductPlan('thermostat'), actions, releases },
    { ...emptyProductPlan('lamp'), releases: [sampleWaitingRelease()] },
  ]);
}

describe('a plan with staged releases', () => {
  it('is read back from its JSON to the very plan, with exposures in percent on the way', () => {
    const plan = samplePlan([
      sampleProductPlan({ releases: [sampleRelease(), sampleHaltedRelease()] }),
    ]);
    const json = planJson(plan);
    const actions = json.products[0]?.actions ?? [];
    expect(actions.find(({ type }) => type === 'SetExposure')).toMatchObject({
      from: 12.34,
      exposure: 50,
      step: 'half',
      cause: 'step',
      message: 'Step half begins: exposure 50%.',
    });
    expect(json.products[0]?.releases[0]).toMatchObject({
      exposure: 10,
      expectedAt: '2026-11-26T17:00:00.000Z',
      steps: [{ exposure: 0.05 }, { exposure: 10 }, { exposure: 50 }, { exposure: 100 }],
      firstDevices: ['e00f01', 'e00f02', 'e00f03'],
    });
    const back = parsePlanJson(JSON.parse(JSON.stringify(json)) as typeof json);
    expect(JSON.stringify(back)).toBe(JSON.stringify(plan));
  });

  it('keeps every exposure and every wait on the way through JSON', () => {
    const wait = fc.oneof(
      fc.constantFrom('devices' as const, 'paused' as const, 'stopped' as const).map((kind) => ({
        kind,
      })),
      fc.record({ kind: fc.constant('approval' as const), step: fc.string() }),
      fc.record({ kind: fc.constant('successes' as const), have: fc.nat(), need: fc.nat() }),
      fc.record({ kind: fc.constant('soak' as const), leftMs: fc.nat() }),
      fc.record({ kind: fc.constant('window' as const), opensAt: fc.option(fc.nat()) }),
      fc.record({ kind: fc.constant('halted' as const), message: fc.string() }),
      fc.constant({ kind: 'firmware' as const, reason: 'BinaryMissing' as const }),
    );
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10_000 }), fc.array(wait), (exposure, waits) => {
        const release = sampleRelease({ exposure, waits });
        const sent = JSON.stringify(releaseJson(release));
        const back = parseReleaseJson(JSON.parse(sent) as ReturnType<typeof releaseJson>);
        expect(JSON.stringify(back)).toBe(JSON.stringify(release));
      }),
    );
  });

  it('reads as in the golden file, at 80 columns', async () => {
    const text = renderPlanText(stagedPlan(), { color: false }, [], RELEASE_NOW);
    await expect(text).toMatchFileSnapshot(`${GOLDEN}/plan-staged.txt`);
    const table = text.split('\n').filter((line) => /%|ends earliest/.test(line));
    const rows = table.filter((line) => /^ {4,}|^ {2}>|^ {2}step/.test(line));
    expect(rows.length).toBeGreaterThan(10);
    expect(Math.max(...rows.map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it('reads as in the golden file in Markdown', async () => {
    const text = renderPlanMarkdown(stagedPlan(), [], RELEASE_NOW);
    await expect(text).toMatchFileSnapshot(`${GOLDEN}/plan-markdown-staged.txt`);
  });

  it('says nothing of a release to everyone at once, nor of one that is finished', () => {
    const [first] = sampleRelease().steps;
    const direct = sampleRelease({ steps: first === undefined ? [] : [first] });
    const finished = sampleRelease({ finishedAt: 1, waits: [] });
    const plan = samplePlan([{ ...emptyProductPlan(), releases: [direct, finished] }]);
    expect(renderPlanText(plan, { color: false })).not.toContain('release of 42');
    expect(renderPlanMarkdown(plan)).not.toContain('of 42');
  });

  it('keeps names of steps inert, and stays below the limit of Markdown', () => {
    const { steps } = sampleRelease();
    const evil = '|<b>@team#1\u001b[2J';
    const hostile = sampleRelease({
      step: evil,
      steps: steps.map((each) => ({ ...each, name: evil })),
      firstDevices: [evil],
    });
    const plan = samplePlan([{ ...emptyProductPlan(), releases: [hostile] }]);
    expect(renderPlanText(plan, { color: false })).not.toContain('\u001b');
    const bare = renderPlanMarkdown(plan).replaceAll(/`[^`\n]*`/g, '');
    expect(bare).not.toContain('\u001b');
    expect(bare).not.toMatch(/@team|#1\b|<b>|(?<!\\)\|</);
    const many = Array.from({ length: 50 }, (_, index) => ({
      ...hostile,
      group: `group-${index}`,
      steps: Array.from({ length: 50 }, () => ({ ...hostile.steps[1], name: evil })),
    })) as readonly ReleasePlan[];
    const large = samplePlan(
      Array.from({ length: 30 }, (_, index) => ({
        ...emptyProductPlan(`product-${index}`),
        releases: many,
      })),
    );
    expect(renderPlanMarkdown(large).length).toBeLessThanOrEqual(MARKDOWN_MAX);
  });
});

describe('a plan as text', () => {
  it('reads as in the golden file', async () => {
    const text = renderPlanText(samplePlan([emptyProductPlan(), sampleProductPlan()]), {
      color: false,
    });
    await expect(text).toMatchFileSnapshot(`${GOLDEN}/plan.txt`);
  });

  it('says what is frozen, and shows the line that is wrong', async () => {
    const text = renderPlanText(sampleFrozenPlan(), { color: false });
    await expect(text).toMatchFileSnapshot(`${GOLDEN}/plan-frozen.txt`);
  });

  it('colours only where it is asked to', () => {
    const escapes = '\u001b[';
    expect(renderPlanText(samplePlan(), { color: false })).not.toContain(escapes);
    expect(renderPlanText(samplePlan(), { color: true })).toContain(escapes);
  });

  it('lets nothing of a manifest reach the terminal as a control', () => {
    const [first] = sampleActions();
    const evil = sampleProductPlan({
      product: 'a\u001b[2Jb',
      actions:
        first === undefined
          ? []
          : [
              {
                ...first,
                trace: { ...first.trace, place: { file: 'x\u0007y', line: 1, column: 1 } },
              },
            ],
    });
    const text = renderPlanText(samplePlan([evil]), { color: false });
    const codes = Array.from(text.replaceAll('\n', ''), (each) => each.charCodeAt(0));
    expect(Math.min(...codes)).toBeGreaterThanOrEqual(0x20);
  });
});

describe('a plan as Markdown', () => {
  it('reads as in the golden file', async () => {
    const text = renderPlanMarkdown(samplePlan([emptyProductPlan(), sampleProductPlan()]));
    await expect(text).toMatchFileSnapshot(`${GOLDEN}/plan-markdown.txt`);
  });

  it('says what the versions bring that it is about, inside a quotation that cannot be left', () => {
    const firmware = [40, 41, 42].map((version) => ({
      ...sampleFirmware(version, `Title of ${version} <b> @team`).spec,
      description: `**Bold**\n</details>\n\n# ${version} #7`,
    }));
    const text = renderPlanMarkdown(samplePlan(), firmware);
    expect(text).toContain('<summary>Version 42: Title of 42 &lt;b&gt; @<!-- -->team</summary>');
    expect(text).toContain('> **Bold**\n> &lt;/details&gt;\n> \n> # 42 #<!-- -->7');
    expect(text).toContain('Version 41: ');
    expect(text).not.toContain('Version 40: ');
    expect(
      renderPlanMarkdown(samplePlan([emptyProductPlan('thermostat')]), firmware),
    ).not.toContain('Version 42');
    expect(renderPlanText(samplePlan(), { color: false }, firmware)).toContain(
      'version 42 is: Title of 42 <b> @team',
    );
  });

  it('names the errors of a frozen revision first', async () => {
    const text = renderPlanMarkdown(sampleFrozenPlan());
    await expect(text).toMatchFileSnapshot(`${GOLDEN}/plan-markdown-frozen.txt`);
  });

  it('stays below its limit however large the plan is', () => {
    const many = Array.from({ length: 120 }, (_, index) =>
      sampleProductPlan({
        product: `product-${index}`,
        refusals: Array.from({ length: 20 }, () => ({
          ...(sampleProductPlan().refusals[0] as NonNullable<
            ReturnType<typeof sampleProductPlan>['refusals'][0]
          >),
          message: '#@<>`'.repeat(500),
        })),
      }),
    );
    for (const count of [1, 20, 120]) {
      expect(renderPlanMarkdown(samplePlan(many.slice(0, count))).length).toBeLessThanOrEqual(
        MARKDOWN_MAX,
      );
    }
  });

  it('keeps text of manifests inert: no HTML, mention, reference, link or table cell of its own', () => {
    const hostile = fc.array(
      fc.constantFrom(
        '<',
        '>',
        '`',
        '|',
        '\n',
        '@team',
        '#1',
        '[a](b)',
        '</details>',
        'x',
        '\\',
        '_',
      ),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(hostile, (parts) => {
        const [refusal] = sampleProductPlan().refusals;
        if (refusal === undefined) return;
        const clean = renderPlanMarkdown(
          samplePlan([sampleProductPlan({ refusals: [{ ...refusal, message: 'x' }] })]),
        );
        const text = renderPlanMarkdown(
          samplePlan([sampleProductPlan({ refusals: [{ ...refusal, message: parts.join('') }] })]),
        );
        // Code spans are inert; what is left must bring no construct that the clean report does not have.
        const bare = text.replaceAll(/`[^`\n]*`/g, '');
        expect(bare).not.toMatch(/@team|#1\b/);
        expect(bare.match(/<\/details>/g)).toEqual(clean.match(/<\/details>/g));
        expect(bare).not.toMatch(/(?<!\\)\[a(?<!\\)\]/);
        expect(text.split('\n')).toHaveLength(clean.split('\n').length);
      }),
    );
  });
});

describe('a fleet that has to be asked', () => {
  const readAt = Date.UTC(2026, 10, 22, 12);
  const read = samplePlan([{ ...emptyProductPlan(), readAt }]);

  it('has the age of its reading in text and Markdown, and its time where nobody knows what time it is', () => {
    const now = readAt + 42_000;
    expect(renderPlanText(read, { color: false }, [], now)).toContain(
      'fleet: 12 devices (0 locked, 1 offline), read 42s ago;',
    );
    expect(renderPlanMarkdown(read, [], now)).toContain('1 offline. Fleet read 42s ago.');
    expect(renderPlanText(read, { color: false })).toContain('read at 2026-11-22T12:00:00.000Z');
    expect(renderPlanText(samplePlan(), { color: false }, [], now)).not.toContain('read ');
  });

  it('has its time in JSON, which loses nothing', () => {
    const json = planJson(read);
    expect(json.products[0]?.readAt).toBe('2026-11-22T12:00:00.000Z');
    expect(parsePlanJson(JSON.parse(JSON.stringify(json)))).toEqual(read);
    expect(Object.keys(planJson(samplePlan()).products[0] ?? {})).not.toContain('readAt');
  });

  it('is planned from the reading, and the fingerprint does not depend on it', () => {
    const at = (time: number) =>
      planAll({
        now: desired({ firmware: [{ version: 42 }] }),
        live: live({ reading: { readAt: time, calls: 3, remarks: [], lacking: [] } }),
      }).plan;
    expect(at(readAt).products[0]?.readAt).toBe(readAt);
    expect(at(readAt + 1).fingerprint).toBe(at(readAt).fingerprint);
    expect(isSamePlan(at(readAt + 1), at(readAt))).toBe(true);
  });
});

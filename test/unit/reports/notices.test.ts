// What notices say, in both forms: as their schema has it, and with nothing in it that manifests could make mean more.

import { readFileSync } from 'node:fs';

import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { Event } from '../../../controller/model/event.ts';
import { NOTICE_KINDS, NOTICED_EVENTS, type Notice } from '../../../controller/model/notice.ts';
import { noticeJson } from '../../../controller/reports/notice-json.ts';
import { noticeSlack, slackText } from '../../../controller/reports/notice-slack.ts';

const AT = Date.UTC(2026, 0, 5, 12);
const EVENT: Event = {
  id: 4_711,
  type: 'ReleaseHalted',
  at: AT,
  product: 'thermostat',
  revision: '5f0c1d2e3b4a5f0c1d2e3b4a5f0c1d2e3b4a5f0c',
  manifest: 'Release/thermostat',
  device: null,
  actionId: null,
  message: '3 of 5 devices failed with version 42 (60%, and 2% is the limit).',
};
const HALTED: Notice = { kind: 'halted', event: EVENT };
const LEFT_OUT: Notice = { kind: 'left-out', count: 1, from: AT, to: AT + 5, lastId: 9 };

const SCHEMA = JSON.parse(
  readFileSync(new URL('../../../schemas/notice.schema.json', import.meta.url), 'utf8'),
) as { readonly properties: { readonly kind: { readonly enum: readonly string[] } } } & {
  readonly examples: readonly unknown[];
};
const ajv = new Ajv2020({ allErrors: true, allowUnionTypes: true });
addFormats.default(ajv);
const check = ajv.compile(SCHEMA);

/** What a terminal, Slack or Mattermost would not show as it stands. */
const MEANS_MORE = /[<>\p{Cc}\u202a-\u202e]|@(?!\u200b)|\]\(|:\/\/|&(?!amp;|lt;|gt;)/u;

function mistakes(value: unknown): unknown {
  return check(value) ? [] : check.errors;
}

describe('a notice as JSON', () => {
  it('is the example of its schema', () => {
    expect(noticeJson('ops', HALTED)).toEqual(SCHEMA.examples[0]);
  });

  it('is as its schema says, whatever happened', () => {
    for (const [type, kind] of NOTICED_EVENTS) {
      for (const product of ['thermostat', null]) {
        const event = { ...EVENT, type, product, revision: product, manifest: product };
        expect(mistakes(noticeJson('ops', { kind, event }))).toEqual([]);
      }
    }
    expect(mistakes(noticeJson('ops', LEFT_OUT))).toEqual([]);
    expect(mistakes({ ...noticeJson('ops', LEFT_OUT), more: 1 })).not.toEqual([]);
    expect(SCHEMA.properties.kind.enum).toEqual([...NOTICE_KINDS, 'left-out']);
  });

  it('is another one for another target, event or state, and never for the same', () => {
    const keyOf = (target: string, notice: Notice): string => noticeJson(target, notice).key;
    const other = { kind: 'halted', event: { ...EVENT, id: 4_712 } } as const;
    const later = { kind: 'halted', event: { ...EVENT, at: AT + 1 } } as const;
    const all = [
      keyOf('ops', HALTED),
      keyOf('dev', HALTED),
      keyOf('ops', other),
      keyOf('ops', later),
      keyOf('ops', LEFT_OUT),
    ];
    expect(new Set(all).size).toBe(all.length);
    expect(keyOf('ops', { ...HALTED })).toBe(all[0]);
  });
});

describe('a notice for Slack', () => {
  it('says what, why and where from', () => {
    expect(noticeSlack(HALTED)).toEqual({
      text: 'thermostat: halted: 3 of 5 devices failed with version 42 (60%, and 2% is the limit).',
      blocks: [
        {
          type: 'section',
          text: { type: 'plain_text', text: 'thermostat: halted', emoji: false },
        },
        {
          type: 'section',
          text: { type: 'plain_text', text: EVENT.message, emoji: false },
        },
        {
          type: 'context',
          elements: [
            {
              type: 'plain_text',
              text: 'Release/thermostat · 5f0c1d2e3b4a · 2026-01-05T12:00:00.000Z',
              emoji: false,
            },
          ],
        },
      ],
    });
    expect(noticeSlack(LEFT_OUT).text).toContain('1 notice was left out');
    const event = { ...EVENT, type: 'SourceWaiting', product: null } as const;
    expect(noticeSlack({ kind: 'waiting', event }).text).toMatch(/^source: waits for a person: /);
  });

  it.each([
    ['<!channel> & <@U123> <https://evil.example|here>', '&lt;!channel&gt; &amp; &lt;@'],
    ['@channel @here @all', '@\u200bchannel @\u200bhere @\u200ball'],
    ['[click](https://evil.example)', '[click]\u200b(https:\u200b//evil.example)'],
    ['![](HTTP://evil.example/x.png)', '![]\u200b(HTTP:\u200b//evil.example/x.png)'],
    ['www.evil.example', 'www\u200b.evil.example'],
  ])('lets %j mention nobody and link nowhere', (hostile, shown) => {
    const notice: Notice = { kind: 'refused', event: { ...EVENT, message: hostile } };
    const { text, blocks } = noticeSlack(notice);
    expect(text).toContain(shown);
    expect(JSON.stringify(blocks)).toContain(JSON.stringify(shown).slice(1, -1));
  });

  it('keeps to one line, to the limits and to text, whatever stands in a manifest', () => {
    const hostile = fc.oneof(
      fc.string({ unit: 'binary-ascii', maxLength: 60 }),
      fc.constantFrom('<!here>', '@all', '](', '://', '&amp;', '\n', '\u202e', '&'.repeat(3_500)),
    );
    fc.assert(
      fc.property(fc.array(hostile, { maxLength: 8 }), (parts) => {
        const words = parts.join('');
        const event = { ...EVENT, message: words, product: words, manifest: words };
        const { text, blocks } = noticeSlack({ kind: 'refused', event });
        const shown = [
          text,
          ...blocks.flatMap((block) =>
            block.type === 'section' ? block.text.text : block.elements.map((each) => each.text),
          ),
        ];
        for (const each of shown) {
          expect(each.length).toBeLessThanOrEqual(3_000);
          expect(each).not.toMatch(MEANS_MORE);
        }
      }),
      { numRuns: 40 },
    );
    expect(slackText('')).toBe('');
  });
});

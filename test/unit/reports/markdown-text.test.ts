// The pieces of Markdown reports, one by one: what is left of text that means harm, and how much of any text is shown.

import { describe, expect, it } from 'vitest';

import {
  cell,
  code,
  escape,
  inertMarkdown,
  list,
} from '../../../controller/reports/markdown-text.ts';
import { descriptionFolds, firmwareTable } from '../../../controller/reports/review-firmware.ts';
import { storyOf } from './review-samples.ts';

describe('text in a report', () => {
  it.each([
    ['HTML', '<b>&lt;', '&lt;b&gt;&amp;lt;'],
    ['Markdown', '*_~[a](b)|{}\\', '\\*\\_\\~\\[a\\](b)\\|\\{\\}\\\\'],
    ['mentions and references', '@rosa #1 GH-7', '@<!-- -->rosa #<!-- -->1 GH-<!-- -->7'],
    ['addresses', 'https://a.b www.a.b', 'https:<!-- -->//a.b www.<!-- -->a.b'],
    ['line breaks', 'a\n# b\r\nc', 'a # b c'],
    ['a backtick without a partner', 'a ` *b*', 'a \\` \\*b\\*'],
    ['an empty pair of backticks', 'a `` b', 'a  b'],
    ['code', 'set `a: [1]` here', 'set `a: [1]` here'],
    ['a comment of ours in code', '`<!-- lockstep:x -->`', '`<!- - lockstep:x -->`'],
  ])('loses what it could do by %s', (_, text, wanted) => {
    expect(escape(text)).toBe(wanted);
  });

  it('in a cell keeps to its cell, also as code', () => {
    expect(cell('`a|b`\nc')).toBe('\\`a\\|b\\` c');
  });

  it('as code ends where the code ends', () => {
    expect(code('a`b\n``<!-- c')).toBe('`aˋb ˋˋ<!- - c`');
    expect(code(' \n ')).toBe('');
  });

  it('as a line of Markdown keeps emphasis, and leads nowhere', () => {
    expect(inertMarkdown('**b** [a](https://x) ![i](www.x) \\[b] <i> @rosa')).toBe(
      '**b** \\[a\\](https:<!-- -->//x) !\\[i\\](www.<!-- -->x) \\\\\\[b\\] &lt;i&gt; @<!-- -->rosa',
    );
  });

  it('of any length is cut', () => {
    const long = 'x'.repeat(9_999);
    expect(escape('x'.repeat(601))).toBe(`${'x'.repeat(600)}…`);
    expect(code(long)).toHaveLength(302);
    expect(cell(long)).toHaveLength(300);
    expect(list([1, 2, 3], 2, String)).toBe('1\n2\n- … and 1 more');
  });
});

describe('new firmware', () => {
  const [firmware] = storyOf('neutral').newFirmware;

  it('is described inside of a quotation, as far as that is not too long', () => {
    const [fold] = descriptionFolds([{ ...firmware!, description: 'One\n# two\r\n\n<b>' }], 9);
    expect(fold).toContain('\n> One\n> # two\n> \n> &lt;b&gt;\n');
    const [long] = descriptionFolds([{ ...firmware!, description: 'x'.repeat(9_999) }], 9);
    expect(long).toContain(`> ${'x'.repeat(4_000)}\n`);
  });

  it('that was not read says so', () => {
    expect(firmwareTable([{ ...firmware!, facts: null }], 9)[0]).toContain('| _not read_ |');
  });
});

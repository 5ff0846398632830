// Diffs of single files: that they say what changed, for any text.

import { applyPatch } from 'diff';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { renderFileDiff } from '../../../controller/reports/file-diff.ts';

describe('the diff of a file', () => {
  it('shows what changed, with three lines around it', () => {
    const before = Array.from({ length: 9 }, (_, index) => `line ${index}\n`).join('');
    expect(renderFileDiff('release.yaml', before, before.replace('line 4', 'LINE 4'))).toBe(
      [
        '--- a/release.yaml',
        '+++ b/release.yaml',
        '@@ -2,7 +2,7 @@',
        ' line 1',
        ' line 2',
        ' line 3',
        '-line 4',
        '+LINE 4',
        ' line 5',
        ' line 6',
        ' line 7',
        '',
      ].join('\n'),
    );
  });

  it('of one that comes or goes names no file on the other side', () => {
    expect(renderFileDiff('a.yaml', null, 'kind: x\n')).toBe(
      '--- /dev/null\n+++ b/a.yaml\n@@ -0,0 +1,1 @@\n+kind: x\n',
    );
    expect(renderFileDiff('a.yaml', 'kind: x', null)).toBe(
      '--- a/a.yaml\n+++ /dev/null\n@@ -1,1 +0,0 @@\n-kind: x\n\\ No newline at end of file\n',
    );
  });

  it('leads from the one text to the other, whatever they hold', () => {
    const text = fc
      .array(fc.constantFrom('a', 'b', '- c', '+d', '@@ -1 +1 @@', ' \t', 'ü\r', ''), {
        maxLength: 12,
      })
      .map((lines) => lines.join('\n'));
    fc.assert(
      fc.property(text, text, (before, after) => {
        expect(applyPatch(before, renderFileDiff('f', before, after))).toBe(after);
      }),
    );
  });

  it('of two texts that have nothing in common replaces the whole, in bounded time', () => {
    const textOf = (word: string) => `${word}\n`.repeat(6_000);
    const diff = renderFileDiff('f', textOf('old'), textOf('new'));
    expect(diff).toContain('@@ -1,6000 +1,6000 @@\n-old\n');
    expect(applyPatch(textOf('old'), diff)).toBe(textOf('new'));
    expect(renderFileDiff('f', null, textOf('new'))).toContain('@@ -0,0 +1,6000 @@\n+new\n');
  });
});

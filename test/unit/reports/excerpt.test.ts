// The lines that a problem is about, cut out of its file.

import { describe, expect, it } from 'vitest';

import { cutExcerpt } from '../../../controller/reports/excerpt.ts';

const TWENTY = Array.from({ length: 20 }, (_, index) => `line ${index + 1}`).join('\n');

describe('an excerpt', () => {
  it('has six lines before and after the marked one', () => {
    const excerpt = cutExcerpt(TWENTY, 10);
    expect(excerpt).toMatchObject({ from: 4, marked: 10 });
    expect(excerpt?.lines).toHaveLength(13);
    expect([excerpt?.lines[0], excerpt?.lines[6]]).toEqual(['line 4', 'line 10']);
  });

  it('ends where the file does', () => {
    expect(cutExcerpt('a\nb\n', 1)).toEqual({ from: 1, lines: ['a', 'b'], marked: 1 });
    expect(cutExcerpt(TWENTY, 20)).toMatchObject({ from: 14, marked: 20 });
    expect(cutExcerpt(TWENTY, 20)?.lines).toHaveLength(7);
  });

  it('is none of a line that is not there', () => {
    for (const line of [0, -1, 21]) expect(cutExcerpt(TWENTY, line)).toBeNull();
    expect(cutExcerpt('', 1)).toBeNull();
    expect(cutExcerpt('a\n', 2)).toBeNull();
  });

  it('is without byte order mark and carriage returns', () => {
    expect(cutExcerpt('\uFEFFa\r\nb\r\n', 2)?.lines).toEqual(['a', 'b']);
  });

  it('has no line of more than 400 characters, and no half of one', () => {
    const [whole, cut, torn] =
      cutExcerpt(['x'.repeat(400), 'x'.repeat(401), '🔥'.repeat(300)].join('\n'), 2)?.lines ?? [];
    expect(whole).toBe('x'.repeat(400));
    expect(cut).toBe(`${'x'.repeat(399)}…`);
    expect(torn).toHaveLength(400);
    expect(torn?.isWellFormed()).toBe(true);
  });
});

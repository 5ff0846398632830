// Text cut and wrapped to a terminal.

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fitScreen, wrapText } from '../../../controller/cli/fit-screen.ts';

describe('text on a screen', () => {
  it('stays as it is where it fits', () => {
    expect(fitScreen('one\ntwo\n', { columns: 3, rows: 2 })).toBe('one\ntwo');
  });

  it('is cut at the right, and below with a count of what is left out', () => {
    expect(fitScreen('abcdef\nb\nc\nd\n', { columns: 14, rows: 3 })).toBe(
      'abcdef\nb\n… 2 more lines',
    );
    expect(fitScreen('abcdef\n', { columns: 4, rows: 3 })).toBe('abcd');
  });

  it('counts no colour as a column, and ends one that it cuts', () => {
    const red = '\u001b[31mabc\u001b[39m';
    expect(fitScreen(red, { columns: 3, rows: 1 })).toBe(red);
    expect(fitScreen(red, { columns: 2, rows: 1 })).toBe('\u001b[31mab\u001b[0m');
  });

  it('never exceeds the screen', () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.integer({ min: 1, max: 20 }),
        fc.nat(10),
        (text, rows, columns) => {
          const lines = fitScreen(text, { columns, rows }).split('\n');
          expect(lines.length).toBeLessThanOrEqual(rows);
          for (const line of lines) expect(Array.from(line).length).toBeLessThanOrEqual(columns);
        },
      ),
    );
  });
});

describe('wrapped text', () => {
  it('breaks between words, and keeps as far in as the line began', () => {
    expect(wrapText('  one two three\nfour', 9)).toBe('  one two\n  three\nfour');
  });

  it('keeps a word that is too wide, and the blanks of a table that fits', () => {
    expect(wrapText('averylongword b', 5)).toBe('averylongword\nb');
    expect(wrapText('  from  to   devices\n\n', 20)).toBe('  from  to   devices\n\n');
  });

  it('counts no colour', () => {
    const text = '\u001b[31mabc\u001b[39m def';
    expect(wrapText(text, 7)).toBe(text);
    expect(wrapText(text, 6)).toBe('\u001b[31mabc\u001b[39m\ndef');
  });

  it('loses no word', () => {
    const words = (text: string): readonly string[] => text.split(/[ \n]+/).filter((w) => w !== '');
    fc.assert(
      fc.property(fc.string(), fc.nat(40), (text, columns) => {
        expect(words(wrapText(text, columns))).toEqual(words(text));
      }),
    );
  });
});

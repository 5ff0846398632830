import { describe, expect, it } from 'vitest';
import type { Problem } from '../../../controller/model/problem.ts';
import { renderProblem, renderProblems } from '../../../controller/reports/problems.ts';

const PROBLEM: Problem = {
  severity: 'error',
  reason: 'UnknownVersion',
  message: 'There is no Firmware manifest of version 43.',
  remedy: 'Add the Firmware manifest.',
  place: { file: 'release.yaml', line: 7, column: 12 },
  excerpt: '  version: 43',
  product: 'thermostat',
};

describe('a problem', () => {
  it('reads: place, what is wrong, the line with a mark, what would mend it', () => {
    expect(renderProblem(PROBLEM, { color: false })).toBe(
      [
        'release.yaml:7:12: error UnknownVersion',
        '  There is no Firmware manifest of version 43.',
        '  7 |   version: 43',
        '    |            ^',
        '  mend: Add the Firmware manifest.',
      ].join('\n'),
    );
  });

  it('without a place or an excerpt is shorter', () => {
    const bare = { ...PROBLEM, severity: 'warning', place: null, excerpt: null } as const;
    expect(renderProblem(bare, { color: false })).toBe(
      'warning UnknownVersion\n  There is no Firmware manifest of version 43.\n  mend: Add the Firmware manifest.',
    );
  });

  it('keeps the mark under its column after tabs, and drops it beyond the excerpt', () => {
    const place = { ...PROBLEM.place, file: 'a', line: 120, column: 2 };
    expect(renderProblem({ ...PROBLEM, place, excerpt: '\tx' }, { color: false })).toContain(
      '  120 | \tx\n      | \t^',
    );
    const far = { ...place, column: 500 };
    expect(
      renderProblem({ ...PROBLEM, place: far, excerpt: 'abc' }, { color: false }),
    ).not.toContain('^');
  });

  it('shows no control characters from the fleet repo', () => {
    const evil = '\u001b[2J\u0007\u202e\n';
    const text = renderProblem(
      {
        ...PROBLEM,
        message: evil,
        excerpt: `${evil}x`,
        remedy: evil,
        place: { file: evil, line: 1, column: 1 },
      },
      { color: false },
    );
    for (const character of ['\u001b', '\u0007', '\u202e']) expect(text).not.toContain(character);
    expect(text.split('\n')).toHaveLength(5);
  });

  it('has colours only when asked', () => {
    expect(renderProblem(PROBLEM, { color: true })).toContain(
      '\u001b[31merror UnknownVersion\u001b[39m',
    );
    expect(renderProblem({ ...PROBLEM, severity: 'warning' }, { color: true })).toContain(
      '\u001b[33mwarning',
    );
    expect(renderProblem(PROBLEM, { color: false })).not.toContain('\u001b');
  });
});

describe('problems', () => {
  it('end with their count', () => {
    const warning = { ...PROBLEM, severity: 'warning' } as const;
    const last = (problems: readonly Problem[]) =>
      renderProblems(problems, { color: false }).split('\n').at(-1);
    expect(last([])).toBe('no errors, no warnings');
    expect(last([PROBLEM, warning])).toBe('1 error, 1 warning');
    expect(last([PROBLEM, PROBLEM])).toBe('2 errors, no warnings');
  });
});

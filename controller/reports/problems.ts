// Problems as text for a terminal or a log: place, what is wrong, the line itself with a mark under it, and what would
// mend it. Which problems there are is decided elsewhere.

import { styleText } from 'node:util';
import type { Problem } from '../model/problem.ts';

export interface ProblemStyle {
  /** Whether to use ANSI colours. */
  readonly color: boolean;
}

type Format = Parameters<typeof styleText>[0];

/** What is shown of a problem; its reason may be of another list than that of the plans. */
export type ShownProblem = Pick<
  Problem,
  'severity' | 'message' | 'remedy' | 'place' | 'excerpt'
> & {
  readonly reason: string;
};

/**
 * One problem, without a newline at its end. Control characters that stand in the fleet repo are shown as `·`, so that
 * a manifest cannot write to the terminal.
 */
export function renderProblem(problem: ShownProblem, style: ProblemStyle): string {
  const paint = (format: Format, text: string) =>
    style.color ? styleText(format, text, { validateStream: false }) : text;
  const { place, severity } = problem;
  const at = place === null ? '' : `${cleanText(place.file)}:${place.line}:${place.column}: `;
  const head = paint(severity === 'error' ? 'red' : 'yellow', `${severity} ${problem.reason}`);
  const lines = [`${paint('bold', at)}${head}`, `  ${cleanText(problem.message)}`];
  if (place !== null && problem.excerpt !== null && problem.excerpt.trim() !== '') {
    const gutter = String(place.line);
    lines.push(`  ${paint('dim', `${gutter} |`)} ${cleanText(problem.excerpt)}`);
    if (place.column <= problem.excerpt.length + 1) {
      const mark = paint(severity === 'error' ? 'red' : 'yellow', '^');
      const indent = padTo(problem.excerpt, place.column - 1);
      lines.push(`  ${paint('dim', `${' '.repeat(gutter.length)} |`)} ${indent}${mark}`);
    }
  }
  lines.push(`  ${paint('cyan', 'mend:')} ${cleanText(problem.remedy)}`);
  return lines.join('\n');
}

/** All problems with an empty line between them, and a line that counts them; ends without a newline. */
export function renderProblems(problems: readonly Problem[], style: ProblemStyle): string {
  const errors = problems.filter(({ severity }) => severity === 'error').length;
  const warnings = problems.length - errors;
  const blocks = problems.map((problem) => renderProblem(problem, style));
  return [...blocks, `${count(errors, 'error')}, ${count(warnings, 'warning')}`].join('\n\n');
}

function count(number: number, noun: string): string {
  return `${number === 0 ? 'no' : number} ${noun}${number === 1 ? '' : 's'}`;
}

// Everything that a terminal may act on: C0 and C1 controls, DEL, and the marks that turn the direction of text.
// oxlint-disable-next-line no-control-regex
const UNSAFE = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** Text of somebody else's, with `·` for what a terminal would act on. */
export function cleanText(text: string): string {
  return text.replace(UNSAFE, '·');
}

/** White space as wide as the line before the mark; tabs stay tabs, so that the mark lines up. */
function padTo(line: string, length: number): string {
  return line.slice(0, length).replace(/[^\t]/g, ' ');
}

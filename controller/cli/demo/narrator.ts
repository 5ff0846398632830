// How the demo speaks: numbered steps, the commands that a person would type, and what they print, indented below.

import type { TextStyle } from '../../reports/plain-text.ts';
import { paint } from '../../reports/plain-text.ts';
import { wrapText } from '../fit-screen.ts';

export interface Narrator {
  /** Begins a step. */
  step(title: string): void;
  /** A sentence of the story. */
  tell(text: string): void;
  /** What a person would type. */
  command(text: string): void;
  /** What a command prints. */
  output(text: string): void;
  /** A fact that the step has led to. */
  result(text: string): void;
}

/** How the demo's text is laid out: `columns` is where lines are broken; null: nowhere, as in a log. */
export interface NarratorStyle extends TextStyle {
  readonly columns: number | null;
}

/** Creates a narrator that writes through `write`. */
export function createNarrator(write: (text: string) => void, style: NarratorStyle): Narrator {
  let steps = 0;
  const put = (text: string): void =>
    write(`${style.columns === null ? text : wrapText(text, style.columns)}\n`);
  return {
    step(title) {
      steps += 1;
      put(`\n${paint(style, 'bold', `${steps}. ${title}`)}`);
    },
    tell: (text) => put(`   ${text}`),
    command: (text) => put(`   ${paint(style, 'dim', '$')} ${paint(style, 'cyan', text)}`),
    output: (text) =>
      put(
        text
          .trimEnd()
          .split('\n')
          .map((line) => (line === '' ? '' : `     ${line}`))
          .join('\n'),
      ),
    result: (text) => put(`   ${paint(style, 'green', '✔')} ${text}`),
  };
}

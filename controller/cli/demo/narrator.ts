// How the demo speaks: numbered steps, the commands that a person would type, and what they print, indented below.

import type { TextStyle } from '../../reports/plain-text.ts';
import { paint } from '../../reports/plain-text.ts';

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

/** Creates a narrator that writes through `write`. */
export function createNarrator(write: (text: string) => void, style: TextStyle): Narrator {
  let steps = 0;
  return {
    step(title) {
      steps += 1;
      write(`\n${paint(style, 'bold', `${steps}. ${title}`)}\n`);
    },
    tell: (text) => write(`   ${text}\n`),
    command: (text) => write(`   ${paint(style, 'dim', '$')} ${paint(style, 'cyan', text)}\n`),
    output: (text) =>
      write(
        `${text
          .trimEnd()
          .split('\n')
          .map((line) => (line === '' ? '' : `     ${line}`))
          .join('\n')}\n`,
      ),
    result: (text) => write(`   ${paint(style, 'green', '✔')} ${text}\n`),
  };
}

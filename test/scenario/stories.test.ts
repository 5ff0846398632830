// Tells every story of this folder and compares what happened with what the file says. Rewrite the files with
// UPDATE_SCENARIOS=1, and commit a rewrite only once you understand every line of the difference.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { createTeller } from './story.ts';

const FOLDER = import.meta.dirname;
const LINE = '----';
const stories = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.txt'))
  .sort();

/** The story with every answer told anew; what people wrote stays as it is. */
function retell(text: string): string {
  const { tell } = createTeller();
  const out: string[] = [];
  for (const part of text.trimEnd().split(/\n\n+/)) {
    const lines = part.split('\n');
    const cut = lines.indexOf(LINE);
    const said = cut === -1 ? lines : lines.slice(0, cut);
    const answers: string[] = [];
    let isCommand = false;
    for (const [index, line] of said.entries()) {
      if (line.startsWith('#') || line.startsWith(' ')) continue;
      const below = said.slice(index + 1);
      const end = below.findIndex((each) => !each.startsWith(' '));
      const block = (end === -1 ? below : below.slice(0, end)).map((each) => each.trim());
      answers.push(...tell(line, block));
      isCommand = true;
    }
    out.push([...said, ...(isCommand ? [LINE, ...answers] : [])].join('\n'));
  }
  return `${out.join('\n\n')}\n`;
}

describe('the stories', () => {
  it('are there', () => {
    expect(stories.length).toBeGreaterThan(7);
  });

  it.each(stories)('%s goes as it is written', (name) => {
    const file = path.join(FOLDER, name);
    const told = retell(readFileSync(file, 'utf8'));
    if (process.env['UPDATE_SCENARIOS'] === '1') writeFileSync(file, told);
    expect(told).toBe(readFileSync(file, 'utf8'));
  });
});

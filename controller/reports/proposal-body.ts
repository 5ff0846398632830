// The text of a pull request that a person proposed on the command line.

import { escape } from './markdown-text.ts';

/** Markdown; `summary`: what is changed, one sentence each. Holds text of manifests and of the request. */
export function renderProposalBody(summary: readonly string[]): string {
  const items = summary.map((sentence) => `- ${escape(sentence)}`).join('\n');
  return `${items}\n\n<sub>Written by \`lockstep propose\`.</sub>\n`;
}

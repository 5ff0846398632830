// The text of a pull request that a person proposed, on the command line or through the API.

import { escape } from './markdown-text.ts';

/**
 * Markdown; `summary`: what is changed, one sentence each, `asker`: who asked the controller for it; null where the command
 * line wrote it. Both hold text of manifests and of requests.
 */
export function renderProposalBody(summary: readonly string[], asker: string | null): string {
  const items = summary.map((sentence) => `- ${escape(sentence)}`).join('\n');
  const origin =
    asker === null
      ? 'Written by `lockstep propose`.'
      : `Written by Lockstep; ${escape(asker)} asked for it.`;
  return `${items}\n\n<sub>${origin}</sub>\n`;
}

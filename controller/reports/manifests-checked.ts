// The page of a job that could only check the manifests of a pull request, because nobody could be asked for a plan.

import { countOf } from '../base/count.ts';
import type { Problem } from '../model/problem.ts';
import { at, code, escape, list } from './markdown-text.ts';
import { shortRevision } from './plain-text.ts';

/** The page as Markdown. `why`: our own sentences. */
export function renderManifestsChecked(input: {
  readonly head: string;
  readonly why: string;
  readonly problems: readonly Problem[];
}): string {
  const { head, why, problems } = input;
  const errors = problems.filter(({ severity }) => severity === 'error').length;
  const headline =
    errors === 0
      ? '🔵 The manifests are good'
      : `🔴 ${countOf(errors, 'problem')} of the manifests`;
  const item = ({ severity, reason, message, remedy, place }: Problem): string =>
    `- ${severity === 'error' ? '❌' : '⚠️'} **${reason}**${at(place)}<br>${escape(message)}<br>➡️ ${escape(remedy)}`;
  const items = problems.length === 0 ? '' : `\n\n${list(problems, 50, item)}`;
  return `### ${headline}\n\n${why}${items}\n\n<sub>${code(shortRevision(head))}. Nothing of it is carried out.</sub>\n`;
}

// The pieces that every Markdown report is made of (GitHub's flavour). Text of manifests and devices cannot leave its place:
// it is escaped, mentions nobody, refers to nothing, and cannot pass for a comment of ours.

import { formatNumber } from '../base/count.ts';
import type { Place } from '../model/desired.ts';
import { cleanText, formatPlace } from './plain-text.ts';

/** No report is longer, in characters; a comment on GitHub may have 65,536. */
export const MARKDOWN_MAX = 60_000;

/** How many entries of each list are shown, tried in order until the report fits. */
export const LIST_SIZES: readonly number[] = [200, 50, 15, 5, 1];

/** No message or remedy is shown beyond this many characters. */
const MESSAGE_MAX = 600;

/** The text with a capital at its beginning. */
export function sentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}

/** GitHub reads Markdown inside a fold only after an empty line. */
export function fold(summary: string, body: string): string {
  return `<details><summary>${summary}</summary>\n\n${body}\n\n</details>`;
}

/** The items as a list; those beyond `size` are counted. */
export function list<T>(items: readonly T[], size: number, render: (item: T) => string): string {
  const rest = items.length - size;
  const lines = items.slice(0, size).map(render);
  return [...lines, ...(rest > 0 ? [`- … and ${formatNumber(rest)} more`] : [])].join('\n');
}

/** How a report shows a place after something else, with a blank before it; nothing where there is none. */
export type ShowPlace = (
  place: (Omit<Place, 'column'> & { readonly column: number | null }) | null,
) => string;

/** ` file:line:column` as code. */
export function at(place: Parameters<ShowPlace>[0]): string {
  return place === null ? '' : ` ${code(formatPlace(place))}`;
}

/** A code span: nothing in it is read as Markdown, backticks cannot end it, and it holds no comment that a forge hides. */
export function code(text: string): string {
  const clean = cleanText(text.slice(0, 300))
    .replaceAll('`', 'ˋ')
    .replaceAll('<!--', '<!- -')
    .trim();
  return clean === '' ? '' : `\`${clean}\``;
}

/** Text that stays text: no HTML, no Markdown but code spans, no mention, no reference to another pull request. */
export function escape(text: string): string {
  const cut = cleanText(text.length > MESSAGE_MAX ? `${text.slice(0, MESSAGE_MAX)}…` : text);
  const parts = cut.split('`');
  // Between a pair of backticks stands code; a backtick without its partner is one of the text.
  if (parts.length % 2 === 0) return escapeWords(cut);
  return parts.map((part, index) => (index % 2 === 1 ? code(part) : escapeWords(part))).join('');
}

/** Text for a cell of a table, in which code could hold a bar. */
export function cell(text: string): string {
  return escapeWords(cleanText(text.slice(0, 300)));
}

function escapeWords(text: string): string {
  return disarm(text.replace(/[\\`*_{}[\]|~]/g, '\\$&'))
    .replace(/:\/\//g, ':<!-- -->//')
    .replace(/www\./gi, '$&<!-- -->');
}

/** Without HTML, mentions and references. */
export function disarm(text: string): string {
  return text
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/[@#](?=[\w-])/g, '$&<!-- -->')
    .replace(/GH-(?=\d)/gi, '$&<!-- -->');
}

/** One line of somebody's Markdown for a quotation: emphasis and code stay, links, images, HTML and mentions do not. */
export function inertMarkdown(line: string): string {
  return disarm(cleanText(line).replace(/[[\]\\]/g, '\\$&'))
    .replace(/:\/\//g, ':<!-- -->//')
    .replace(/www\./gi, '$&<!-- -->');
}

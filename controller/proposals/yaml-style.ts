// How values are written as YAML: plain where every reader takes that for the same text, quoted otherwise; and the
// habits of a text (line breaks, quotes, indentation) that what is added to it follows.

import { Document } from 'yaml';
import {
  contentOf,
  endOf,
  type Collection,
  type DocumentSpan,
  isCollection,
  itemsOf,
  leavesOf,
} from './yaml-tokens.ts';
import type { YamlValue } from './yaml-values.ts';

export type QuoteStyle = 'double' | 'single';

/** Habits of a text. */
export interface TextStyle {
  readonly eol: '\n' | '\r\n';
  readonly quote: QuoteStyle;
  /** What stands inside of the brackets of a map on one line. */
  readonly pad: '' | ' ';
  /** Spaces by which a map inside a map is indented. */
  readonly step: number;
}

/** The habits of a document of a text; those of the house where it has none. */
export function readStyle(text: string, span: DocumentSpan | null): TextStyle {
  const types = new Set(span?.leaves.map(({ type }) => type));
  const isSingle = types.has('single-quoted-scalar') && !types.has('double-quoted-scalar');
  return {
    eol: text.includes('\r\n') ? '\r\n' : '\n',
    quote: isSingle ? 'single' : 'double',
    pad: findPad(text, span),
    step: (isCollection(span?.root) ? findStep(text, span.root) : null) ?? 2,
  };
}

/** As in the first map of the document that says something on the line of its bracket. */
function findPad(text: string, span: DocumentSpan | null): '' | ' ' {
  for (const leaf of span?.leaves ?? []) {
    const rest = text.slice(endOf(leaf), lineEnd(text, leaf.offset));
    if (leaf.type !== 'flow-map-start' || /^\s*(?:#|\}|$)/.test(rest)) continue;
    return rest.startsWith(' ') ? ' ' : '';
  }
  return ' ';
}

/** By how much the first block map inside a block map is indented; null where there is none. */
function findStep(text: string, collection: Collection): number | null {
  if (collection.type !== 'block-map') return null;
  const column = columnOfItems(text, collection);
  for (const { value } of itemsOf(collection)) {
    if (value?.type !== 'block-map') continue;
    const step = columnOfItems(text, value) - column;
    if (step > 0) return step;
  }
  return null;
}

/** The column, from 0, at which the entries of a block collection stand. */
export function columnOfItems(text: string, collection: Collection): number {
  const start = contentOf(leavesOf(collection))?.start ?? collection.offset;
  return start - lineStart(text, start);
}

/** Where the line of an offset starts; after a byte order mark. */
export function lineStart(text: string, offset: number): number {
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  return start === 0 && text.startsWith('\ufeff') ? Math.min(1, offset) : start;
}

/** Where the line of an offset ends: at its line break, or at the end of the text. */
export function lineEnd(text: string, offset: number): number {
  const end = text.indexOf('\n', offset);
  if (end < 0) return text.length;
  return end > offset && text[end - 1] === '\r' ? end - 1 : end;
}

/** Where the line after that of an offset starts. */
export function nextLine(text: string, offset: number): number {
  const end = text.indexOf('\n', offset);
  return end < 0 ? text.length : end + 1;
}

/** A value on one line. `inFlow`: it is to stand between brackets, where commas and brackets mean something. */
export function renderInline(value: YamlValue, inFlow: boolean, style: TextStyle): string {
  if (typeof value === 'string') return renderText(value, inFlow, style.quote);
  if (typeof value !== 'object' || value === null) return String(value);
  if (isList(value)) return `[${value.map((item) => renderInline(item, true, style)).join(', ')}]`;
  const entries = Object.entries(value).map(([key, item]) => renderPair(key, item, style));
  return entries.length === 0 ? '{}' : `{${style.pad}${entries.join(', ')}${style.pad}}`;
}

/** An entry of a map between brackets. */
export function renderPair(key: string, value: YamlValue, style: TextStyle): string {
  return `${renderText(key, true, style.quote)}: ${renderInline(value, true, style)}`;
}

/** Whether a value is a list; `Array.isArray` does not tell that of a readonly one. */
export function isList(value: YamlValue): value is readonly YamlValue[] {
  return Array.isArray(value);
}

function renderText(text: string, inFlow: boolean, quote: QuoteStyle): string {
  return isPlain(text, inFlow) ? text : renderQuoted(text, quote);
}

/** A text between quotes; of the style that is asked for where that can hold it. */
export function renderQuoted(text: string, quote: QuoteStyle): string {
  if (quote === 'single' && !NEEDS_ESCAPES.test(text)) return `'${text.replaceAll("'", "''")}'`;
  return JSON.stringify(text).replaceAll(
    UNPRINTABLE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

// What YAML counts as unprintable or takes for a line break, beyond what JSON escapes.
const UNPRINTABLE = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g;
// oxlint-disable-next-line no-control-regex
const NEEDS_ESCAPES = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]|\p{Cs}/u;

/** Whether a text needs no quotes, also for readers of YAML 1.1 (to which `no`, `1_000` and `12:30` are no text). */
function isPlain(text: string, inFlow: boolean): boolean {
  if (text.length > 2_000 || NEEDS_ESCAPES.test(text)) return false;
  const document = new Document(null, { compat: 'yaml-1.1' });
  document.contents = document.createNode(inFlow ? [text] : { k: text }, { flow: inFlow });
  return document.toString({ lineWidth: 0 }) === (inFlow ? `[ ${text} ]\n` : `k: ${text}\n`);
}

/** How the values of a manifest are written, by dotted path. */
export interface Habits {
  /** Whether a collection stands between brackets. */
  isFlow(path: string, value: YamlValue): boolean;
  /** How a text is quoted that needs no quotes; null: not at all. */
  quoteOf(path: string): QuoteStyle | null;
}

/** An entry of a block map as lines, its key at the column. */
export function renderEntry(
  key: string,
  value: YamlValue,
  place: { readonly column: number; readonly style: TextStyle; readonly path: string },
  habits: Habits,
): readonly string[] {
  const { column, style } = place;
  const path = place.path === '' ? key : `${place.path}.${key}`;
  const head = `${' '.repeat(column)}${renderText(key, false, style.quote)}:`;
  const quote = typeof value === 'string' ? habits.quoteOf(path) : null;
  if (typeof value === 'string' && quote !== null) return [`${head} ${renderQuoted(value, quote)}`];
  const isBlock =
    typeof value === 'object' &&
    value !== null &&
    Object.keys(value).length > 0 &&
    !habits.isFlow(path, value);
  if (!isBlock) return [`${head} ${renderInline(value, false, style)}`];
  const inner = column + style.step;
  if (isList(value)) {
    const items = value.map((item) => renderInline(item, false, style));
    return [head, ...items.map((item) => `${' '.repeat(inner)}- ${item}`)];
  }
  const entries = Object.entries(value);
  return [
    head,
    ...entries.flatMap(([name, item]) =>
      renderEntry(name, item, { column: inner, style, path }, habits),
    ),
  ];
}

/** Lists between brackets, maps below their key, quotes where they are needed. */
export const PLAIN_HABITS: Habits = {
  isFlow: (_, value) => Array.isArray(value),
  quoteOf: () => null,
};

// Takes whole documents out of YAML text and puts new ones in. The other documents stay as they are, byte for byte.

import { fail, ok, type Result } from '../base/result.ts';
import {
  type EditableText,
  type EditRefusal,
  openText,
  refuseAt,
  trySplices,
} from './edit-yaml.ts';
import { lineStart, nextLine, readStyle } from './yaml-style.ts';
import type { DocumentSpan } from './yaml-tokens.ts';
import { isSame, readValues } from './yaml-values.ts';
import { applySplices, type Range } from './yaml-ways.ts';

/**
 * Takes out the document at `index` (from 0), with its comments. Null: nothing is left, so the file is to be deleted.
 * What a file says of itself at its top (a line for editors, or comments before an empty line) stays.
 */
export function removeDocument(text: string, index: number): Result<string | null, EditRefusal> {
  const opened = openText(text);
  if (!opened.ok) return opened;
  const { spans, values } = opened.value;
  const span = spans[index];
  if (span === undefined) {
    return fail(refuseAt(text, { offset: 0, message: `There is no document ${index + 1}.` }));
  }
  const wanted = values.toSpliced(index, 1);
  if (wanted.every(({ value, defects }) => value === null && defects.length === 0)) return ok(null);
  for (const cut of cutsOf(opened.value, index)) {
    const edited = trySplices(opened.value, [{ ...cut, text: '' }], cut, wanted);
    if (edited !== null) return ok(edited);
  }
  const message = 'The document cannot be taken out without changing another one of the file.';
  return fail(refuseAt(text, { offset: span.root?.offset ?? span.start, message }));
}

function cutsOf({ text, spans }: EditableText, index: number): readonly Range[] {
  const span = spans[index];
  if (span === undefined) return [];
  if (index > 0) return [{ start: span.start, end: span.end }];
  const start = span.marker ?? headerEnd(text, span);
  const whole = { start, end: span.end };
  const next = spans[1];
  const isBare = next?.marker === next?.start && /^---[ \t]*\r?\n/.test(text.slice(span.end));
  // A file that began without a marker does so afterwards, too.
  return span.marker === null && isBare
    ? [{ start, end: nextLine(text, span.end) }, whole]
    : [whole];
}

/** Where the first document of a file begins: after lines for editors, and comments that an empty line sets apart. */
function headerEnd(text: string, span: DocumentSpan): number {
  const content = lineStart(text, span.root?.offset ?? span.end);
  // A byte order mark is the file's.
  let end = text.startsWith('\ufeff') ? 1 : 0;
  for (let at = end; at < content; at = nextLine(text, at)) {
    const line = text.slice(at, nextLine(text, at));
    const isForEditors = /^#\s*(?:yaml-language-server:|vim:|-\*-)/.test(line);
    if (line.trim() === '' || (isForEditors && end === at)) end = nextLine(text, at);
  }
  return end;
}

/**
 * Puts a new document behind the one at `after`, or at the end. `manifest` is its text, with the line breaks of the
 * file and one at its end, and without a marker.
 */
export function insertDocument(
  text: string,
  after: number | null,
  manifest: string,
): Result<string, EditRefusal> {
  const opened = openText(text);
  const added = readValues(manifest);
  if (!opened.ok) return opened;
  const { spans, values } = opened.value;
  const fresh = added.ok ? added.documents[0] : undefined;
  if (fresh === undefined || !added.ok || added.documents.length !== 1) {
    throw new Error('Internal error: a new document cannot be read');
  }
  const { eol } = readStyle(text, null);
  const places = [after ?? spans.length - 1, spans.length - 1];
  for (const place of places) {
    const at = spans[place]?.end ?? text.length;
    const isOpen = at > 0 && text[at - 1] !== '\n';
    const isLast = at === text.length;
    const last = values[place];
    // A marker without a document after it is there for the next one.
    const isEmpty = isLast && last?.value === null && spans[place]?.marker !== null;
    const marker = isEmpty || spans.length === 0 ? '' : `---${eol}`;
    const put = `${isOpen ? eol : ''}${marker}${manifest}`;
    const edited = applySplices(text, [{ start: at, end: at, text: put }]);
    const wanted = isEmpty ? values.with(place, fresh) : values.toSpliced(place + 1, 0, fresh);
    const read = readValues(edited);
    if (read.ok && isSame(read.documents, wanted)) return ok(edited);
  }
  const message = 'No document can be added to the file without changing another one.';
  return fail(refuseAt(text, { offset: text.length, message }));
}

// Edits YAML text and leaves everything that is not edited as it is, byte for byte: comments, order, quotes, line
// breaks. What comes out is read again and compared with what was meant, so an edit gives exactly that or is refused.

import { LineCounter } from 'yaml';
import { fail, ok, type Result } from '../base/result.ts';
import { readYaml } from '../manifests/read-yaml.ts';
import { findWays } from './yaml-splices.ts';
import { readStyle, type TextStyle } from './yaml-style.ts';
import { type DocumentSpan, endOf, type Leaf, listComments, listDocuments } from './yaml-tokens.ts';
import { applyEdit, type DocumentValue, isSame, readValues, type YamlEdit } from './yaml-values.ts';
import { applySplices, type Obstacle, type Range, type Splice } from './yaml-ways.ts';

/** Why a text cannot be edited, and where. Lines and columns count from 1. */
export interface EditRefusal {
  readonly line: number;
  readonly column: number;
  /** A full sentence. */
  readonly message: string;
}

/** A text that can be edited. */
export interface EditableText {
  readonly text: string;
  readonly spans: readonly DocumentSpan[];
  readonly values: readonly DocumentValue[];
}

/** Makes one edit of the document at `index` (from 0). An edit that changes nothing gives the same text. */
export function editYaml(text: string, index: number, edit: YamlEdit): Result<string, EditRefusal> {
  const opened = openText(text);
  if (!opened.ok) return opened;
  const { spans, values } = opened.value;
  const span = spans[index];
  const old = values[index];
  if (span === undefined || old === undefined) {
    return fail(refuseAt(text, { offset: 0, message: `There is no document ${index + 1}.` }));
  }
  const [defect] = old.defects;
  if (defect !== undefined) {
    return fail(refuseAt(text, { offset: span.root?.offset ?? span.start, message: defect }));
  }
  const meant = applyEdit(old.value, edit);
  const style = readStyle(text, span);
  const ways = findWays(text, span.root, edit, style);
  if (!Array.isArray(ways)) return fail(refuseAt(text, ways as Obstacle));
  const wanted = values.with(index, { ...old, value: meant });
  if (meant !== undefined) {
    if (isSame(values, wanted)) return ok(text);
    for (const { splices, owned } of ways) {
      const edited = trySplices(opened.value, splices, owned, wanted);
      if (edited !== null) return ok(edited);
    }
    const rendered = renderDocument(opened.value, index, edit, style, wanted);
    if (rendered !== null) return ok(rendered);
  }
  const offset = span.root?.offset ?? span.start;
  const message = `\`${edit.path.join('.')}\` cannot be changed without changing something else in the document.`;
  return fail(refuseAt(text, { offset, message }));
}

/** Reads a text for editing. One that is not read without errors is not touched. */
export function openText(text: string): Result<EditableText, EditRefusal> {
  const values = readValues(text);
  if (!values.ok) return fail(refuseAt(text, values));
  const spans = listDocuments(text);
  if (spans.length !== values.documents.length) {
    return fail(
      refuseAt(text, { offset: 0, message: 'The documents of the file cannot be told apart.' }),
    );
  }
  return ok({ text, spans, values: values.documents });
}

/**
 * The text after some splices, where it then says what is wanted and no comment is gone that stood outside of `owned`;
 * null otherwise.
 */
export function trySplices(
  { text }: EditableText,
  splices: readonly Splice[],
  owned: Range,
  wanted: readonly DocumentValue[],
): string | null {
  const edited = applySplices(text, splices);
  const values = readValues(edited);
  if (!values.ok || !isSame(values.documents, wanted)) return null;
  const comments = listComments(text);
  const isGone = (leaf: Leaf): boolean => splices.some((cut) => overlaps(cut, leaf));
  const isOwned = ({ offset }: Leaf): boolean => offset >= owned.start && offset < owned.end;
  if (comments.some((leaf) => isGone(leaf) && !isOwned(leaf))) return null;
  const left = comments.filter((leaf) => !isGone(leaf));
  const isKept = startsAlike(
    commentsOf(edited),
    left.map(({ source }) => source),
  );
  return isKept ? edited : null;
}

function overlaps(cut: Range, leaf: Leaf): boolean {
  return cut.start < endOf(leaf) && cut.end > leaf.offset;
}

function commentsOf(text: string): readonly string[] {
  return listComments(text).map(({ source }) => source);
}

/** Whether `found` holds all of `left` in their order; text that is put in may have comments of its own. */
function startsAlike(found: readonly string[], left: readonly string[]): boolean {
  let at = 0;
  for (const comment of found) if (comment === left[at]) at += 1;
  return at === left.length;
}

/** The text with one document rendered anew by the library; null where even that does not say what is wanted. */
function renderDocument(
  { text, spans, values }: EditableText,
  index: number,
  edit: YamlEdit,
  { eol, step }: TextStyle,
  wanted: readonly DocumentValue[],
): string | null {
  const document = readYaml(text).documents[index];
  const span = spans[index];
  const old = values[index];
  if (document === undefined || span === undefined || old === undefined) return null;
  let rendered: string;
  try {
    if (edit.kind === 'remove') document.deleteIn(edit.path);
    else if (edit.kind === 'set') document.setIn(edit.path, document.createNode(edit.value));
    else if (document.getIn(edit.path) === undefined || document.getIn(edit.path) === null) {
      document.setIn(edit.path, document.createNode([edit.value]));
    } else document.addIn(edit.path, document.createNode(edit.value));
    rendered = document.toString({ lineWidth: 0, indent: step }).replaceAll('\n', eol);
  } catch {
    // The library throws on what it cannot write, such as an alias whose anchor is gone.
    return null;
  }
  const head =
    span.marker === null || rendered.startsWith('---') || rendered.startsWith('%')
      ? ''
      : `---${eol}`;
  const edited = text.slice(0, span.start) + head + rendered + text.slice(span.end);
  const read = readValues(edited);
  if (!read.ok || !isSame(read.documents, wanted)) return null;
  const kept = new Set(commentsOf(edited).map((comment) => comment.trim()));
  const isLost = commentsOf(text).some((comment) => !kept.has(comment.trim()));
  return isLost ? null : edited;
}

/** A refusal at an offset of a text. */
export function refuseAt(text: string, { offset, message }: Obstacle): EditRefusal {
  const counter = new LineCounter();
  for (let at = 0; at >= 0; at = text.indexOf('\n', at) + 1 || -1) counter.addNewLine(at);
  const { line, col } = counter.linePos(Math.min(offset, text.length));
  return { line: Math.max(1, line), column: Math.max(1, col), message };
}

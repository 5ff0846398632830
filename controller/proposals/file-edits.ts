// Many edits of one file: each looks at its own document alone, so that a file of a thousand documents is read twice
// and not a thousand times.

import { fail, ok, type Result } from '../base/result.ts';
import { editYaml, type EditRefusal, openText, refuseAt } from './edit-yaml.ts';
import { type DocumentValue, isSame, readValues, type YamlEdit } from './yaml-values.ts';

/** A file whose documents are being edited. */
export interface FileEdits {
  /** Makes one edit of the document at `index`, or says why it cannot be made. */
  edit(index: number, edit: YamlEdit): EditRefusal | null;
  /** The plain value of a document, as edited so far. */
  valueOf(index: number): unknown;
  /** The text after all edits; refused where, taken together, it says anything else than its documents. */
  finish(): Result<string, EditRefusal>;
}

/** Opens a file for edits. */
export function openFile(text: string): Result<FileEdits, EditRefusal> {
  const opened = openText(text);
  if (!opened.ok) return opened;
  const { spans, values: before } = opened.value;
  const pieces = spans.map(({ start, end }) => text.slice(start, end));
  const values: DocumentValue[] = [...before];
  return ok({
    edit(index, edit) {
      const piece = pieces[index];
      const start = spans[index]?.start;
      if (piece === undefined || start === undefined) {
        return refuseAt(text, { offset: 0, message: `There is no document ${index + 1}.` });
      }
      const edited = editYaml(piece, 0, edit);
      if (!edited.ok) {
        const linesBefore = text.slice(0, start).split('\n').length - 1;
        return { ...edited.error, line: edited.error.line + linesBefore };
      }
      const read = readValues(edited.value);
      const value = read.ok ? read.documents[0] : undefined;
      if (value !== undefined) values[index] = value;
      pieces[index] = edited.value;
      return null;
    },
    valueOf: (index) => values[index]?.value,
    finish() {
      const joined = pieces.join('');
      const read = readValues(joined);
      if (read.ok && isSame(read.documents, values)) return ok(joined);
      const message = 'The documents of the file cannot be changed one by one.';
      return fail(refuseAt(text, { offset: 0, message }));
    },
  });
}

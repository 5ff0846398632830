// Turns text into YAML documents within bounds: nesting, tokens and documents are counted before anything recursive
// sees them. What the documents mean is not decided here.

import { Composer, type Document, Lexer, LineCounter, Parser } from 'yaml';
import { messageOf } from '../base/failure.ts';
import { DEPTH_MAX, DOCUMENTS_MAX, TOKENS_MAX } from './limits.ts';

export interface YamlText {
  readonly documents: readonly Document.Parsed[];
  /** Why reading stopped before the end; null when it did not. Then there are no documents. */
  readonly stopped: {
    readonly offset: number;
    readonly message: string;
    readonly remedy: string;
  } | null;
  /** Line and column, from 1, of an offset into the text. */
  readonly locate: (offset: number) => { readonly line: number; readonly column: number };
}

// The parser keeps one entry per open collection, one for the document and one for a scalar being read.
const STACK_MAX = DEPTH_MAX + 2;

/** Errors of the file's tokens that are looked at. */
const ERRORS_MAX = 20;

/** Reads text as YAML 1.2 (core schema). Never throws; takes time linear in the text. */
export function readYaml(text: string): YamlText {
  const counter = new LineCounter();
  const locate = (offset: number) => {
    const { line, col } = counter.linePos(Math.min(Math.max(offset, 0), text.length));
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const stop = (offset: number, message: string, remedy: string): YamlText => ({
    documents: [],
    stopped: { offset, message, remedy },
    locate,
  });

  const parser = new Parser(counter.addNewLine);
  // `parse` would announce the first line; fed token by token, the parser does not.
  counter.addNewLine(0);
  // Duplicate keys are found by `readNode`: the library compares each key with every other.
  const composer = new Composer({
    schema: 'core',
    merge: false,
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: 'silent',
  });
  const documents: Document.Parsed[] = [];
  let tokens = 0;
  let errors = 0;
  const tooManyDocuments = () =>
    stop(
      parser.offset,
      `The file has more than ${DOCUMENTS_MAX.toLocaleString('en-US')} documents.`,
      'Split it into several files.',
    );
  const compose = (lexeme: string | null) => {
    for (const token of lexeme === null ? parser.end() : parser.next(lexeme)) {
      // Each error costs the library a stack trace, and only the first is shown.
      if (token.type === 'error' && (errors += 1) > ERRORS_MAX) continue;
      for (const document of composer.next(token)) documents.push(document);
    }
  };
  // The library is not ours and the input is anybody's: what it throws on, it cannot read.
  try {
    for (const lexeme of new Lexer().lex(text)) {
      compose(lexeme);
      tokens += 1;
      if (parser.stack.length > STACK_MAX) {
        return stop(
          parser.offset,
          `The nesting is deeper than ${DEPTH_MAX} levels.`,
          'Write the manifest with less nesting; no manifest needs more than a few levels.',
        );
      }
      if (tokens > TOKENS_MAX) {
        return stop(
          parser.offset,
          `The file has more than ${TOKENS_MAX.toLocaleString('en-US')} YAML tokens.`,
          'Split it into several files.',
        );
      }
      if (documents.length > DOCUMENTS_MAX) return tooManyDocuments();
    }
    compose(null);
    for (const document of composer.end(false, text.length)) documents.push(document);
    if (documents.length > DOCUMENTS_MAX) return tooManyDocuments();
  } catch (thrown) {
    return stop(
      parser.offset,
      `The YAML cannot be read: ${messageOf(thrown).slice(0, 200)}.`,
      'Rewrite the marked part in a simpler form.',
    );
  }
  return { documents, stopped: null, locate };
}

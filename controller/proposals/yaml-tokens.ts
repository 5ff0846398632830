// The concrete syntax of YAML text: where each document, key and value stands, to the character. Nothing is changed
// here; edits are worked out from these places in `yaml-splices.ts`.

import { CST, Lexer, Parser } from 'yaml';

/** A piece of text as the lexer cut it. */
export interface Leaf {
  readonly type: CST.TokenType | 'block-scalar' | 'error' | 'directive';
  readonly offset: number;
  readonly source: string;
}

export type Collection = CST.BlockMap | CST.BlockSequence | CST.FlowCollection;

/** A document of a text, with all that belongs to it: its markers, directives and comments. */
export interface DocumentSpan {
  readonly start: number;
  /** Exclusive; where the next one starts, or the end of the text. */
  readonly end: number;
  /** Offset of its `---`; null where it has none. */
  readonly marker: number | null;
  readonly root: CST.Token | null;
  readonly leaves: readonly Leaf[];
}

/** An entry of a map or of a sequence, and what it stands in. */
export interface Spot {
  readonly parent: Collection;
  readonly item: CST.CollectionItem;
  /** The spot whose value `parent` is; null where it is the document's root. */
  readonly outer: Spot | null;
  /** Whether it stands between brackets, at any depth. */
  readonly inFlow: boolean;
}

const TRIVIA: ReadonlySet<Leaf['type']> = new Set(['space', 'newline', 'comment', 'comma']);

/** Splits a text into its documents. The spans lie side by side; text before the first one is its own. */
export function listDocuments(text: string): readonly DocumentSpan[] {
  const spans: (Omit<DocumentSpan, 'end' | 'leaves'> & { leaves: Leaf[] })[] = [];
  let pending: Leaf[] = [];
  let directives: number | null = null;
  let free = 0;
  for (const token of new Parser().parse(text)) {
    if (token.type === 'document') {
      const marker = token.start.find(({ type }) => type === 'doc-start')?.offset ?? null;
      const start = spans.length === 0 ? 0 : (directives ?? marker ?? free);
      const leaves = [...pending, ...leavesOf(token)];
      spans.push({ start, marker, root: token.value ?? null, leaves });
      pending = [];
      directives = null;
    } else if (token.type === 'doc-end') {
      for (const leaf of [...pending, ...leavesOf(token)]) spans.at(-1)?.leaves.push(leaf);
      pending = [];
      free = token.offset + token.source.length;
      for (const { offset, source } of token.end ?? []) free = offset + source.length;
    } else {
      if (token.type === 'directive') directives ??= token.offset;
      for (const leaf of leavesOf(token)) pending.push(leaf);
    }
  }
  for (const leaf of pending) spans.at(-1)?.leaves.push(leaf);
  return spans.map((span, index) => ({ ...span, end: spans[index + 1]?.start ?? text.length }));
}

/** All comments of a text. From the lexer: the parser drops some that stand after a key without a value. */
export function listComments(text: string): readonly Leaf[] {
  const comments: Leaf[] = [];
  let offset = 0;
  let isScalar = false;
  for (const source of new Lexer().lex(text)) {
    if (!isScalar && CONTROLS.has(source)) {
      isScalar = source === CST.SCALAR;
      continue;
    }
    if (!isScalar && source.startsWith('#')) comments.push({ type: 'comment', offset, source });
    isScalar = false;
    offset += source.length;
  }
  return comments;
}

/** Lexemes that stand for no text. */
const CONTROLS: ReadonlySet<string> = new Set([CST.DOCUMENT, CST.FLOW_END, CST.SCALAR]);

/** The leaves of a token, in order. */
export function leavesOf(token: CST.Token | undefined | null): readonly Leaf[] {
  if (token === undefined || token === null) return [];
  if (token.type === 'document') {
    return [...token.start, ...leavesOf(token.value), ...(token.end ?? [])];
  }
  if (token.type === 'block-map' || token.type === 'block-seq') {
    return token.items.flatMap(leavesOfItem);
  }
  if (token.type === 'flow-collection') {
    return [token.start, ...token.items.flatMap(leavesOfItem), ...token.end];
  }
  if (token.type === 'block-scalar') {
    const props = token.props.flatMap(leavesOf);
    const offset = props.reduce((_, leaf) => endOf(leaf), token.offset);
    return [...props, { type: 'block-scalar', offset, source: token.source }];
  }
  return 'end' in token ? [token, ...(token.end ?? [])] : [token];
}

/** The leaves of an entry: what introduces it, its key and its value. */
export function leavesOfItem(item: CST.CollectionItem): readonly Leaf[] {
  return [...item.start, ...leavesOf(item.key), ...(item.sep ?? []), ...leavesOf(item.value)];
}

/** Where a leaf ends, exclusive. */
export function endOf({ offset, source }: Leaf): number {
  return offset + source.length;
}

/** From the first to the last character that is neither white space, comment nor comma; null where there is none. */
export function contentOf(
  leaves: readonly Leaf[],
): { readonly start: number; readonly end: number } | null {
  const first = leaves.find(isContent);
  const last = leaves.findLast(isContent);
  return first === undefined || last === undefined
    ? null
    : { start: first.offset, end: endOf(last) };
}

function isContent({ type, source }: Leaf): boolean {
  return !TRIVIA.has(type) && source !== '';
}

/** The entries of a collection that say something; what stands alone after the last one (a comment) is none. */
export function itemsOf(collection: Collection): readonly CST.CollectionItem[] {
  const items: readonly CST.CollectionItem[] = collection.items;
  return items.filter((item) => contentOf(leavesOfItem(item)) !== null);
}

/** Whether a token is a map or a sequence. */
export function isCollection(token: CST.Token | undefined | null): token is Collection {
  return (
    token?.type === 'block-map' || token?.type === 'block-seq' || token?.type === 'flow-collection'
  );
}

/** Whether a collection is a map. */
export function isMapToken(collection: Collection): boolean {
  return (
    collection.type === 'block-map' ||
    (collection.type === 'flow-collection' && collection.start.source === '{')
  );
}

/** Why a path leads nowhere: at this offset stands an alias, or nothing that has entries. */
export interface DeadEnd {
  readonly offset: number;
  readonly why: 'alias' | 'missing' | 'scalar';
}

/** The entry at a path of at least one key or index. */
export function findSpot(
  root: CST.Token | null,
  path: readonly (string | number)[],
): Spot | DeadEnd {
  let spot: Spot | null = null as Spot | null;
  let token: CST.Token | undefined | null = root;
  for (const key of path) {
    const offset: number = token?.offset ?? contentOf(leavesOfSpot(spot))?.start ?? 0;
    if (token?.type === 'alias') return { offset, why: 'alias' };
    if (!isCollection(token)) return { offset, why: token ? 'scalar' : 'missing' };
    const item: CST.CollectionItem | undefined = isMapToken(token)
      ? itemsOf(token).find(({ key: found }) => readKey(found) === key)
      : itemsOf(token)[Number(key)];
    if (item === undefined) return { offset, why: 'missing' };
    const inFlow: boolean = (spot?.inFlow ?? false) || token.type === 'flow-collection';
    spot = { parent: token, item, outer: spot, inFlow };
    token = item.value;
  }
  if (spot === null) throw new Error('Internal error: the path of an edit is empty');
  return spot;
}

function leavesOfSpot(spot: Spot | null): readonly Leaf[] {
  return spot === null ? [] : leavesOfItem(spot.item);
}

/** The text of a key; null where it is no plain text. */
export function readKey(key: CST.Token | undefined | null): string | null {
  return key === undefined || key === null
    ? null
    : (CST.resolveAsScalar(key, false, ignore)?.value ?? null);
}

// Errors are told by whoever reads the values.
function ignore(): void {}

// Works out what to cut from a text and what to put in its place, so that one value changes and everything else stays
// as it is. Several ways may be offered, best first: whoever applies them takes the first that gives what was meant.

import type { CST } from 'yaml';
import { removeSpot } from './yaml-removals.ts';
import { type Obstacle, replaceBlock, type Way } from './yaml-ways.ts';
import {
  columnOfItems,
  lineStart,
  nextLine,
  PLAIN_HABITS,
  renderEntry,
  renderInline,
  renderPair,
  renderQuoted,
  type TextStyle,
} from './yaml-style.ts';
import {
  type Collection,
  contentOf,
  endOf,
  findSpot,
  isCollection,
  isMapToken,
  itemsOf,
  leavesOf,
  leavesOfItem,
  type Spot,
} from './yaml-tokens.ts';
import type { YamlEdit, YamlPath, YamlValue } from './yaml-values.ts';

/** The ways to make an edit of a document; none where it has to be rendered anew. */
export function findWays(
  text: string,
  root: CST.Token | null,
  edit: YamlEdit,
  style: TextStyle,
): readonly Way[] | Obstacle {
  const spot = findSpot(root, edit.path);
  if ('parent' in spot) {
    if (edit.kind === 'remove') return removeSpot(text, spot, style);
    if (edit.kind === 'set') return setValue(text, spot, edit.value, style);
    const list = spot.item.value;
    if (!isCollection(list)) {
      if (list?.type === 'alias') return describeDeadEnd(list.offset, 'alias', edit.path);
      return setValue(text, spot, [edit.value], style);
    }
    return addTo(text, list, [null, edit.value], style);
  }
  const key = edit.path.at(-1);
  const outer = edit.path.length < 2 ? null : findSpot(root, edit.path.slice(0, -1));
  const map = outer === null ? root : 'parent' in outer ? outer.item.value : null;
  const isAddable = edit.kind !== 'remove' && spot.why === 'missing' && typeof key === 'string';
  if (!isAddable || !isCollection(map) || !isMapToken(map)) {
    return describeDeadEnd(spot.offset, spot.why, edit.path);
  }
  const value = edit.kind === 'append' ? [edit.value] : edit.value;
  return addTo(text, map, [key, value], style);
}

function describeDeadEnd(
  offset: number,
  why: 'alias' | 'missing' | 'scalar',
  path: YamlPath,
): Obstacle {
  const name = `\`${path.join('.')}\``;
  const reason = {
    alias: `${name} stands in an alias, so a change of it would change what the alias repeats, too.`,
    missing: `There is no ${name} to change.`,
    scalar: `${name} stands in a value that has no entries.`,
  }[why];
  return { offset, message: reason };
}

function setValue(text: string, spot: Spot, value: YamlValue, style: TextStyle): readonly Way[] {
  const old = spot.item.value;
  const before = contentOf(old === undefined ? leavesOfItem(spot.item) : leavesOf(old));
  if (before === null) return [];
  if (old === undefined) {
    const { end } = before;
    const put = renderInline(value, spot.inFlow, style);
    return [{ splices: [{ start: end, end, text: ` ${put}` }], owned: { start: end, end } }];
  }
  if (old.type === 'block-map' || old.type === 'block-seq')
    return replaceBlock(text, spot, value, style);
  const put = restyle(text, old, value, spot.inFlow, style);
  return [{ splices: [{ ...before, text: put }], owned: before }];
}

/** A value in place of an old one on one line, with quotes like those of the old one. */
function restyle(
  text: string,
  old: CST.Token,
  value: YamlValue,
  inFlow: boolean,
  style: TextStyle,
): string {
  if (typeof value === 'string') {
    if (old.type === 'single-quoted-scalar') return renderQuoted(value, 'single');
    if (old.type === 'double-quoted-scalar') return renderQuoted(value, 'double');
    if (old.type === 'block-scalar' && value.includes('\n'))
      return renderLiteral(text, old, value, style);
  }
  const isLine = old.type === 'block-scalar' && old.source.endsWith('\n');
  return renderInline(value, inFlow, style) + (isLine ? style.eol : '');
}

/** A text of several lines, indented as the block scalar before it. */
function renderLiteral(
  text: string,
  old: CST.BlockScalar,
  value: string,
  { eol }: TextStyle,
): string {
  const first = leavesOf(old).find(({ type }) => type === 'block-scalar');
  const indent = /^ */.exec(text.slice(first?.offset ?? 0))?.[0] ?? '';
  const lines = value.replace(/\n$/, '').split('\n');
  const header = value.endsWith('\n') ? '|' : '|-';
  return [header, ...lines.map((line) => (line === '' ? '' : indent + line)), ''].join(eol);
}

/** Adds an entry at the end of a collection; its key is null in a sequence. */
function addTo(
  text: string,
  collection: Collection,
  [key, value]: readonly [key: string | null, value: YamlValue],
  style: TextStyle,
): readonly Way[] {
  const items = itemsOf(collection);
  const last = items.at(-1);
  if (collection.type === 'flow-collection') {
    const put = key === null ? renderInline(value, true, style) : renderPair(key, value, style);
    return last === undefined
      ? addFirst(text, collection, put, style)
      : addToFlow(text, collection, last, put, style);
  }
  if (last === undefined) return [];
  const content = contentOf(leavesOfItem(last));
  if (content === null) return [];
  const column = columnOfItems(text, collection);
  const lines =
    key === null
      ? [`${' '.repeat(column)}${introduction(last)}${renderInline(value, false, style)}`]
      : renderEntry(key, value, { column, style, path: '' }, PLAIN_HABITS);
  const put = lines.join(style.eol);
  return [addLines(text, content.end, put, style)];
}

/** `- ` as the items before have it: with as many spaces. */
function introduction({ start, value }: CST.CollectionItem): string {
  const dash = start.find(({ type }) => type === 'seq-item-ind');
  const first = contentOf(leavesOf(value));
  const space = start.findLast(({ type }) => type === 'space');
  const isBeside =
    dash !== undefined && first !== null && space !== undefined && endOf(space) === first.start;
  return isBeside && endOf(dash) === space.offset ? `-${space.source}` : '- ';
}

/** Adds lines after the line at whose end, or in which, something ends. */
function addLines(text: string, end: number, lines: string, { eol }: TextStyle): Way {
  const isLineStart = end > 0 && text[end - 1] === '\n';
  const at = isLineStart ? end : nextLine(text, end);
  const isLast = at === text.length && !text.endsWith('\n');
  const put = isLast ? `${eol}${lines}` : `${lines}${eol}`;
  return { splices: [{ start: at, end: at, text: put }], owned: { start: at, end: at } };
}

function addFirst(
  text: string,
  collection: CST.FlowCollection,
  put: string,
  { pad }: TextStyle,
): readonly Way[] {
  const open = endOf(collection.start);
  const close = collection.end.find(({ type }) => type.startsWith('flow-'))?.offset ?? open;
  const isMap = collection.start.source === '{';
  const inside = text.slice(open, close);
  const owned = { start: open, end: open };
  if (inside.trim() !== '') {
    // Comments stand between the brackets.
    return [{ splices: [{ start: open, end: open, text: isMap ? `${pad}${put}` : put }], owned }];
  }
  return [
    { splices: [{ start: open, end: close, text: isMap ? `${pad}${put}${pad}` : put }], owned },
  ];
}

function addToFlow(
  text: string,
  collection: CST.FlowCollection,
  last: CST.CollectionItem,
  put: string,
  { eol }: TextStyle,
): readonly Way[] {
  const content = contentOf(leavesOfItem(last));
  const close = collection.end.find(({ type }) => type.startsWith('flow-'))?.offset;
  if (content === null || close === undefined) return [];
  const owned = { start: content.end, end: content.end };
  const beside: Way = { splices: [{ ...owned, text: `, ${put}` }], owned };
  const start = lineStart(text, content.start);
  const indent = text.slice(start, content.start);
  // One item to a line: the new one gets a line of its own, after what is said about the last one.
  if (indent.trim() !== '' || start <= collection.offset) return [beside];
  const after = text.slice(content.end, close);
  const hasComma = /^\s*,/.test(after);
  const comma = hasComma ? [] : [{ ...owned, text: ',' }];
  const isCloseBelow = after.includes('\n');
  const at = isCloseBelow ? nextLine(text, content.end) : content.end;
  const line = isCloseBelow
    ? `${indent}${put}${hasComma ? ',' : ''}${eol}`
    : `${hasComma ? '' : ','}${eol}${indent}${put}`;
  const splices = isCloseBelow
    ? [...comma, { start: at, end: at, text: line }]
    : [{ start: at, end: at, text: line }];
  return [{ splices, owned: { start: content.end, end: at } }, beside];
}

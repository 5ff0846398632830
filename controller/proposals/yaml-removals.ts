// Works out what to cut so that an entry of a map or of a sequence goes, and nothing else: not the comments of its
// neighbours, and not the habit of one item to a line.

import { renderInline, type TextStyle } from './yaml-style.ts';
import { contentOf, endOf, isMapToken, itemsOf, leavesOfItem, type Spot } from './yaml-tokens.ts';
import { endOfLine, linesOf, type Range, replaceBlock, type Way } from './yaml-ways.ts';
import type { CST } from 'yaml';

/** The ways to take an entry out; none where it has to be rendered anew. */
export function removeSpot(text: string, spot: Spot, style: TextStyle): readonly Way[] {
  const { parent, item } = spot;
  const content = contentOf(leavesOfItem(item));
  if (content === null) return [];
  if (parent.type === 'flow-collection') return removeFromFlow(text, parent, item, content);
  const items = itemsOf(parent);
  if (items.length === 1) return removeLast(text, spot, content, style);
  return removeFromBlock(text, items, item, content);
}

/** The entry after which the collection is empty: an empty one on one line takes its place. */
function removeLast(text: string, spot: Spot, content: Range, style: TextStyle): readonly Way[] {
  const empty = isMapToken(spot.parent) ? {} : [];
  if (spot.outer !== null) return replaceBlock(text, spot.outer, empty, style);
  return [{ splices: [{ ...content, text: renderInline(empty, false, style) }], owned: content }];
}

function removeFromBlock(
  text: string,
  items: readonly CST.CollectionItem[],
  item: CST.CollectionItem,
  content: Range,
): readonly Way[] {
  const owned = { start: content.start, end: endOfLine(text, content.end) };
  const lines = linesOf(text, content);
  if (lines !== null) {
    // Where the text ends without a line break, it does so afterwards too.
    const isOpenEnd = lines.end === text.length && !text.endsWith('\n') && lines.start > 0;
    const breakLength = text.startsWith('\r\n', lines.start - 2) ? 2 : 1;
    const cut = isOpenEnd ? { start: lines.start - breakLength, end: lines.end } : lines;
    return [{ splices: [{ ...cut, text: '' }], owned }];
  }
  // It stands behind a dash, as in `- name: x`; the entry after it moves there.
  const next = items[items.indexOf(item) + 1];
  const following = next === undefined ? null : contentOf(leavesOfItem(next));
  if (following === null) return [];
  return [{ splices: [{ start: content.start, end: following.start, text: '' }], owned }];
}

function removeFromFlow(
  text: string,
  parent: CST.FlowCollection,
  item: CST.CollectionItem,
  content: Range,
): readonly Way[] {
  const items = itemsOf(parent);
  const index = items.indexOf(item);
  const close = parent.end.find(({ type }) => type.startsWith('flow-'))?.offset ?? content.end;
  const open = endOf(parent.start);
  const comma = commaAfter(parent, content.end);
  if (items.length === 1) {
    const around = text.slice(open, content.start) + text.slice(content.end, close);
    if (/^[\s,]*$/.test(around)) {
      return [{ splices: [{ start: open, end: close, text: '' }], owned: content }];
    }
    const splices = [{ ...content, text: '' }];
    if (comma !== null) splices.push({ start: comma, end: comma + 1, text: '' });
    return [{ splices, owned: content }];
  }
  const before = items[index - 1];
  const previousEnd = before === undefined ? null : (contentOf(leavesOfItem(before))?.end ?? null);
  const ways: Way[] = [];
  const lines = linesOf(text, content);
  const restEnd = comma === null ? content.end : comma + 1;
  const rest = lines === null ? '' : text.slice(restEnd, lines.end);
  if (
    lines !== null &&
    lines.start > parent.offset &&
    lines.end <= close &&
    /^\s*(?:#.*)?\s*$/.test(rest)
  ) {
    const owned = { start: content.start, end: endOfLine(text, content.end) };
    const previousComma = previousEnd === null ? null : commaAfter(parent, previousEnd);
    // The last one without a comma leaves none behind.
    const splices =
      comma === null && previousComma !== null
        ? [{ start: previousComma, end: previousComma + 1, text: '' }]
        : [];
    ways.push({ splices: [...splices, { ...lines, text: '' }], owned });
  }
  const following = items[index + 1];
  const nextStart = following === undefined ? null : contentOf(leavesOfItem(following))?.start;
  if (previousEnd === null && comma !== null && nextStart !== null && nextStart !== undefined) {
    // The next one stands on a line of its own, and stays there.
    const end = text.slice(comma, nextStart).includes('\n') ? comma + 1 : nextStart;
    ways.push({ splices: [{ start: content.start, end, text: '' }], owned: content });
  }
  if (previousEnd !== null) {
    ways.push({ splices: [{ start: previousEnd, end: content.end, text: '' }], owned: content });
  }
  return ways;
}

/** Offset of the comma that parts an entry from what comes after it; null where there is none. */
function commaAfter(parent: CST.FlowCollection, end: number): number | null {
  const leaves = parent.items.flatMap(({ start }) => start);
  return leaves.find(({ type, offset }) => type === 'comma' && offset >= end)?.offset ?? null;
}

// Turns one YAML document into a plain value, and notes where each value and key stands. What plain data cannot say
// (tags, merge keys, keys that are not text) and what costs too much (aliases that multiply) becomes a defect.

import { isAlias, isMap, isScalar, isSeq, type Node, type ParsedNode } from 'yaml';
import { ALIAS_NODES_MAX, DEPTH_MAX } from './limits.ts';

/** Something in a document that plain data cannot say. */
export interface NodeDefect {
  readonly offset: number;
  readonly message: string;
  readonly remedy: string;
}

export interface NodeReading {
  /** Strings, finite or infinite numbers, booleans, nulls, arrays and objects; duplicate keys keep the first value. */
  readonly value: unknown;
  /** Offsets of values by dotted path; the root is the empty path. */
  readonly valueOffsets: ReadonlyMap<string, number>;
  /** Offsets of keys by the dotted path of their value. */
  readonly keyOffsets: ReadonlyMap<string, number>;
  /** What is written in the file for scalars that YAML does not read as text, by dotted path. */
  readonly written: ReadonlyMap<string, string>;
  readonly defects: readonly NodeDefect[];
}

const TAG_PREFIX = 'tag:yaml.org,2002:';
const PLAIN_TAGS = new Set(['str', 'int', 'float', 'bool', 'null', 'map', 'seq']);

/** Dotted path of a child. */
export function joinPath(parent: string, key: string | number): string {
  return parent === '' ? String(key) : `${parent}.${key}`;
}

/** Reads a document's root. Bounded: what aliases stand for is counted, and nesting is limited. */
export function readNode(root: ParsedNode): NodeReading {
  const valueOffsets = new Map<string, number>();
  const keyOffsets = new Map<string, number>();
  const written = new Map<string, string>();
  const defects: NodeDefect[] = [];
  const anchors = new Map<string, Node>();
  const open = new Set<Node>();
  let aliasDepth = 0;
  let aliasNodes = 0;

  const offsetOf = (node: Node) => node.range?.[0] ?? 0;
  const report = (offset: number, message: string, remedy: string) => {
    defects.push({ offset, message, remedy });
  };

  const visit = (node: Node, path: string, offset: number, depth: number): unknown => {
    if (aliasDepth > 0) aliasNodes += 1;
    if (aliasNodes > ALIAS_NODES_MAX) return null;
    valueOffsets.set(path, offset);
    if (depth > DEPTH_MAX) {
      report(
        offset,
        `The nesting is deeper than ${DEPTH_MAX} levels.`,
        'Write it with less nesting.',
      );
      return null;
    }
    if (isAlias(node)) return follow(node.source, path, offset, depth);
    if ('anchor' in node && typeof node.anchor === 'string') anchors.set(node.anchor, node);
    const tag = node.tag;
    if (tag !== undefined && !PLAIN_TAGS.has(tag.replace(TAG_PREFIX, ''))) {
      report(offset, `The tag \`${tag.slice(0, 80)}\` means nothing here.`, 'Remove the tag.');
      return null;
    }
    open.add(node);
    const value = visitContent(node, path, offset, depth);
    open.delete(node);
    return value;
  };

  const visitContent = (node: Node, path: string, offset: number, depth: number): unknown => {
    if (isMap(node)) return visitMap(node.items, path, depth);
    if (isSeq(node)) {
      return node.items.map((item, index) =>
        visit(item as Node, joinPath(path, index), inherit(item as Node, offset), depth + 1),
      );
    }
    if (!isScalar(node)) return null;
    if (typeof node.value !== 'string') written.set(path, node.source ?? '');
    return node.value;
  };

  const visitMap = (
    items: readonly { key: unknown; value: unknown }[],
    path: string,
    depth: number,
  ) => {
    const entries = new Map<string, unknown>();
    for (const { key, value } of items) {
      const keyNode = key as Node;
      const offset = offsetOf(keyNode);
      if (!isScalar(keyNode)) {
        report(offset, 'A key must be plain text.', 'Write the name of a field.');
        continue;
      }
      const name = typeof keyNode.value === 'string' ? keyNode.value : (keyNode.source ?? '');
      if (name === '<<') {
        report(
          offset,
          'Merge keys (`<<`) are not supported.',
          'Write the fields out where they are needed.',
        );
        continue;
      }
      if (entries.has(name)) {
        report(
          offset,
          `\`${name.slice(0, 80)}\` is given twice in the same map.`,
          'Remove one of the two.',
        );
        continue;
      }
      const child = joinPath(path, name);
      keyOffsets.set(child, inherit(keyNode, offset));
      const valueNode = value as Node | null;
      entries.set(
        name,
        valueNode === null ? null : visit(valueNode, child, inherit(valueNode, offset), depth + 1),
      );
      if (valueNode === null) valueOffsets.set(child, offset);
    }
    return Object.fromEntries(entries);
  };

  // Inside an alias a problem is shown where the alias stands: that is the text a person has to look at.
  let aliasOffset = 0;
  const inherit = (node: Node, fallback: number) =>
    aliasDepth > 0 ? aliasOffset : (node.range?.[0] ?? fallback);

  const follow = (name: string, path: string, offset: number, depth: number): unknown => {
    const target = anchors.get(name);
    if (target === undefined || open.has(target)) {
      report(
        offset,
        target === undefined
          ? `The alias \`*${name.slice(0, 80)}\` has no anchor \`&${name.slice(0, 80)}\` before it.`
          : `The alias \`*${name.slice(0, 80)}\` stands inside the value that it refers to.`,
        'Write the value out.',
      );
      return null;
    }
    if (aliasDepth === 0) aliasOffset = offset;
    aliasDepth += 1;
    const value = visit(target, path, offset, depth);
    aliasDepth -= 1;
    return value;
  };

  const value = visit(root, '', offsetOf(root), 0);
  if (aliasNodes > ALIAS_NODES_MAX) {
    report(
      offsetOf(root),
      `The aliases of this document stand for more than ${ALIAS_NODES_MAX.toLocaleString('en-US')} values.`,
      'Write the values out.',
    );
  }
  return { value, valueOffsets, keyOffsets, written, defects };
}

// Plain values of YAML documents, and what an edit makes of them: the measure that edited text is compared with.

import { isDeepStrictEqual } from 'node:util';
import { readNode } from '../manifests/read-node.ts';
import { readYaml } from '../manifests/read-yaml.ts';

/** A value that edits write. Maps keep the order of their keys. */
export type YamlValue =
  string | number | boolean | null | readonly YamlValue[] | { readonly [key: string]: YamlValue };

/** Keys of maps and indexes of sequences, from the root of a document; at least one. */
export type YamlPath = readonly (string | number)[];

/** One change of one document. */
export type YamlEdit =
  /** Gives the entry at the path a value; adds the key where the map has none. */
  | { readonly kind: 'set'; readonly path: YamlPath; readonly value: YamlValue }
  /** Adds an item at the end of the sequence at the path; a key that is missing or null becomes a sequence. */
  | { readonly kind: 'append'; readonly path: YamlPath; readonly value: YamlValue }
  /** Takes the entry at the path out of its map or sequence, which may become empty. */
  | { readonly kind: 'remove'; readonly path: YamlPath };

/** What a document says, as far as plain data can; documents that plain data cannot say differ in their defects. */
export interface DocumentValue {
  readonly value: unknown;
  readonly defects: readonly string[];
}

/** The values of all documents of a text, or where and why it cannot be read. */
export type ValuesReading =
  | { readonly ok: true; readonly documents: readonly DocumentValue[] }
  | { readonly ok: false; readonly offset: number; readonly message: string };

/** Reads the values of all documents; fails as a whole where one of them cannot be read. */
export function readValues(text: string): ValuesReading {
  const { documents, stopped } = readYaml(text);
  if (stopped !== null) return { ok: false, offset: stopped.offset, message: stopped.message };
  const values: DocumentValue[] = [];
  for (const document of documents) {
    const error = document.errors[0];
    if (error !== undefined) {
      const reason = error.message.split('\n')[0]?.slice(0, 200) ?? '';
      return {
        ok: false,
        offset: error.pos[0],
        message: `The YAML cannot be read: ${reason.replace(/[.:]$/, '')}.`,
      };
    }
    const reading = document.contents === null ? null : readNode(document.contents);
    values.push({
      value: reading?.value ?? null,
      defects: reading?.defects.map(({ message }) => message) ?? [],
    });
  }
  return { ok: true, documents: values };
}

/** Whether two lists of documents say the same. The order of keys counts: an edit must not turn it round. */
export function isSame(one: readonly DocumentValue[], other: readonly DocumentValue[]): boolean {
  return isDeepStrictEqual(one, other) && JSON.stringify(one) === JSON.stringify(other);
}

/** The value after an edit; undefined where the edit cannot be done to it. */
export function applyEdit(value: unknown, edit: YamlEdit): unknown {
  return applyAt(value, edit.path, edit);
}

function applyAt(value: unknown, path: YamlPath, edit: YamlEdit): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return undefined;
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value;
    const index = Number(key);
    if (!(index in items)) return undefined;
    const changed =
      rest.length > 0 ? applyAt(items[index], rest, edit) : applyHere(items[index], edit);
    if (changed === undefined) return undefined;
    return changed === REMOVED ? items.toSpliced(index, 1) : items.with(index, changed);
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const entries = new Map<string, unknown>(Object.entries(value));
  const name = String(key);
  const found = entries.get(name);
  if (rest.length > 0 && found === undefined) return undefined;
  const changed = rest.length > 0 ? applyAt(found, rest, edit) : applyHere(found, edit);
  if (changed === undefined) return undefined;
  if (changed === REMOVED) entries.delete(name);
  else entries.set(name, changed);
  return Object.fromEntries(entries);
}

const REMOVED = Symbol('removed');

/** What becomes of the entry itself; `found` is undefined where the map has no such key. */
function applyHere(found: unknown, edit: YamlEdit): unknown {
  if (edit.kind === 'set') return edit.value;
  if (edit.kind === 'remove') return found === undefined ? undefined : REMOVED;
  if (found === undefined || found === null) return [edit.value];
  return Array.isArray(found) ? [...(found as readonly unknown[]), edit.value] : undefined;
}

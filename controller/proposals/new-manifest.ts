// New manifests: how they are written, after the habits of one that is there, and in which file they are put.

import type { Kind } from '../model/desired.ts';
import { openText } from './edit-yaml.ts';
import type { FleetTree, Manifest } from './fleet-tree.ts';
import {
  type Habits,
  PLAIN_HABITS,
  type QuoteStyle,
  readStyle,
  renderEntry,
} from './yaml-style.ts';
import { isCollection, isMapToken, itemsOf, readKey, type DocumentSpan } from './yaml-tokens.ts';
import type { YamlValue } from './yaml-values.ts';
import type { CST } from 'yaml';

/** A manifest to be written. */
export interface NewManifest {
  readonly kind: Kind;
  readonly product: string;
  readonly name: string;
  /** In the order of its fields. */
  readonly spec: { readonly [key: string]: YamlValue };
  /** Further fields of `spec` as YAML lines, with comments and without indentation. */
  readonly rest?: string;
}

/** Where a new manifest goes. */
export interface NewPlace {
  readonly path: string;
  /** Behind this document of the file; null: at its end, or the file is new. */
  readonly after: number | null;
}

/** The file of a manifest, by the manifest that it is written after; `rename` makes the file name of the new one. */
export function placeBeside(
  tree: FleetTree,
  model: Manifest,
  name: string,
  rename: (stem: string) => string | null,
): NewPlace {
  const { path, index } = model;
  const documents = tree.files.find((file) => file.path === path)?.documents.length ?? 0;
  if (documents > 1) return { path, after: index };
  const { folder, stem, ending } = splitPath(path);
  const renamed = rename(stem);
  const files = new Set(tree.list(model.kind, model.product).map((other) => other.path));
  if (renamed === null && files.size === 1) return { path, after: index };
  return { path: freePath(tree, folder, renamed ?? name, ending), after: null };
}

/** The file of the first manifest of its kind: with all the others where they share one, or beside the Product. */
export function placeFirst(tree: FleetTree, manifest: NewManifest, stem: string): NewPlace {
  const [product] = tree.list('Product', manifest.product);
  const paths = new Set(
    tree.files
      .filter(({ products }) => products.includes(manifest.product))
      .map(({ path }) => path),
  );
  const documents = tree.files.find(({ path }) => path === product?.path)?.documents ?? [];
  if (product !== undefined && paths.size === 1 && documents.length > 1) {
    return { path: product.path, after: null };
  }
  const { folder, ending } = splitPath(product?.path ?? 'product.yaml');
  return { path: freePath(tree, folder, stem, ending), after: null };
}

/** Folder with its slash, file name, and ending with its dot. */
export function splitPath(path: string): {
  readonly folder: string;
  readonly stem: string;
  readonly ending: string;
} {
  const folder = path.slice(0, path.lastIndexOf('/') + 1);
  const file = path.slice(folder.length);
  const dot = file.lastIndexOf('.');
  return dot < 1
    ? { folder, stem: file, ending: '' }
    : { folder, stem: file.slice(0, dot), ending: file.slice(dot) };
}

function freePath(tree: FleetTree, folder: string, stem: string, ending: string): string {
  for (let count = 1; ; count += 1) {
    const path = `${folder}${stem}${count === 1 ? '' : `-${count}`}${ending}`;
    if (!tree.texts.has(path)) return path;
  }
}

/** The text of a manifest, in the style of the model. `isFile`: it is to be a file of its own. */
export function renderManifest(
  tree: FleetTree,
  manifest: NewManifest,
  model: Manifest | null,
  path: string,
  isFile: boolean,
): string {
  const text = model === null ? '' : (tree.texts.get(model.path) ?? '');
  const opened = openText(text);
  const span = (opened.ok ? opened.value.spans[model?.index ?? -1] : undefined) ?? null;
  const style = readStyle(text, span);
  const habits = readHabits(span, model?.kind === manifest.kind);
  const { kind, name, spec, rest } = manifest;
  const indent = ' '.repeat(style.step);
  const head = isFile ? renderSchemaLine(tree, kind, model, path) : null;
  const place = { column: 0, style, path: '' };
  const lines = [
    ...(head === null ? [] : [head]),
    'apiVersion: lockstep/v1',
    `kind: ${kind}`,
    ...renderEntry('metadata', { name }, place, habits),
    ...renderEntry('spec', spec, place, rest === undefined ? habits : PLAIN_HABITS),
    ...(rest?.trimEnd().split('\n') ?? []).map((line) => indent + line),
    '',
  ];
  return lines.join(style.eol);
}

/** The habits of the model's document; where it says nothing, those of the house. */
function readHabits(span: DocumentSpan | null, isSameKind: boolean): Habits {
  const flow = new Map<string, boolean>();
  const quotes = new Map<string, QuoteStyle>();
  const visit = (token: CST.Token | undefined | null, path: string): void => {
    if (token?.type === 'single-quoted-scalar') quotes.set(path, 'single');
    if (token?.type === 'double-quoted-scalar') quotes.set(path, 'double');
    if (!isCollection(token)) return;
    if (path !== '') flow.set(path, token.type === 'flow-collection');
    if (!isMapToken(token)) return;
    for (const { key, value } of itemsOf(token)) {
      const name = readKey(key);
      if (name !== null) visit(value, path === '' ? name : `${path}.${name}`);
    }
  };
  visit(span?.root, '');
  return {
    isFlow: (path, value) =>
      (isSameKind || path === 'metadata' ? flow.get(path) : undefined) ??
      PLAIN_HABITS.isFlow(path, value),
    // A title is quoted where it has to be; what devices report is quoted as its siblings are.
    quoteOf: (path) => (isSameKind && path !== 'spec.title' ? (quotes.get(path) ?? null) : null),
  };
}

const SCHEMA_LINE =
  /^\ufeff?(#\s*yaml-language-server:\s*\$schema=)(\S*?)([-a-z]+)(\.schema\.json)[ \t]*\r?$/m;

const SCHEMAS: Readonly<Record<Kind, string>> = {
  Product: 'product',
  Firmware: 'firmware',
  DeviceGroup: 'device-group',
  DeviceLock: 'device-lock',
  Release: 'release',
};

/** The line by which editors find the schema, where the model's file has one; null where not. */
function renderSchemaLine(
  tree: FleetTree,
  kind: Kind,
  model: Manifest | null,
  path: string,
): string | null {
  if (model === null) return null;
  const match = SCHEMA_LINE.exec(tree.texts.get(model.path) ?? '');
  if (match === null) return null;
  const [, start = '', folder = '', , ending = ''] = match;
  const isUrl = /^[a-z]+:/i.test(folder) || folder.startsWith('/');
  const moved = isUrl
    ? folder
    : rebase(folder, splitPath(model.path).folder, splitPath(path).folder);
  return `${start}${moved}${SCHEMAS[kind]}${ending}`;
}

/** A relative folder, seen from one folder, as it is seen from another. */
function rebase(relative: string, from: string, to: string): string {
  if (from === to) return relative;
  const parts: string[] = [];
  for (const part of `${from}${relative}`.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..' && parts.length > 0 && parts.at(-1) !== '..') parts.pop();
    else parts.push(part);
  }
  const target = to.split('/').filter((part) => part !== '');
  let shared = 0;
  while (shared < target.length && target[shared] === parts[shared]) shared += 1;
  const up = '../'.repeat(target.length - shared);
  const down = parts.slice(shared).map((part) => `${part}/`);
  return `${up === '' ? './' : up}${down.join('')}`;
}

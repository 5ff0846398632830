// Which products nothing may change for, because a file that speaks of them cannot be read or resolved.

import type { Reason } from '../model/reasons.ts';
import type { Snapshot } from '../model/revision.ts';
import type { Findings } from './findings.ts';
import type { ParsedFile } from './parsed.ts';

/** Products by manifest file. */
export type ProductsByFile = Readonly<Record<string, readonly string[]>>;

export interface FreezeInput {
  readonly files: readonly ParsedFile[];
  /** Of the revision before; null where there is none. */
  readonly previous: ProductsByFile | null;
  readonly findings: Findings;
}

/** Products named in a file before, or null where the file held no manifests. */
export function productsBefore(
  previous: ProductsByFile | null,
  path: string,
): readonly string[] | null {
  if (previous === null || !Object.hasOwn(previous, path)) return null;
  return previous[path] ?? null;
}

/**
 * Frozen products, sorted, or `all`: when a new file, which no earlier revision can explain, has a document that
 * cannot be told to belong to a product. A broken file also freezes the products that its text mentions: a manifest
 * may have been moved there, and its absence elsewhere is no deletion.
 */
export function computeFrozen({
  files,
  previous,
  findings,
}: FreezeInput): 'all' | readonly string[] {
  const frozen = new Set<string>();
  const known = new Set([
    ...files.flatMap((file) => file.products),
    ...Object.values(previous ?? {}).flat(),
  ]);
  for (const file of files) {
    const isInvalid = file.problems.some(({ reason }) => reason === 'InvalidManifest');
    if (!isInvalid && !findings.isFrozen(file.path)) continue;
    const before = productsBefore(previous, file.path);
    if (file.unattributed && before === null) return 'all';
    for (const product of [...file.products, ...(before ?? [])]) frozen.add(product);
    if (!file.unattributed && !file.obscured) continue;
    for (const product of known) if (mentions(file, product)) frozen.add(product);
  }
  return [...frozen].sort();
}

/**
 * A snapshot that was read without a revision before it, such as that of a pull request, with what its broken files
 * freeze because of what they held in the revision before.
 */
export function freezeByHistory(snapshot: Snapshot, previous: ProductsByFile | null): Snapshot {
  if (snapshot.frozen === 'all') return snapshot;
  const broken = snapshot.problems.flatMap(({ reason, place }) =>
    FREEZING.has(reason) && place !== null ? [place.file] : [],
  );
  const before = broken.flatMap((file) => productsBefore(previous, file) ?? []);
  return { ...snapshot, frozen: [...new Set([...snapshot.frozen, ...before])].sort() };
}

const FREEZING: ReadonlySet<Reason> = new Set([
  'InvalidManifest',
  'UnknownProduct',
  'DuplicateName',
]);

/** Whether a name stands anywhere in a file's text, by itself and not as a part of another name. */
export function mentions(file: ParsedFile, name: string): boolean {
  const pattern = new RegExp(`(?<![\\w.-])${RegExp.escape(name)}(?![\\w-])`);
  return file.lines.some((line) => pattern.test(line));
}

/**
 * Products by file, for the revision after this one. A file that can't be read keeps what was known of it, and stays
 * unknown when nothing was.
 */
export function recordProducts(
  files: readonly ParsedFile[],
  previous: ProductsByFile | null,
): ProductsByFile {
  const record: (readonly [string, readonly string[]])[] = [];
  for (const file of files) {
    const before = productsBefore(previous, file.path);
    if (file.unattributed && before === null) continue;
    const products = file.unattributed ? [...file.products, ...(before ?? [])] : file.products;
    if (products.length > 0) record.push([file.path, [...new Set(products)].sort()]);
  }
  return Object.fromEntries(record);
}

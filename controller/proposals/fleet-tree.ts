// The manifests that a proposal looks at: which there are of a product, and where they stand, down to the document in
// its file. Nothing is changed here.

import { fail, ok, type Result } from '../base/result.ts';
import { entriesOf, type Entry, locateValue } from '../manifests/findings.ts';
import { findNearest } from '../manifests/nearest.ts';
import { parseManifestFile } from '../manifests/parse-file.ts';
import { isForeign, type ParsedFile, type SpecByKind } from '../manifests/parsed.ts';
import { readYaml } from '../manifests/read-yaml.ts';
import { isManifestPath } from '../manifests/recognise.ts';
import type { Kind, Place } from '../model/desired.ts';
import type { Mistake, ProposalInput } from './proposal.ts';

/** A manifest that is valid, and its document. */
export interface Manifest<K extends Kind = Kind> {
  readonly kind: K;
  readonly name: string;
  readonly product: string;
  readonly spec: SpecByKind[K];
  readonly path: string;
  /** Of the document in its file, from 0. */
  readonly index: number;
  readonly entry: Entry<K>;
}

export interface FleetTree {
  readonly texts: ReadonlyMap<string, string>;
  /** The files of ours, by path. */
  readonly files: readonly ParsedFile[];
  /** Names of all products that manifests declare, sorted. */
  readonly products: readonly string[];
  /** The valid manifests of a kind, in the order of paths and documents; of one product, or of all. */
  list<K extends Kind>(kind: K, product?: string): readonly Manifest<K>[];
  /** What may hide a manifest of a kind of the product: files that cannot be read, documents that are not valid. */
  doubts(kind: Kind, product: string): readonly Mistake[];
}

/** Reads all manifests of a tree. */
export function readFleetTree({ files: texts }: ProposalInput): FleetTree {
  const encoder = new TextEncoder();
  const files = [...texts]
    .filter(([path]) => isManifestPath(path))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([path, text]) => parseManifestFile(path, encoder.encode(text)))
    .filter((file) => !isForeign(file));
  const entries = files.flatMap((file) =>
    file.documents.map((document) => ({ file, document }) as Entry),
  );
  const indexes = createIndexes(texts);
  const list = <K extends Kind>(kind: K, product?: string): readonly Manifest<K>[] =>
    entriesOf(entries, kind).flatMap((entry) => {
      const { name, product: own, spec, line } = entry.document;
      if (name === null || own === null || spec === null) return [];
      if (product !== undefined && own !== product) return [];
      const { path } = entry.file;
      return [{ kind, name, product: own, spec, path, index: indexes(path, line), entry }];
    });
  const declared = entriesOf(entries, 'Product').flatMap(({ document }) => document.name ?? []);
  return {
    texts,
    files,
    products: [...new Set(declared)].sort(),
    list,
    doubts(kind, product) {
      const unreadable = files.filter(({ obscured }) => obscured).map(describeUnreadable);
      const invalid = entriesOf(entries, kind)
        .filter(({ document }) => document.spec === null && document.product === product)
        .map(describeInvalid);
      return [...unreadable, ...invalid];
    },
  };
}

/** Finds which document of a file starts at a line. */
function createIndexes(texts: ReadonlyMap<string, string>): (path: string, line: number) => number {
  const known = new Map<string, ReadonlyMap<number, number>>();
  return (path, line) => {
    let lines = known.get(path);
    if (lines === undefined) {
      const { documents, locate } = readYaml(texts.get(path) ?? '');
      lines = new Map(
        documents.flatMap(({ contents }, index) =>
          contents === null ? [] : [[locate(contents.range[0]).line, index] as const],
        ),
      );
      known.set(path, lines);
    }
    return lines.get(line) ?? -1;
  };
}

function describeUnreadable(file: ParsedFile): Mistake {
  const problem = file.problems.find(({ severity }) => severity === 'error');
  return {
    code: 'InvalidManifest',
    message: `${file.path} cannot be read whole, and may hold what this is about: ${problem?.message ?? 'it is not valid.'}`,
    remedy: `Mend it first. ${problem?.remedy ?? ''}`.trim(),
    place: problem?.place ?? { file: file.path, line: 1, column: 1 },
  };
}

function describeInvalid({ file, document }: Entry): Mistake {
  const { kind, name, product, line, column } = document;
  const next = file.documents[(file.documents as readonly unknown[]).indexOf(document) + 1];
  const problem = file.problems.find(
    ({ place }) => (place?.line ?? 0) >= line && (place?.line ?? 0) < (next?.line ?? Infinity),
  );
  return {
    code: 'InvalidManifest',
    message:
      `${kind} ${name ?? ''} of ${product} is not valid, and may hold what this is about: ${problem?.message ?? ''}`.trim(),
    remedy: `Mend it first. ${problem?.remedy ?? ''}`.trim(),
    place: problem?.place ?? { file: file.path, line, column },
  };
}

/** Where a value of a manifest stands. */
export function placeOf(manifest: Manifest, path = ''): Place {
  return { file: manifest.path, ...locateValue(manifest.entry.document, path) };
}

/** `Release pump (release.yaml)`, for messages. */
export function nameOf({ kind, name, path }: Manifest): string {
  return `${kind} ${name} (${path})`;
}

/**
 * The product that a request is about: the named one, the only one of the candidates, or the only one there is.
 * `why` says of the candidates what makes them so, such as `have version 42`.
 */
export function chooseProduct(
  tree: FleetTree,
  named: string | null,
  candidates: readonly string[],
  why: string,
): Result<string, readonly Mistake[]> {
  const { products } = tree;
  const known = products.map((name) => `\`${name}\``).join(', ');
  if (named !== null) {
    if (products.includes(named)) return ok(named);
    const near = findNearest(named, products);
    const remedy =
      near !== null
        ? `Write \`${near}\`.`
        : products.length === 0
          ? 'Add the Product manifest first, or start from `lockstep init`.'
          : `Name one of ${known}.`;
    const message = `No Product manifest declares ${JSON.stringify(named.slice(0, 80))}.`;
    return fail([{ code: 'UnknownProduct', message, remedy, place: null }]);
  }
  const [only, ...others] = candidates.length > 0 ? candidates : products;
  if (only !== undefined && others.length === 0) return ok(only);
  if (only === undefined) {
    const message = 'There is no Product manifest.';
    const remedy = 'Add one first, or start from `lockstep init`.';
    return fail([{ code: 'UnknownProduct', message, remedy, place: null }]);
  }
  const message =
    candidates.length > 0
      ? `${candidates.map((name) => `\`${name}\``).join(' and ')} ${why}.`
      : `There are several products: ${known}.`;
  const remedy = 'Say which one is meant: --product NAME.';
  return fail([{ code: 'ProductAmbiguous', message, remedy, place: null }]);
}

/** Versions that a message lists. */
const LISTED_MAX = 5;

/** The Firmware of a version that may be given to devices, or why there is none. */
export function findFirmware(
  tree: FleetTree,
  product: string,
  version: number,
): Result<Manifest<'Firmware'>, readonly Mistake[]> {
  const all = tree.list('Firmware', product);
  const found = all.find(({ spec }) => spec.version === version);
  if (found === undefined) {
    const nearest = all
      .map(({ spec }) => spec.version)
      .sort((a, b) => Math.abs(a - version) - Math.abs(b - version) || a - b)
      .slice(0, LISTED_MAX)
      .sort((a, b) => a - b);
    const unknown: Mistake = {
      code: 'UnknownVersion',
      message: `There is no Firmware manifest of version ${version} of ${product}${
        nearest.length === 0 ? '' : `; there are those of ${nearest.join(', ')}`
      }.`,
      remedy: 'Name a version that has one, or add it with `lockstep propose firmware FILE`.',
      place: null,
    };
    return fail([unknown, ...tree.doubts('Firmware', product)]);
  }
  return ok(found);
}

/** What stands against giving a version to devices. */
export function checkVersion(
  tree: FleetTree,
  product: string,
  version: number,
): readonly Mistake[] {
  const found = findFirmware(tree, product, version);
  if (!found.ok) return found.error;
  const { withdrawn } = found.value.spec;
  if (withdrawn === null) return [];
  return [
    {
      code: 'FirmwareWithdrawn',
      message: `Version ${version} of ${product} is withdrawn (${withdrawn.reason}); it is never offered to any device.`,
      remedy: 'Name another version.',
      place: placeOf(found.value, 'spec.withdrawn'),
    },
  ];
}

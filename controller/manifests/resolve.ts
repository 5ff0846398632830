// Puts the files of one revision together: what they ask for per product, what is wrong between them, and what that
// freezes or refuses. Pure, and the order of the files does not matter. Today's date and the live fleet are the plan's
// business.

import type { Desired, Kind, Origin, Placed } from '../model/desired.ts';
import type { Problem } from '../model/problem.ts';
import { manifestKey, type Snapshot } from '../model/revision.ts';
import { type BinaryLookup, checkBinaries } from './check-binaries.ts';
import { checkLocks, checkReleases } from './check-conflicts.ts';
import { checkNames } from './check-names.ts';
import { checkMatches, checkProducts, checkReferences, type Obscured } from './check-references.ts';
import { createFindings, entriesOf, type Entry, type Findings, groupBy } from './findings.ts';
import {
  computeFrozen,
  mentions,
  productsBefore,
  type ProductsByFile,
  recordProducts,
} from './freeze.ts';
import { FILES_MAX } from './limits.ts';
import { buildProblem, isForeign, type ParsedFile, type SpecByKind } from './parsed.ts';

export interface ResolveInput {
  /** Commit id, or `dir-` and a content digest. */
  readonly revision: string;
  /** All YAML files of the revision, in any order; those that are not ours change nothing. */
  readonly files: readonly ParsedFile[];
  /** `productsByFile` of the revision before; null where there is none. */
  readonly previousProductsByFile: ProductsByFile | null;
  readonly binaries: BinaryLookup;
}

/** Resolves a revision. Time is linear in manifests and devices; the result is plain JSON data. */
export function resolveSnapshot(input: ResolveInput): Snapshot {
  const previous = input.previousProductsByFile;
  const { files, isTruncated } = selectFiles(input.files, previous);
  const entries = files.flatMap((file) =>
    file.documents.map((document) => ({ file, document }) as Entry),
  );
  const findings = createFindings();
  const obscured = findObscured(files);

  const clashing = checkNames(entries, findings);
  const unknown = checkProducts(entries, obscured, findings);
  const usable = entries.filter((entry) => !clashing.has(entry) && !unknown.has(entry));
  // All entries of a name count as known to references, so that one mistake is not told twice.
  const known = entries.filter((entry) => !unknown.has(entry));
  refuseContradictions(entries, findings);
  checkReferences(known, obscured, findings);
  checkMatches(known, findings);
  checkReleases(usable, findings);
  checkLocks(usable, findings);
  const binaries = checkBinaries(
    usable,
    (entry) => placeEntry(entry, input.revision),
    input.binaries,
    findings,
  );

  const refused = entries.filter(
    (entry) => entry.document.verdict === 'refused' || findings.isRefused(entry),
  );
  const accepted = usable.filter((entry) => !findings.isRefused(entry));
  return {
    revision: input.revision,
    products: buildProducts(known, accepted, input.revision),
    problems: [...files.flatMap((file) => file.problems), ...findings.problems].sort(
      compareProblems,
    ),
    frozen: isTruncated ? 'all' : computeFrozen({ files, previous, findings }),
    productsByFile: recordProducts(files, previous),
    refused: [...new Set(refused.flatMap(keyOf))].sort(),
    binaries,
  };
}

/** A withdrawal is never refused, so in withdrawn firmware a contradiction only warns. */
function refuseContradictions(entries: readonly Entry[], findings: Findings): void {
  for (const entry of entries) {
    const { document } = entry;
    const isWithdrawn = document.kind === 'Firmware' && (document.spec?.withdrawn ?? null) !== null;
    for (const contradiction of document.contradictions) {
      const finding = { reason: 'Contradiction' as const, ...contradiction };
      if (isWithdrawn) findings.warn(entry, finding);
      else findings.refuse(entry, finding);
    }
  }
}

/** The files that concern Lockstep, sorted by path; a broken one that held manifests before is one of them. */
function selectFiles(
  files: readonly ParsedFile[],
  previous: ProductsByFile | null,
): { readonly files: readonly ParsedFile[]; readonly isTruncated: boolean } {
  const ours: ParsedFile[] = [];
  for (const file of [...files].sort((a, b) => compareText(a.path, b.path))) {
    if (!isForeign(file)) ours.push(file);
    else if (productsBefore(previous, file.path) !== null) {
      const problems = file.suspects.length > 0 ? file.suspects : [lostManifests(file)];
      ours.push({ ...file, problems, unattributed: true, obscured: true });
    }
  }
  const beyond = ours[FILES_MAX];
  if (beyond === undefined) return { files: ours, isTruncated: false };
  const problem = buildProblem(
    beyond,
    { line: 1, column: 1 },
    {
      reason: 'InvalidManifest',
      message: `The source has more than ${FILES_MAX.toLocaleString('en-US')} files with manifests.`,
      remedy: 'Put several manifests into one file, or use several sources.',
      product: null,
    },
  );
  const first = [...ours.slice(0, FILES_MAX), { ...beyond, problems: [problem] }];
  return { files: first, isTruncated: true };
}

/** A file that was cut off, or overwritten, has lost its manifests; that is no deletion of them. */
function lostManifests(file: ParsedFile): Problem {
  return buildProblem(
    file,
    { line: 1, column: 1 },
    {
      reason: 'InvalidManifest',
      message: 'The file held manifests before, and holds none now.',
      remedy: 'Restore them; or delete the file, if they are meant to go.',
      product: null,
    },
  );
}

/** Words are looked for in the text of files of which some document could not be read. */
function findObscured(files: readonly ParsedFile[]): Obscured {
  const unreadable = files.filter((file) => file.obscured);
  const answers = new Map<string, boolean>();
  return {
    mentions(word) {
      const answer =
        answers.get(word) ??
        unreadable.some((file) => file.lines.length === 0 || mentions(file, word));
      answers.set(word, answer);
      return answer;
    },
  };
}

function placeEntry<K extends Kind>(
  { file, document }: Entry<K>,
  revision: string,
): Placed<SpecByKind[K]> | null {
  const { kind, name, line, column, places, spec } = document;
  if (spec === null || name === null) return null;
  const origin: Origin = { kind, name, revision, file: file.path, line, column, places };
  return { spec, origin };
}

/** A product is there as soon as a manifest declares it, also when that manifest is refused or invalid. */
function buildProducts(
  known: readonly Entry[],
  accepted: readonly Entry[],
  revision: string,
): Readonly<Record<string, Desired>> {
  const declared = entriesOf(known, 'Product').flatMap(({ document }) => document.name ?? []);
  const byProduct = groupBy(accepted, ({ document }) => document.product);
  const products = [...new Set(declared)].sort().map((product) => {
    const entries = byProduct.get(product) ?? [];
    const pick = <K extends Kind>(kind: K, keyOfSpec: (spec: SpecByKind[K]) => string | number) =>
      entriesOf(entries, kind)
        .flatMap((entry) => placeEntry<K>(entry, revision) ?? [])
        .sort(
          (a, b) =>
            compareKey(keyOfSpec(a.spec), keyOfSpec(b.spec)) ||
            compareText(a.origin.name, b.origin.name),
        );
    const desired: Desired = {
      product,
      config: pick('Product', () => 0)[0] ?? null,
      firmware: pick('Firmware', (spec) => spec.version),
      groups: pick('DeviceGroup', () => 0),
      locks: pick('DeviceLock', () => 0),
      releases: pick('Release', (spec) => spec.group ?? ''),
    };
    return [product, desired] as const;
  });
  return Object.fromEntries(products);
}

function keyOf({ document: { kind, product, name } }: Entry): readonly string[] {
  return product === null || name === null ? [] : [manifestKey(kind, product, name)];
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function compareKey(a: string | number, b: string | number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** By file, line, column, reason; a problem without a place comes first. */
function compareProblems(a: Problem, b: Problem): number {
  return (
    compareText(a.place?.file ?? '', b.place?.file ?? '') ||
    (a.place?.line ?? 0) - (b.place?.line ?? 0) ||
    (a.place?.column ?? 0) - (b.place?.column ?? 0) ||
    compareText(a.reason, b.reason) ||
    compareText(a.message, b.message)
  );
}

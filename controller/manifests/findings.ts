// What the checks across manifests have found so far: problems, manifests refused alone, and files whose products
// freeze. The checks themselves are in the `check-*.ts` files; `resolve.ts` runs them.

import type { Kind } from '../model/desired.ts';
import type { Problem } from '../model/problem.ts';
import type { Reason } from '../model/reasons.ts';
import { buildProblem, type DocumentOf, type ParsedDocument, type ParsedFile } from './parsed.ts';

/** A document together with its file. One object per document: entries are compared by identity. */
export type Entry<K extends Kind = Kind> = {
  readonly [P in K]: { readonly file: ParsedFile; readonly document: DocumentOf<P> };
}[K];

/** What is said of an entry, and of which of its values. */
export interface Finding {
  readonly reason: Reason;
  /** Dotted path of the value to show; the nearest parent with a place stands in for a missing one. */
  readonly path: string;
  /** The place to show is the key at that path, not the value. */
  readonly atKey?: boolean;
  readonly message: string;
  readonly remedy: string;
}

export interface Findings {
  /** In the order in which they were found. */
  readonly problems: readonly Problem[];
  /** Refuses one manifest alone: what was in force for it stays. */
  refuse(entry: Entry, finding: Finding): void;
  /** Tells of a mistake that only the plan can judge: what is in force may hold what this revision lacks. */
  tell(entry: Entry, finding: Finding): void;
  /** Freezes every product that has, or had, a document in the entry's file. */
  freeze(entry: Entry, finding: Finding): void;
  /** Freezes as `freeze` does, for a file whose problem is told elsewhere. */
  freezeFile(path: string): void;
  /** Tells, and changes nothing. */
  warn(entry: Entry, finding: Finding): void;
  isRefused(entry: Entry): boolean;
  /** Whether a file freezes, by path. */
  isFrozen(path: string): boolean;
}

/** Creates an empty collection. */
export function createFindings(): Findings {
  const problems: Problem[] = [];
  const refused = new Set<Entry>();
  const frozen = new Set<string>();
  const add = (entry: Entry, finding: Finding, severity: 'error' | 'warning') => {
    const { reason, message, remedy } = finding;
    const { product } = entry.document;
    const at = (finding.atKey === true ? locateKey : locateValue)(entry.document, finding.path);
    problems.push(
      buildProblem(entry.file, at, {
        reason,
        severity,
        message,
        remedy,
        product,
      }),
    );
  };
  return {
    problems,
    refuse(entry, finding) {
      refused.add(entry);
      add(entry, finding, 'error');
    },
    tell: (entry, finding) => add(entry, finding, 'error'),
    freeze(entry, finding) {
      frozen.add(entry.file.path);
      add(entry, finding, 'error');
    },
    freezeFile(path) {
      frozen.add(path);
    },
    warn: (entry, finding) => add(entry, finding, 'warning'),
    isRefused: (entry) => refused.has(entry),
    isFrozen: (path) => frozen.has(path),
  };
}

/** Where a value stands, or else its nearest parent, or else the document. */
export function locateValue(
  document: ParsedDocument,
  path: string,
): { readonly line: number; readonly column: number } {
  for (let at = path; at !== ''; at = at.slice(0, Math.max(0, at.lastIndexOf('.')))) {
    const place = document.places[at];
    if (place !== undefined) return { line: place[0], column: place[1] };
  }
  return { line: document.line, column: document.column };
}

function locateKey(
  document: ParsedDocument,
  path: string,
): { readonly line: number; readonly column: number } {
  const place = document.keyPlaces[path];
  return place === undefined ? locateValue(document, path) : { line: place[0], column: place[1] };
}

/** `DeviceLock bench-on-42 (locks.yaml:3:1)`, for messages that speak of another manifest. */
export function nameEntry({ file, document }: Entry): string {
  return `${document.kind} ${document.name ?? ''} (${file.path}:${document.line}:${document.column})`;
}

/** Narrows entries to one kind. */
export function entriesOf<K extends Kind>(entries: readonly Entry[], kind: K): readonly Entry<K>[] {
  // The compiler does not follow the kind through the generic; the comparison is what makes it true.
  return entries.filter(
    (entry) => entry.document.kind === kind,
  ) as readonly Entry[] as readonly Entry<K>[];
}

/** Groups by key, in order; entries with the key null are left out. */
export function groupBy<T>(
  items: readonly T[],
  keyOf: (item: T) => string | null,
): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    if (key === null) continue;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}

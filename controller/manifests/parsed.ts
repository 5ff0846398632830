// What one manifest file says when it is read by itself: its documents, each checked against its schema and with
// defaults filled in, and what is wrong with them. References between manifests are the business of `resolve.ts`.

import type {
  FirmwareSpec,
  GroupSpec,
  Kind,
  LockSpec,
  Origin,
  ProductSpec,
  ReleaseSpec,
} from '../model/desired.ts';
import type { Problem } from '../model/problem.ts';
import type { Reason } from '../model/reasons.ts';
import type { Contradiction } from './contradictions.ts';
import { EXCERPT_MAX } from './limits.ts';

/** The five kinds, in the order in which they are listed to people. */
export const KINDS: readonly Kind[] = [
  'Product',
  'Firmware',
  'DeviceGroup',
  'DeviceLock',
  'Release',
];

/** The resolved spec that belongs to each kind. */
export interface SpecByKind {
  readonly Product: ProductSpec;
  readonly Firmware: FirmwareSpec;
  readonly DeviceGroup: GroupSpec;
  readonly DeviceLock: LockSpec;
  readonly Release: ReleaseSpec;
}

/** A document of a known kind. */
export interface DocumentOf<K extends Kind> {
  readonly kind: K;
  /** `metadata.name` as far as it can be read. */
  readonly name: string | null;
  /** The product that it speaks of, as far as it can be read. */
  readonly product: string | null;
  /** `spec.version` where it is an integer, also in a document that is invalid otherwise. */
  readonly version: number | null;
  /** Where the document begins. */
  readonly line: number;
  readonly column: number;
  /** Positions of its values, as in `Origin`. */
  readonly places: Origin['places'];
  /** Positions of the keys of its maps, by the path of their value. */
  readonly keyPlaces: Origin['places'];
  /** `refused`: it uses what this version does not carry out; `invalid`: it does not fit its schema. */
  readonly verdict: 'good' | 'refused' | 'invalid';
  /** Set if and only if the verdict is `good`. */
  readonly spec: SpecByKind[K] | null;
  /** What its values contradict one another in; empty unless the verdict is `good`. It is refused for them. */
  readonly contradictions: readonly Contradiction[];
}

export type ParsedDocument = { readonly [K in Kind]: DocumentOf<K> }[Kind];

/** One file, read by itself. Depends on nothing but the path and the bytes, so that it can be cached by them. */
export interface ParsedFile {
  readonly path: string;
  /** Documents of a known kind, in the order of the file. */
  readonly documents: readonly ParsedDocument[];
  /** Products that readable documents of the file name, sorted; also from documents of unknown kind. */
  readonly products: readonly string[];
  /** At most `PROBLEMS_MAX`, and one that counts the rest. */
  readonly problems: readonly Problem[];
  /** Problems that only count when the file held manifests before; otherwise it is taken for somebody else's. */
  readonly suspects: readonly Problem[];
  /** Some document cannot be told to belong to a product. */
  readonly unattributed: boolean;
  /** Some document cannot be told to be of a kind, so it may be the one that another manifest refers to. */
  readonly obscured: boolean;
  /** The text by line, for excerpts. Empty where the file was not read. */
  readonly lines: readonly string[];
}

/** Whether a file has nothing to do with Lockstep, unless it held manifests before. */
export function isForeign(file: ParsedFile): boolean {
  return file.documents.length === 0 && file.products.length === 0 && file.problems.length === 0;
}

/** Builds a problem at a place of a file, with the offending line as excerpt. Lines and columns count from 1. */
export function buildProblem(
  source: { readonly path: string; readonly lines: readonly string[] },
  at: { readonly line: number; readonly column: number },
  problem: {
    readonly reason: Reason;
    readonly severity?: 'error' | 'warning';
    readonly message: string;
    readonly remedy: string;
    readonly product: string | null;
  },
): Problem {
  return {
    severity: problem.severity ?? 'error',
    reason: problem.reason,
    message: problem.message,
    remedy: problem.remedy,
    place: { file: source.path, line: at.line, column: at.column },
    excerpt: source.lines[at.line - 1]?.slice(0, EXCERPT_MAX) ?? null,
    product: problem.product,
  };
}

/**
 * The parsed form of a file that is not read at all: too large, or a symlink. It freezes what it held before, or
 * everything when it is new.
 */
export function refuseFile(path: string, message: string, remedy: string): ParsedFile {
  const problem = buildProblem(
    { path, lines: [] },
    { line: 1, column: 1 },
    { reason: 'InvalidManifest', message, remedy, product: null },
  );
  return {
    path,
    documents: [],
    products: [],
    problems: [problem],
    suspects: [],
    unattributed: true,
    obscured: true,
    lines: [],
  };
}

/** The parsed form of a file that has nothing to do with Lockstep. */
export function foreignFile(path: string, suspects: readonly Problem[] = []): ParsedFile {
  return {
    path,
    documents: [],
    products: [],
    problems: [],
    suspects,
    unattributed: false,
    obscured: false,
    lines: [],
  };
}

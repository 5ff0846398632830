// One revision of the source, read and checked: what it asks for, what is wrong with it, and what that freezes.

import type { Desired, ProductSpec } from './desired.ts';
import type { BinaryFacts } from './firmware.ts';
import type { Problem } from './problem.ts';

/** The manifests of one revision, resolved. Plain data: it is kept in the state as JSON. */
export interface Snapshot {
  /** Commit id, or `dir-` and the content digest of a plain directory. */
  readonly revision: string;
  /** By product name. Holds only manifests without a problem of their own. */
  readonly products: Readonly<Record<string, Desired>>;
  /** All problems, sorted by file, line, column, reason. */
  readonly problems: readonly Problem[];
  /** Products of which nothing may change: a file that holds a document of theirs cannot be read or resolved. */
  readonly frozen: 'all' | readonly string[];
  /** Which products each manifest file speaks of, so that a later revision knows what an unreadable file concerns. */
  readonly productsByFile: Readonly<Record<string, readonly string[]>>;
  /**
   * Manifests that were refused alone, as `Kind/product/name` (`manifestKey`): what is in force for them stays, and
   * their absence from `products` is no deletion.
   */
  readonly refused: readonly string[];
  /**
   * Guardrails of the revision's parent, by product, where the parent is not the revision that was read before this one:
   * several commits came at once, and what is in force is older than the parent. Absent: what is in force binds.
   */
  readonly parentGuardrails?: Readonly<Record<string, ProductSpec['guardrails']>>;
  /** What was read out of each binary that could be read, by SHA-256. */
  readonly binaries: Readonly<Record<string, BinaryFacts>>;
}

/** The identity of a manifest inside a product. */
export function manifestKey(kind: string, product: string, name: string): string {
  return `${kind}/${product}/${name}`;
}

/** The guardrails that the revision's parent gives a product, where they are not those in force; else null. */
export function parentGuardrailsOf(
  { parentGuardrails }: Snapshot,
  product: string,
): ProductSpec['guardrails'] | null {
  if (parentGuardrails === undefined || !Object.hasOwn(parentGuardrails, product)) return null;
  return parentGuardrails[product] ?? null;
}

/** What a revision asks for of a product; null where it has no manifest of it. A product may be named `constructor`. */
export function desiredOf(snapshot: Snapshot, product: string): Desired | null {
  return Object.hasOwn(snapshot.products, product) ? (snapshot.products[product] ?? null) : null;
}

/** Whether a revision is named by the whole id of a commit: no branch, no tag, nothing abbreviated. */
export function isFullCommit(revision: string): boolean {
  return /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(revision);
}

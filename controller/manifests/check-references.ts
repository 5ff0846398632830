// References from one manifest to another: products, versions, groups. Only the manifests of this revision are known
// here; firmware that is kept without a manifest is known to the plan.

import { type Entry, entriesOf, type Findings, groupBy, locateValue } from './findings.ts';
import { findNearest } from './nearest.ts';

/** What may exist without being readable, so that its absence is not told a second time. */
export interface Obscured {
  /** Whether some unreadable file mentions the word. */
  mentions(word: string): boolean;
}

/** Versions that a message lists. */
const LISTED_MAX = 5;

/** Reports manifests of products that no Product manifest declares. Returns them: they are not used. */
export function checkProducts(
  entries: readonly Entry[],
  obscured: Obscured,
  findings: Findings,
): ReadonlySet<Entry> {
  const declared = new Set(entriesOf(entries, 'Product').map(({ document }) => document.name));
  const unknown = new Set<Entry>();
  for (const entry of entries) {
    const { product } = entry.document;
    if (product === null || declared.has(product)) continue;
    unknown.add(entry);
    if (obscured.mentions(product) || isTold(entry)) continue;
    const near = findNearest(
      product,
      [...declared].filter((name) => name !== null),
    );
    findings.freeze(entry, {
      reason: 'UnknownProduct',
      path: 'spec.product',
      message: `No Product manifest declares \`${product}\`.`,
      remedy:
        near === null
          ? 'Correct the name, or add the Product manifest.'
          : `Write \`product: ${near}\`.`,
    });
  }
  return unknown;
}

/** Whether the name was found wrong already, for its form. */
function isTold({ file, document }: Entry): boolean {
  const { line, column } = locateValue(document, 'spec.product');
  return file.problems.some(({ place }) => place?.line === line && place.column === column);
}

/**
 * Tells of locks and releases that name a version or a group without a manifest in this revision; the plan refuses them
 * unless what they name is kept in force. A Product that does so is refused.
 */
export function checkReferences(
  entries: readonly Entry[],
  obscured: Obscured,
  findings: Findings,
): void {
  const versions = indexBy(entriesOf(entries, 'Firmware'), (entry) => entry.document.version);
  const groups = indexBy(entriesOf(entries, 'DeviceGroup'), (entry) => entry.document.name);
  for (const entry of entries) {
    const { document } = entry;
    const { product } = document;
    if (document.spec === null || product === null) continue;
    if (document.kind === 'DeviceLock' || document.kind === 'Release') {
      checkVersion(entry, document.spec.version, versions.get(product), obscured, findings);
    }
    if (document.kind === 'Product') {
      const group = document.spec.verification.group;
      checkGroup(entry, group, 'spec.verification.group', groups.get(product), obscured, findings);
    } else if (document.kind === 'DeviceLock' || document.kind === 'Release') {
      const group = document.spec.group;
      checkGroup(entry, group, 'spec.group', groups.get(product), obscured, findings);
    }
  }
}

function checkVersion(
  entry: Entry,
  version: number,
  known: ReadonlySet<number> | undefined,
  obscured: Obscured,
  findings: Findings,
): void {
  if (known?.has(version) === true || obscured.mentions(String(version))) return;
  const nearest = [...(known ?? [])]
    .sort((a, b) => Math.abs(a - version) - Math.abs(b - version) || a - b)
    .slice(0, LISTED_MAX)
    .sort((a, b) => a - b);
  findings.tell(entry, {
    reason: 'UnknownVersion',
    path: 'spec.version',
    message: `There is no Firmware manifest of version ${version} of ${entry.document.product}${
      nearest.length === 0 ? '' : `; there are those of ${nearest.join(', ')}`
    }.`,
    remedy: 'Add the Firmware manifest in the same commit, or name a version that has one.',
  });
}

function checkGroup(
  entry: Entry,
  group: string | null,
  path: string,
  known: ReadonlySet<string> | undefined,
  obscured: Obscured,
  findings: Findings,
): void {
  if (group === null || known?.has(group) === true || obscured.mentions(group)) return;
  const near = findNearest(group, known ?? []);
  const finding = {
    reason: 'UnknownGroup' as const,
    path,
    message: `There is no DeviceGroup \`${group}\` of ${entry.document.product}.`,
    remedy:
      near === null
        ? 'Correct the name, or add the DeviceGroup manifest.'
        : `Write \`group: ${near}\`.`,
  };
  if (entry.document.kind === 'Product') findings.refuse(entry, finding);
  else findings.tell(entry, finding);
}

/** Values by product. */
function indexBy<E extends Entry, V>(
  entries: readonly E[],
  valueOf: (entry: E) => V | null,
): ReadonlyMap<string, ReadonlySet<V>> {
  const index = new Map<string, ReadonlySet<V>>();
  for (const [product, group] of groupBy(entries, ({ document }) => document.product)) {
    const values = group.map(valueOf).filter((value) => value !== null);
    index.set(product, new Set(values));
  }
  return index;
}

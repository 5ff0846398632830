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
  const matching = findMatching(entries);
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
      checkListed(entry, group, 'spec.verification.group', matching.get(product), findings);
    } else if (document.kind === 'DeviceLock' || document.kind === 'Release') {
      const group = document.spec.group;
      checkGroup(entry, group, 'spec.group', groups.get(product), obscured, findings);
      if (document.kind === 'DeviceLock') {
        checkListed(entry, group, 'spec.group', matching.get(product), findings);
      }
    }
  }
}

/** Refuses a manifest that needs to know the devices of a group, and names one that matches attributes. */
function checkListed(
  entry: Entry,
  group: string | null,
  path: string,
  matching: ReadonlySet<string> | undefined,
  findings: Findings,
): void {
  if (group === null || matching?.has(group) !== true) return;
  const isLock = entry.document.kind === 'DeviceLock';
  findings.refuse(entry, {
    reason: 'GroupNotListed',
    path,
    message: `The DeviceGroup \`${group}\` of ${entry.document.product} matches attributes, but ${
      isLock ? 'a lock' : 'the verification'
    } takes only a group that lists its devices.`,
    remedy: isLock
      ? 'List the devices under `devices` of the lock, or name a group that lists them.'
      : 'Name a group that lists its devices, or remove `group` to count every device.',
  });
}

/** Refuses groups that match attributes by which the devices of their product are not counted. */
export function checkMatches(entries: readonly Entry[], findings: Findings): void {
  const groupBys = new Map<string, readonly string[]>();
  for (const { document } of entriesOf(entries, 'Product')) {
    if (document.name === null || document.spec === null) continue;
    groupBys.set(document.name, document.spec.fleet.groupBy);
  }
  for (const entry of entriesOf(entries, 'DeviceGroup')) {
    const { product, spec } = entry.document;
    const groupBy = groupBys.get(product ?? '');
    // What an unreadable Product groups by is not known.
    if (groupBy === undefined) continue;
    for (const attribute of Object.keys(spec?.match ?? {})) {
      if (groupBy.includes(attribute)) continue;
      const near = findNearest(attribute, groupBy);
      findings.refuse(entry, {
        reason: 'AttributeNotGrouped',
        path: `spec.match.${attribute}`,
        atKey: true,
        message: `\`fleet.groupBy\` of Product ${product} does not list the attribute \`${attribute}\`${
          groupBy.length === 0
            ? ''
            : `; it lists ${groupBy.map((name) => `\`${name}\``).join(', ')}`
        }.`,
        remedy:
          near === null
            ? `Add \`${attribute}\` to \`fleet.groupBy\` of the Product, or match another attribute.`
            : `Write \`${near}\`, or add \`${attribute}\` to \`fleet.groupBy\` of the Product.`,
      });
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

/** Names of groups that no manifest lists the devices of, by product. */
function findMatching(entries: readonly Entry[]): ReadonlyMap<string, ReadonlySet<string>> {
  const groups = entriesOf(entries, 'DeviceGroup');
  const listing = indexBy(groups, ({ document: { spec, name } }) =>
    spec?.match === null ? name : null,
  );
  return indexBy(groups, ({ document: { spec, name, product } }) => {
    if (name === null || product === null || !spec?.match) return null;
    return listing.get(product)?.has(name) === true ? null : name;
  });
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

// Names that must be unique: manifests of a kind within a product, versions, what devices report for them, and the
// URLs of products. A name given twice freezes the products of both files, since nobody can say which one is meant.

import type { FirmwareSpec } from '../model/desired.ts';
import { manifestKey } from '../model/revision.ts';
import { entriesOf, type Entry, type Findings, groupBy, nameEntry } from './findings.ts';

/** Reports names given twice. Returns the entries concerned: neither of a pair is used. */
export function checkNames(entries: readonly Entry[], findings: Findings): ReadonlySet<Entry> {
  const clashing = new Set<Entry>();
  const clash = (first: Entry, second: Entry, path: string, message: string, remedy: string) => {
    // One problem, at the later of the two; the earlier one's file freezes as well.
    findings.freeze(second, { reason: 'DuplicateName', path, message, remedy });
    findings.freezeFile(first.file.path);
    clashing.add(first).add(second);
  };
  const clashAll = <E extends Entry>(
    groups: ReadonlyMap<string, readonly E[]>,
    path: string,
    describe: (entry: E) => readonly [message: string, remedy: string],
  ) => {
    for (const [first, ...others] of groups.values()) {
      for (const other of others) {
        if (first === undefined || clashing.has(other)) continue;
        const [message, remedy] = describe(other);
        clash(first, other, path, `${message} is already given by ${nameEntry(first)}.`, remedy);
      }
    }
  };

  clashAll(groupBy(entries, nameKey), 'metadata.name', ({ document }) => [
    `The name \`${document.name}\` of a ${document.kind}${document.kind === 'Product' ? '' : ` of ${document.product}`}`,
    'Rename or remove one of the two.',
  ]);
  const firmware = entriesOf(entries, 'Firmware');
  clashAll(groupBy(firmware, versionKey), 'spec.version', ({ document }) => [
    `Version ${document.version} of ${document.product}`,
    'Remove one of the two, or give the new firmware a version of its own.',
  ]);
  clashAll(
    groupBy(firmware, ({ document: { product, spec } }) =>
      product === null || reportedAsOf(spec) === null ? null : `${product}\n${reportedAsOf(spec)}`,
    ),
    'spec.reportedAs',
    ({ document }) => [
      `The text "${reportedAsOf(document.spec) ?? ''}" that devices of ${document.product} report`,
      'Give each version a text of its own.',
    ],
  );
  const byVersion = groupBy(firmware, versionKey);
  for (const entry of firmware) {
    const { product, version, spec } = entry.document;
    const text = reportedAsOf(spec);
    if (product === null || text === null || text === String(version)) continue;
    const other = byVersion.get(`${product}\n${text}`)?.[0];
    if (other === undefined || clashing.has(entry)) continue;
    clash(
      other,
      entry,
      'spec.reportedAs',
      `The text "${text}" is the version of ${nameEntry(other)}, so a device that reports it could run either.`,
      'Give each version a text of its own.',
    );
  }
  clashAll(
    groupBy(entriesOf(entries, 'Product'), ({ document: { name, spec } }) =>
      spec === null || spec.fleet.driver !== 'gateway'
        ? null
        : (spec.fleet.tenant ?? name ?? '').toLowerCase(),
    ),
    'spec.fleet.tenant',
    ({ document }) => [
      `The tenant of ${document.name}, by which devices find the product in the URL,`,
      'Give each product a `tenant` of its own.',
    ],
  );
  return clashing;
}

function nameKey({ document: { kind, name, product } }: Entry): string | null {
  return name === null || product === null ? null : manifestKey(kind, product, name);
}

function versionKey({ document: { product, version } }: Entry): string | null {
  return product === null || version === null ? null : `${product}\n${version}`;
}

function reportedAsOf(spec: FirmwareSpec | null): string | null {
  return spec?.reportedAs ?? null;
}

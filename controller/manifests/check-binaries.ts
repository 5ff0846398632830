// Firmware manifests against their binaries. What a binary says was read by somebody else; here it is compared, and
// each disagreement gets its place in the manifest.

import { checkBinary } from '../firmware/check.ts';
import type { FirmwareSpec, Placed, ProductSpec } from '../model/desired.ts';
import type { BinaryFacts } from '../model/firmware.ts';
import { normalisePath } from './binary-path.ts';
import { type Entry, entriesOf, type Finding, type Findings } from './findings.ts';
import type { SpecByKind } from './parsed.ts';

/** What became of the attempt to read a binary. */
export type BinaryFinding =
  | { readonly state: 'read'; readonly facts: BinaryFacts }
  /** It is known not to be where the manifest says. Null: there is no file at that path. */
  | {
      readonly state: 'missing';
      readonly detail: { readonly message: string; readonly remedy: string } | null;
    }
  /** A binary by URL that was not fetched. */
  | { readonly state: 'unchecked' };

/** Gives what became of a manifest's binary; `product` is null where its Product manifest is not accepted. */
export type BinaryLookup = (
  firmware: Placed<FirmwareSpec>,
  product: Placed<ProductSpec> | null,
) => BinaryFinding;

/**
 * Checks every Firmware entry against its binary. One that disagrees is refused alone, unless it is withdrawn: a
 * withdrawal is never refused, so there the same findings only warn. Returns the facts of all that were read.
 */
export function checkBinaries(
  entries: readonly Entry[],
  placeOf: <K extends 'Firmware' | 'Product'>(entry: Entry<K>) => Placed<SpecByKind[K]> | null,
  lookUp: BinaryLookup,
  findings: Findings,
): Readonly<Record<string, BinaryFacts>> {
  const products = new Map(
    entriesOf(entries, 'Product').map((entry) => [entry.document.name, placeOf(entry)]),
  );
  const read = new Map<string, BinaryFacts>();
  for (const entry of entriesOf(entries, 'Firmware')) {
    const firmware = placeOf(entry);
    if (firmware === null) continue;
    const product = products.get(firmware.spec.product) ?? null;
    const { path } = firmware.spec.binary;
    const found: BinaryFinding =
      path !== null && normalisePath(path) === null
        ? { state: 'missing', detail: OUTSIDE }
        : lookUp(firmware, product);
    if (found.state === 'read') read.set(found.facts.sha256, found.facts);
    if (found.state === 'unchecked') {
      findings.warn(entry, UNCHECKED);
      continue;
    }
    for (const finding of compare(firmware.spec, product?.spec ?? null, found)) {
      if (firmware.spec.withdrawn === null) findings.refuse(entry, finding);
      else findings.warn(entry, finding);
    }
  }
  return Object.fromEntries([...read].sort(([a], [b]) => (a < b ? -1 : 1)));
}

const OUTSIDE = {
  message: 'The path leads out of the fleet repo.',
  remedy:
    'Write a path from the root of the fleet repo, with forward slashes, such as `firmware/42.bin`.',
};

const UNCHECKED: Finding = {
  reason: 'BinaryNotChecked',
  path: 'spec.binary.url',
  message: 'The binary was not fetched from its URL, so it was not checked.',
  remedy: 'Nothing to do: the controller checks it before anything is offered.',
};

function compare(
  firmware: FirmwareSpec,
  product: ProductSpec | null,
  found: Exclude<BinaryFinding, { readonly state: 'unchecked' }>,
): readonly Finding[] {
  const { path, url, sha256, format } = firmware.binary;
  if (found.state === 'missing') {
    const detail = found.detail ?? {
      message: `There is no file \`${path ?? url}\`.`,
      remedy: 'Commit the file, or correct the path; paths start at the root of the fleet repo.',
    };
    const place = path === null ? 'spec.binary.url' : 'spec.binary.path';
    return [{ reason: 'BinaryMissing', path: place, ...detail }];
  }
  const mismatches = checkBinary({
    facts: found.facts,
    sha256,
    version: firmware.version,
    format,
    productId: product?.productId ?? null,
    platform: product?.platform ?? null,
    reportedAs: firmware.reportedAs,
  });
  return mismatches.map(({ reason, field, message, remedy }) => ({
    reason,
    path:
      field === 'binary'
        ? path === null
          ? 'spec.binary.url'
          : 'spec.binary.path'
        : `spec.${field}`,
    message,
    remedy,
  }));
}

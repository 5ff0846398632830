// Whether two revisions ask for the same, wherever it is written.

import type { Desired, Placed } from '../model/desired.ts';
import type { Snapshot } from '../model/revision.ts';
import { digestOf } from './fingerprint.ts';
import { lastingText } from './plan-keys.ts';
import { sortDesired } from './sort-desired.ts';

/** Whether manifests, what is wrong with them, and binaries are the same in both. Revisions, files and lines are not compared. */
export function isSameContent(one: Snapshot, other: Snapshot): boolean {
  return digestOf(contentOf(one)) === digestOf(contentOf(other));
}

function contentOf(snapshot: Snapshot): unknown {
  const { revision, products, problems, frozen, refused, binaries } = snapshot;
  return {
    products: Object.keys(products)
      .sort()
      .map((name) => specsOf(products[name])),
    problems: problems
      .map(({ reason, message, product, excerpt }) =>
        JSON.stringify([reason, lastingText(message, revision), product, excerpt]),
      )
      .sort(),
    frozen,
    refused,
    binaries: Object.keys(binaries).sort(),
  };
}

function specsOf(desired: Desired | undefined): unknown {
  if (desired === undefined) return null;
  const { product, config, firmware, groups, locks, releases } = sortDesired(desired);
  const specOf = ({ spec, origin }: Placed<unknown>): unknown => [origin.name, spec];
  return [
    product,
    config === null ? null : specOf(config),
    ...[firmware, groups, locks, releases].map((manifests) => manifests.map(specOf)),
  ];
}

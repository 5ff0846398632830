// The firmware that a change brings, with what was read out of its binaries.

import type { NewFirmware } from '../model/review.ts';
import type { Snapshot } from '../model/revision.ts';
import { desiredOf } from '../model/revision.ts';

/** Versions that the base lacks, or has with another binary; sorted by product, version. */
export function findNewFirmware(merged: Snapshot, base: Snapshot): readonly NewFirmware[] {
  return Object.keys(merged.products)
    .sort()
    .flatMap((product) => {
      const before = desiredOf(base, product)?.firmware ?? [];
      return (desiredOf(merged, product)?.firmware ?? []).flatMap(({ spec }) => {
        const { version, title, description, binary } = spec;
        const isKnown = before.some(
          (each) => each.spec.version === version && each.spec.binary.sha256 === binary.sha256,
        );
        if (isKnown) return [];
        const facts = Object.hasOwn(merged.binaries, binary.sha256)
          ? (merged.binaries[binary.sha256] ?? null)
          : null;
        const where = binary.path ?? binary.url ?? '';
        return [
          { product, version, title, description, binary: where, sha256: binary.sha256, facts },
        ];
      });
    });
}

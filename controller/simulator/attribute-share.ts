// Attributes that only a share of the devices has, such as `hw_rev=B` for a third of them: how a flag writes them, and
// which devices have which value. Attributes that all devices have are an option of the fleet.

import { drawShares, parseShare } from './draw.ts';

export interface AttributeShare {
  readonly name: string;
  readonly value: string;
  /** Share of the devices, 0..1. */
  readonly share: number;
}

/** Reads `NAME=VALUE:SHARE`, such as `hw_rev=B:30%`; null where the text is not one. The value may hold colons. */
export function parseAttributeShare(text: string): AttributeShare | null {
  const match = /^([^=]+)=(.*):([^:]*)$/s.exec(text);
  const share = parseShare(match?.[3] ?? '');
  if (match === null || share === null) return null;
  return { name: match[1] ?? '', value: match[2] ?? '', share };
}

/** Attributes by device, drawn by the seed. Values of one attribute never overlap; attributes are drawn apart. */
export function assignAttributes(
  seed: number,
  ids: readonly string[],
  shares: readonly AttributeShare[],
): ReadonlyMap<string, Readonly<Record<string, string>>> {
  const byId = new Map<string, Record<string, string>>();
  for (const [name, values] of Map.groupBy(shares, (each) => each.name)) {
    const drawn = drawShares(
      seed,
      `attribute/${name}`,
      ids,
      values.map(({ share }) => share),
    );
    values.forEach(({ value }, at) => {
      for (const id of drawn[at] ?? []) byId.set(id, { ...byId.get(id), [name]: value });
    });
  }
  return byId;
}

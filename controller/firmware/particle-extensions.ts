// Extensions of a Particle module: typed records after the prefix or in the suffix. This file walks them inside their
// bounds and reads the few that matter to Lockstep; `particle.ts` says where they are.

import { fail, ok, type Result } from '../base/result.ts';
import { readText, readU16, toHex } from './bytes.ts';

export interface ModuleExtensions {
  /** Product id and version as written, 65535 included; null where no record carries them. */
  readonly product: { readonly id: number; readonly version: number } | null;
  /** Files that the application needs beside it, from a bundle. */
  readonly assets: readonly { readonly name: string; readonly hash: string }[];
  /** Where the end record ends; null where there is none, and the records fill their space. */
  readonly closedAt: number | null;
}

const HEADER_SIZE = 4;
const TYPE_END = 0;
const TYPE_PRODUCT_DATA = 1;
const TYPE_ASSET_DEPENDENCY = 0x12;
const TYPE_INVALID = 0xffff;

/**
 * Walks the records from `start` up to `end` (both within the bytes). The error is the rest of a sentence that says
 * which record is wrong. `endRequired` is for the prefix, whose records must be closed by an end record.
 */
export function walkExtensions(
  bytes: Uint8Array,
  start: number,
  end: number,
  endRequired: boolean,
): Result<ModuleExtensions, string> {
  let product: ModuleExtensions['product'] = null;
  const assets: { name: string; hash: string }[] = [];
  let at = start;
  while (at < end) {
    if (at + HEADER_SIZE > end) return fail(`is cut off at byte ${at}`);
    const type = readU16(bytes, at);
    const length = readU16(bytes, at + 2);
    if (type === TYPE_INVALID) return fail(`at byte ${at} has no valid type`);
    if (length < HEADER_SIZE || at + length > end) {
      return fail(`at byte ${at} has an impossible length of ${length}`);
    }
    const data = bytes.subarray(at + HEADER_SIZE, at + length);
    if (type === TYPE_END) return ok({ product, assets, closedAt: at + length });
    if (type === TYPE_PRODUCT_DATA) {
      if (data.length < 6) return fail(`at byte ${at} is too short for product data`);
      // Real modules leave the first half of the id unset (0xFFFF) and write the id in the second.
      product = { id: readU16(data, 2), version: readU16(data, 4) };
    } else if (type === TYPE_ASSET_DEPENDENCY) {
      const hashLength = data[1] ?? Infinity;
      if (2 + hashLength > data.length) return fail(`at byte ${at} is too short for an asset`);
      assets.push({
        hash: toHex(data.subarray(2, 2 + hashLength)),
        name: readText(data.subarray(2 + hashLength)),
      });
    }
    at += length;
  }
  return endRequired ? fail('has no end') : ok({ product, assets, closedAt: null });
}

// Reading what is compiled into a binary, whatever its format. Each format is in a file of its own; digests of the
// whole file are in `examine.ts`, and the comparison with a manifest in `check.ts`.

import type { CompiledFacts, FormatDefect } from '../model/firmware.ts';
import { FORMATS } from './formats.ts';

/** Exactly one of the two is set: the facts of sound content, or why there are none. */
export interface ReadResult {
  readonly compiled: CompiledFacts | null;
  readonly defect: FormatDefect | null;
}

/** Files that people commit in place of the binary, by how they begin, and what to say about each. */
const LOOKALIKES: readonly (readonly [start: readonly number[], says: string])[] = [
  [[0x7f, 0x45, 0x4c, 0x46], 'It is an ELF file: convert it to the binary that devices are given.'],
  [[0x50, 0x4b, 0x03, 0x04], 'It is a ZIP archive: use the binary inside it.'],
  [[0x1f, 0x8b], 'It is compressed with gzip: unpack it.'],
  [[0x55, 0x46, 0x32, 0x0a], 'It is a UF2 file: use the binary that it was made from.'],
  [[0x3a, 0x30, 0x32], 'It looks like Intel HEX: convert it to a binary.'],
  [[0x3a, 0x31, 0x30], 'It looks like Intel HEX: convert it to a binary.'],
];

/**
 * Reads the header of a whole binary. The first format that recognises the bytes decides: its defect is final, so
 * that a damaged image of one format is never taken for another. Any input gives an answer, in linear time.
 */
export function readCompiled(bytes: Uint8Array): ReadResult {
  for (const format of FORMATS) {
    if (!format.recognise(bytes)) continue;
    const read = format.read(bytes);
    return read.ok
      ? { compiled: read.value, defect: null }
      : { compiled: null, defect: read.error };
  }
  return { compiled: null, defect: { format: null, message: describeUnknown(bytes) } };
}

/** What is known of a binary that its manifest calls `format: opaque`: nothing but that. */
export function opaqueFacts(): CompiledFacts {
  return {
    format: 'opaque',
    productId: null,
    version: null,
    versionText: null,
    platform: null,
    appHash: null,
    details: [],
  };
}

function describeUnknown(bytes: Uint8Array): string {
  if (bytes.length === 0) return 'The file is empty.';
  const found = LOOKALIKES.find(([start]) => start.every((byte, at) => bytes[at] === byte));
  const unknown = 'No known header: not a Particle module, ESP-IDF image or MCUboot image.';
  return found === undefined ? unknown : `${unknown} ${found[1]}`;
}

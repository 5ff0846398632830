// ESP-IDF application images: header, segments, checksum, appended digest, and the application descriptor with the
// version. Images without that descriptor (bootloaders, merged flash images) are refused, since they carry no version.
// Layout: `esp_app_format.h`, `esp_app_desc.h` and `esp_image_format.c` of ESP-IDF; chip ids also from esptool.

import { fail, ok, type Result } from '../base/result.ts';
import type { CompiledFacts, FormatDefect } from '../model/firmware.ts';
import {
  digestOf,
  formatAddress,
  formatBytes,
  isFilledWith,
  readText,
  readU16,
  readU32,
  toHex,
} from './bytes.ts';
import type { BinaryFormat } from './format.ts';

const MAGIC = 0xe9;
const HEADER_SIZE = 24;
const SEGMENT_HEADER_SIZE = 8;
const SEGMENTS_MAX = 16;
const SEGMENT_SIZE_LIMIT = 16 * 1024 * 1024;
const CHECKSUM_SEED = 0xef;
const HASH_SIZE = 32;
/** The position in the header that says whether a digest is appended. */
const HASH_APPENDED_AT = 23;

/** The descriptor begins the data of the first segment. */
const DESCRIPTOR_AT = HEADER_SIZE + SEGMENT_HEADER_SIZE;
const DESCRIPTOR_SIZE = 256;
const DESCRIPTOR_MAGIC = 0xabcd5432;

/** Secure boot v2 puts its signature sector after the image, filled up to a multiple of this. */
const SECTOR_SIZE = 4096;
const SIGNATURE_MAGIC = 0xe7;

/** Chip ids in the header, and the names that ESP-IDF uses for its targets. */
const CHIPS: ReadonlyMap<number, string> = new Map([
  [0x00, 'esp32'],
  [0x02, 'esp32s2'],
  [0x05, 'esp32c3'],
  [0x09, 'esp32s3'],
  [0x0c, 'esp32c2'],
  [0x0d, 'esp32c6'],
  [0x10, 'esp32h2'],
  [0x12, 'esp32p4'],
  [0x14, 'esp32c61'],
  [0x17, 'esp32c5'],
  [0x19, 'esp32h21'],
  [0x1c, 'esp32h4'],
  [0x20, 'esp32s31'],
]);

/**
 * ESP-IDF application images. `version` is set only where the version text is a plain number; `platform` is the chip.
 * Without an appended digest only an 8-bit checksum over the segments protects the content; the details say so.
 */
export const espIdf: BinaryFormat = { name: 'esp-idf', recognise, read: readImage };

/** One byte of magic is little: the rest of the header, or the descriptor, must fit too. */
function recognise(bytes: Uint8Array): boolean {
  if (bytes.length < HEADER_SIZE || bytes[0] !== MAGIC) return false;
  if (hasDescriptor(bytes)) return true;
  const segments = bytes[1] ?? 0;
  const spiMode = bytes[2] ?? 0;
  return segments >= 1 && segments <= SEGMENTS_MAX && spiMode <= 5 && CHIPS.has(readU16(bytes, 12));
}

function hasDescriptor(bytes: Uint8Array): boolean {
  return (
    bytes.length >= DESCRIPTOR_AT + DESCRIPTOR_SIZE &&
    readU32(bytes, DESCRIPTOR_AT) === DESCRIPTOR_MAGIC
  );
}

interface Segments {
  /** Where the last segment ends. */
  readonly end: number;
  readonly firstSize: number;
  readonly checksum: number;
}

function readImage(bytes: Uint8Array): Result<CompiledFacts, FormatDefect> {
  if (!recognise(bytes)) return refuse('Not an ESP-IDF image.');
  const segments = readSegments(bytes);
  if (!segments.ok) return refuse(segments.error);
  const end = readEnd(bytes, segments.value);
  if (!end.ok) return refuse(end.error);
  if (!hasDescriptor(bytes) || segments.value.firstSize < DESCRIPTOR_SIZE) {
    return refuse(
      'This ESP image has no application descriptor, so it carries no version: it is a bootloader, ' +
        'a merged flash image, or was not built with ESP-IDF.',
    );
  }
  const chipId = readU16(bytes, 12);
  const descriptor = bytes.subarray(DESCRIPTOR_AT, DESCRIPTOR_AT + DESCRIPTOR_SIZE);
  const versionText = readText(descriptor.subarray(16, 48));
  return ok({
    format: 'esp-idf',
    productId: null,
    version: /^[1-9]\d{0,4}$/.test(versionText) ? versionNumber(Number(versionText)) : null,
    versionText: versionText === '' ? null : versionText,
    platform: { id: chipId, name: CHIPS.get(chipId) ?? null },
    appHash: null,
    details: describeImage(bytes, descriptor, end.value),
  });
}

/** Walks the segment table; the error is for people. */
function readSegments(bytes: Uint8Array): Result<Segments, string> {
  const count = bytes[1] ?? 0;
  if (count < 1 || count > SEGMENTS_MAX) {
    return fail(`This ESP image names ${count} segments; 1 to ${SEGMENTS_MAX} are possible.`);
  }
  let at = HEADER_SIZE;
  let firstSize = 0;
  let checksum = CHECKSUM_SEED;
  for (let index = 0; index < count; index += 1) {
    if (at + SEGMENT_HEADER_SIZE > bytes.length) return fail(cutShort(bytes));
    const size = readU32(bytes, at + 4);
    if (size % 4 !== 0 || size >= SEGMENT_SIZE_LIMIT) {
      return fail(
        `Segment ${index} of this ESP image has an impossible size: ${formatBytes(size)}.`,
      );
    }
    const start = at + SEGMENT_HEADER_SIZE;
    at = start + size;
    if (at > bytes.length) return fail(cutShort(bytes, at));
    for (let byte = start; byte < at; byte += 1) checksum ^= bytes[byte] ?? 0;
    if (index === 0) firstSize = size;
  }
  return ok({ end: at, firstSize, checksum });
}

interface ImageEnd {
  /** Length of the image with checksum and digest. */
  readonly size: number;
  /** The appended digest, which was checked; null where there is none. */
  readonly hash: string | null;
}

/** Checks what follows the segments: the checksum at the end of a 16-byte block, then the digest. */
function readEnd(bytes: Uint8Array, segments: Segments): Result<ImageEnd, string> {
  const checksumEnd = Math.ceil((segments.end + 1) / 16) * 16;
  if (checksumEnd > bytes.length) return fail(cutShort(bytes, checksumEnd));
  const stored = bytes[checksumEnd - 1] ?? 0;
  if (stored !== segments.checksum) {
    return fail(
      `This ESP image is damaged: its checksum is ${hexByte(stored)}, ` +
        `and that of its segments ${hexByte(segments.checksum)}.`,
    );
  }
  const appended = bytes[HASH_APPENDED_AT] ?? 0;
  if (appended > 1) {
    return fail(
      `This ESP image is damaged: its digest flag is ${appended}, and only 0 and 1 are possible.`,
    );
  }
  const size = checksumEnd + HASH_SIZE;
  if (appended === 0) {
    // A lost flag would turn the digest off; an image that fits its digest with the flag set had one.
    if (size <= bytes.length && hashFits(bytes, checksumEnd, true)) {
      return fail(
        'This ESP image is damaged: it ends with its digest, but the header says it has none.',
      );
    }
    return ok({ size: checksumEnd, hash: null });
  }
  if (size > bytes.length) return fail(cutShort(bytes, size));
  if (!hashFits(bytes, checksumEnd, false)) {
    return fail('This ESP image is damaged: its content does not fit the SHA-256 at its end.');
  }
  return ok({ size, hash: toHex(bytes.subarray(checksumEnd, size)) });
}

function hashFits(bytes: Uint8Array, end: number, withFlagSet: boolean): boolean {
  const stored = toHex(bytes.subarray(end, end + HASH_SIZE));
  if (!withFlagSet) return digestOf('sha256', bytes.subarray(0, end)) === stored;
  const content = bytes.slice(0, end);
  content[HASH_APPENDED_AT] = 1;
  return digestOf('sha256', content) === stored;
}

function describeImage(
  bytes: Uint8Array,
  descriptor: Uint8Array,
  end: ImageEnd,
): [name: string, value: string][] {
  const details: [string, string][] = [];
  const addText = (name: string, text: string): void => {
    if (text !== '') details.push([name, text]);
  };
  addText('project', readText(descriptor.subarray(48, 80)));
  addText('ESP-IDF', readText(descriptor.subarray(112, 144)));
  addText(
    'built',
    `${readText(descriptor.subarray(96, 112))} ${readText(descriptor.subarray(80, 96))}`.trim(),
  );
  const elfHash = descriptor.subarray(144, 176);
  if (!isFilledWith(elfHash, 0)) details.push(['ELF sha256', toHex(elfHash)]);
  details.push(
    ['secure version', String(readU32(descriptor, 4))],
    ['entry address', formatAddress(readU32(bytes, 4))],
    ['segments', String(bytes[1] ?? 0)],
    ['image sha256', end.hash ?? 'none appended: only an 8-bit checksum protects the content'],
  );
  const trailing = bytes.length - end.size;
  if (trailing > 0) details.push(['after the image', describeTrailing(bytes, end.size)]);
  return details;
}

function describeTrailing(bytes: Uint8Array, imageSize: number): string {
  const sector = Math.ceil(imageSize / SECTOR_SIZE) * SECTOR_SIZE;
  const signed = sector + SECTOR_SIZE <= bytes.length && bytes[sector] === SIGNATURE_MAGIC;
  const length = formatBytes(bytes.length - imageSize);
  return signed
    ? `${length}, with a secure boot v2 signature (not checked)`
    : `${length} (not checked)`;
}

function versionNumber(value: number): number | null {
  return value <= 65_534 ? value : null;
}

function cutShort(bytes: Uint8Array, expected: number | null = null): string {
  const atLeast = expected === null ? 'more' : `at least ${formatBytes(expected)}`;
  return `This ESP image was cut short: ${atLeast} expected, ${bytes.length} present.`;
}

function hexByte(value: number): string {
  return `0x${value.toString(16).padStart(2, '0')}`;
}

function refuse(message: string): Result<never, FormatDefect> {
  return fail({ format: 'esp-idf', message });
}

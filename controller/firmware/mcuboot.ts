// MCUboot images: header, payload, and the records (TLVs) after it that carry the digest. Signatures are not checked:
// that is the bootloader's work, which holds the key. Layout: `bootutil/image.h` and imgtool of MCUboot.

import { fail, ok, type Result } from '../base/result.ts';
import type { CompiledFacts, FormatDefect } from '../model/firmware.ts';
import { digestOf, formatAddress, formatBytes, readU16, readU32, toHex } from './bytes.ts';
import type { BinaryFormat } from './format.ts';

const MAGIC = 0x96f3b83d;
const HEADER_SIZE = 32;
const TLV_HEADER_SIZE = 4;
const TLV_INFO_MAGIC = 0x6907;
const TLV_PROTECTED_MAGIC = 0x6908;

const TLV_SECURITY_COUNTER = 0x50;
const TLV_DEPENDENCY = 0x40;
/** Records that carry the wrapped key of an encrypted image. */
const TLV_KEYS = new Set([0x30, 0x31, 0x32, 0x33, 0x34]);
const TLV_DIGESTS: ReadonlyMap<
  number,
  { readonly name: 'sha256' | 'sha384' | 'sha512'; readonly size: number }
> = new Map([
  [0x10, { name: 'sha256', size: 32 }],
  [0x11, { name: 'sha384', size: 48 }],
  [0x12, { name: 'sha512', size: 64 }],
]);

const FLAG_ENCRYPTED_AES128 = 0x04;
const FLAG_ENCRYPTED_AES256 = 0x08;
const FLAG_NAMES: readonly (readonly [flag: number, name: string])[] = [
  [FLAG_ENCRYPTED_AES128, 'encrypted (AES-128)'],
  [FLAG_ENCRYPTED_AES256, 'encrypted (AES-256)'],
  [0x10, 'not bootable'],
  [0x20, 'runs from RAM'],
  [0x100, 'fixed address'],
  [0x200, 'compressed (LZMA1)'],
  [0x400, 'compressed (LZMA2)'],
  [0x800, 'ARM Thumb filter'],
];

/**
 * MCUboot images. `versionText` is `major.minor.revision`, with `+build` where that is not 0; there is no product id,
 * number or platform. `appHash` is the image's digest, which the device's image list names. The payload of an
 * encrypted image cannot be checked without the key: its facts come from the header, and the details say so.
 */
export const mcuboot: BinaryFormat = {
  name: 'mcuboot',
  recognise: (bytes) => bytes.length >= 4 && readU32(bytes, 0) === MAGIC,
  read: readImage,
};

interface Header {
  readonly loadAddress: number;
  readonly flags: number;
  /** Where the header and payload end, and the records begin. */
  readonly payloadEnd: number;
  readonly protectedSize: number;
}

interface Tlv {
  readonly type: number;
  readonly data: Uint8Array;
}

interface TlvArea {
  readonly end: number;
  readonly tlvs: readonly Tlv[];
}

function readImage(bytes: Uint8Array): Result<CompiledFacts, FormatDefect> {
  const header = readHeader(bytes);
  if (!header.ok) return refuse(header.error);
  const { payloadEnd, protectedSize, flags } = header.value;

  const guarded = readProtected(bytes, header.value);
  if (!guarded.ok) return refuse(guarded.error);
  const area = readTlvArea(bytes, guarded.value.end, TLV_INFO_MAGIC);
  if (!area.ok) return refuse(area.error);

  const encrypted = (flags & (FLAG_ENCRYPTED_AES128 | FLAG_ENCRYPTED_AES256)) !== 0;
  if (encrypted && !area.value.tlvs.some(({ type }) => TLV_KEYS.has(type))) {
    return refuse('This MCUboot image says that it is encrypted, but carries no wrapped key.');
  }
  const digest = checkDigests(bytes.subarray(0, payloadEnd + protectedSize), area.value.tlvs);
  if (!digest.ok) return refuse(digest.error);
  if (!digest.value.fits && !encrypted) {
    return refuse(
      `This MCUboot image is damaged: its content does not fit the ${digest.value.name} in it.`,
    );
  }
  return ok({
    format: 'mcuboot',
    productId: null,
    version: null,
    versionText: readVersion(bytes, 20),
    platform: null,
    appHash: digest.value.hash,
    details: [
      ...describeHeader(header.value),
      ...guarded.value.tlvs.flatMap(describeProtected),
      ...(digest.value.fits ? [] : [NOT_CHECKED]),
      ...describeTrailing(bytes.length - area.value.end),
    ],
  });
}

const NOT_CHECKED = [
  'not checked',
  'the digest is that of the decrypted image; only the header was read',
] as const;

function readHeader(bytes: Uint8Array): Result<Header, string> {
  if (bytes.length < HEADER_SIZE) return fail(cutShort(bytes, HEADER_SIZE));
  const headerSize = readU16(bytes, 8);
  if (headerSize < HEADER_SIZE) {
    return fail(
      `This MCUboot image is damaged: a header of ${formatBytes(headerSize)} is too short.`,
    );
  }
  const protectedSize = readU16(bytes, 10);
  const payloadEnd = headerSize + readU32(bytes, 12);
  const expected = payloadEnd + protectedSize + TLV_HEADER_SIZE;
  if (expected > bytes.length) return fail(cutShort(bytes, expected));
  return ok({
    loadAddress: readU32(bytes, 4),
    flags: readU32(bytes, 16),
    payloadEnd,
    protectedSize,
  });
}

function readProtected(bytes: Uint8Array, header: Header): Result<TlvArea, string> {
  if (header.protectedSize === 0) return ok({ end: header.payloadEnd, tlvs: [] });
  const area = readTlvArea(bytes, header.payloadEnd, TLV_PROTECTED_MAGIC);
  return !area.ok || area.value.end === header.payloadEnd + header.protectedSize
    ? area
    : fail('This MCUboot image is damaged: header and records disagree on the protected size.');
}

/** Reads one area of records; `start + 4` is within the bytes. */
function readTlvArea(bytes: Uint8Array, start: number, magic: number): Result<TlvArea, string> {
  const found = readU16(bytes, start);
  if (found !== magic) {
    return fail(
      `This MCUboot image is damaged: its records should begin with 0x${magic.toString(16)} ` +
        `at byte ${start}, and there is 0x${found.toString(16)}.`,
    );
  }
  const end = start + readU16(bytes, start + 2);
  if (end > bytes.length) return fail(cutShort(bytes, end));
  const tlvs: Tlv[] = [];
  let at = start + TLV_HEADER_SIZE;
  while (at < end) {
    const dataStart = at + TLV_HEADER_SIZE;
    const dataEnd = dataStart <= end ? dataStart + readU16(bytes, at + 2) : Infinity;
    if (dataEnd > end)
      return fail(`This MCUboot image is damaged: its record at byte ${at} is cut off.`);
    tlvs.push({ type: readU16(bytes, at), data: bytes.subarray(dataStart, dataEnd) });
    at = dataEnd;
  }
  return at === end
    ? ok({ end, tlvs })
    : fail(`This MCUboot image is damaged: its records at byte ${start} have an impossible size.`);
}

interface CheckedDigest {
  readonly name: string;
  readonly hash: string;
  readonly fits: boolean;
}

/** Checks each digest record; the first that does not fit is the answer, else the first. */
function checkDigests(content: Uint8Array, tlvs: readonly Tlv[]): Result<CheckedDigest, string> {
  const checked: CheckedDigest[] = [];
  for (const { type, data } of tlvs) {
    const digest = TLV_DIGESTS.get(type);
    // A second record of a kind would only cost time: a bootloader looks at one.
    if (digest === undefined || checked.some(({ name }) => name === digest.name)) continue;
    if (data.length !== digest.size) {
      return fail(
        `This MCUboot image is damaged: its ${digest.name} has ${formatBytes(data.length)}.`,
      );
    }
    const hash = toHex(data);
    checked.push({ name: digest.name, hash, fits: digestOf(digest.name, content) === hash });
  }
  const answer = checked.find(({ fits }) => !fits) ?? checked[0];
  return answer === undefined
    ? fail('This MCUboot image carries no digest, so its content cannot be checked.')
    : ok(answer);
}

function readVersion(bytes: Uint8Array, at: number): string {
  const text = `${bytes[at] ?? 0}.${bytes[at + 1] ?? 0}.${readU16(bytes, at + 2)}`;
  const build = readU32(bytes, at + 4);
  return build === 0 ? text : `${text}+${build}`;
}

function describeHeader(header: Header): [name: string, value: string][] {
  const flags = FLAG_NAMES.filter(([flag]) => (header.flags & flag) !== 0).map(([, name]) => name);
  const details: [string, string][] = [];
  if (header.loadAddress !== 0) details.push(['load address', formatAddress(header.loadAddress)]);
  if (flags.length > 0) details.push(['flags', flags.join(', ')]);
  return details;
}

function describeProtected({ type, data }: Tlv): [name: string, value: string][] {
  if (type === TLV_SECURITY_COUNTER && data.length === 4) {
    return [['security counter', String(readU32(data, 0))]];
  }
  if (type === TLV_DEPENDENCY && data.length === 12) {
    return [['needs', `image ${data[0] ?? 0}, version ${readVersion(data, 4)} or newer`]];
  }
  return [];
}

function describeTrailing(count: number): [name: string, value: string][] {
  return count === 0 ? [] : [['after the image', `${formatBytes(count)} (not checked)`]];
}

function cutShort(bytes: Uint8Array, expected: number): string {
  return (
    `This MCUboot image was cut short: at least ${formatBytes(expected)} expected, ` +
    `${bytes.length} present.`
  );
}

function refuse(message: string): Result<never, FormatDefect> {
  return fail({ format: 'mcuboot', message });
}

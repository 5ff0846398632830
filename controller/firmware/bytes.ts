// Reading untrusted bytes: little-endian integers, digests, hex, and text made safe to print. What the bytes mean is
// decided by the formats. Every offset must have been checked against the length before it comes here.

import { createHash } from 'node:crypto';

/** The unsigned 16-bit little-endian integer at `offset`; `offset + 2` must be within the bytes. */
export function readU16(bytes: Uint8Array, offset: number): number {
  return viewOf(bytes).getUint16(offset, true);
}

/** The unsigned 32-bit little-endian integer at `offset`; `offset + 4` must be within the bytes. */
export function readU32(bytes: Uint8Array, offset: number): number {
  return viewOf(bytes).getUint32(offset, true);
}

/** The unsigned 32-bit big-endian integer at `offset`; `offset + 4` must be within the bytes. */
export function readU32BigEndian(bytes: Uint8Array, offset: number): number {
  return viewOf(bytes).getUint32(offset, false);
}

/** The digest of all the bytes, in lower-case hex. */
export function digestOf(algorithm: 'sha256' | 'sha384' | 'sha512', bytes: Uint8Array): string {
  return createHash(algorithm).update(bytes).digest('hex');
}

/** Lower-case hex, two digits for each byte. */
export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}

/** Whether all the bytes have the given value; true where there are none. */
export function isFilledWith(bytes: Uint8Array, value: number): boolean {
  return bytes.every((byte) => byte === value);
}

/**
 * The text in a fixed field: up to its first NUL, as UTF-8, trimmed. What is no UTF-8 and what a terminal or a page
 * would act on (control and bidirectional characters) becomes U+FFFD. An empty field gives an empty text.
 */
export function readText(field: Uint8Array): string {
  const end = field.indexOf(0);
  const text = new TextDecoder('utf-8').decode(end === -1 ? field : field.subarray(0, end));
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\uFFFD').trim();
}

/** `0x` and at least eight hex digits, as data sheets write addresses. */
export function formatAddress(address: number): string {
  return `0x${address.toString(16).padStart(8, '0')}`;
}

/** A number of bytes with its unit: `1 byte`, `4096 bytes`. */
export function formatBytes(count: number): string {
  return count === 1 ? '1 byte' : `${count} bytes`;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

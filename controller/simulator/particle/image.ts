// What the devices of the fake see in a binary: the few fields of a Particle module that decide what becomes of it. Not a
// check: a file that is no module is an image that says nothing of itself.

import { createHash } from 'node:crypto';

export interface Image {
  /** As compiled in; null where the file has none. What a device reports is this, not what it was filed as. */
  readonly version: number | null;
  readonly productId: number | null;
  readonly platformId: number | null;
  /** The oldest Device OS module that it runs on, such as 4006; 0: any. */
  readonly systemDependency: number;
  /** What `spark/device/app-hash` will say. */
  readonly appHash: string;
  readonly size: number;
}

const UNSET = 0xffff;
const MODULE_SIZE_MIN = 128;
const SYSTEM_PART = 4;

export function readImage(bytes: Uint8Array): Image {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = file.length;
  const isModule =
    size >= MODULE_SIZE_MIN && file.readUInt32LE(4) - file.readUInt32LE(0) + 4 === size;
  if (!isModule) {
    return {
      version: null,
      productId: null,
      platformId: null,
      systemDependency: 0,
      appHash: createHash('sha256').update(file).digest('hex'),
      size,
    };
  }
  const suffixSize = file.readUInt16LE(size - 6);
  const productId = file.readUInt16LE(size - 44);
  const version = file.readUInt16LE(size - 42);
  const hasProduct = suffixSize >= 40 && !(productId === UNSET && version === UNSET);
  return {
    version: hasProduct ? version : null,
    productId: hasProduct ? productId : null,
    platformId: file.readUInt16LE(12),
    systemDependency: file[16] === SYSTEM_PART ? file.readUInt16LE(18) : 0,
    appHash: file.subarray(size - 38, size - 6).toString('hex'),
    size,
  };
}

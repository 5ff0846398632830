// Firmware for devices that do not exist: valid Particle modules, for the demo, the examples and the tests. They are
// written from the layout alone, and share no code with the reader in `firmware/`.

import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

export interface ParticleModuleOptions {
  /** As PRODUCT_ID() compiles it in; 65535 means not set. For Device OS 4 or newer give the platform's id. */
  readonly productId: number;
  /** As PRODUCT_VERSION() compiles it in; 65535 means not set. */
  readonly version: number;
  readonly platformId: number;
  /** Length of the whole file in bytes; at least 128. Default 4096. */
  readonly size?: number;
  /** Module number of the Device OS that it needs, such as 4006 for 4.0. Default 3103 (3.1). */
  readonly systemDependency?: number;
  /** 62 is what RTL872x platforms have; the default follows the platform. */
  readonly suffix?: 40 | 62;
  /** Decides the content, so that two binaries of one version can differ. Default 0. */
  readonly seed?: number;
}

const PREFIX_SIZE = 24;
const RTL872X_PLATFORMS: readonly number[] = [28, 32, 35, 38];
const GEN3_PLATFORMS: readonly number[] = [12, 13, 15, 23, 25, 26, 37];

/** A whole user part with valid CRC and SHA-256. The same options give the same bytes. */
export function buildParticleModule(options: ParticleModuleOptions): Uint8Array {
  const {
    productId,
    version,
    platformId,
    size = 4096,
    systemDependency = 3103,
    seed = 0,
  } = options;
  const suffix = options.suffix ?? (RTL872X_PLATFORMS.includes(platformId) ? 62 : 40);
  const module = Buffer.alloc(size);
  const { startAddress, index } = placeModule(platformId, size);

  module.writeUInt32LE(startAddress, 0);
  module.writeUInt32LE(startAddress + size - 4, 4);
  module.writeUInt16LE(6, 10);
  module.writeUInt16LE(platformId, 12);
  module.set([5, index, 4, 1], 14);
  module.writeUInt16LE(systemDependency, 18);
  const suffixStart = size - 4 - suffix;
  fillContent(module.subarray(PREFIX_SIZE, suffixStart), seed);

  if (suffix === 62) writeExtensionHeads(module.subarray(suffixStart), startAddress);
  module.writeUInt16LE(productId, size - 44);
  module.writeUInt16LE(version, size - 42);
  module.writeUInt16LE(suffix, size - 6);
  sealParticleModule(module);
  return module;
}

/** Writes SHA-256 and CRC of a module that is otherwise complete, in place. */
export function sealParticleModule(module: Buffer): void {
  createHash('sha256')
    .update(module.subarray(0, -38))
    .digest()
    .copy(module, module.length - 38);
  module.writeUInt32BE(crc32(module.subarray(0, -4)), module.length - 4);
}

/** The records of an RTL872x suffix: dynamic location, and product data up to its id. */
function writeExtensionHeads(suffix: Buffer, startAddress: number): void {
  suffix.set([2, 0, 16, 0]);
  suffix.writeUInt32LE(startAddress + 64, 4);
  suffix.writeUInt32LE(startAddress + 64, 8);
  suffix.writeUInt32LE(startAddress + 1024, 12);
  suffix.set([1, 0, 10, 0, 0xff, 0xff], 16);
}

/** Where the platform's linker puts an application of that size. */
function placeModule(platformId: number, size: number): { startAddress: number; index: number } {
  if (RTL872X_PLATFORMS.includes(platformId)) {
    // Applications end at a fixed address there, and begin where their size lets them.
    return { startAddress: (0x0860_0000 - size) & ~3, index: 1 };
  }
  if (GEN3_PLATFORMS.includes(platformId)) return { startAddress: 0x000b_4000, index: 2 };
  return { startAddress: 0x080a_0000, index: 1 };
}

/** Bytes that look like a program: neither empty nor random from run to run. */
function fillContent(content: Uint8Array, seed: number): void {
  let state = (seed ^ 0x9e37_79b9) >>> 0 || 1;
  for (let at = 0; at < content.length; at += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    content[at] = state & 0xff;
  }
}

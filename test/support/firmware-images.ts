// Firmware images for tests, written from the layouts of their formats: Particle modules of every shape, ESP-IDF
// images and MCUboot images. They share no code with the readers.

import { createHash } from 'node:crypto';

import { sealParticleModule } from '../../controller/simulator/firmware-image.ts';

export { buildParticleModule } from '../../controller/simulator/firmware-image.ts';

export interface ParticleShape {
  readonly platformId?: number;
  readonly function?: number;
  readonly index?: number;
  readonly flags?: number;
  readonly startAddress?: number;
  /** Added to the end address, to declare another length than the file has. */
  readonly declaredExtra?: number;
  readonly prefixOffset?: number;
  readonly prefixExtensions?: Uint8Array;
  readonly dependencies?: readonly (readonly [fn: number, index: number, version: number])[];
  /** Everything of the suffix before its last 36 bytes: product fields or extensions. */
  readonly suffixHead?: Uint8Array;
  /** In place of the true size. */
  readonly suffixSize?: number;
  readonly contentSize?: number;
}

/** A sealed Particle module of any shape; by default an Argon user part without product fields. */
export function shapeParticleModule(shape: ParticleShape): Buffer {
  const {
    prefixOffset = 0,
    prefixExtensions = new Uint8Array(),
    suffixHead = new Uint8Array(),
    contentSize = 512,
  } = shape;
  const start = shape.startAddress ?? 0xb4000;
  const size = prefixOffset + 24 + prefixExtensions.length + contentSize + suffixHead.length + 40;
  const module = Buffer.alloc(size);
  for (let at = 0; at < size; at += 1) module[at] = (at * 7 + 3) & 0xff;
  const prefix = module.subarray(prefixOffset);
  prefix.fill(0, 0, 24);
  prefix.writeUInt32LE(start, 0);
  prefix.writeUInt32LE(start + size - 4 + (shape.declaredExtra ?? 0), 4);
  prefix[9] = shape.flags ?? 0;
  prefix.writeUInt16LE(6, 10);
  prefix.writeUInt16LE(shape.platformId ?? 12, 12);
  prefix[14] = shape.function ?? 5;
  prefix[15] = shape.index ?? 2;
  for (const [slot, [fn, index, version]] of (shape.dependencies ?? [[4, 1, 4006]]).entries()) {
    prefix.set([fn, index], 16 + slot * 4);
    prefix.writeUInt16LE(version, 18 + slot * 4);
  }
  prefix.set(prefixExtensions, 24);
  module.set(suffixHead, size - 40 - suffixHead.length);
  module.writeUInt16LE(0, size - 40);
  module.writeUInt16LE(shape.suffixSize ?? 36 + suffixHead.length, size - 6);
  sealParticleModule(module);
  return module;
}

/** The four bytes of plain product fields. */
export function productFields(productId: number, version: number): Buffer {
  const fields = Buffer.alloc(4);
  fields.writeUInt16LE(productId, 0);
  fields.writeUInt16LE(version, 2);
  return fields;
}

/** One extension record of a Particle module. */
export function particleExtension(type: number, data: Uint8Array): Buffer {
  const record = Buffer.alloc(4 + data.length);
  record.writeUInt16LE(type, 0);
  record.writeUInt16LE(record.length, 2);
  record.set(data, 4);
  return record;
}

/** The record that names an asset. */
export function assetExtension(name: string, hash: Uint8Array): Buffer {
  return particleExtension(
    0x12,
    Buffer.concat([Buffer.from([0, hash.length]), hash, Buffer.from(name)]),
  );
}

export interface EspImageOptions {
  readonly version?: string;
  readonly project?: string;
  readonly chipId?: number;
  /** Bytes of each segment beyond the descriptor; multiples of 4. */
  readonly segments?: readonly number[];
  readonly hashAppended?: boolean;
  readonly descriptor?: boolean;
  /** Put after the image as it is. */
  readonly trailing?: Uint8Array;
}

/** A valid ESP-IDF application image. */
export function buildEspImage(options: EspImageOptions = {}): Buffer {
  const { version = '1.4.2', project = 'thermostat', chipId = 9, segments = [512, 64] } = options;
  const { hashAppended = true, descriptor = true, trailing = new Uint8Array() } = options;
  const header = Buffer.alloc(24);
  header.set([0xe9, segments.length, 2, 0x4f]);
  header.writeUInt32LE(0x4037_5ab0, 4);
  header[8] = 0xee;
  header.writeUInt16LE(chipId, 12);
  header[23] = hashAppended ? 1 : 0;

  const parts: Buffer[] = [header];
  let checksum = 0xef;
  for (const [index, size] of segments.entries()) {
    const data = Buffer.alloc(size + (index === 0 && descriptor ? 256 : 0));
    for (let at = 0; at < data.length; at += 1) data[at] = (at * 5 + index) & 0xff;
    if (index === 0 && descriptor) data.set(buildEspDescriptor(version, project));
    for (const byte of data) checksum ^= byte;
    const segmentHeader = Buffer.alloc(8);
    segmentHeader.writeUInt32LE(0x3c00_0020 + index * 0x1_0000, 0);
    segmentHeader.writeUInt32LE(data.length, 4);
    parts.push(segmentHeader, data);
  }
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const end = Buffer.alloc(16 - (length % 16));
  end[end.length - 1] = checksum;
  const image = Buffer.concat([...parts, end]);
  const hash = createHash('sha256').update(image).digest();
  return Buffer.concat([image, hashAppended ? hash : Buffer.alloc(0), trailing]);
}

function buildEspDescriptor(version: string, project: string): Buffer {
  const descriptor = Buffer.alloc(256);
  descriptor.writeUInt32LE(0xabcd_5432, 0);
  descriptor.writeUInt32LE(3, 4);
  descriptor.write(version, 16, 32);
  descriptor.write(project, 48, 32);
  descriptor.write('08:15:00', 80, 16);
  descriptor.write('Jan  2 2026', 96, 16);
  descriptor.write('v5.4', 112, 32);
  descriptor.fill(0xa5, 144, 176);
  return descriptor;
}

export interface McubootImageOptions {
  readonly version?: readonly [major: number, minor: number, revision: number, build: number];
  readonly headerSize?: number;
  readonly payloadSize?: number;
  readonly flags?: number;
  /** Records of the protected area: type and data. */
  readonly protectedTlvs?: readonly (readonly [type: number, data: Uint8Array])[];
  /** Records after the digest. */
  readonly furtherTlvs?: readonly (readonly [type: number, data: Uint8Array])[];
  readonly digest?: 'sha256' | 'sha384' | 'sha512' | null;
  /** Turns the payload into something that no longer fits its digest, as encryption does. */
  readonly encrypt?: boolean;
  readonly trailing?: Uint8Array;
}

const DIGEST_TYPES = { sha256: 0x10, sha384: 0x11, sha512: 0x12 } as const;

/** A valid MCUboot image (its signature, where one is given, is not). */
export function buildMcubootImage(options: McubootImageOptions = {}): Buffer {
  const { version = [1, 4, 2, 0], headerSize = 32, payloadSize = 640, flags = 0 } = options;
  const { digest = 'sha256', encrypt = false, trailing = new Uint8Array() } = options;
  const guarded = buildTlvArea(0x6908, options.protectedTlvs ?? []);
  const image = Buffer.alloc(headerSize + payloadSize);
  for (let at = headerSize; at < image.length; at += 1) image[at] = (at * 11 + 1) & 0xff;
  image.writeUInt32LE(0x96f3_b83d, 0);
  image.writeUInt16LE(headerSize, 8);
  image.writeUInt16LE(guarded.length, 10);
  image.writeUInt32LE(payloadSize, 12);
  image.writeUInt32LE(flags, 16);
  image.set([version[0], version[1]], 20);
  image.writeUInt16LE(version[2], 22);
  image.writeUInt32LE(version[3], 24);
  const content = Buffer.concat([image, guarded]);
  const tlvs: (readonly [number, Uint8Array])[] = [];
  if (digest !== null) {
    tlvs.push([DIGEST_TYPES[digest], createHash(digest).update(content).digest()]);
  }
  if (encrypt) for (let at = headerSize; at < image.length; at += 1) content[at] = (at * 13) & 0xff;
  const area = buildTlvArea(0x6907, [...tlvs, ...(options.furtherTlvs ?? [])], true);
  return Buffer.concat([content, area, trailing]);
}

function buildTlvArea(
  magic: number,
  tlvs: readonly (readonly [type: number, data: Uint8Array])[],
  always = false,
): Buffer {
  if (tlvs.length === 0 && !always) return Buffer.alloc(0);
  const records = tlvs.map(([type, data]) => {
    const record = Buffer.alloc(4 + data.length);
    record.writeUInt16LE(type, 0);
    record.writeUInt16LE(data.length, 2);
    record.set(data, 4);
    return record;
  });
  const info = Buffer.alloc(4);
  info.writeUInt16LE(magic, 0);
  info.writeUInt16LE(4 + records.reduce((sum, record) => sum + record.length, 0), 2);
  return Buffer.concat([info, ...records]);
}

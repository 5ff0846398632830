// The prefix of a Particle module (`module_info_t` in Device OS): where it is, what it says, and whether it is one at
// all. A module has no magic number, so it is known by a prefix that makes sense. The rest is in `particle.ts`.

import { readU16, readU32 } from './bytes.ts';
import { particlePlatformName } from './particle-platforms.ts';

/** A module that this one needs on the device; versions are Device OS module numbers. */
export interface ModuleDependency {
  readonly function: number;
  readonly index: number;
  readonly version: number;
}

export interface ModulePrefix {
  /** Where in the file the prefix is. */
  readonly offset: number;
  readonly startAddress: number;
  readonly flags: number;
  /** ABI number of Device OS, not the product's version. */
  readonly moduleVersion: number;
  readonly platformId: number;
  readonly function: number;
  readonly index: number;
  /** Only those that are set; at most two. */
  readonly dependencies: readonly ModuleDependency[];
  /** Length of the whole file that the addresses ask for, CRC included. */
  readonly declaredSize: number;
}

/** Bytes of the prefix, without extensions. */
export const PREFIX_SIZE = 24;
/** Bytes of the suffix without product fields and extensions. */
export const SUFFIX_BASE_SIZE = 36;
/** Bytes of the CRC that ends a module. */
export const CRC_SIZE = 4;

export const FLAG_COMPRESSED = 0x02;
export const FLAG_COMBINED = 0x04;
export const FLAG_ENCRYPTED = 0x08;
export const FLAG_PREFIX_EXTENSIONS = 0x10;
const FLAGS_KNOWN = 0x1f;

export const FUNCTION_MONOLITHIC = 3;
export const FUNCTION_SYSTEM_PART = 4;
export const FUNCTION_USER_PART = 5;
const FUNCTION_ASSET = 9;

const FUNCTION_NAMES: readonly string[] = [
  'none',
  'resource',
  'bootloader',
  'monolithic firmware',
  'system part',
  'user part',
  'settings',
  'network processor firmware',
  'radio stack',
  'asset',
];

/** User parts; Core; bootloaders and system parts of Gen 2, Gen 3 and P2, which begin with a vector table. */
const OFFSETS = [0, 0x10c, 0x184, 0x200, 0x20];

/** No flash address of a platform is below this; formats that begin with small numbers are not taken for modules. */
const ADDRESS_MIN = 0x1000;
const ADDRESS_MAX = 0x2000_0000;

/** What a module function is called in messages. */
export function moduleFunctionName(value: number): string {
  return FUNCTION_NAMES[value] ?? `module of unknown function ${value}`;
}

/**
 * The module's prefix, or null where the file is not a Particle module. It counts as one when the addresses ask for
 * exactly the file's length, or when every field makes sense by itself (so that a cut or padded module is still
 * known for what it is).
 */
export function findModulePrefix(bytes: Uint8Array): ModulePrefix | null {
  const candidates = OFFSETS.flatMap((offset) => parsePrefix(bytes, offset) ?? []);
  const exact = candidates.filter((prefix) => prefix.declaredSize === bytes.length);
  return (
    exact.find(isPlausible) ??
    exact.find((prefix) => prefix.offset === 0 && prefix.startAddress >= ADDRESS_MIN) ??
    candidates.find(isPlausible) ??
    null
  );
}

/** Null where the file is too short for it, or where the addresses cannot be those of a module. */
function parsePrefix(bytes: Uint8Array, offset: number): ModulePrefix | null {
  if (offset + PREFIX_SIZE > bytes.length) return null;
  const startAddress = readU32(bytes, offset);
  const endAddress = readU32(bytes, offset + 4);
  const declaredSize = endAddress - startAddress + CRC_SIZE;
  const sane =
    startAddress % 4 === 0 &&
    endAddress <= ADDRESS_MAX &&
    declaredSize >= offset + PREFIX_SIZE + SUFFIX_BASE_SIZE + CRC_SIZE;
  if (!sane) return null;
  const dependencies = [16, 20].map((at) => ({
    function: bytes[offset + at] ?? 0,
    index: bytes[offset + at + 1] ?? 0,
    version: readU16(bytes, offset + at + 2),
  }));
  return {
    offset,
    startAddress,
    flags: bytes[offset + 9] ?? 0,
    moduleVersion: readU16(bytes, offset + 10),
    platformId: readU16(bytes, offset + 12),
    function: bytes[offset + 14] ?? 0,
    index: bytes[offset + 15] ?? 0,
    dependencies: dependencies.filter((one) => one.function + one.index + one.version > 0),
    declaredSize,
  };
}

function isPlausible(prefix: ModulePrefix): boolean {
  const isFunction = (value: number): boolean => value >= 1 && value < FUNCTION_NAMES.length;
  return (
    isFunction(prefix.function) &&
    (prefix.startAddress >= ADDRESS_MIN || prefix.function === FUNCTION_ASSET) &&
    (prefix.flags & ~FLAGS_KNOWN) === 0 &&
    prefix.index <= 15 &&
    particlePlatformName(prefix.platformId) !== null &&
    prefix.dependencies.every((one) => isFunction(one.function) && one.index <= 15)
  );
}

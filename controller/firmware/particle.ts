// Particle modules: application binaries of Device OS. Only an application (a user part, or the Core's monolithic
// firmware) counts; any other module is named and refused. The prefix, the extensions and the platforms are beside.
// Layout: `module_info.h` of Device OS. All fields are little-endian, but the CRC at the very end.

import { crc32 } from 'node:zlib';

import { fail, ok, type Result } from '../base/result.ts';
import type { CompiledFacts, FormatDefect } from '../model/firmware.ts';
import {
  digestOf,
  formatAddress,
  formatBytes,
  isFilledWith,
  readU16,
  readU32BigEndian,
  toHex,
} from './bytes.ts';
import type { BinaryFormat } from './format.ts';
import { type ModuleExtensions, walkExtensions } from './particle-extensions.ts';
import { CORE_PLATFORM_ID, particlePlatformName, particleSizeMax } from './particle-platforms.ts';
import {
  CRC_SIZE,
  findModulePrefix,
  FLAG_COMBINED,
  FLAG_COMPRESSED,
  FLAG_ENCRYPTED,
  FLAG_PREFIX_EXTENSIONS,
  FUNCTION_MONOLITHIC,
  FUNCTION_SYSTEM_PART,
  FUNCTION_USER_PART,
  type ModuleDependency,
  moduleFunctionName,
  type ModulePrefix,
  PREFIX_SIZE,
  SUFFIX_BASE_SIZE,
} from './particle-prefix.ts';

/** What the linker leaves in product id and version when the source sets none. */
const UNSET = 0xffff;
/** The SHA-256 covers everything but itself, the suffix size and the CRC. */
const SHA_FROM_END = 38;
/** Suffix base and the two product fields. */
const SUFFIX_WITH_PRODUCT = SUFFIX_BASE_SIZE + 4;

/** Particle modules. `appHash` is the SHA-256 in the suffix, which devices report; it is not that of the file. */
export const particle: BinaryFormat = {
  name: 'particle',
  recognise: (bytes) => findModulePrefix(bytes) !== null,
  read: readModule,
};

type ModuleContents = Pick<ModuleExtensions, 'product' | 'assets'>;

interface ModuleSuffix extends ModuleContents {
  readonly size: number;
  /** Null where the build left it empty. */
  readonly sha256: string | null;
}

function readModule(bytes: Uint8Array): Result<CompiledFacts, FormatDefect> {
  const prefix = findModulePrefix(bytes);
  if (prefix === null) return refuse('Not a Particle module.');
  const problem = findEnvelopeProblem(bytes, prefix) ?? findKindProblem(prefix);
  if (problem !== null) return refuse(problem);

  const suffix = readSuffix(bytes, prefix);
  if (!suffix.ok) return refuse(suffix.error);
  const prefixExtensions = readPrefixExtensions(bytes, prefix, suffix.value.size);
  if (!prefixExtensions.ok) return refuse(prefixExtensions.error);

  const platform = particlePlatformName(prefix.platformId);
  const sizeMax = particleSizeMax(prefix.platformId, prefix.index);
  if (sizeMax !== null && bytes.length > sizeMax) {
    return refuse(
      `This Particle module is too large for ${platform}: ${formatBytes(bytes.length)}, ` +
        `and at most ${sizeMax} fit.`,
    );
  }
  const { product } = suffix.value;
  const assets = [...prefixExtensions.value.assets, ...suffix.value.assets];
  return ok({
    format: 'particle',
    productId: product === null || product.id === UNSET ? null : product.id,
    version: product === null || !isVersion(product.version) ? null : product.version,
    versionText: null,
    platform: { id: prefix.platformId, name: platform },
    appHash: suffix.value.sha256,
    details: describeModule(prefix, suffix.value, assets),
  });
}

/** Whether the file is one whole, undamaged module: length first, since a wrong length explains a wrong CRC. */
function findEnvelopeProblem(bytes: Uint8Array, prefix: ModulePrefix): string | null {
  const { declaredSize } = prefix;
  if ((prefix.flags & FLAG_COMBINED) !== 0) {
    return 'This Particle module is combined with others; give the application module alone.';
  }
  if (declaredSize > bytes.length) {
    return (
      `This looks like a Particle module that was cut short: ${formatBytes(declaredSize)} expected, ` +
      `${bytes.length} present.`
    );
  }
  if (declaredSize < bytes.length) {
    return (
      `This looks like a Particle module of ${formatBytes(declaredSize)} with ` +
      `${formatBytes(bytes.length - declaredSize)} after its end; remove the padding.`
    );
  }
  const stored = readU32BigEndian(bytes, bytes.length - CRC_SIZE);
  const actual = crc32(bytes.subarray(0, -CRC_SIZE));
  if (stored === actual) return null;
  return (
    `This looks like a damaged Particle module: its CRC-32 is ${formatCrc(stored)}, ` +
    `and that of its content ${formatCrc(actual)}.`
  );
}

/** Whether the module is an application that can be given to a device as it is. */
function findKindProblem(prefix: ModulePrefix): string | null {
  const application =
    prefix.platformId === CORE_PLATFORM_ID ? FUNCTION_MONOLITHIC : FUNCTION_USER_PART;
  if (prefix.function !== application) {
    return (
      `This Particle module is a ${moduleFunctionName(prefix.function)}, not an application ` +
      `(${moduleFunctionName(application)}).`
    );
  }
  if ((prefix.flags & FLAG_ENCRYPTED) !== 0) {
    return 'This Particle module is encrypted, so what it contains cannot be checked.';
  }
  if ((prefix.flags & FLAG_COMPRESSED) !== 0) {
    return 'This Particle module is compressed; give the module as it was built.';
  }
  return null;
}

function readSuffix(bytes: Uint8Array, prefix: ModulePrefix): Result<ModuleSuffix, string> {
  const size = readU16(bytes, bytes.length - CRC_SIZE - 2);
  const start = bytes.length - CRC_SIZE - size;
  const baseStart = bytes.length - CRC_SIZE - SUFFIX_BASE_SIZE;
  if (size === UNSET) {
    return fail('This Particle module is padded and has no suffix, so it carries no product data.');
  }
  const fits = size === SUFFIX_BASE_SIZE || size >= SUFFIX_WITH_PRODUCT;
  if (!fits || start < prefix.offset + PREFIX_SIZE) {
    return fail(`This Particle module has a suffix of an impossible size: ${formatBytes(size)}.`);
  }

  const shaStart = bytes.length - SHA_FROM_END;
  const stored = bytes.subarray(shaStart, shaStart + 32);
  const unset = isFilledWith(stored, 0xff) || isFilledWith(stored, 0);
  const actual = digestOf('sha256', bytes.subarray(0, shaStart));
  if (!unset && toHex(stored) !== actual) {
    return fail(
      `This looks like a damaged Particle module: the SHA-256 in it is ${toHex(stored)}, ` +
        `and that of its content ${actual}.`,
    );
  }
  const sha256 = unset ? null : actual;

  if (size === SUFFIX_BASE_SIZE) return ok({ size, sha256, product: null, assets: [] });
  const plain = () => ({
    id: readU16(bytes, baseStart - 4),
    version: readU16(bytes, baseStart - 2),
  });
  if (size === SUFFIX_WITH_PRODUCT) return ok({ size, sha256, product: plain(), assets: [] });
  const walked = walkExtensions(bytes, start, baseStart, false);
  if (!walked.ok) return fail(`A suffix extension of this Particle module ${walked.error}.`);
  const { assets, closedAt } = walked.value;
  // Platforms without product data records keep the plain fields, after the end record.
  const hasPlain = closedAt !== null && closedAt + 4 <= baseStart;
  return ok({ size, sha256, assets, product: walked.value.product ?? (hasPlain ? plain() : null) });
}

function readPrefixExtensions(
  bytes: Uint8Array,
  prefix: ModulePrefix,
  suffixSize: number,
): Result<ModuleContents, string> {
  if ((prefix.flags & FLAG_PREFIX_EXTENSIONS) === 0) return ok({ product: null, assets: [] });
  const start = prefix.offset + PREFIX_SIZE;
  const walked = walkExtensions(bytes, start, bytes.length - CRC_SIZE - suffixSize, true);
  return walked.ok ? walked : fail(`A prefix extension of this Particle module ${walked.error}.`);
}

function describeModule(
  prefix: ModulePrefix,
  suffix: ModuleSuffix,
  assets: ModuleContents['assets'],
): [name: string, value: string][] {
  const details: [string, string][] = [
    ['module', `${moduleFunctionName(prefix.function)} ${prefix.index}`],
    ['module version', String(prefix.moduleVersion)],
    ['start address', formatAddress(prefix.startAddress)],
  ];
  for (const dependency of prefix.dependencies) details.push(['needs', describeNeed(dependency)]);
  const { product } = suffix;
  if (product === null) {
    details.push(['product', 'none: its suffix carries no product id and version']);
  } else if (product.id === UNSET && product.version === UNSET) {
    details.push(['product', 'none: built without PRODUCT_ID() and PRODUCT_VERSION()']);
  } else if (!isVersion(product.version)) {
    details.push(['product version', `${product.version}, which is no version (1 to 65534 are)`]);
  }
  for (const asset of assets) details.push(['asset', `${asset.name} (sha256 ${asset.hash})`]);
  if (assets.length > 0) {
    details.push([
      'bundle',
      'needs its assets: this file alone is not enough for Particle’s cloud',
    ]);
  }
  return details;
}

/** Device OS module numbers are about major * 1000 + minor * 100 + patch since 1.0; older ones count up from 1. */
function describeNeed(need: ModuleDependency): string {
  const text = `${moduleFunctionName(need.function)} ${need.index}, module version ${need.version} or newer`;
  if (need.function !== FUNCTION_SYSTEM_PART || need.version < 1000) return text;
  const major = Math.floor(need.version / 1000);
  const minor = Math.floor((need.version % 1000) / 100);
  return `${text} (Device OS ${major}.${minor})`;
}

function isVersion(value: number): boolean {
  return value >= 1 && value < UNSET;
}

function formatCrc(value: number): string {
  return value.toString(16).padStart(8, '0');
}

function refuse(message: string): Result<never, FormatDefect> {
  return fail({ format: 'particle', message });
}

// Comparing a binary with its Firmware manifest and Product. All disagreements are collected; where they go (a place
// in a file, a plan, a refusal to serve) is the caller's business.

import type { BinaryFacts, CompiledFacts } from '../model/firmware.ts';
import type { Reason } from '../model/reasons.ts';
import { PLATFORM_ALIASES } from './particle-platforms.ts';
import { productIdMatches } from './product-id.ts';

/** What the manifests say of a binary, beside what the binary says. */
export interface BinaryClaim {
  readonly facts: BinaryFacts;
  /** 64 lower-case hex digits. */
  readonly sha256: string;
  readonly version: number;
  /** `opaque`: only the digest counts; null: the header counts too. */
  readonly format: 'opaque' | null;
  /** The product's, null where it names none. */
  readonly productId: number | null;
  /** The product's, null where it names none. */
  readonly platform: string | null;
  readonly reportedAs: string | null;
}

export type BinaryReason = Extract<
  Reason,
  | 'BinaryUnreadable'
  | 'BinaryMissing'
  | 'DigestMismatch'
  | 'VersionMismatch'
  | 'ProductMismatch'
  | 'PlatformMismatch'
>;

/** One disagreement. `field` is where in the Firmware manifest's `spec` it is best shown. */
export interface BinaryMismatch {
  readonly reason: BinaryReason;
  readonly field: 'binary' | 'binary.sha256' | 'version' | 'product';
  readonly message: string;
  readonly remedy: string;
}

/**
 * Everything in which a binary and its manifest disagree, in a fixed order; empty where they agree. A product id or
 * platform that one side does not carry is no disagreement; a missing version is one, since the format has a place
 * for it.
 */
export function checkBinary(claim: BinaryClaim): readonly BinaryMismatch[] {
  const { facts } = claim;
  // A pointer is another file altogether: its digest and content say nothing more.
  if (facts.lfsPointer) return [lfsPointerFound()];
  const found: BinaryMismatch[] = [];
  if (facts.sha256 !== claim.sha256) found.push(digestMismatch(claim));
  if (claim.format === 'opaque') return found;
  if (facts.compiled === null) return [...found, unreadable(facts)];
  if (!versionAgrees(facts.compiled, claim)) found.push(versionMismatch(facts.compiled, claim));
  return [
    ...found,
    ...checkProductId(facts.compiled, claim.productId),
    ...checkPlatform(facts.compiled, claim.platform),
  ];
}

function lfsPointerFound(): BinaryMismatch {
  return {
    reason: 'BinaryMissing',
    field: 'binary',
    message: 'The file is a Git LFS pointer; the binary that it stands for was not fetched.',
    remedy: 'Run `git lfs pull` where the source is checked out.',
  };
}

function digestMismatch({ facts, sha256 }: BinaryClaim): BinaryMismatch {
  return {
    reason: 'DigestMismatch',
    field: 'binary.sha256',
    message: `The manifest names SHA-256 ${sha256}; the binary’s is ${facts.sha256}.`,
    remedy: `Commit the binary that was meant, or write \`sha256: ${facts.sha256}\`.`,
  };
}

function unreadable({ defect }: BinaryFacts): BinaryMismatch {
  return {
    reason: 'BinaryUnreadable',
    field: 'binary',
    message: defect?.message ?? 'No header could be read from the binary.',
    remedy:
      defect === null || defect.format === null
        ? 'Use a binary with a known header, or write `format: opaque` under `binary`.'
        : 'Build or copy the binary again; `format: opaque` takes it by its digest alone.',
  };
}

function versionAgrees(compiled: CompiledFacts, claim: BinaryClaim): boolean {
  if (compiled.version === claim.version) return true;
  return (
    compiled.versionText !== null &&
    claim.reportedAs !== null &&
    isSameText(compiled.versionText, claim.reportedAs)
  );
}

/** `1.4.2+7` and `1.4.2` are the same where only one side names a build. */
function isSameText(one: string, other: string): boolean {
  const [oneBase, oneBuild] = splitBuild(one);
  const [otherBase, otherBuild] = splitBuild(other);
  return oneBase === otherBase && (oneBuild === otherBuild || !oneBuild || !otherBuild);
}

function splitBuild(text: string): [base: string, build: string | null] {
  const plus = text.indexOf('+');
  return plus === -1 ? [text, null] : [text.slice(0, plus), text.slice(plus + 1)];
}

function versionMismatch(compiled: CompiledFacts, claim: BinaryClaim): BinaryMismatch {
  const wanted =
    claim.reportedAs === null || compiled.format === 'particle'
      ? `version ${claim.version}`
      : `version ${claim.version}, reported as ${quote(claim.reportedAs)}`;
  const written = compiled.versionText ?? compiled.version;
  const mismatch = { reason: 'VersionMismatch', field: 'version' } as const;
  if (written === null) {
    return {
      ...mismatch,
      message: `The manifest says ${wanted}; the binary carries no version.`,
      remedy: `Build the binary with version ${claim.version}, or use the one that was meant.`,
    };
  }
  return {
    ...mismatch,
    message: `The manifest says ${wanted}; ${quote(String(written))} is compiled into the binary.`,
    remedy:
      compiled.version === null
        ? `Write \`reportedAs: ${JSON.stringify(String(written))}\`, or use the binary that was meant.`
        : `Write \`version: ${compiled.version}\`, or build the binary with version ${claim.version}.`,
  };
}

function checkProductId(compiled: CompiledFacts, wanted: number | null): BinaryMismatch[] {
  if (wanted === null || compiled.productId === null) return [];
  if (productIdMatches(compiled, wanted).matches) return [];
  const platform =
    compiled.platform === null ? '' : ` (nor the platform’s, ${compiled.platform.id})`;
  return [
    {
      reason: 'ProductMismatch',
      field: 'product',
      message: `The product has id ${wanted}; the binary was built for ${compiled.productId}${platform}.`,
      remedy: `Use a binary built with product id ${wanted}, or correct \`productId\` of the Product.`,
    },
  ];
}

function checkPlatform(compiled: CompiledFacts, wanted: string | null): BinaryMismatch[] {
  if (wanted === null || compiled.platform === null) return [];
  const { id, name } = compiled.platform;
  // An id without a name is none of the known platforms; a manifest may still name it by its number.
  if (normalise(name ?? String(id)) === normalise(wanted)) return [];
  return [
    {
      reason: 'PlatformMismatch',
      field: 'product',
      message:
        `The product is for ${quote(wanted)}; the binary was built for ` +
        `${name === null ? `an unknown platform with id ${id}` : `${quote(name)} (${id})`}.`,
      remedy: `Use a binary built for ${quote(wanted)}, or correct \`platform\` of the Product.`,
    },
  ];
}

/** `ESP32-S3` and `esp32s3` are one platform; some have a second name. */
function normalise(platform: string): string {
  const plain = platform.toLowerCase().replaceAll(/[-_ ]/g, '');
  return PLATFORM_ALIASES[plain] ?? plain;
}

function quote(text: string): string {
  return `“${text}”`;
}

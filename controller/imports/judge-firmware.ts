// Which of the found binaries are what they are filed as. Only those get a manifest: one that disagrees would be refused
// by the first look at it, or never be reported by any device.

import type { FoundFirmware, FoundProduct } from '../model/found-product.ts';
import type { BinaryFacts } from '../model/firmware.ts';
import { checkBinary } from '../firmware/check.ts';
import { examineBytes } from '../firmware/examine.ts';
import { particlePlatformName } from '../firmware/particle-platforms.ts';
import { findingOf, type ImportFinding } from './finding.ts';

/** A version that gets a manifest. */
export interface KeptFirmware {
  readonly found: FoundFirmware;
  readonly content: Uint8Array;
  readonly sha256: string;
  /** `opaque`: known by its digest alone. */
  readonly format: 'opaque' | null;
}

export interface JudgedFirmware {
  readonly kept: ReadonlyMap<number, KeptFirmware>;
  readonly findings: readonly ImportFinding[];
}

/** The product id for manifests; null where it is none that a binary could carry. */
export function productIdOf({ id }: Pick<FoundProduct, 'id'>): number | null {
  return id <= 65_534 ? id : null;
}

/** The platform for manifests: its name, or its number where that is not known. */
export function platformOf({ platformId }: Pick<FoundProduct, 'platformId'>): string | null {
  return platformId === null ? null : (particlePlatformName(platformId) ?? String(platformId));
}

/** Judges all versions. `used` are those that devices run, are locked to or are released to. */
export function judgeFirmware(
  product: FoundProduct,
  used: { has(version: number): boolean },
): JudgedFirmware {
  const kept = new Map<number, KeptFirmware>();
  const findings: ImportFinding[] = [];
  for (const found of product.firmware) {
    const { version } = found;
    const place = `firmware ${version}`;
    const content = found.content ?? new Uint8Array();
    const facts = examineBytes(content);
    const isBundle = isZip(content) && facts.size === (found.size ?? facts.size);
    const wrong = isBundle ? [] : findWrong(product, found, facts);
    if (wrong.length > 0 || found.content === null) {
      const severity = used.has(version) ? 'error' : 'warning';
      for (const words of wrong) {
        findings.push(findingOf(severity, 'FirmwareNotImported', place, words));
      }
      continue;
    }
    const { sha256 } = facts;
    kept.set(version, { found, content, sha256, format: isBundle ? 'opaque' : null });
    if (isBundle) findings.push(findingOf('warning', 'FirmwareBundle', place, BUNDLE));
    if (found.isMandatory) {
      findings.push(findingOf('warning', 'FirmwareMandatory', place, mandatoryWords(version)));
    }
  }
  return { kept, findings };
}

type Words = readonly [message: string, remedy: string];

const BUNDLE: Words = [
  'It is a bundle of an application and assets. Its product, version and platform are inside of the archive and were not checked.',
  'Upload later bundles by Particle’s tools, and name their digest in a manifest with `format: opaque`.',
];

function mandatoryWords(version: number): Words {
  return [
    `Version ${version} is mandatory at Particle, which goes on bringing devices through it. Lockstep does not know of that.`,
    `Write \`requires: { from: ${version} }\` in the versions that can only be reached from it.`,
  ];
}

/** Everything that is wrong with a binary under its number. */
function findWrong(
  product: FoundProduct,
  { version, size, appHash, content }: FoundFirmware,
  facts: BinaryFacts,
): readonly Words[] {
  if (version < 1 || version > 65_534 || content === null) {
    return [
      [
        `It is filed as version ${version}. Devices report 0 in safe mode and 65535 while they have none, so no device can be seen to run it.`,
        'Build it with a version from 1 to 65534, and upload that.',
      ],
    ];
  }
  if (size !== null && size !== facts.size) {
    return [
      [
        `Particle says that the file has ${size} bytes, and ${facts.size} came.`,
        'Run `lockstep init` again; if it stays so, upload the binary under a new version.',
      ],
    ];
  }
  const wrong: Words[] = checkBinary({
    facts,
    sha256: facts.sha256,
    version,
    format: null,
    productId: productIdOf(product),
    platform: platformOf(product),
    reportedAs: null,
  }).map(({ reason, message }) => [describe(reason, message), remedyOf(reason, version)]);
  const compiled = facts.compiled?.appHash?.toLowerCase() ?? null;
  if (appHash !== null && compiled !== null && appHash.toLowerCase() !== compiled) {
    wrong.push([
      `Particle says that devices report the app hash ${appHash.toLowerCase()} for it, and the binary's is ${compiled}.`,
      'Find out where the other binary came from; build again, with a new version, and upload that.',
    ]);
  }
  return wrong;
}

/** The words of the check are about a manifest; here there is none. */
function describe(reason: string, message: string): string {
  const said = message.replace(/^The manifest says version/, 'It is filed as version');
  return `${reason}: ${said}`;
}

function remedyOf(reason: string, version: number): string {
  switch (reason) {
    case 'VersionMismatch':
      return `Devices never report ${version} with this binary: they would be flashed again and again. Build it with the right version, upload that, and release it in place of this one.`;
    case 'ProductMismatch':
    case 'PlatformMismatch':
      return `Release another version in place of it; where it was never released, delete it at Particle and upload the right binary as version ${version}.`;
    default:
      return 'Build the binary again, with a new version, upload that, and release it in place of this one.';
  }
}

function isZip(content: Uint8Array): boolean {
  return [0x50, 0x4b, 0x03, 0x04].every((byte, at) => content[at] === byte);
}

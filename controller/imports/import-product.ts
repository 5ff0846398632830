// From a live product as it was found in its cloud to a fleet repo that says the same, and to what a person has to know of
// it. Pure: reading the cloud and writing the files are the command's business. Whatever cannot be said truly is left out
// and told, so that the first plan finds nothing to do.

import type { FoundProduct } from '../model/found-product.ts';
import { describeDevices, judgeLocks } from './judge-devices.ts';
import type { ImportFinding } from './finding.ts';
import { findingOf } from './finding.ts';
import { judgeFirmware } from './judge-firmware.ts';
import { judgeReleases } from './judge-releases.ts';
import type { ImportedFile } from './render-files.ts';
import { renderFiles } from './render-files.ts';

export interface ImportedRepo {
  /** Name of the product in its manifests. */
  readonly product: string;
  readonly files: readonly ImportedFile[];
  /** Errors first. */
  readonly findings: readonly ImportFinding[];
  readonly counts: {
    readonly devices: number;
    readonly firmware: number;
    readonly groups: number;
    readonly lockedDevices: number;
    readonly releases: number;
  };
}

/** Imports a product. The same product gives the same files, byte for byte. */
export function importProduct(found: FoundProduct): ImportedRepo {
  const firmware = judgeFirmware(found, usedVersions(found));
  const locks = judgeLocks(found, firmware.kept);
  const releases = judgeReleases(found, firmware.kept);
  const product = nameProduct(found);
  const files = renderFiles({
    name: product,
    found,
    firmware: firmware.kept,
    locks: locks.locks,
    releases,
  });
  const findings = [
    ...firmware.findings,
    ...locks.findings,
    ...releases.findings,
    ...findUnseen(found, releases),
    ...describeDevices(found),
  ];
  const isError = ({ severity }: ImportFinding): boolean => severity === 'error';
  return {
    product,
    files,
    findings: [...findings.filter(isError), ...findings.filter((finding) => !isError(finding))],
    counts: {
      devices: found.devices.length,
      firmware: firmware.kept.size,
      groups: releases.members.size,
      lockedDevices: [...locks.locks.values()].reduce((sum, ids) => sum + ids.length, 0),
      releases: releases.byGroup.size + (releases.everyone === null ? 0 : 1),
    },
  };
}

/** Names that the paths of the gateway take. */
const RESERVED_NAMES = new Set(['api', 'metrics', 'healthz', 'readyz']);

/** The name of the product in manifests: its slug, made a DNS label. */
export function nameProduct({ slug, id }: Pick<FoundProduct, 'slug' | 'id'>): string {
  const label = slug
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 63)
    .replace(/^-|-$/g, '');
  if (label === '') return `product-${id}`;
  return RESERVED_NAMES.has(label) ? `${label}-product` : label;
}

function usedVersions({ devices, groups, firmware }: FoundProduct): ReadonlySet<number> {
  const versions = [
    ...devices.flatMap(({ running, lockedTo }) => [running, lockedTo]),
    ...groups.map(({ version }) => version),
    ...firmware.flatMap(({ version, isDefault }) => (isDefault ? [version] : [])),
  ];
  return new Set(versions.flatMap((version) => version ?? []));
}

/** Releases that the gate has no evidence for yet. */
function findUnseen(
  { devices }: FoundProduct,
  releases: ReturnType<typeof judgeReleases>,
): readonly ImportFinding[] {
  const running = new Set(
    devices.flatMap(({ running: version, isQuarantined }) =>
      isQuarantined ? [] : (version ?? []),
    ),
  );
  const released = new Set([
    ...releases.byGroup.values(),
    ...[releases.everyone].flatMap((version) => version ?? []),
  ]);
  return [...released]
    .filter((version) => !running.has(version))
    .sort((one, other) => one - other)
    .map((version) =>
      findingOf('warning', 'ReleaseUnseen', `firmware ${version}`, [
        `Version ${version} is released, and no device reports it. The plan says \`ReleaseUnverified\` until one does, and devices stay on what they run.`,
        'Let a device take it at Particle first, or lock a bench device to it after the import.',
      ]),
    );
}

// Compiles what is in force for a product into the form that each contact of a device is answered from.

import type { Desired, FirmwareSpec, Placed } from '../model/desired.ts';
import type { FirmwareRecord } from '../model/firmware.ts';
import type { PolicyFirmware, PolicyMatchGroup, ProductPolicy } from '../model/policy.ts';
import { NO_ROLLOUT } from '../model/rollout.ts';
import { compileRelease } from '../releases/release-policy.ts';

/**
 * The policy of a product, or null while no Product manifest of it is in force. `records` is what the state remembers
 * of its versions: firmware without a record (never stored) can't be offered.
 */
export function compilePolicy(
  desired: Desired,
  records: readonly FirmwareRecord[],
  flags: { readonly stopped: boolean },
): ProductPolicy | null {
  if (desired.config === null) return null;
  const { productId, fleet, verification } = desired.config.spec;
  const groups = new Map(desired.groups.map(({ spec, origin }) => [origin.name, spec.devices]));
  const firmware = compileFirmware(desired.firmware, records);
  const releases = desired.releases.map((release) =>
    compileRelease(release, desired.rollout ?? NO_ROLLOUT),
  );
  const groupReleases = new Map(
    releases.flatMap((release) =>
      release.group === null ? [] : [[release.group, release] as const],
    ),
  );
  return {
    product: desired.product,
    settings: fleet,
    productId,
    verification: {
      soakMs: verification.soakMs,
      evidence: verification.evidence,
      group: verification.group === null ? null : new Set(groups.get(verification.group) ?? []),
    },
    firmware,
    versionByText: new Map([...firmware.values()].map((each) => [each.reportedAs, each.version])),
    release: releases.find((release) => release.group === null) ?? null,
    groupReleases,
    groupsOf: memberships(groups, groupReleases),
    matchGroups: desired.groups
      .flatMap(({ spec, origin }): readonly PolicyMatchGroup[] =>
        spec.match === null || !groupReleases.has(origin.name)
          ? []
          : [{ group: origin.name, match: spec.match }],
      )
      .sort((one, other) => (one.group < other.group ? -1 : 1)),
    named: new Set([
      ...[...groups.values()].flat(),
      ...desired.locks.flatMap(({ spec }) => spec.devices ?? []),
    ]),
    stopped: flags.stopped,
  };
}

function compileFirmware(
  manifests: readonly Placed<FirmwareSpec>[],
  records: readonly FirmwareRecord[],
): ReadonlyMap<number, PolicyFirmware> {
  const remembered = new Map(records.map((record) => [record.version, record]));
  return new Map(
    manifests.map(({ spec }) => {
      const record = remembered.get(spec.version);
      const known = record?.sha256 === spec.binary.sha256 ? record : undefined;
      return [
        spec.version,
        {
          version: spec.version,
          sha256: spec.binary.sha256,
          sha1: known?.sha1 ?? '',
          md5: known?.md5 ?? '',
          size: known?.size ?? 0,
          fileName: fileNameOf(spec.binary.path ?? spec.binary.url ?? ''),
          reportedAs: spec.reportedAs ?? String(spec.version),
          title: spec.title,
          withdrawn: spec.withdrawn !== null,
          evidenceSince: known?.withdrawnAt ?? 0,
          verified: known !== undefined && known.verifiedAt !== null,
          stored: known?.stored ?? false,
          requiresFrom: spec.requiresFrom,
          retiring: spec.retiring,
        },
      ];
    }),
  );
}

/**
 * A file name that every client can take in a URL: the last segment, reduced to letters, digits, `.`, `_`, `+`, `-`,
 * and to 64 characters from the end, so that the ending (SWUpdate insists on `.swu`) survives.
 */
function fileNameOf(pathOrUrl: string): string {
  const withoutQuery = pathOrUrl.split(/[?#]/, 1)[0] ?? '';
  const last = withoutQuery.slice(withoutQuery.lastIndexOf('/') + 1);
  const name = last.replaceAll(/[^A-Za-z0-9._+-]/g, '_').slice(-64);
  return name === '' ? 'firmware.bin' : name;
}

function memberships(
  groups: ReadonlyMap<string, readonly string[]>,
  groupReleases: ReadonlyMap<string, unknown>,
): ReadonlyMap<string, readonly string[]> {
  const groupsOf = new Map<string, string[]>();
  for (const group of [...groupReleases.keys()].sort()) {
    for (const device of groups.get(group) ?? []) {
      const known = groupsOf.get(device);
      if (known === undefined) groupsOf.set(device, [group]);
      else known.push(group);
    }
  }
  return groupsOf;
}

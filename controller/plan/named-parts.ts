// What a lock or a release names: its version and its group. Shared by both, since either is refused for the same.

import type { FirmwareSpec, Origin, Placed } from '../model/desired.ts';
import { usableFirmware } from './firmware.ts';
import { groupDevices, groupMatch } from './groups.ts';
import type { Scope } from './scope.ts';
import { refuse } from './scope.ts';

/** The firmware that a lock or release names. Null where it, or the group, is not there: the manifest is refused then. */
export function requireNamed(
  scope: Scope,
  origin: Origin,
  { version, group }: { readonly version: number; readonly group: string | null },
): Placed<FirmwareSpec> | null {
  const firmware = usableFirmware(scope, version);
  if (firmware === null) {
    refuse(
      scope,
      origin,
      'spec.version',
      'UnknownVersion',
      `No Firmware manifest of ${scope.product} has version ${version}, or it is refused.`,
    );
    return null;
  }
  if (group !== null && groupDevices(scope, group) === null) {
    refuse(
      scope,
      origin,
      'spec.group',
      'UnknownGroup',
      `No DeviceGroup of ${scope.product} is named ${group}.`,
    );
    return null;
  }
  if (origin.kind === 'DeviceLock' && group !== null && groupMatch(scope, group) !== null) {
    refuse(
      scope,
      origin,
      'spec.group',
      'GroupNotListed',
      `Group ${group} matches attributes; a lock takes only a group that lists its devices.`,
    );
    return null;
  }
  return firmware;
}

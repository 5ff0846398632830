// What a device may fetch now: the document of an action of its own, and the binary behind it. What is withdrawn, or
// not in force under the same digest any more, is served to nobody.

import type { ActionRecord, DeviceRecord, Moment, OpenAction } from '../model/device.ts';
import type { PolicyFirmware, ProductPolicy } from '../model/policy.ts';
import { resolveTarget } from '../releases/target.ts';
import { isOpen } from '../releases/window.ts';

/**
 * The firmware of an action's deployment document, or null where it is not shown: a cancelled or failed action, one
 * that is being cancelled, or one that the device has not fetched and that the next poll would cancel. An action that
 * succeeded is still shown.
 */
export function shownFirmware(
  device: DeviceRecord,
  record: ActionRecord | null,
  policy: ProductPolicy,
  moment: Moment,
): PolicyFirmware | null {
  if (record === null) return null;
  const { action } = device;
  if (action?.id === record.id) return openFirmware(device, action, policy, moment);
  return record.state === 'succeeded' ? inForce(record.version, record.sha256, policy) : null;
}

/** The firmware whose binary the device may download: that of its open action, if it is the version asked for. */
export function downloadableFirmware(
  device: DeviceRecord,
  version: number,
  policy: ProductPolicy,
  moment: Moment,
): PolicyFirmware | null {
  const { action } = device;
  return action?.version === version ? openFirmware(device, action, policy, moment) : null;
}

function openFirmware(
  device: DeviceRecord,
  action: OpenAction,
  policy: ProductPolicy,
  { at }: Moment,
): PolicyFirmware | null {
  if (device.standing !== 'active' || action.phase === 'cancelling') return null;
  if (action.phase === 'offered' && !action.cancelRefused) {
    const target = resolveTarget(device, policy);
    if (target.kind === 'none' || target.firmware.version !== action.version) return null;
    // What is fetched now is a flash that starts now.
    if (policy.stopped || !isOpen(target.pace?.windows ?? [], at)) return null;
  }
  return inForce(action.version, action.sha256, policy);
}

function inForce(version: number, sha256: string, policy: ProductPolicy): PolicyFirmware | null {
  const firmware = policy.firmware.get(version);
  if (firmware === undefined || firmware.sha256 !== sha256) return null;
  return firmware.withdrawn || !firmware.stored ? null : firmware;
}

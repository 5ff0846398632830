// The audit log's line for an action that was carried out.

import { unreachable } from '../base/assert.ts';
import { countOf } from '../base/count.ts';
import type { EventDraft, EventType } from '../model/event.ts';
import type { Action, ExposureCause } from '../model/plan.ts';
import { describeGroup, formatExposure } from '../releases/describe-release.ts';

/** The event of a carried-out action. */
export function eventOfAction(product: string, action: Action, at: number): EventDraft {
  const [type, message] = describe(action);
  return {
    type,
    at,
    product,
    revision: action.trace.revision,
    manifest: action.trace.manifest,
    device: 'device' in action ? action.device : null,
    actionId: null,
    message,
  };
}

function describe(action: Action): readonly [EventType, string] {
  switch (action.type) {
    case 'ConfigureProduct':
      return ['ProductConfigured', `Configured: ${action.changes.join(', ')}.`];
    case 'UploadFirmware':
      return ['FirmwareUploaded', `Version ${action.version} is stored, SHA-256 ${action.sha256}.`];
    case 'RetireFirmware':
      return ['FirmwareRetired', `Version ${action.version} is retired.`];
    case 'WithdrawFirmware':
      return [
        'FirmwareWithdrawn',
        `Version ${action.version} is withdrawn; it is offered and served no more.`,
      ];
    case 'ChangeGroup':
      return ['GroupChanged', `Group ${action.group} has ${countOf(action.devices, 'device')}.`];
    case 'LockDevice':
      return ['DeviceLocked', `Locked to version ${action.version}, flash ${action.flash}.`];
    case 'UnlockDevice':
      return ['DeviceUnlocked', `Unlocked from version ${action.from}.`];
    case 'ReleaseFirmware': {
      const from = action.from === null ? '' : ` instead of ${action.from}`;
      return [
        action.rollback ? 'RollbackStarted' : 'ReleaseStarted',
        `${action.rollback ? 'Rolled back to' : 'Released'} version ${action.version} for ${describeGroup(action.group)}${from}, exposure ${formatExposure(action.exposure)}.`,
      ];
    }
    case 'SetExposure':
      return [EXPOSURE_EVENTS[action.cause], action.message];
    case 'EndRelease':
      return ['ReleaseEnded', `The release of version ${action.version} ended.`];
    default:
      return unreachable(action);
  }
}

const EXPOSURE_EVENTS: Readonly<Record<ExposureCause, EventType>> = {
  step: 'ExposureChanged',
  hold: 'ReleaseHalted',
  rollback: 'ReleaseRolledBack',
  resume: 'ReleaseResumed',
  pause: 'ReleasePaused',
  unpause: 'ReleaseResumed',
  edit: 'ReleaseEdited',
};

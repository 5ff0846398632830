// An attempt whose deadline has passed. Deadlines are in listening time, so an outage of the gateway or of the fleet's
// network expires nothing.

import type { DeviceRecord, Moment } from '../model/device.ts';
import type { ProductPolicy } from '../model/policy.ts';
import { formatDuration } from '../base/duration.ts';
import type { Decision } from './decision.ts';
import { draftOf } from './decision.ts';
import { closeCancelled, failAction } from './outcome.ts';

/** Ends the device's attempt if its deadline has passed; null where there is nothing to end. */
export function expireAttempt(
  device: DeviceRecord,
  policy: ProductPolicy,
  moment: Moment,
): Decision | null {
  const { action } = device;
  if (action === null || moment.listened < action.deadline) return null;
  const draft = draftOf(device);
  const waited = formatDuration(policy.settings.attemptTimeoutMs);
  if (action.phase === 'cancelling') {
    closeCancelled(draft, action, moment, `The cancel had no answer within ${waited}.`);
  } else if (action.phase === 'claimed' && device.reported === null) {
    // It never names versions: its agent's success is all there will ever be, which verifies nothing.
    closeCancelled(
      draft,
      action,
      moment,
      `Reported success, but named no version within ${waited}.`,
    );
  } else {
    failAction(draft, action, policy, moment, `No outcome within ${waited}.`);
  }
  return draft;
}

// A device that was not heard from for very long: it leaves all counts, and is registered anew when it comes back.

import { formatDuration } from '../base/duration.ts';
import type { DeviceRecord, Moment } from '../model/device.ts';
import type { ProductPolicy } from '../model/policy.ts';
import type { Decision } from './decision.ts';
import { draftOf, note } from './decision.ts';

/** Whether it was registered, and left the counts since. */
export function isForgotten({ standing, registeredAt }: DeviceRecord): boolean {
  return standing === 'expected' && registeredAt !== null;
}

/** Takes a device out of all counts. What is known of it, its lock and its token stay. */
export function forgetDevice(
  device: DeviceRecord,
  policy: ProductPolicy,
  moment: Moment,
): Decision | null {
  if (device.standing !== 'active') return null;
  const draft = draftOf({ ...device, standing: 'expected' });
  const silence = formatDuration(policy.settings.forgetAfterMs);
  note(draft, 'DeviceForgotten', moment, `Not heard from for ${silence}; it is not counted now.`);
  return draft;
}

// Who is let in: the first contact of a device, and the end of a quarantine when a manifest names it.

import type { DeviceRecord, Moment } from '../model/device.ts';
import { expectedDevice } from '../model/device.ts';
import type { ProductPolicy } from '../model/policy.ts';
import type { Decision } from './decision.ts';
import { draftOf, note } from './decision.ts';

/** Quarantine of a device that no manifest names, under `admission: listed`. */
export const NOT_LISTED = 'no manifest names it';

/** How a quarantine of a device that is known under another product begins. */
export const OTHER_PRODUCT = 'it is registered under product';

/** Strangers that may register in a minute, per product; more are told to come back later. */
export const REGISTRATIONS_PER_MINUTE_MAX = 6_000;

/**
 * Registers a device at its first contact. `known` is its record where a lock or a token was there before it;
 * `otherProducts` are products under which the id is registered already.
 */
export function admitDevice(
  known: DeviceRecord | null,
  id: string,
  otherProducts: readonly string[],
  policy: ProductPolicy,
  moment: Moment,
): Decision {
  const draft = draftOf(known ?? expectedDevice(policy.product, id));
  const quarantine = reasonToQuarantine(draft.device, otherProducts, policy);
  draft.device = {
    ...draft.device,
    standing: quarantine === null ? 'active' : 'quarantined',
    quarantine,
    registeredAt: moment.at,
    askedSince: moment.listened,
  };
  if (quarantine === null)
    note(draft, 'DeviceRegistered', moment, 'Registered at its first contact.');
  else note(draft, 'DeviceQuarantined', moment, `In quarantine: ${quarantine}.`);
  return draft;
}

/** Ends a quarantine whose cause is gone under the manifests in force; null where nothing changes. */
export function reviewQuarantine(
  device: DeviceRecord,
  policy: ProductPolicy,
  moment: Moment,
): Decision | null {
  if (device.standing !== 'quarantined' || device.quarantine !== NOT_LISTED) return null;
  if (policy.settings.admission === 'listed' && !isListed(device, policy)) return null;
  const draft = draftOf(device);
  draft.device = { ...device, standing: 'active', quarantine: null, askedSince: moment.listened };
  note(draft, 'DeviceAdmitted', moment, 'A manifest names it, or admission is open now.');
  return draft;
}

function reasonToQuarantine(
  device: DeviceRecord,
  otherProducts: readonly string[],
  policy: ProductPolicy,
): string | null {
  if (otherProducts.length > 0) return `${OTHER_PRODUCT} ${otherProducts.join(', ')}`;
  if (policy.settings.admission === 'listed' && !isListed(device, policy)) return NOT_LISTED;
  return null;
}

/** Named by a manifest, locked by one, or given a token by a person. */
function isListed(device: DeviceRecord, policy: ProductPolicy): boolean {
  return policy.named.has(device.id) || device.lock !== null || device.tokenHash !== null;
}

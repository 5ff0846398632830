// How a contact begins: a stranger is registered or told to come back later, and what the record says of a known device
// is brought up to date. What the contact is about is not known here.

import { admitDevice } from '../../devices/admission.ts';
import type { Decision, Draft } from '../../devices/decision.ts';
import { draftOf } from '../../devices/decision.ts';
import { awaken } from '../../devices/dormancy.ts';
import { hasCurrentTraits, takeTraits } from '../../devices/traits.ts';
import type { DeviceRecord, Moment } from '../../model/device.ts';
import type { ProductPolicy } from '../../model/policy.ts';
import type { Gateway } from './gateway.ts';

/** Awake, and grouped by the attributes that its product groups by. */
export function isUpToDate(device: DeviceRecord, policy: ProductPolicy): boolean {
  return !device.dormant && hasCurrentTraits(device.traits, policy);
}

/** Wakes the device, and takes its traits over from the attributes that it sent before they were grouped by. */
export async function bringUpToDate(
  gateway: Gateway,
  entry: Decision,
  policy: ProductPolicy,
  moment: Moment,
): Promise<Decision> {
  const device = awaken(entry.device);
  const draft: Draft = { ...draftOf(device), events: [...entry.events] };
  if (!hasCurrentTraits(device.traits, policy)) {
    const isGrouped = policy.settings.groupBy.length > 0;
    takeTraits(draft, isGrouped ? await readAttributes(gateway, device.key) : {}, policy, moment);
  }
  return { ...entry, device: draft.device, events: draft.events };
}

/** The stored attributes; a device that is being registered has none. */
export async function readAttributes(
  gateway: Gateway,
  key: number,
): Promise<Readonly<Record<string, string>>> {
  return key === 0 ? {} : ((await gateway.store.attributes(key)) ?? {});
}

/** Heard from before, and not forgotten since. */
export function isKnown(device: DeviceRecord | null): device is DeviceRecord {
  return device !== null && device.standing !== 'expected';
}

/** Whether one more stranger may register now. The first refusal of a minute is loud. */
export async function admitStranger(
  gateway: Gateway,
  product: string,
  moment: Moment,
): Promise<boolean> {
  const admission = gateway.registrations.admit(product, gateway.clock.monotonicMs());
  if (!admission.ok && admission.loud) await reportCap(gateway, product, moment);
  return admission.ok;
}

/** Registers a device at its first contact. */
export async function registerDevice(
  gateway: Gateway,
  before: DeviceRecord | null,
  deviceId: string,
  policy: ProductPolicy,
  moment: Moment,
): Promise<Decision> {
  const others = await registeredElsewhere(gateway, policy.product, deviceId);
  return admitDevice(before, deviceId, others, policy, moment);
}

/** The other products that have heard from the id; a manifest that only names it there does not count. */
async function registeredElsewhere(
  gateway: Gateway,
  product: string,
  deviceId: string,
): Promise<readonly string[]> {
  const others: string[] = [];
  for (const other of await gateway.store.productsOf(deviceId)) {
    if (other !== product && isKnown(await gateway.store.device(other, deviceId))) {
      others.push(other);
    }
  }
  return others;
}

async function reportCap(gateway: Gateway, product: string, moment: Moment): Promise<void> {
  const message =
    'More strangers came than may register in a minute; the others are told to come back later.';
  gateway.log.warn(`${product}: ${message}`);
  await gateway.store.addEvents([
    {
      type: 'RegistrationCapped',
      at: moment.at,
      product,
      revision: null,
      manifest: null,
      device: null,
      actionId: null,
      message,
    },
  ]);
}

// What a device is to run at Particle under the policy in force: the version that it goes to, or that it stays on what it
// runs. Particle knows no "leave it alone": whoever is to stay has to be held against what is released.

import { findOfferWait } from '../../devices/offer.ts';
import { mayFinish } from '../../devices/open-action.ts';
import type { DeviceRecord, Moment } from '../../model/device.ts';
import type { ProductPolicy } from '../../model/policy.ts';
import { resolveTarget } from '../../releases/target.ts';

/** Why a device is held on what it runs by a lock of the driver's own. */
export interface Looping {
  /** The version that it keeps failing with. */
  readonly target: number;
  /** For people. */
  readonly cause: string;
}

export type Want =
  /** It is flashed with the version, or runs it already. */
  | { readonly kind: 'goes'; readonly version: number }
  /** Whatever it runs, it is offered nothing. */
  | { readonly kind: 'stays'; readonly looping: Looping | null }
  /** By a lock of a manifest. `flash`: now, if it is online. */
  | { readonly kind: 'locked'; readonly version: number; readonly flash: boolean };

/** What is wanted of a device. Nothing is wanted of one that Particle holds out of releases, unless it is locked. */
export function wantOf(device: DeviceRecord, policy: ProductPolicy, moment: Moment): Want {
  if (device.lock !== null) return lockedWant(device, device.lock, policy, moment);
  const target = resolveTarget(device, policy);
  const { action, running } = device;
  if (target.kind === 'none') {
    const finishes = action !== null && action.fetchedAt !== null && action.phase !== 'cancelling';
    return finishes && mayFinish(action, target)
      ? { kind: 'goes', version: action.version }
      : STAYS;
  }
  const { version } = target.firmware;
  if (running === version) return { kind: 'goes', version };
  const isUnderWay = action?.version === version && action.phase !== 'cancelling';
  if (isUnderWay && action.fetchedAt !== null) return { kind: 'goes', version };
  const wait = findOfferWait(device, target, policy, moment);
  if (wait !== null && wait.kind !== 'unknown') {
    return wait.kind === 'leftAlone' ? loopingWant(device, version) : STAYS;
  }
  // A rate counts flashes that are started, so only who was given a token is let go.
  const isRated = target.pace !== null && target.pace.rate !== null;
  return isRated && !isUnderWay ? STAYS : { kind: 'goes', version };
}

export const STAYS: Want = { kind: 'stays', looping: null };

function lockedWant(
  device: DeviceRecord,
  lock: NonNullable<DeviceRecord['lock']>,
  policy: ProductPolicy,
  moment: Moment,
): Want {
  const { version } = lock;
  const { running } = device;
  if (running === version) return { kind: 'locked', version, flash: false };
  // A lock names its version whoever else holds the device out. One that waits for a reset goes to Particle at once, whose
  // locks are delivered at the next handshake: so nothing else may hold it back, as if that reset had come.
  const subject: DeviceRecord = {
    ...device,
    standing: 'active',
    quarantine: null,
    lock: { ...lock, armed: true },
  };
  const target = resolveTarget(subject, policy);
  if (target.kind === 'none') return STAYS;
  const wait = findOfferWait(subject, target, policy, moment);
  if (wait === null || wait.kind === 'unknown') {
    return { kind: 'locked', version, flash: lock.flash === 'now' };
  }
  return wait.kind === 'leftAlone' ? loopingWant(device, version) : STAYS;
}

function loopingWant({ failures }: DeviceRecord, target: number): Want {
  const { count = 0, lastMessage = '' } = failures ?? {};
  return {
    kind: 'stays',
    looping: { target, cause: `It failed ${count} times with version ${target}: ${lastMessage}` },
  };
}

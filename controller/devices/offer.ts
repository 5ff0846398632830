// Offering a device its target: what keeps it from being offered now, and the action that an offer begins.

import type { DeviceRecord, FailedAttempts, Moment, OpenAction } from '../model/device.ts';
import type { ProductPolicy } from '../model/policy.ts';
import type { Target } from '../releases/target.ts';
import { findOpening, isOpen } from '../releases/window.ts';
import type { Draft } from './decision.ts';
import { note, recordOf } from './decision.ts';
import { backOffLeftMs } from './outcome.ts';

/** A target that names a version. */
export type VersionTarget = Extract<Target, { kind: 'version' }>;

/**
 * Whether earlier failures count for the target: those of its round, stepping stones included, or of its version. A base
 * is what a release has left behind: who failed with it then is not tried again because the next release has begun.
 */
export function countsFor(
  failures: FailedAttempts,
  { round, rule, firmware }: VersionTarget,
): boolean {
  if (round > 0) return failures.round === round;
  const isVersion = failures.version === firmware.version;
  return isVersion && (failures.round === 0 || rule === 'base');
}

/** Why a target is not offered now, though the device is to run it. */
export type OfferWait =
  | { readonly kind: 'runs' }
  | { readonly kind: 'stopped' }
  /** An `on-reset` lock waits for the device to come back. */
  | { readonly kind: 'reset' }
  /** Offered once to a device that does not name its version. */
  | { readonly kind: 'unknown' }
  /** The window opens at `opensAt` (epoch milliseconds; null: not in the next days). */
  | { readonly kind: 'window'; readonly opensAt: number | null }
  | { readonly kind: 'backOff'; readonly leftMs: number }
  /** Its retries are used up. */
  | { readonly kind: 'leftAlone' };

/** What keeps a device without an open action from being offered its target at this moment; null: nothing but a rate. */
export function findOfferWait(
  device: DeviceRecord,
  target: VersionTarget,
  policy: ProductPolicy,
  moment: Moment,
): OfferWait | null {
  const { version } = target.firmware;
  if (device.running === version) return { kind: 'runs' };
  if (policy.stopped) return { kind: 'stopped' };
  if (device.lock !== null && !device.lock.armed) return { kind: 'reset' };
  if (device.running === null && device.blindOffer === version) return { kind: 'unknown' };
  const { failures } = device;
  if (failures !== null && countsFor(failures, target)) {
    const leftMs = backOffLeftMs(failures, moment.at);
    if (leftMs === null) return { kind: 'leftAlone' };
    if (leftMs > 0) return { kind: 'backOff', leftMs };
  }
  const windows = target.pace?.windows ?? [];
  return isOpen(windows, moment.at)
    ? null
    : { kind: 'window', opensAt: findOpening(windows, moment.at) };
}

/** Begins an action towards the target. */
export function offer(
  draft: Draft,
  target: VersionTarget,
  policy: ProductPolicy,
  moment: Moment,
  id: number,
): OpenAction {
  const { version, sha256 } = target.firmware;
  const { round } = target;
  const earlier = draft.device.failures;
  const failures = earlier !== null && countsFor(earlier, target) ? earlier : null;
  const action: OpenAction = {
    id,
    version,
    sha256,
    goal: target.goal,
    attempt: (failures?.count ?? 0) + 1,
    phase: 'offered',
    fetchedAt: null,
    claimedAt: null,
    offeredAt: moment.at,
    deadline: moment.listened + policy.settings.attemptTimeoutMs,
    graceUntil: null,
    bootAtClaim: null,
    cancelPolls: 0,
    cancelRefused: false,
    round,
    manifest: target.manifest,
    revision: target.revision,
  };
  draft.device = {
    ...draft.device,
    action,
    failures,
    blindOffer: draft.device.running === null ? version : draft.device.blindOffer,
    // Who failed counts as failed until it succeeds.
    outcome: { version, round, state: failures === null ? 'inFlight' : 'failed' },
  };
  draft.actions.push(recordOf(draft.device, action, { state: 'open' }));
  const from =
    draft.device.running === null ? 'an unknown version' : `version ${draft.device.running}`;
  const stone = target.goal === version ? '' : `, on the way to ${target.goal}`;
  note(draft, 'ActionOffered', moment, `Offered version ${version}, from ${from}${stone}.`, action);
  return action;
}

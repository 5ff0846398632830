// A device as the API answers it, made of its record and of what is in force for its product. What the device itself
// sent (its attributes) is added by whoever has it.

import { isOnline } from '../devices/listening.ts';
import type {
  CarriedLock,
  DeviceRecord,
  FailedAttempts,
  ListenedMs,
  Moment,
  OpenAction,
} from '../model/device.ts';
import type { ProductPolicy } from '../model/policy.ts';
import { resolveTarget } from '../releases/target.ts';
import type { DeviceSummaryJson, TargetJson } from './answers.ts';
import { isoTime } from './plain-text.ts';

/** What is true of a product while its devices are described. */
export interface DeviceContext {
  /** Null while no Product manifest is in force. */
  readonly policy: ProductPolicy | null;
  /** The product's listening time. */
  readonly listened: ListenedMs;
  /** Epoch milliseconds. */
  readonly now: number;
}

/** The answer about one device. */
export function deviceJson(
  device: DeviceRecord,
  contact: Moment | null,
  context: DeviceContext,
): DeviceSummaryJson {
  return {
    product: device.product,
    id: device.id,
    standing: device.standing,
    quarantine: device.quarantine,
    registeredAt: isoTime(device.registeredAt),
    lastContactAt: isoTime(contact?.at ?? null),
    online: isDeviceOnline(contact, context),
    hasToken: device.tokenHash !== null,
    reported: device.reported,
    running: device.running,
    traits: device.traits,
    dormant: device.dormant,
    target: targetJson(device, context.policy),
    lock: device.lock === null ? null : lockJson(device.lock),
    action: device.action === null ? null : actionJson(device.action),
    failures: device.failures === null ? null : failuresJson(device.failures),
    outcome:
      device.outcome === null
        ? null
        : { version: device.outcome.version, state: device.outcome.state },
  };
}

/** Whether a device is online; without a policy nothing says how often it should be heard, and nobody is. */
export function isDeviceOnline(contact: Moment | null, context: DeviceContext): boolean {
  const { policy, listened } = context;
  return policy !== null && isOnline(contact, listened, policy.settings.pollIntervalMs);
}

/** The target of a device, or why it is left alone. */
export function targetJson(device: DeviceRecord, policy: ProductPolicy | null): TargetJson {
  const none = { version: null, goal: null, rule: null, manifest: null, revision: null };
  if (policy === null) {
    const message = 'Nothing of the product is in force yet.';
    return { ...none, reason: 'ProductNotAccepted', message };
  }
  const target = resolveTarget(device, policy);
  if (target.kind === 'none') {
    return { ...none, reason: target.reason, message: target.message };
  }
  const { rule, manifest, revision, firmware, goal } = target;
  const { version } = firmware;
  return { version, goal, rule, manifest, revision, reason: null, message: null };
}

function lockJson(lock: CarriedLock): NonNullable<DeviceSummaryJson['lock']> {
  const { version, flash, armed, manifest, revision, since } = lock;
  return {
    version,
    flash,
    armed,
    manifest: `DeviceLock/${manifest}`,
    revision,
    since: isoTime(since),
  };
}

function actionJson(action: OpenAction): NonNullable<DeviceSummaryJson['action']> {
  return {
    id: String(action.id),
    version: action.version,
    attempt: action.attempt,
    phase: action.phase,
    manifest: action.manifest,
    revision: action.revision,
    offeredAt: isoTime(action.offeredAt),
    fetchedAt: isoTime(action.fetchedAt),
    claimedAt: isoTime(action.claimedAt),
    cancelRefused: action.cancelRefused,
  };
}

function failuresJson(failures: FailedAttempts): NonNullable<DeviceSummaryJson['failures']> {
  const { version, count, retryAt, lastAt, lastMessage } = failures;
  return {
    version,
    count,
    retryAt: retryAt === null ? null : isoTime(retryAt),
    lastAt: isoTime(lastAt),
    lastMessage,
  };
}

// One simulated device as plain data, and the words its state machine speaks: inputs in, effects out. No behaviour
// beyond small pieces that the parts of the machine (`device.ts`, `exchange.ts`, `attempt.ts`, `boot.ts`) share.

import type { EpochMs } from '../base/clock.ts';
import type { BadVersion } from './bad-version.ts';
import type { ClientStyle, StyleTraits } from './client-style.ts';
import type { FaultName } from './faults.ts';
import { createRandomStream, drawBetween } from './seeded-random.ts';
import type { RandomStream } from './seeded-random.ts';
import type { Deployment, Feedback } from './wire.ts';

/**
 * `off`: no power. `booting`: the first boot or a reboot, not reachable. `silent`: on, and never polls again.
 * `reporting`: installed, the last reports before the reboot are on their way.
 */
export type Phase =
  'off' | 'booting' | 'idle' | 'downloading' | 'installing' | 'reporting' | 'silent';

/** Why an exchange or a download went wrong, as counted in a snapshot. */
export type ErrorKind =
  'connection' | 'timeout' | 'unauthorized' | 'throttled' | 'server' | 'refused' | 'document';

/** What happened to a device, for tests, the demo and the command line. */
export interface DeviceEvent {
  readonly type:
    'booted' | 'offered' | 'downloaded' | 'installed' | 'failed' | 'cancelled' | 'running';
  readonly device: string;
  readonly at: EpochMs;
  /** `booted` and `running`: the version that runs; else the version of the action. Null where it is not known. */
  readonly version: string | null;
  /** The action's id on the wire; null where none is concerned. */
  readonly actionId: string | null;
  /** For `failed`: why. Empty otherwise. */
  readonly message: string;
}

/** What all devices of a fleet have in common. Times are milliseconds. */
export interface DeviceSettings {
  /** Scheme, host and port (and path, if any) of the server, without a slash at the end. */
  readonly server: string;
  readonly style: ClientStyle;
  readonly traits: StyleTraits;
  readonly versionAttribute: string;
  /** Attribute that carries the boot counter; null: devices send none. */
  readonly bootAttribute: string | null;
  /** Further attributes, the same for every device. */
  readonly attributes: Readonly<Record<string, string>>;
  /** Sends the attributes at every boot, asked or not. */
  readonly attributesAtBoot: boolean;
  readonly installMs: number;
  readonly rebootMs: number;
  /** Poll interval instead of the server's; null: the server's. */
  readonly pollOverrideMs: number | null;
  /** First wait before a broken download goes on; doubles up to the poll interval. */
  readonly resumeMs: number;
  readonly slowLinkBytesPerSecond: number;
  readonly fallBackMs: number;
}

/** Time as a device sees it: one clock for waiting, one for what it writes into bodies. */
export interface Moment {
  readonly monotonicMs: number;
  readonly now: EpochMs;
}

/** One exchange that the device wants to have with the server. They are had one at a time, in order. */
export type Task =
  | { readonly kind: 'poll' }
  | { readonly kind: 'attributes'; readonly url: string }
  | { readonly kind: 'fetch-deployment'; readonly url: string }
  | { readonly kind: 'fetch-cancel'; readonly url: string }
  | {
      readonly kind: 'feedback';
      readonly url: string;
      readonly feedback: Feedback;
      /**
       * `progress`: dropped when it cannot be delivered. `gate`: the download starts once it is accepted. `final`:
       * repeated until it is accepted or refused. `cancel`: answers a cancel; dropped, since the server asks again.
       */
      readonly role: 'progress' | 'gate' | 'final' | 'cancel';
    };

/** An update under way, from the offer to the reboot. */
export interface Attempt {
  readonly deployment: Deployment;
  /** Absolute URL of the artifact. */
  readonly url: string;
  /** Bytes after which the connection is cut once; null: never, or done. */
  cutAt: number | null;
  /** Cuts in a row without a byte in between. */
  fruitless: number;
  received: number;
}

/** One device. Mutable, owned by whoever calls `stepDevice`; nothing else may write to it. */
export interface Device {
  readonly id: string;
  readonly index: number;
  /** Absolute URL of the device's base resource. */
  readonly baseUrl: string;
  /** Attributes of its own, beside those of the fleet. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly faults: ReadonlySet<FaultName>;
  /** Versions that fail on it, by version. */
  readonly badVersions: ReadonlyMap<string, BadVersion>;
  readonly random: RandomStream;
  phase: Phase;
  /** The version that runs, or that will run when it is switched on. */
  version: string;
  /** What ran before it, for a device that falls back. */
  previousVersion: string;
  /** Boots so far; what the boot attribute says. */
  boots: number;
  /** Installed, and runs from the next boot on. */
  staged: { readonly version: string; readonly actionId: string } | null;
  /** An action whose success is still to be reported after the boot. */
  reportId: string | null;
  attempt: Attempt | null;
  /** The last attempt failed, and none has succeeded since. */
  failed: boolean;
  /** Its attributes are to be sent once a poll has been answered, asked for or not. */
  announces: boolean;
  todo: Task[];
  /** `todo[0]` is on its way. */
  exchanging: boolean;
  /** Rises at each loss of power or of interest: answers to an older generation are not for this device any more. */
  generation: number;
  /** What the server asked for last; null before its first answer. */
  sleepMs: number | null;
  /** Failed exchanges since the last that went well. */
  failures: number;
  /** Polls made at once since the last that waited for its time. */
  repolls: number;
  /** Timers, in monotonic milliseconds; `Infinity` means not set. */
  pollAt: number;
  /** End of the boot, of the installation or of the wait before a resume. */
  workAt: number;
  /** Not before this is `todo[0]` tried again. */
  retryAt: number;
  fallBackAt: number;
  silentAt: number;
}

/** Who a device is, and what sets it apart from the others of its fleet. */
export interface DeviceIdentity {
  readonly id: string;
  readonly index: number;
  readonly tenant: string;
  /** Default: none. */
  readonly attributes?: Readonly<Record<string, string>>;
  /** Default: none. */
  readonly badVersions?: readonly BadVersion[];
}

export type Input =
  | { readonly kind: 'wake' }
  /** Power comes back, or comes for the first time; the boot ends after this time. */
  | { readonly kind: 'power-on'; readonly bootMs: number }
  | { readonly kind: 'power-off' }
  /** Flashed by a cable; it reboots into the version. */
  | { readonly kind: 'flash'; readonly version: string }
  | { readonly kind: 'answered'; readonly status: number; readonly text: string }
  | { readonly kind: 'unanswered'; readonly error: 'connection' | 'timeout' }
  | { readonly kind: 'download-ended'; readonly outcome: DownloadOutcome };

/** How a transfer, or one piece of it, ended. `received` counts from the artifact's first byte. */
export type DownloadOutcome =
  | { readonly kind: 'complete'; readonly sha256: string; readonly sha1: string }
  /** Broken off; the bytes so far are kept, and it can go on. */
  | { readonly kind: 'cut'; readonly received: number; readonly error: ErrorKind | null }
  | { readonly kind: 'refused'; readonly status: number }
  /** The artifact has more or fewer bytes than its document says. */
  | { readonly kind: 'wrong-size' };

export type Effect =
  | {
      readonly kind: 'exchange';
      /** The device's generation; the answer is for a device of the same one only. */
      readonly generation: number;
      readonly method: 'GET' | 'POST' | 'PUT';
      readonly url: string;
      readonly body: string | null;
    }
  | {
      /** Starts a transfer (`resume: false`, forgetting an earlier one), or goes on with the one that was cut. */
      readonly kind: 'download';
      readonly url: string;
      readonly size: number;
      readonly resume: boolean;
      readonly bytesPerSecond: number | null;
      /** The connection is dropped by the device once it has this many bytes. */
      readonly cutAt: number | null;
    }
  /** Stops the transfer, if one is under way, and forgets its bytes. */
  | { readonly kind: 'discard-download' }
  | { readonly kind: 'polled' }
  | { readonly kind: 'error'; readonly error: ErrorKind }
  | { readonly kind: 'event'; readonly event: DeviceEvent };

/** What the parts of the machine hand to one another during one step. */
export interface Step {
  readonly device: Device;
  readonly moment: Moment;
  readonly settings: DeviceSettings;
  readonly effects: Effect[];
}

/** A device that is switched off. `seed` and `id` alone decide its jitter. */
export function createDevice(
  identity: DeviceIdentity,
  version: string,
  faults: ReadonlySet<FaultName>,
  seed: number,
  settings: DeviceSettings,
): Device {
  const { id, index, tenant, attributes = {}, badVersions = [] } = identity;
  const path = `/${encodeURIComponent(tenant)}/controller/v1/${encodeURIComponent(id)}`;
  return {
    id,
    index,
    baseUrl: settings.server + path,
    attributes,
    faults,
    badVersions: new Map(badVersions.map((bad) => [bad.version, bad])),
    random: createRandomStream(seed, id),
    phase: 'off',
    version,
    previousVersion: version,
    boots: 0,
    staged: null,
    reportId: null,
    attempt: null,
    failed: false,
    announces: false,
    todo: [],
    exchanging: false,
    generation: 0,
    sleepMs: null,
    failures: 0,
    repolls: 0,
    pollAt: Infinity,
    workAt: Infinity,
    retryAt: -Infinity,
    fallBackAt: Infinity,
    silentAt: Infinity,
  };
}

/** Adds an event to the effects of the step. */
export function emitEvent(
  step: Step,
  type: DeviceEvent['type'],
  version: string | null,
  actionId: string | null,
  message = '',
): void {
  const event = { type, device: step.device.id, at: step.moment.now, version, actionId, message };
  step.effects.push({ kind: 'event', event });
}

/** Lets `todo` wait for nothing: used where a loss of power or a cancel makes it moot. */
export function forgetTasks(device: Device): void {
  device.todo = [];
  device.exchanging = false;
  device.retryAt = -Infinity;
  device.generation += 1;
}

const UNKNOWN_SLEEP_MS = 10_000;
const BUSY_POLL_MS = 5_000;
const BACKOFF_FACTOR_MAX = 4;

/** Time until the next ordinary poll, with a tenth of jitter to both sides. */
export function drawPollDelayMs(step: Step): number {
  const intervalMs = getIntervalMs(step);
  const isBusy = step.device.phase === 'downloading' || step.device.phase === 'installing';
  const delayMs = isBusy ? Math.min(BUSY_POLL_MS, intervalMs) : intervalMs;
  return delayMs * drawBetween(step.device.random, 0.9, 1.1);
}

/** Time until a failed exchange is tried again: the poll interval, up to four times that, with jitter. */
export function drawBackoffMs(step: Step): number {
  const factor = Math.min(2 ** Math.max(0, step.device.failures - 1), BACKOFF_FACTOR_MAX);
  return getIntervalMs(step) * factor * drawBetween(step.device.random, 0.75, 1.25);
}

/** Time until a broken download goes on; grows while no byte comes. */
export function drawResumeMs(step: Step, fruitless: number): number {
  const { resumeMs } = step.settings;
  const limitMs = Math.max(resumeMs, getIntervalMs(step));
  const delayMs = Math.min(resumeMs * 2 ** Math.min(fruitless, 16), limitMs);
  return delayMs * drawBetween(step.device.random, 0.75, 1.25);
}

function getIntervalMs(step: Step): number {
  return step.settings.pollOverrideMs ?? step.device.sleepMs ?? UNKNOWN_SLEEP_MS;
}

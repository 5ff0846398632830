// A device as the state knows it. Everything that decides about a device is in here; nothing of it lives in memory
// only. Records are values: a change makes a new one, and the store writes it if nobody else did meanwhile.

import type { EvidenceLevel, FlashMode } from './desired.ts';

/**
 * Milliseconds of a product's *listening time*: the time in which the gateway served and most of the product's other
 * devices were heard. Silence, soak and deadlines are measured in it, so that an outage of ours is no evidence.
 */
export type ListenedMs = number;

/** A moment, in both times: `at` (epoch milliseconds) for people, `listened` for decisions. */
export interface Moment {
  readonly at: number;
  readonly listened: ListenedMs;
}

/** `expected`: named by a manifest or given a token, never heard from. `quarantined`: known, offered nothing. */
export type Standing = 'expected' | 'active' | 'quarantined';

/** The lock that is carried out on a device. */
export interface CarriedLock {
  readonly version: number;
  readonly flash: FlashMode;
  /** False while an `on-reset` lock waits for the device to come back or to report a new boot. */
  readonly armed: boolean;
  /** The DeviceLock's `metadata.name` and the revision it was carried out from. */
  readonly manifest: string;
  readonly revision: string;
  /** Epoch milliseconds. */
  readonly since: number;
}

/**
 * offered: its link was shown. fetched: the device read the deployment or the binary. claimed: the agent reported
 * success, nobody has seen the version run. cancelling: `cancelAction` is offered until the device answers.
 */
export type ActionPhase = 'offered' | 'fetched' | 'claimed' | 'cancelling';

/** The one action that a device can have open. */
export interface OpenAction {
  /** The id on the wire, 1001..2147483647; never offered again once closed. */
  readonly id: number;
  readonly version: number;
  readonly sha256: string;
  /** The version that it leads to: another one where this is a stepping stone. */
  readonly goal: number;
  /** 1 for the first attempt at this version. */
  readonly attempt: number;
  readonly phase: ActionPhase;
  /** Epoch milliseconds at which the device first read the deployment or the binary; kept through `cancelling`. */
  readonly fetchedAt: number | null;
  /** Epoch milliseconds of the agent's success report. */
  readonly claimedAt: number | null;
  /** Epoch milliseconds of the first offer. */
  readonly offeredAt: number;
  /** Listening time at which an attempt without an outcome has failed. */
  readonly deadline: ListenedMs;
  /** With `claimed`: until then, naming the old version is no failure yet (unless a boot was seen). */
  readonly graceUntil: ListenedMs | null;
  /** With `claimed`: the boot attribute at the time of the claim. */
  readonly bootAtClaim: string | null;
  /** Contacts that were shown the cancel and did not answer it. */
  readonly cancelPolls: number;
  /** The device refused the cancel: the action runs on, and is not cancelled again. */
  readonly cancelRefused: boolean;
  /** The round of the release that the attempt counts for; 0 for none (a lock, or the return to a base). */
  readonly round: number;
  /** The manifest (`Kind/name`) and the revision that the action goes back to. */
  readonly manifest: string;
  readonly revision: string;
}

/** Values of attributes that devices are grouped by; values are cut at 64 characters. */
export type Traits = Readonly<Record<string, string | null>>;

/** Failures of a device with one version, or in one round of a release. */
export interface FailedAttempts {
  readonly version: number;
  /** The round that they count for; 0 for none, and then only those with `version` are counted together. */
  readonly round: number;
  readonly count: number;
  /**
   * Epoch milliseconds of the next try; null when the retries are used up and the device is left alone. A back-off is
   * our own pause and no silence of the device, so it runs in epoch time, whoever is heard meanwhile.
   */
  readonly retryAt: number | null;
  /** Epoch milliseconds and the device's last words. */
  readonly lastAt: number;
  readonly lastMessage: string;
}

/** How the device stands with the version it was last meant to run; counted once per device. */
export interface Outcome {
  readonly version: number;
  /** The round of the release that it counts for; 0 for none. */
  readonly round: number;
  readonly state: 'inFlight' | 'succeeded' | 'failed';
}

export interface DeviceRecord {
  readonly product: string;
  /** As in the URL the device polls: 1..256 characters without whitespace. */
  readonly id: string;
  /** Number of the device in this state, given by the store at its first save; 0 before. */
  readonly key: number;
  /** Raised by every save; a save of a record whose `rev` is not the stored one is refused. */
  readonly rev: number;
  readonly standing: Standing;
  /** Why it is in quarantine; null otherwise. */
  readonly quarantine: string | null;
  /** Epoch milliseconds of the first contact; null before. */
  readonly registeredAt: number | null;
  /** SHA-256 (hex) of its target token; null where it has none. */
  readonly tokenHash: string | null;

  /** The last version text that the device reported, cut at 128 characters; null where it never did. */
  readonly reported: string | null;
  /** The version that `reported` means under the manifests in force; null: unknown. */
  readonly running: number | null;
  /** Listening time since which it has named `running` without a boot in between; null where unknown. */
  readonly runningSince: ListenedMs | null;
  /** Last value of the boot attribute. */
  readonly boot: string | null;
  /**
   * Values of the attributes that groups are matched by (`fleet.groupBy`), null for one that it does not send. Exactly
   * these names are in here once the device was heard under that setting.
   */
  readonly traits: Traits;
  /** Not heard for seven days of listening time: a release does not wait for it. Ends with the next contact. */
  readonly dormant: boolean;
  /** The last binary that this gateway served it to the last byte. */
  readonly given: { readonly version: number; readonly sha256: string } | null;

  /** Listening time since which attributes are asked for; null: not asked for. Ends with the next report. */
  readonly askedSince: ListenedMs | null;
  /** Polls since its version is unknown, as far as they are counted. */
  readonly unknownPolls: number;
  /** The version once offered to this device while its own was unknown; null: none yet. */
  readonly blindOffer: number | null;

  readonly lock: CarriedLock | null;
  readonly action: OpenAction | null;
  readonly failures: FailedAttempts | null;
  /**
   * How often the device left a version that it had run, without an action of ours. Outlives each new success, so that
   * a fight with another hand ends after some rounds; a commit that changes the target ends it too.
   */
  readonly relapses: { readonly version: number; readonly count: number } | null;
  readonly outcome: Outcome | null;
  /** The evidence this device last gave, so that a poll knows whether to ask for more without a look-up. */
  readonly vouched: {
    readonly version: number;
    readonly sha256: string;
    readonly level: EvidenceLevel;
    readonly passed: boolean;
    /** Length of the soak that was met, in milliseconds; a commit may ask for a longer one. */
    readonly soakedMs: number;
    /** Epoch milliseconds; evidence from before a withdrawal of the version counts no more. */
    readonly at: number;
  } | null;
}

/** When a device was last heard from. Kept apart from the record, since every poll changes it. */
export interface Contact extends Moment {
  /**
   * The same on a clock that nobody sets: whoever asks how long ago devices were heard counts by it. Read from the state,
   * it is the start of the slot in which the device is counted.
   */
  readonly steadyAt: number;
}

/** A device with its last contact, as lists and `why` need it. */
export interface DeviceSighting {
  readonly device: DeviceRecord;
  readonly contact: Contact | null;
}

/** States of an action as the API names them. */
export type ActionState = 'open' | 'cancelling' | 'cancelled' | 'succeeded' | 'failed';

/** One action of one device, kept after its end. */
export interface ActionRecord {
  readonly product: string;
  readonly device: string;
  readonly id: number;
  readonly version: number;
  readonly sha256: string;
  readonly attempt: number;
  /** `succeeded` from the agent's success report on; turned to `failed` when the device then names the old version. */
  readonly state: ActionState;
  /** Whether the version was seen running after it. */
  readonly confirmed: boolean;
  readonly manifest: string;
  readonly revision: string;
  /** Epoch milliseconds; null for what has not happened. */
  readonly offeredAt: number;
  readonly fetchedAt: number | null;
  readonly closedAt: number | null;
  /** What ended it, for people. */
  readonly message: string | null;
}

/** One feedback that a device sent for an action; bounded by whoever makes it (see `devices/feedback.ts`). */
export interface FeedbackEntry {
  /** Epoch milliseconds at which it arrived. */
  readonly at: number;
  readonly execution: string;
  readonly finished: string;
  readonly progress: { readonly cnt: number; readonly of: number } | null;
  readonly code: number | null;
  readonly details: readonly string[];
}

/** One device's word about one version: the evidence that the verification gate counts. */
export interface EvidenceRecord {
  readonly product: string;
  readonly version: number;
  readonly sha256: string;
  readonly device: string;
  /** Strongest level reached so far. */
  readonly level: EvidenceLevel;
  /** Listening time since which it has been named without a boot in between. */
  readonly since: ListenedMs;
  /** Epoch milliseconds at which the soak that was asked for was met; null while it runs. */
  readonly passedAt: number | null;
  /** Length of the soak that was met, in milliseconds. */
  readonly soakedMs: number;
}

/** An empty record of a device that was never heard from. */
export function expectedDevice(product: string, id: string): DeviceRecord {
  return {
    product,
    id,
    key: 0,
    rev: 0,
    standing: 'expected',
    quarantine: null,
    registeredAt: null,
    tokenHash: null,
    reported: null,
    running: null,
    runningSince: null,
    boot: null,
    traits: {},
    dormant: false,
    given: null,
    askedSince: null,
    unknownPolls: 0,
    blindOffer: null,
    lock: null,
    action: null,
    failures: null,
    relapses: null,
    outcome: null,
    vouched: null,
  };
}

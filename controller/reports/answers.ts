// The answers of the HTTP API as types, for those who make them (the server) and those who print them (the command line
// and the text reports). Their JSON Schemas are in `server/schemas/`; a contract test holds the two together. All times
// are ISO 8601 in UTC; the plan's form is in `plan-json.ts`, that of `why` in `why.ts`.

import type { ConditionType } from '../model/condition.ts';
import type { EvidenceLevel, FlashMode } from '../model/desired.ts';
import type { ActionPhase, ActionState, Outcome, Standing, Traits } from '../model/device.ts';
import type { EventType } from '../model/event.ts';
import type { FormatName } from '../model/firmware.ts';
import type { GateReport } from '../model/plan.ts';
import type { Reason } from '../model/reasons.ts';
import type { TargetRule } from '../releases/target.ts';
import type { ReleasePlanJson } from './release-json.ts';

/** A place in the fleet repo; all null where no file can be named. */
export interface PlaceJson {
  readonly file: string | null;
  readonly line: number | null;
  readonly column: number | null;
}

/** The manifest that something goes back to. */
export interface TraceJson extends PlaceJson {
  /** `Kind/name`. */
  readonly manifest: string;
  readonly revision: string;
}

/** A failure of the outside world. */
export interface FailureJson {
  readonly code: string;
  readonly message: string;
  readonly disposition: 'retry' | 'wait' | 'stall';
  readonly retryAfterMs: number | null;
}

/** A problem, refusal or warning. */
export interface ProblemJson extends PlaceJson {
  readonly reason: string;
  readonly message: string;
  readonly remedy: string;
}

export interface ConditionJson {
  readonly type: ConditionType;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
  readonly lastTransitionTime: string;
  readonly observedRevision: string | null;
}

/** Counts of a product's devices; those in quarantine are in no other count. */
export interface DeviceCountsJson {
  readonly total: number;
  readonly online: number;
  readonly offline: number;
  readonly quarantined: number;
  readonly locked: number;
  /** On the way to a version. */
  readonly inFlight: number;
  /** Failed with the version that they were last meant to run. */
  readonly failed: number;
}

/** Devices and outcomes of one version; `version: null` stands for devices that have not named one. */
export interface VersionCountJson {
  readonly version: number | null;
  /** Devices that run it. */
  readonly devices: number;
  /** Of these: locked. */
  readonly locked: number;
  readonly inFlight: number;
  readonly succeeded: number;
  readonly failed: number;
}

export interface ReleaseJson extends TraceJson {
  readonly version: number;
  readonly group: string | null;
  /** How it goes on; null while there is no plan of it. */
  readonly progress: ReleasePlanJson | null;
}

/** A product in short. `revision` is in force: the next poll of each of its devices is answered by it. */
export interface ProductSummaryJson {
  readonly product: string;
  readonly revision: string | null;
  readonly observedRevision: string | null;
  /** Null while its fleet has not been seen. */
  readonly devices: DeviceCountsJson | null;
  readonly releases: readonly ReleaseJson[];
  readonly stopped: boolean;
  readonly adopted: boolean;
  /** False while most of its fleet is silent, or was until lately: soaks and time-outs wait. */
  readonly listening: boolean;
  readonly conditions: readonly ConditionJson[];
  /** How many problems and warnings the newest revision has for it. */
  readonly problemCount: number;
  readonly warningCount: number;
}

/** A product in full. */
export interface ProductJson extends ProductSummaryJson {
  readonly problems: readonly ProblemJson[];
  readonly warnings: readonly ProblemJson[];
  readonly versions: readonly VersionCountJson[];
  readonly stoppedAt: string | null;
  readonly adoptedAt: string | null;
  readonly fleet: { readonly driver: string } | null;
  readonly verification: {
    readonly devices: number;
    readonly soakMs: number;
    readonly group: string | null;
    readonly evidence: EvidenceLevel;
  } | null;
  readonly guardrails: {
    readonly maxAffected: number | null;
    readonly maxUnlocked: number | null;
    readonly maxUnverified: number;
    readonly allowEmpty: boolean;
  } | null;
}

/** How it stands with the forge and its pull requests. */
export interface ForgeJson {
  readonly description: string;
  readonly failure: FailureJson | null;
  readonly lookedAt: string | null;
  readonly openPullRequests: number;
}

/** `GET /api/v1/status`. */
export interface StatusJson {
  /** Of Lockstep. */
  readonly version: string;
  readonly ready: boolean;
  readonly source: string | null;
  readonly revisionSeen: string | null;
  readonly subjectSeen: string | null;
  readonly sourceReadAt: string | null;
  readonly sourceFailure: FailureJson | null;
  /** Null: pull requests are nobody's business here. */
  readonly forge: ForgeJson | null;
  readonly passes: number;
  readonly problems: readonly ProblemJson[];
  readonly warnings: readonly ProblemJson[];
  readonly products: readonly ProductSummaryJson[];
}

/** One version of a product. */
export interface FirmwareJson extends TraceJson {
  readonly version: number;
  /** SHA-256, hex. */
  readonly digest: string;
  /** Bytes; null until the binary was read. */
  readonly size: number | null;
  readonly title: string | null;
  readonly description: string | null;
  readonly reportedAs: string;
  /** Whether the binary is at hand. */
  readonly stored: boolean;
  readonly withdrawn: { readonly reason: string; readonly url: string | null } | null;
  readonly retiring: boolean;
  /** What is compiled into its binary; null where the newest revision has no binary of it that can be read. */
  readonly compiled: CompiledJson | null;
  /** When its gate first passed, and the devices that have verified it, the earliest first; null while it is unverified. */
  readonly verified: {
    readonly at: string;
    readonly by: readonly {
      readonly device: string;
      readonly level: EvidenceLevel;
      /** When its evidence was there. */
      readonly at: string;
    }[];
    /** How many have, also those that are not named. */
    readonly count: number;
  } | null;
  /** Devices that run it, and their share of all, 0 to 1; null while the fleet has not been seen. */
  readonly running: number | null;
  readonly share: number | null;
  readonly released: boolean;
  readonly releasable: ReleasableJson;
  readonly gate: {
    readonly verdict: GateReport['verdict'];
    readonly reason: string | null;
    readonly message: string;
  } | null;
}

/** What a binary's header says; null for what the format does not carry or the build left unset. */
export interface CompiledJson {
  readonly format: FormatName;
  readonly productId: number | null;
  readonly version: number | null;
  readonly versionText: string | null;
  readonly platform: { readonly id: number; readonly name: string | null } | null;
  readonly appHash: string | null;
  readonly details: readonly { readonly name: string; readonly value: string }[];
}

/** Whether a release of a version to every device could start now, were its manifest merged. */
export interface ReleasableJson {
  readonly may: boolean;
  /** Null where it may, and where it is released already. */
  readonly reason: Reason | null;
  /** Full sentences for people; null where it may. */
  readonly message: string | null;
  readonly remedy: string | null;
}

export interface LockJson extends TraceJson {
  readonly name: string;
  readonly version: number;
  readonly flash: FlashMode;
  readonly group: string | null;
  readonly devices: readonly string[];
  readonly reason: string | null;
  readonly owner: string | null;
  readonly expires: string | null;
  /** Of its devices: on which the lock is carried out, and which run its version; null while the fleet is unseen. */
  readonly carriedOut: number | null;
  readonly running: number | null;
}

export interface GroupJson extends TraceJson {
  readonly name: string;
  /** Devices listed by id; empty where the group matches attributes. */
  readonly devices: readonly string[];
  /** Values that a member's attributes have, all of them; null where the group lists its devices. */
  readonly match: Readonly<Record<string, string>> | null;
  /** The version released to the group; null where it follows the product's release. */
  readonly release: number | null;
}

/** What a device should run: a version, or null and the reason why it is left alone. */
export interface TargetJson {
  /** What it is flashed with next. */
  readonly version: number | null;
  /** Where that leads; another version than `version` where a stepping stone comes first. */
  readonly goal: number | null;
  readonly rule: TargetRule | null;
  readonly manifest: string | null;
  readonly revision: string | null;
  readonly reason: string | null;
  readonly message: string | null;
}

/** A device, without the attributes that it sent. */
export interface DeviceSummaryJson {
  readonly product: string;
  readonly id: string;
  readonly standing: Standing;
  readonly quarantine: string | null;
  readonly registeredAt: string | null;
  readonly lastContactAt: string | null;
  readonly online: boolean;
  /** Whether it has a target token. */
  readonly hasToken: boolean;
  readonly reported: string | null;
  readonly running: number | null;
  /** Values of the attributes that groups are matched by. */
  readonly traits: Traits;
  /** Not heard for seven days of listening time: no release waits for it. */
  readonly dormant: boolean;
  readonly target: TargetJson;
  readonly lock: {
    readonly version: number;
    readonly flash: FlashMode;
    readonly armed: boolean;
    readonly manifest: string;
    readonly revision: string;
    readonly since: string;
  } | null;
  /** The action that is open. */
  readonly action: {
    readonly id: string;
    readonly version: number;
    readonly attempt: number;
    readonly phase: ActionPhase;
    readonly manifest: string;
    readonly revision: string;
    readonly offeredAt: string;
    readonly fetchedAt: string | null;
    readonly claimedAt: string | null;
    readonly cancelRefused: boolean;
  } | null;
  readonly failures: {
    readonly version: number;
    readonly count: number;
    /** Time of the next try; null when the retries are used up. */
    readonly retryAt: string | null;
    readonly lastAt: string;
    readonly lastMessage: string;
  } | null;
  readonly outcome: { readonly version: number; readonly state: Outcome['state'] } | null;
}

/** `GET …/devices/{id}`. */
export interface DeviceJson extends DeviceSummaryJson {
  /** Exactly as the device sent them. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** A page of a list; `next` is what `after` (or `before`) is to be for the next one, null at the end. */
export interface Page<T, Cursor = string> {
  readonly items: readonly T[];
  readonly next: Cursor | null;
}

/** A page of `GET …/devices`; it may have fewer devices than asked for, also none, before the end. */
export interface DevicePageJson extends Page<DeviceSummaryJson> {
  /** How many match in all; null where that is not known. */
  readonly total: number | null;
}

/** One action of one device, without its feedback. */
export interface ActionSummaryJson {
  readonly id: string;
  readonly state: ActionState;
  /** Whether the version was seen running after it. */
  readonly confirmed: boolean;
  readonly version: number;
  readonly attempt: number;
  readonly manifest: string;
  readonly revision: string;
  readonly offeredAt: string;
  readonly fetchedAt: string | null;
  readonly closedAt: string | null;
  readonly message: string | null;
}

/** `GET …/devices/{id}/actions/{actionId}`. */
export interface ActionJson extends ActionSummaryJson {
  /** The last 50 entries, newest last. */
  readonly feedback: readonly {
    readonly at: string;
    readonly execution: string;
    readonly finished: string;
    readonly progress: { readonly cnt: number; readonly of: number } | null;
    readonly code: number | null;
    readonly details: readonly string[];
  }[];
}

/** An event; its place is that of its manifest at its revision, where that is at hand. */
export interface EventJson extends PlaceJson {
  readonly id: number;
  readonly type: EventType;
  readonly at: string;
  readonly product: string | null;
  readonly revision: string | null;
  readonly manifest: string | null;
  readonly device: string | null;
  readonly actionId: string | null;
  readonly message: string;
}

/** Who asks, and by what they are known. */
export interface SessionJson {
  readonly role: 'viewer' | 'deployer' | null;
  readonly name: string | null;
  readonly how: 'loopback' | 'token' | 'cookie' | 'proxy' | null;
  readonly mayLogOut: boolean;
}

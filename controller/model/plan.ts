// The plan as data: what would be done, refused and warned about, and what it would mean for the fleet. Describes
// only; carrying it out is the executor's work. The JSON form is a contract (`reports/plan-json.ts`).

import type { FlashMode, Place } from './desired.ts';
import type { VersionCount } from './live.ts';
import type { Problem } from './problem.ts';
import type { Reason } from './reasons.ts';

/** The manifest an action goes back to. */
export interface Trace {
  readonly revision: string;
  /** `Kind/name`; for a removal, the manifest that is gone. */
  readonly manifest: string;
  readonly place: Place;
}

/** One step against a fleet. The order of a plan's actions is the order of execution. */
export type Action =
  | {
      readonly type: 'ConfigureProduct';
      readonly changes: readonly string[];
      readonly trace: Trace;
    }
  | {
      readonly type: 'UploadFirmware';
      readonly version: number;
      readonly sha256: string;
      readonly trace: Trace;
    }
  | { readonly type: 'RetireFirmware'; readonly version: number; readonly trace: Trace }
  | { readonly type: 'WithdrawFirmware'; readonly version: number; readonly trace: Trace }
  | {
      readonly type: 'ChangeGroup';
      readonly group: string;
      readonly devices: number;
      readonly trace: Trace;
    }
  | {
      readonly type: 'LockDevice';
      readonly device: string;
      readonly version: number;
      readonly flash: FlashMode;
      readonly trace: Trace;
    }
  | {
      readonly type: 'UnlockDevice';
      readonly device: string;
      readonly from: number;
      readonly trace: Trace;
    }
  | {
      readonly type: 'ReleaseFirmware';
      readonly version: number;
      /** The version released before; null where there was none. */
      readonly from: number | null;
      readonly group: string | null;
      readonly rollback: boolean;
      /** Exposure that it starts with, in hundredths of a percent. */
      readonly exposure: number;
      readonly trace: Trace;
    }
  | {
      /** How far a release reaches, or whether it offers anything: a step, a halt, a resumption, a changed strategy. */
      readonly type: 'SetExposure';
      readonly version: number;
      readonly group: string | null;
      /** The step that it is in from then on; null before the first. */
      readonly step: string | null;
      /** Exposure before and from then on, in hundredths of a percent. */
      readonly from: number;
      readonly exposure: number;
      readonly cause: ExposureCause;
      /** One sentence for people. */
      readonly message: string;
      readonly trace: Trace;
    }
  | {
      readonly type: 'EndRelease';
      readonly version: number;
      readonly group: string | null;
      readonly trace: Trace;
    };

export type ActionType = Action['type'];

/** `edit`: only the strategy or its approvals changed, and what follows from them is still to come. */
export type ExposureCause = 'step' | 'hold' | 'rollback' | 'resume' | 'pause' | 'unpause' | 'edit';

/** What a release waits for. `leftMs` is listening time; `at` epoch milliseconds. */
export type ReleaseWait =
  | { readonly kind: 'devices' }
  | { readonly kind: 'approval'; readonly step: string }
  | { readonly kind: 'successes'; readonly have: number; readonly need: number }
  | { readonly kind: 'soak'; readonly leftMs: number }
  | { readonly kind: 'failureRate'; readonly failed: number; readonly succeeded: number }
  | { readonly kind: 'window'; readonly opensAt: number | null }
  | { readonly kind: 'halted'; readonly message: string }
  | { readonly kind: 'paused' }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'frozen' }
  | { readonly kind: 'firmware'; readonly reason: Reason };

/** One step of a release, as it would go. */
export interface StepPlan {
  readonly name: string;
  readonly state: 'done' | 'current' | 'ahead';
  /** As the manifest says, in hundredths of a percent. */
  readonly exposure: number;
  /** Exposure that it reaches with its `minDevices`, in hundredths of a percent; as of now for a step ahead. */
  readonly limit: number;
  /** Unlocked devices that the release reaches by then, whatever they run. */
  readonly devices: number;
  /** Of them, those that this step adds and that would be flashed, by the version they run; sorted by version. */
  readonly flashes: readonly VersionCount[];
  readonly approval: 'none' | 'needed' | 'given';
  /** Epoch milliseconds at which it ends at the earliest; null where that depends on a person, and once it is done. */
  readonly endsAt: number | null;
}

/** How a release that is in force after the plan goes on. */
export interface ReleasePlan {
  readonly version: number;
  readonly group: string | null;
  /** `Release/name`. */
  readonly manifest: string;
  readonly base: number | null;
  readonly rollback: boolean;
  readonly attempt: number;
  /** Current step; null before the first. */
  readonly step: string | null;
  /** Exposure reached, in hundredths of a percent. */
  readonly exposure: number;
  /** Epoch milliseconds; null while it is not finished. */
  readonly finishedAt: number | null;
  /** Unlocked devices that it reaches now, and how they stand. */
  readonly devices: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly inFlight: number;
  readonly steps: readonly StepPlan[];
  /** Empty: nothing but the devices. */
  readonly waits: readonly ReleaseWait[];
  /** Epoch milliseconds at which it finishes at the earliest; null where that depends on a person. */
  readonly expectedAt: number | null;
  /** The first devices that it would flash; null where they were not looked up. */
  readonly firstDevices: readonly string[] | null;
}

/** Devices that would be flashed, or are on their way. `from: null` means that they have not named their version. */
export interface FlashCount {
  readonly from: number | null;
  readonly to: number;
  readonly devices: number;
}

export interface Impact {
  /** Registered devices that are not in quarantine. */
  readonly devices: number;
  /** Sorted by to, from. */
  readonly flashes: readonly FlashCount[];
  readonly locked: number;
  readonly offline: number;
  readonly quarantined: number;
}

/** A part of the desired state that will not be carried out. */
export interface Refusal {
  readonly reason: Reason;
  readonly message: string;
  readonly remedy: string;
  readonly place: Place;
  /** `Kind/name`. */
  readonly manifest: string;
  /** For a refused release: what it would have flashed. */
  readonly flashes: readonly FlashCount[];
  /** Devices can lift it by themselves (a verification on its way); false: it needs a commit. */
  readonly lifts: 'devices' | 'commit' | 'person';
}

export interface Warning {
  readonly reason: Reason;
  readonly message: string;
  readonly remedy: string;
  readonly place: Place | null;
}

/** What the gates said of a version, also where it passed. */
export interface GateReport {
  readonly version: number;
  readonly verdict: 'passed' | 'waiting' | 'blocked';
  readonly reason: Reason | null;
  readonly message: string;
}

export interface ProductPlan {
  readonly product: string;
  /** Epoch milliseconds at which the fleet was read, where it has to be asked. No part of the fingerprint. */
  readonly readAt?: number | undefined;
  /** Frozen products have no actions; the problems that freeze them are in `Plan.problems`. */
  readonly frozen: boolean;
  readonly actions: readonly Action[];
  readonly refusals: readonly Refusal[];
  readonly warnings: readonly Warning[];
  readonly impact: Impact;
  readonly gates: readonly GateReport[];
  /** Versions whose gate passes now and had not before: to be remembered for good. */
  readonly newlyVerified: readonly number[];
  /** Versions whose release finishes with this plan. */
  readonly newlyFinished: readonly number[];
  /** The releases in force after the plan, the product's first, then by group. */
  readonly releases: readonly ReleasePlan[];
}

export interface Plan {
  readonly revision: string;
  /** `sha256:` over revision, actions, refusals, and the impact rounded so that a change within 5 % keeps it. */
  readonly fingerprint: string;
  /** Sorted by product. */
  readonly products: readonly ProductPlan[];
  /** Problems that concern the source or files as a whole. */
  readonly errors: readonly Problem[];
}

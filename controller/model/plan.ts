// The plan as data: what would be done, refused and warned about, and what it would mean for the fleet. Describes
// only; carrying it out is the executor's work. The JSON form is a contract (`reports/plan-json.ts`).

import type { FlashMode, Place } from './desired.ts';
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
      readonly trace: Trace;
    }
  | {
      readonly type: 'EndRelease';
      readonly version: number;
      readonly group: string | null;
      readonly trace: Trace;
    };

export type ActionType = Action['type'];

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
  /** Frozen products have no actions; the problems that freeze them are in `Plan.problems`. */
  readonly frozen: boolean;
  readonly actions: readonly Action[];
  readonly refusals: readonly Refusal[];
  readonly warnings: readonly Warning[];
  readonly impact: Impact;
  readonly gates: readonly GateReport[];
  /** Versions whose gate passes now and had not before: to be remembered for good. */
  readonly newlyVerified: readonly number[];
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

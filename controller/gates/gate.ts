// Gates, as interfaces: checks that stand before an action. Each passes, or refuses with a reason, what is wrong and
// what would lift it. A gate sees plain data and changes nothing; a check that has no data does not pass.

import type { LockSpec, Placed, ProductSpec, ReleaseSpec } from '../model/desired.ts';
import type { FirmwareRecord } from '../model/firmware.ts';
import type { LiveState } from '../model/live.ts';
import type { FlashCount, Refusal } from '../model/plan.ts';
import type { Reason } from '../model/reasons.ts';

export type GateVerdict =
  | { readonly passes: true }
  | {
      readonly passes: false;
      readonly reason: Reason;
      readonly message: string;
      readonly remedy: string;
      readonly lifts: Refusal['lifts'];
      /** Which value of the manifest is at fault, such as `spec.version`. */
      readonly at: string;
    };

/** What every gate may look at. */
export interface GateContext {
  readonly live: LiveState;
  /** The Product as it will be in force. */
  readonly config: Placed<ProductSpec>;
  /** The guardrails of the parent revision: never those of the change itself. */
  readonly guardrails: ProductSpec['guardrails'];
  /** What the state remembers of the version, if it was in force before. */
  readonly record: FirmwareRecord | null;
  /** Digest that the manifest of the version names. */
  readonly sha256: string;
  readonly withdrawn: boolean;
  /** Ids of the devices that may verify; null: any. */
  readonly verifiers: ReadonlySet<string> | null;
}

/** A gate before a release that is new or changed. */
export interface ReleaseGate {
  readonly name: string;
  evaluate(
    release: Placed<ReleaseSpec>,
    context: GateContext & {
      readonly flashes: readonly FlashCount[];
      /** An older version that once finished: limits on how many devices are touched do not stand in its way. */
      readonly rollback: boolean;
      /** It is to a group that lists its devices. */
      readonly isListed: boolean;
      /** Devices that merged locks are bringing to the version. */
      readonly onTheWay: readonly string[];
    },
  ): GateVerdict;
}

/** A gate before a lock that is new or changed. */
export interface LockGate {
  readonly name: string;
  evaluate(
    lock: Placed<LockSpec>,
    context: GateContext & {
      /** All devices that locks of this version name, this one's included. */
      readonly lockedTo: ReadonlySet<string>;
      /** UTC date, `YYYY-MM-DD`. */
      readonly today: string;
      /** False where nothing of the product was in force before: then there is nothing the lock could be an edit of. */
      readonly established: boolean;
    },
  ): GateVerdict;
}

/** The verdict of a gate that has nothing to say. */
export const PASSES: GateVerdict = { passes: true };

/** Guardrails never stand in the way of fewer devices than this. */
export const GUARDRAIL_FREE_DEVICES = 5;

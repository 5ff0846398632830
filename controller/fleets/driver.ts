// A fleet driver, as an interface: how the reconciler sees and changes the devices of a product, wherever they live.
// A driver decides nothing about firmware; it reports what is, and carries out actions that a plan decided on.

import type { Failure } from '../base/failure.ts';
import type { Result } from '../base/result.ts';
import type { Desired } from '../model/desired.ts';
import type { DeviceRecord } from '../model/device.ts';
import type { LiveState } from '../model/live.ts';
import type { Action } from '../model/plan.ts';

/** A part of the circle, as far as a release has turned: `limit` buckets (0..10,000) from bucket `offset` on. */
export interface TurnSpan {
  readonly offset: number;
  readonly limit: number;
}

export interface FleetDriver {
  /** The name that `fleet.driver` selects it by. */
  readonly name: string;
  /**
   * Reads one consistent picture of a product's fleet. `named` are the ids that manifests name; the answer holds
   * those the fleet knows, and every device with a carried-out lock. An unreachable fleet is a failure, never an
   * empty answer.
   */
  observe(product: string, named: ReadonlySet<string>): Promise<Result<LiveState, Failure>>;
  /**
   * The devices that a release reaches first: active and unlocked, in the order of their positions in its turn of the
   * circle, which begins at `offset` and reaches `limit` buckets on; at most `count`.
   */
  firstDevices(
    product: string,
    span: TurnSpan,
    count: number,
  ): Promise<Result<readonly DeviceRecord[], Failure>>;
  /**
   * Carries out one action. Idempotent: doing it again after a crash changes nothing more. When it returns ok, the
   * fleet has taken the action over durably.
   */
  execute(product: string, action: Action): Promise<Result<void, Failure>>;
  /**
   * Puts what is in force for a product into effect. Called after every change to it and once at start; from its
   * return on, each contact of a device is answered by it.
   */
  enforce(desired: Desired): Promise<Result<void, Failure>>;
  /** Calls back when something worth a pass happened in the fleet (a hint). Returns what ends it. */
  watch(changed: (product: string) => void): () => void;
  close(): Promise<void>;
}

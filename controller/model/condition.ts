// Conditions: what the controller says of a product, in the form that Kubernetes users know.

import type { Reason } from './reasons.ts';

/** Ready is always there; the others only while they are True. */
export type ConditionType = 'Ready' | 'Reconciling' | 'Stalled' | 'Drifted' | 'Suspended';

export interface Condition {
  readonly type: ConditionType;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: Reason;
  readonly message: string;
  /** Epoch milliseconds at which `status` last changed. */
  readonly lastTransitionTime: number;
  /** The newest revision of the source that the controller had read when it said so. */
  readonly observedRevision: string | null;
}

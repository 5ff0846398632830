// The only place that sets conditions: what the controller says of a product, from what it knows.

import type { Failure } from '../base/failure.ts';
import type { Condition, ConditionType } from '../model/condition.ts';
import type { LiveState } from '../model/live.ts';
import type { ProductPlan } from '../model/plan.ts';
import type { Problem } from '../model/problem.ts';
import type { Reason } from '../model/reasons.ts';

export interface ConditionInput {
  readonly previous: readonly Condition[];
  readonly observedRevision: string | null;
  /** Null while the fleet cannot be reached. */
  readonly live: LiveState | null;
  /** The plan after the last pass; null before the first. */
  readonly plan: ProductPlan | null;
  /** What is wrong with the source as a whole, such as a rewritten history, so that nothing moves; null: nothing. */
  readonly sourceProblem: Problem | null;
  /** Why the product's part could not be carried out; null where nothing stands in the way. */
  readonly failure: Failure | null;
  /** Epoch milliseconds. */
  readonly now: number;
}

type Statement = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>;

type Blocking = Pick<Condition, 'reason' | 'message'>;

/** The conditions of a product. `lastTransitionTime` moves only when a status changes. */
export function stateConditions(input: ConditionInput): readonly Condition[] {
  const statements = [readyStatement(input), ...activeStatements(input)];
  return statements.map((statement) => {
    const before = input.previous.find(({ type }) => type === statement.type);
    const same = before !== undefined && before.status === statement.status;
    return {
      ...statement,
      lastTransitionTime: same ? before.lastTransitionTime : input.now,
      observedRevision: input.observedRevision,
    };
  });
}

function readyStatement({ live, plan, failure, sourceProblem }: ConditionInput): Statement {
  if (failure !== null || live === null || plan === null) {
    const message = failure?.message ?? 'The fleet has not been read yet.';
    return { type: 'Ready', status: 'Unknown', reason: 'FleetUnreachable', message };
  }
  const blocking = blockingReason(plan, sourceProblem);
  if (blocking !== null) {
    const { reason, message } = blocking;
    return { type: 'Ready', status: 'False', reason, message };
  }
  const pending = pendingDevices(plan);
  if (pending > 0) {
    return {
      type: 'Ready',
      status: 'False',
      reason: 'Progressing',
      message: `${pending} device(s) do not run their target yet.`,
    };
  }
  if (live.devices === 0) {
    return {
      type: 'Ready',
      status: 'False',
      reason: 'NoDevices',
      message: 'No device has registered yet.',
    };
  }
  return {
    type: 'Ready',
    status: 'True',
    reason: 'Converged',
    message: `All ${live.devices} device(s) run their target or are to be left alone.`,
  };
}

function activeStatements({
  live,
  plan,
  failure,
  sourceProblem,
}: ConditionInput): readonly Statement[] {
  const statements: Statement[] = [];
  const add = (type: ConditionType, reason: Reason, message: string): void => {
    statements.push({ type, status: 'True', reason, message });
  };
  if (plan !== null && live !== null) {
    const pending = pendingDevices(plan);
    const inFlight = live.outcomes.reduce((sum, outcome) => sum + outcome.inFlight, 0);
    const failed = live.outcomes.reduce((sum, outcome) => sum + outcome.failed, 0);
    if (live.stopped)
      add('Suspended', 'EmergencyStop', 'The emergency stop is pulled; nothing more is offered.');
    else if (pending > 0 || plan.actions.length > 0) {
      add('Reconciling', 'Progressing', `${pending} device(s) to go, ${inFlight} under way.`);
    }
    if (pending > 0 && (live.stopped || failed > 0)) {
      add(
        'Drifted',
        'Drifted',
        `${pending} device(s) differ from the manifests; ${failed} have failed.`,
      );
    }
  }
  const blocking = plan === null ? null : stallingReason(plan, sourceProblem);
  if (failure?.disposition === 'stall') add('Stalled', 'FleetUnreachable', failure.message);
  else if (blocking !== null) add('Stalled', blocking.reason, blocking.message);
  return statements;
}

/** What stands in the way, whoever can lift it; what needs a person comes first. */
function blockingReason(plan: ProductPlan, sourceProblem: Problem | null): Blocking | null {
  return stallingReason(plan, sourceProblem) ?? plan.refusals[0] ?? null;
}

/** What a person has to lift; refusals that devices lift by themselves only delay. */
function stallingReason(plan: ProductPlan, sourceProblem: Problem | null): Blocking | null {
  if (sourceProblem !== null) return sourceProblem;
  if (plan.frozen) {
    return {
      reason: 'InvalidManifest',
      message:
        'A file with manifests of this product cannot be read or resolved; nothing of it changes.',
    };
  }
  return (
    plan.refusals.find(({ lifts }) => lifts !== 'devices') ??
    plan.warnings.find(({ reason }) => reason === 'StateNew') ??
    null
  );
}

/** Devices that do not run their target. */
export function pendingDevices(plan: ProductPlan): number {
  return plan.impact.flashes.reduce((sum, flash) => sum + flash.devices, 0);
}

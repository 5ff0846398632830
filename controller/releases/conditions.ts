// The only place that sets conditions: what the controller says of a product, from what it knows.

import { countOf, formatNumber } from '../base/count.ts';
import type { Failure } from '../base/failure.ts';
import type { Condition, ConditionType } from '../model/condition.ts';
import type { LiveState } from '../model/live.ts';
import type { ProductPlan, ReleasePlan, ReleaseWait } from '../model/plan.ts';
import type { Problem } from '../model/problem.ts';
import type { Reason } from '../model/reasons.ts';
import { describeProgress } from './describe-release.ts';

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
      message:
        pending === 1
          ? '1 device does not run its target yet.'
          : `${countOf(pending, 'device')} do not run their target yet.`,
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
    message:
      live.devices === 1
        ? 'The 1 device runs its target or is to be left alone.'
        : `All ${countOf(live.devices, 'device')} run their target or are to be left alone.`,
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
    const underWay = plan.releases.filter(isUnderWay);
    const paused = plan.releases.filter((release) => waitsFor(release, 'paused'));
    if (live.stopped) {
      add('Suspended', 'EmergencyStop', 'The emergency stop is pulled; nothing more is offered.');
    } else {
      if (pending > 0 || plan.actions.length > 0 || underWay.length > 0) {
        const devices = `${countOf(pending, 'device')} to go, ${formatNumber(inFlight)} under way.`;
        const releases = tellReleases(underWay);
        const isOnlyWaiting = pending === 0 && inFlight === 0 && releases !== '';
        const message = isOnlyWaiting ? releases : `${releases} ${devices}`.trim();
        add('Reconciling', 'Progressing', message);
      }
      if (paused.length > 0) add('Suspended', 'ReleasePaused', tellReleases(paused));
    }
    if (pending > 0 && (live.stopped || failed > 0)) {
      add(
        'Drifted',
        'Drifted',
        `${countOf(pending, 'device')} ${pending === 1 ? 'differs' : 'differ'} from the manifests; ${formatNumber(failed)} ${failed === 1 ? 'has' : 'have'} failed.`,
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

/** Whether a release is on its way to its devices; one without any, or one that is held, is not. */
function isUnderWay({ finishedAt, waits }: ReleasePlan): boolean {
  return finishedAt === null && !waits.some(({ kind }) => HELD.has(kind));
}

const HELD: ReadonlySet<ReleaseWait['kind']> = new Set<ReleaseWait['kind']>([
  'devices',
  'halted',
  'paused',
  'stopped',
  'frozen',
]);

function waitsFor({ waits }: ReleasePlan, kind: ReleaseWait['kind']): boolean {
  return waits.some((wait) => wait.kind === kind);
}

/** A sentence for each release. What passes with time alone is left out: a message that changes is written down. */
function tellReleases(releases: readonly ReleasePlan[]): string {
  return releases
    .map((release) => {
      const group = release.group === null ? '' : ` for group ${release.group}`;
      return `Release of version ${release.version}${group}: ${describeProgress(release, { exact: false })}.`;
    })
    .join(' ');
}

/** Devices that do not run their target. */
export function pendingDevices(plan: ProductPlan): number {
  return plan.impact.flashes.reduce((sum, flash) => sum + flash.devices, 0);
}
